"""Generalised assignment by the planner's solver, which is told nothing of the problem.

Its program has a column for each agent and item, and two aims, as a plan has: assign as many items
as possible, then at the least cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from benchmarks.published.assignment_instances import (
    AssignmentInstance,
    read_best_known,
    read_instance,
)
from benchmarks.records import AIM, Measure, Run, gap
from models.integer_program import FREE, Aim, IntegerProgram, Ints, LinearRows
from models.solve_events import Stage
from optimizer.solver.cp_sat import SearchLimits
from optimizer.solver.deadline import Deadline
from optimizer.solver.lexicographic import LexicographicSolver

CASE = "assignment "
COST = "cost"


def build_program(instance: AssignmentInstance) -> IntegerProgram:
    """Return the instance as a program; column ``agent * items + item`` assigns the item."""
    agents, items = instance.cost.shape
    column = np.arange(agents * items)
    ones = np.ones(agents * items, dtype=np.int64)
    once = LinearRows(
        column % items, column, ones, np.full(items, -FREE), np.ones(items, dtype=np.int64)
    )
    within = LinearRows(
        column // items, column, instance.weight.ravel(), np.full(agents, -FREE), instance.capacity
    )
    none = np.zeros(0, dtype=np.int64)
    return IntegerProgram(
        lower=np.zeros(agents * items, dtype=np.int64),
        upper=ones,
        decisions=agents * items,
        rows=LinearRows.concatenate([once, within]),
        definitions=(),
        squares=(none, none),
        aims=(
            Aim("coverage", True, column, ones, ceiling=items),
            Aim(COST, False, column, instance.cost.ravel()),
        ),
    )


def solve(instance: AssignmentInstance, limit: float | None, effort: float) -> tuple[Ints, Stage]:
    """Return the agent of each item, -1 for none, and the stage of the cost.

    ``limit`` is in seconds; ``effort`` is the deterministic time of the thorough search, and a
    quick one has a fifth of it, as in a plan. Raises AssertionError where the solver's point
    breaks a rule of the instance.
    """
    program, deadline = build_program(instance), Deadline(limit)
    found = LexicographicSolver(
        program,
        program.complete(program.lower),
        lambda x: x,
        lambda x, deadline: x,
        lambda name, value: 0,
        (SearchLimits(effort / 5, deadline, 0), SearchLimits(effort, deadline, 0)),
        lambda event: None,
    ).run()
    *_, stage = found.stages
    return _agents(instance, found.x, stage.best), stage


def _agents(instance: AssignmentInstance, x: Ints, cost: int) -> Ints:
    """Return the agent of each item, checked against the instance itself."""
    chosen = x.reshape(instance.cost.shape)
    kept = (chosen.sum(axis=0) <= 1).all() and (chosen >= 0).all()
    kept = kept and ((chosen * instance.weight).sum(axis=1) <= instance.capacity).all()
    if not kept or int((chosen * instance.cost).sum()) != cost:
        raise AssertionError(f"{instance.name}: the solver's point breaks a rule of the instance")
    return np.where(chosen.any(axis=0), chosen.argmax(axis=0), -1)


def measure(
    folder: Path, names: Sequence[str], limit: float | None, effort: float
) -> Iterator[tuple[Run, Measure]]:
    """Yield the cost that the solver reaches for each instance, and what is published of it."""
    published = read_best_known(folder)
    for name in names:
        instance, known = read_instance(folder / name), published[name]
        wall, cpu = perf_counter(), process_time()
        agent, stage = solve(instance, limit, effort)
        wall, cpu = perf_counter() - wall, process_time() - cpu
        run, left = Run(CASE + name, len(agent), 0, 0, "gip"), int((agent < 0).sum())
        if not left:
            yield run, _cost_measure(stage.best, stage.bound)
        note = f"{left} items without an agent" if left else f"effort {effort:g}"
        yield run, Measure("total", wall, cpu, columns=instance.cost.size, note=note)
        yield replace(run, engine="published"), _cost_measure(known.value, known.bound)


def _cost_measure(value: int, bound: int) -> Measure:
    proven = value == bound
    return Measure(AIM + COST, value=value, bound=bound, proven=proven, gap=gap(value, bound))
