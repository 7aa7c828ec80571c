"""Reads a Veeam backup server: what its REST interface answers, live or saved, in any revision."""
