"""A plan's lists into the jobs of a backup server, and back."""
