"""Imports networks and VMs from NetBox, live or saved."""
