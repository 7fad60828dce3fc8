"""The command line: one module per way of using it; ``starter.py`` names the commands."""
