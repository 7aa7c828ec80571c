"""Imports the CSV files of veeam-healthcheck."""
