"""How many random estates a run looks at: ``pytest --hypothesis-profile=ci`` or ``=more``.

No example has a deadline: the machine may be busy.
"""

from hypothesis import settings

settings.register_profile("dev", max_examples=200, deadline=None)
settings.register_profile("ci", max_examples=500, deadline=None, derandomize=True)
settings.register_profile("more", max_examples=50_000, deadline=None)
settings.load_profile("dev")
