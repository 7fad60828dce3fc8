"""Sixty faxes nobody sent: made, spoiled as fax lines spoil them, read, and counted."""
