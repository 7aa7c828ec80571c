"""Decomposition into components that share no server, solved one by one."""
