"""Figures over the ledger: each a question in SQL, as known at one moment (ARCHITECTURE.md §2)."""
