"""A lexicographic integer solver that knows nothing of proxies."""
