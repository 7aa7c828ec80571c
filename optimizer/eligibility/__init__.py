"""Who may serve whom: tasks, reachability, tiers, failures."""
