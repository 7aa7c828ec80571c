"""The choice of each job, judged by the week that follows, in five weeks that may come."""
