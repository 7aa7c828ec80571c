"""What fails over and what is lost when something fails."""
