"""Ways in: the estate folder."""
