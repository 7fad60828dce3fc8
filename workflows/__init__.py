"""The deterministic part: what waits, and for what. Guarded by the Temporal sandbox."""
