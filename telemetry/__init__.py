"""What a process says about itself: logs that hold no PHI, and metrics."""
