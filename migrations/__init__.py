"""The schema's history; ``store.engine.migrate`` walks it."""
