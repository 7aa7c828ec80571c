"""Semi-matchings planned: tasks of one moment and one tier on servers without limits.

There `peak` and `balance` are those of an optimal semi-matching, which is known in polynomial time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter, process_time
from typing import TypeVar

import numpy as np
import pandas as pd

from benchmarks.published.alternating_paths import figures, optimal_semi_matching
from benchmarks.published.semi_matching_instances import SemiMatchingInstance, generate, loads
from benchmarks.records import AIM, Measure, Run, gap
from models.assignment_problem import TIER, AssignmentProblem, LoadInstants, Members
from models.estate import Codes
from models.integer_program import Ints
from models.settings import Settings
from models.solve_events import Stage
from optimizer.formulation.grouping import assign_tasks
from optimizer.formulation.solve_assignment import solve_problem
from optimizer.formulation.staged_solve import SolveOptions
from optimizer.solver.deadline import Deadline

T = TypeVar("T")
CASE = "semi-matching "
AIMS = ("coverage", "tier1", "tier2", "tier3", "peak", "balance")


def build_problem(instance: SemiMatchingInstance) -> tuple[AssignmentProblem, Codes]:
    """Return the tasks as groups of those with the same servers, and each task's group.

    The backup server comes last and may serve no task.
    """
    group, first = _groups(instance)
    rows = instance.server[first]
    label = np.zeros((len(first), instance.servers + 1), dtype=np.int8)
    kind, place = np.nonzero(rows >= 0)
    label[kind, rows[kind, place]] = TIER
    nothing = np.zeros(0, dtype=np.int64)
    always = LoadInstants(np.ones((1, 1), dtype=np.bool_), np.zeros(1, dtype=np.int64))
    problem = AssignmentProblem(
        count=np.bincount(group, minlength=len(first)),
        kind=np.arange(len(first), dtype=np.int32),
        activity=np.zeros(len(first), dtype=np.int32),
        today=(nothing, nothing, nothing),
        label=label,
        takeover=np.zeros(len(first), dtype=np.bool_),
        limit=np.full(instance.servers + 1, -1),
        running=np.zeros(instance.servers + 1, dtype=np.int64),
        candidate=np.ones(instance.servers + 1, dtype=np.bool_),
        members=Members.none(),
        backup_server=instance.servers,
        moments=always,
        own_moments=always,
        losses=(),
        failover_limit=None,
        movable=None,
    )
    return problem, group


def _groups(instance: SemiMatchingInstance) -> tuple[Codes, Ints]:
    """Return each task's group, and the first task of each group.

    Rows are told apart by a sum of random numbers, and compared afterwards.
    """
    numbers = np.random.default_rng(0).integers(1, 2**62, instance.servers + 1, dtype=np.uint64)
    key = np.zeros(len(instance.server), dtype=np.uint64)
    for column in instance.server.T:
        key += numbers[column]
    group, distinct = pd.factorize(key)
    first = np.zeros(len(distinct), dtype=np.int64)
    first[group[::-1]] = np.arange(len(group) - 1, -1, -1)
    for column in instance.server.T:
        if (column[first][group] != column).any():
            raise AssertionError("two tasks with different servers have the same key")
    return group.astype(np.int32), first


def plan(instance: SemiMatchingInstance) -> tuple[Ints, tuple[Stage, ...]]:
    """Return the server of each task, and the stages of the aims."""
    problem, group = build_problem(instance)
    options = SolveOptions(Settings(objectives=AIMS), Deadline(), 0, 1, True)
    arcs, _, stages, _ = solve_problem(problem, options, lambda event: None)
    arcs_in_order = np.lexsort((arcs[1], arcs[0]))
    unknown = np.full(len(group), -1, dtype=np.int32)
    ranked = (arcs[0][arcs_in_order], arcs[1][arcs_in_order], arcs[2][arcs_in_order])
    return assign_tasks(group, unknown, ranked).astype(np.int64), stages


def measure(family: str, tasks: int, seed: int) -> Iterator[tuple[Run, Measure]]:
    """Yield the aims of the planner and of the peer, each from its own tasks' servers.

    A small graph is solved before, so that nothing is compiled in the time that counts.
    """
    optimal_semi_matching(generate(family, 1_000, seed))
    instance = generate(family, tasks, seed)
    (chosen, stages), *clocks = _timed(lambda: plan(instance))
    bound = {stage.aim: stage.bound for stage in stages}
    run = Run(CASE + family, tasks, seed, 0, "gip")
    yield from ((run, found) for found in _measures(instance, chosen, bound, *clocks))
    chosen, *clocks = _timed(lambda: optimal_semi_matching(instance))
    run = Run(CASE + family, tasks, seed, 0, "paths")
    bound = figures(loads(instance, chosen))
    yield from ((run, found) for found in _measures(instance, chosen, bound, *clocks))


def _timed(work: Callable[[], T]) -> tuple[T, float, float]:
    wall, cpu = perf_counter(), process_time()
    done = work()
    return done, perf_counter() - wall, process_time() - cpu


def _measures(
    instance: SemiMatchingInstance, chosen: Ints, bound: dict[str, int], wall: float, cpu: float
) -> Iterator[Measure]:
    for aim, value in figures(loads(instance, chosen)).items():
        proven, apart = value == bound[aim], gap(value, bound[aim])
        yield Measure(AIM + aim, value=value, bound=bound[aim], proven=proven, gap=apart)
    yield Measure("total", wall, cpu)
