"""Documents on paper and screen: ``build(data) -> bytes`` for each kind, and an HTML twin."""
