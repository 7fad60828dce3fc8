"""The HTTP edge: hooks, the API and health; it knows the store and intake, never a workflow."""
