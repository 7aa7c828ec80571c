"""The choice of each job, evaluated by the week that follows, in five weeks that may come."""
