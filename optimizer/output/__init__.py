"""Ways out: the files of a plan."""
