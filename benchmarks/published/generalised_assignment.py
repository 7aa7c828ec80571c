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


def solve(instance: AssignmentInstance, seconds: float, effort: float) -> tuple[Ints, Stage]:
    """Return the agent of each item and the stage of the cost.

    ``effort`` is the deterministic time of the thorough search; a quick one has a fifth of it, as
    in a plan. Raises AssertionError where an item has no agent or an agent more than it can take.
    """
    program, deadline = build_program(instance), Deadline(seconds)
    efforts = SearchLimits(effort / 5, deadline, 0), SearchLimits(effort, deadline, 0)
    found = LexicographicSolver(
        program, program.complete(program.lower), lambda x: x, lambda name, value: 0, efforts,
        lambda event: None,
    ).run()  # fmt: skip
    agent = _agents(instance, found.x)
    *_, stage = found.stages
    assert _cost(instance, agent) == stage.best  # noqa: S101
    return agent, stage


def _agents(instance: AssignmentInstance, x: Ints) -> Ints:
    """Return the agent of each item, checked against the instance itself."""
    chosen = x.reshape(instance.cost.shape)
    agent = chosen.argmax(axis=0)
    items = np.arange(len(agent))
    if (chosen.sum(axis=0) != 1).any():
        raise AssertionError(f"{instance.name}: an item has no agent or several")
    load = np.bincount(agent, instance.weight[agent, items], len(instance.capacity))
    if (load > instance.capacity).any():
        raise AssertionError(f"{instance.name}: an agent has more than it can take")
    return agent


def _cost(instance: AssignmentInstance, agent: Ints) -> int:
    return int(instance.cost[agent, np.arange(len(agent))].sum())


def measure(
    folder: Path, names: Sequence[str], seconds: float, effort: float
) -> Iterator[tuple[Run, Measure]]:
    """Yield the cost that the solver reaches for each instance, and what is published of it."""
    published = read_best_known(folder)
    for name in names:
        instance, known = read_instance(folder / name), published[name]
        wall, cpu = perf_counter(), process_time()
        _, stage = solve(instance, seconds, effort)
        wall, cpu = perf_counter() - wall, process_time() - cpu
        run = Run(CASE + name, instance.cost.shape[1], 0, 0, "gip")
        yield run, _cost_measure(stage.best, stage.bound)
        yield run, Measure("total", wall, cpu, columns=instance.cost.size)
        yield replace(run, engine="published"), _cost_measure(known.value, known.bound)


def _cost_measure(value: int, bound: int) -> Measure:
    proven = value == bound
    return Measure(AIM + COST, value=value, bound=bound, proven=proven, gap=gap(value, bound))
