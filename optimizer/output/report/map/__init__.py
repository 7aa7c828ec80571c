"""The map of a report: places, their layout, labels, and the SVG."""
