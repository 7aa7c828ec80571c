"""Ways in: inventories become rows of an estate's tables."""
