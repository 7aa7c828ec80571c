"""The verbs: read, connect, qualify, collapse, solve, expand, check, write."""
