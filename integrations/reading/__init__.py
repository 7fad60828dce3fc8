"""Pages of faxes: opened, drawn and read by programs of their own, each within its limits."""
