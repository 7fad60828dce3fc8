"""Fax providers; the embedded one is ``integrations.outbox``."""
