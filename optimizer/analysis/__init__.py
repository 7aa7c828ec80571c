"""Questions about a plan: explanation, what-if, placement, differences."""
