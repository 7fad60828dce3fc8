"""The reasons against a staff decision, by what it is about; ``models.decisions`` asks them."""
