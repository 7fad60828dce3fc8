"""Temporal as this project uses it: a server found or started, one client, one codec, one clock."""
