"""How many random estates a run looks at: ``pytest --hypothesis-profile=ci`` or ``=more``."""

from hypothesis import settings

settings.register_profile("dev", max_examples=200)
settings.register_profile("ci", max_examples=2000, derandomize=True)
settings.register_profile("more", max_examples=50_000)
settings.load_profile("dev")
