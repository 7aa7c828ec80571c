"""Finds the best counts: once without regard to today's servers, then with it.

Telling tasks apart by the server of today makes several groups of one and only `moves` asks for
it. So the aims before it are settled on the small program, and what they settled is carried over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from models.estate import Codes, Estate
from models.plan import Tasks
from models.problem import Problem
from models.program import Ints, Program
from models.settings import Settings
from optimizer.aims import formulate
from optimizer.deadline import Deadline
from optimizer.eligibility import Eligibility
from optimizer.fill import fill
from optimizer.flows import Arcs, find, key, point, served
from optimizer.groups import collapse, expand
from optimizer.pools import ways
from optimizer.relax import chords
from optimizer.solve import Solution, Stage, lock, solve
from optimizer.tasks import byte_rank
from optimizer.variables import Variables


@dataclass(frozen=True, slots=True)
class Model:
    """One form of the question: the groups, each task's, and the program over their counts."""

    problem: Problem
    group: Codes
    program: Program
    columns: Variables


@dataclass(frozen=True, slots=True)
class Optimum:
    """The assignment found: a server code per task, -1 for none, and how good each aim is."""

    model: Model
    arcs: Arcs
    proxy: Codes
    values: tuple[int, ...]
    stages: tuple[Stage, ...]


def optimise(
    estate: Estate,
    tasks: Tasks,
    eligibility: Eligibility,
    deadline: Deadline,
    seed: int,
    workers: int,
    pooling: bool,
    progress: Callable[[Stage], None],
) -> Optimum:
    """Return the best assignment of ``tasks``, in the order of the estate's aims."""

    def modelled(stays: bool) -> Model:
        return _model(estate, tasks, eligibility, pooling, stays)

    def solved(model: Model, start: Ints) -> Solution:
        def relabelled(x: Ints) -> Ints:
            return point(model.problem, model.program, model.columns, served(model.columns, x))

        slack = estate.settings.slack
        return solve(model.program, start, relabelled, slack, deadline, seed, workers, progress)

    model = modelled(stays=False)
    names = [aim.name for aim in model.program.aims]
    first = names.index("moves") if "moves" in names else len(names)
    program = replace(model.program, aims=model.program.aims[:first])
    nothing = (np.zeros(0, dtype=np.int64),) * 3
    hasty = nothing if deadline.seconds is None else fill(model.problem, nothing)
    start = point(model.problem, program, model.columns, hasty)
    solution = solved(replace(model, program=program), start)
    stages = solution.stages
    if first < len(names):
        fine = modelled(stays=True)
        proxy = _assigned(estate, tasks, model.group, served(model.columns, solution.x))
        start = point(fine.problem, fine.program, fine.columns, _arcs(fine.group, proxy))
        carried = _carried(model, fine, solution, estate.settings)
        model = replace(fine, program=replace(carried, aims=fine.program.aims[first:]))
        solution = solved(model, start)
        stages += solution.stages
        model = fine
    arcs = served(model.columns, solution.x)
    if not stages[0].proven:
        arcs = fill(model.problem, arcs)
    x = point(model.problem, model.program, model.columns, arcs)
    return Optimum(
        model=model,
        arcs=arcs,
        proxy=_assigned(estate, tasks, model.group, arcs),
        values=tuple(aim.value(x) for aim in model.program.aims),
        stages=stages,
    )


def _model(
    estate: Estate, tasks: Tasks, eligibility: Eligibility, pooling: bool, stays: bool
) -> Model:
    settings = estate.settings
    problem, group = collapse(estate, tasks, eligibility, stays)
    tiers_apart = any(settings.slack(aim, 10**9) for aim in ("coverage", "tier1", "tier2"))
    return Model(problem, group, *formulate(problem, settings, ways(problem, pooling, tiers_apart)))


def _assigned(estate: Estate, tasks: Tasks, group: Codes, arcs: Arcs) -> Codes:
    """Expand counts to tasks, the servers of a group taken in byte order of their names."""
    rank = byte_rank(estate.servers["server"])
    arc_group, arc_server, count = arcs
    order = np.lexsort((rank[arc_server], arc_group))
    ranked = (arc_group[order], rank[arc_server[order]], count[order])
    wish = np.where(tasks.current >= 0, rank[tasks.current], -1).astype(np.int32)
    place = expand(group, wish, ranked)
    return np.where(place >= 0, np.argsort(rank)[place], -1).astype(np.int32)


def _arcs(group: Codes, proxy: Codes) -> Arcs:
    """Count the tasks of each group on each server."""
    width = int(proxy.max(initial=0)) + 1
    has = proxy >= 0
    pairs, count = np.unique(group[has].astype(np.int64) * width + proxy[has], return_counts=True)
    return pairs // width, pairs % width, count


def _carried(coarse: Model, fine: Model, solution: Solution, settings: Settings) -> Program:
    """Return the fine program with what the coarse one has settled: its aims held, and no way
    open that it has shut."""
    program, ways, far = fine.program, fine.columns.ways, coarse.columns.ways
    locks = []
    for aim, stage in zip(program.aims, solution.stages, strict=False):
        given = settings.slack(aim.name, stage.best)
        locks.append(lock(aim, stage.best - given if aim.maximise else stage.best + given))
    small, large = coarse.problem, fine.problem
    _, parent = find(key(small.kind, small.activity), key(large.kind, large.activity))
    is_open = solution.program.upper > 0
    arcs, entries = key(far.arc_group, far.arc_server), key(far.in_group, far.in_label)
    above = parent[ways.arc_group]
    near, at = find(arcs, key(above, ways.arc_server))
    pooled, through = find(entries, key(above, ways.arc_label))
    arc_open = np.zeros(len(near), dtype=np.bool_)
    arc_open[near] = is_open[coarse.columns.arcs[at[near]]]
    arc_open[pooled] |= ~near[pooled] & is_open[coarse.columns.inflows[through[pooled]]]
    _, entry = find(entries, key(parent[ways.in_group], ways.in_label))
    shut = np.concatenate(
        [
            fine.columns.arcs[~arc_open],
            fine.columns.inflows[~is_open[coarse.columns.inflows[entry]]],
            fine.columns.outflows[~is_open[coarse.columns.outflows]],
        ]
    )
    upper = program.upper.copy()
    upper[shut] = 0
    square, k = solution.tangents.T
    w, q = (columns[square] for columns in program.squares)
    return replace(program.also([*locks, chords(w, q, k)]), upper=upper)
