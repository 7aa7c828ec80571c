"""A plan for the product: what to set in its jobs, as data, as a table and as scripts."""
