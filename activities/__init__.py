"""What workflows have done for them: load, judge, send, record; thin and idempotent."""
