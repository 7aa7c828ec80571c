"""The planner's solver and model on problems whose best values others have published."""
