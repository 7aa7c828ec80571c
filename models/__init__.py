"""The nouns: estate, settings, tables, assignment problem, integer program, plan."""
