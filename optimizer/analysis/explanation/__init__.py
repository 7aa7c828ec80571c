"""Explains why a task is served as it is, or by nobody."""
