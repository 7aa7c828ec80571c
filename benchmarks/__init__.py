"""Benchmarks: cases x phases x sizes x seeds, each run in a process of its own.

``python -m benchmarks run`` measures, ``compare`` puts two runs side by side, ``report`` draws.
The planner has no timing hooks: its functions are watched from outside (`benchmarks.observe`).
"""
