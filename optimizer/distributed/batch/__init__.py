"""Many estates, planned one by one on many workers: found, handed out, and summed up."""
