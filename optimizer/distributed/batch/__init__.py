"""Plans many estates on many workers: finds them, dispatches them, and summarises the results."""
