"""The report: what a plan means for those who approve it, open firewalls, and are called."""
