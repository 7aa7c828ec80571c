"""What each job should select, so that the week that follows is best: lists, bounds, proofs."""
