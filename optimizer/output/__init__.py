"""Output: the files of a plan, console tables, the report."""
