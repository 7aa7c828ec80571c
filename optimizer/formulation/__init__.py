"""The assignment model: groups, variables, constraints, objectives, and its solution."""
