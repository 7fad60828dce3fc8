"""Mailboxes that faxes come to: one file for each protocol."""
