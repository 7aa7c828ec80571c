"""Work of many processes: a cluster, batches of estates, one estate out of core."""
