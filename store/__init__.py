"""The record: the only place with SQL, on SQLite or Postgres."""
