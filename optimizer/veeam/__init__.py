"""The backup server's REST interface."""
