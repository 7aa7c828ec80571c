"""Watches functions of the planner from outside while they do their work."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

Seen = Callable[[str, Any], None]

PLACES = {
    "read": ("optimizer.pipeline.read_estate",),
    "connect": ("optimizer.eligibility.context.Network",),
    "qualify": ("optimizer.eligibility.context.compute_eligibility",),
    "collapse": ("optimizer.formulation.solve_assignment.group_tasks",),
    "build": (
        "optimizer.formulation.staged_solve.build_arcs",
        "optimizer.formulation.staged_solve.build_program",
    ),
    "solve": ("optimizer.formulation.staged_solve.solve_lexicographic",),
    "expand": ("optimizer.formulation.solve_assignment.assign_tasks",),
    "plan": ("optimizer.pipeline.solve_assignment", "optimizer.pipeline.plan_of_solution"),
    "lists": ("optimizer.pipeline.plan_week",),
    "write": ("optimizer.pipeline.write_plan",),
    "check": ("optimizer.pipeline.judge",),
}


class Stopwatch:
    """Adds up wall and CPU seconds by phase."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = {}
        self.cpu: dict[str, float] = {}

    @contextmanager
    def timing(self, phase: str) -> Iterator[None]:
        """Add the time that the block takes."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.wall[phase] = self.wall.get(phase, 0.0) + time.perf_counter() - wall
            self.cpu[phase] = self.cpu.get(phase, 0.0) + time.process_time() - cpu


@contextmanager
def watching(watch: Stopwatch, seen: Seen, places: Mapping[str, tuple[str, ...]]) -> Iterator[None]:
    """Time each call of the functions at ``places``; tell ``seen`` their names and results."""
    with ExitStack() as stack:
        for phase, names in places.items():
            for name in names:
                module, _, function = name.rpartition(".")
                stack.enter_context(_replaced(module, function, phase, watch, seen))
        yield


@contextmanager
def _replaced(module: str, name: str, phase: str, watch: Stopwatch, seen: Seen) -> Iterator[None]:
    home = importlib.import_module(module)
    original = getattr(home, name)

    def timed(*args: Any, **kwargs: Any) -> Any:
        with watch.timing(phase):
            result = original(*args, **kwargs)
        seen(name, result)
        return result

    setattr(home, name, timed)
    try:
        yield
    finally:
        setattr(home, name, original)
