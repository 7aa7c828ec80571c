"""The verbs: read an estate, plan it, check and write the plan, simulate and analyse it."""
