"""Finds the best counts: once without regard to today's servers, then with it.

Telling tasks apart by the server of today multiplies the columns and only `moves` asks for it. So
until then those columns are idle: all that they can do for the other aims, others can.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.estate import Codes, Estate
from models.plan import Tasks
from models.problem import Problem
from models.program import Ints, Program
from optimizer.aims import formulate
from optimizer.deadline import Deadline
from optimizer.eligibility import Eligibility
from optimizer.fill import fill
from optimizer.flows import Arcs, point, served
from optimizer.groups import collapse, expand
from optimizer.pools import ways
from optimizer.solve import Solution, solve
from optimizer.stage import Stage, Watch
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
    """The counts found, of each group on each server, and how good each aim is."""

    model: Model
    arcs: Arcs
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
    progress: Watch,
) -> Optimum:
    """Return the best assignment of ``tasks``, in the order of the estate's aims."""

    model = model_of(estate, tasks, eligibility, pooling)

    def solved(program: Program, start: Arcs) -> Solution:
        def relabelled(x: Ints) -> Ints:
            return point(model.problem, program, model.columns, served(model.columns, x))

        x = point(model.problem, program, model.columns, start)
        slack = estate.settings.slack
        return solve(program, x, relabelled, slack, deadline, seed, workers, progress)

    names = [aim.name for aim in model.program.aims]
    first = names.index("moves") if "moves" in names else len(names)
    nothing = (np.zeros(0, dtype=np.int64),) * 3
    hasty = nothing if deadline.seconds is None else fill(model.problem, nothing)
    aims = model.program.aims
    solution = solved(replace(model.program, aims=aims[:first], idle=model.columns.keeps), hasty)
    stages = solution.stages
    if first < len(names):
        program = replace(solution.program, aims=aims[first:], idle=nothing[0])
        solution = solved(program, served(model.columns, solution.x))
        stages += solution.stages
    arcs = served(model.columns, solution.x)
    if not stages[0].proven:
        arcs = fill(model.problem, arcs)
    x = point(model.problem, model.program, model.columns, arcs)
    return Optimum(
        model=model,
        arcs=arcs,
        values=tuple(aim.value(x) for aim in model.program.aims),
        stages=stages,
    )


def model_of(estate: Estate, tasks: Tasks, eligibility: Eligibility, pooling: bool) -> Model:
    """Return the question that an estate asks."""
    settings = estate.settings
    problem, group = collapse(estate, tasks, eligibility)
    tiers_apart = any(settings.slack(aim, 10**9) for aim in ("coverage", "tier1", "tier2"))
    return Model(problem, group, *formulate(problem, settings, ways(problem, pooling, tiers_apart)))


def assigned(estate: Estate, tasks: Tasks, group: Codes, arcs: Arcs) -> Codes:
    """Expand counts to a server per task, -1 for none; those of a group in byte order of name."""
    rank = byte_rank(estate.servers["server"])
    arc_group, arc_server, count = arcs
    order = np.lexsort((rank[arc_server], arc_group))
    ranked = (arc_group[order], rank[arc_server[order]], count[order])
    wish = np.where(tasks.current >= 0, rank[tasks.current], -1).astype(np.int32)
    place = expand(group, wish, ranked)
    return np.where(place >= 0, np.argsort(rank)[place], -1).astype(np.int32)
