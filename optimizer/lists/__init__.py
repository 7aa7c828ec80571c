"""What each job should select, so that the product's own dispatch is best."""
