"""Imports RVTools exports."""
