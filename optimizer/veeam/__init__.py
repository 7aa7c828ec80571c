"""The product: its REST interface, plans applied and rolled back, exports."""
