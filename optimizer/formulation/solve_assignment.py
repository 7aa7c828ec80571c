"""Solves the assignment problem of an estate, whole or decomposed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from models.assignment_problem import AssignmentProblem
from models.estate import Codes, Estate
from models.integer_program import IntegerProgram
from models.plan import Tasks
from models.solve_events import Stage, Watch
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.tasks import byte_rank
from optimizer.formulation.aggregation import Aggregation, aggregate
from optimizer.formulation.certification import build_part, certify_part
from optimizer.formulation.decomposition.coordinator import Answer, solve_decomposed
from optimizer.formulation.greedy import assign_greedily
from optimizer.formulation.grouping import assign_tasks, group_tasks
from optimizer.formulation.solution_mapping import Arcs, to_point
from optimizer.formulation.staged_solve import (
    SolvedPart,
    SolveOptions,
    advance,
    build_formulation,
    exchange_tasks,
    stage_boundaries,
    start,
)
from optimizer.formulation.variables import Variables
from optimizer.solver.cp_sat import SearchLimits

CLOSE = 0.005
STAGE = 0.8  # of the time that is left for each stage, the rest for what comes after it
CLASSES = 0.7  # of the time that is left, the rest for dealing out and for bounds
DEALING = 0.5  # of CP-SAT's deterministic time, for each class of servers


@dataclass(frozen=True, slots=True)
class Formulation:
    """The formulation of an estate: its groups, each task's, and the program over their counts."""

    problem: AssignmentProblem
    group: Codes
    program: IntegerProgram
    columns: Variables


@dataclass(frozen=True, slots=True)
class Solution:
    """The best assignment found, and how good each aim is.

    ``problem`` has the groups, ``group`` each task's, ``arcs`` how many of each go where; ``parts``
    have the same as it was solved, part by part.
    """

    problem: AssignmentProblem
    group: Codes
    arcs: Arcs
    values: tuple[int, ...]
    stages: tuple[Stage, ...]
    parts: tuple[SolvedPart, ...]


def solve_assignment(context: PlanningContext, options: SolveOptions, progress: Watch) -> Solution:
    """Solve the assignment of the tasks, by the estate's aims in their order."""
    problem, group = group_tasks(context)
    return Solution(problem, group, *solve_problem(problem, options, progress))


def solve_problem(problem: AssignmentProblem, options: SolveOptions, progress: Watch) -> Answer:
    """Return the counts, every aim's value, its stage and the parts.

    Hundreds of servers are a few classes first; where the best of these comes to no plan that is
    nearly as good in tiers, it is solved server by server.
    """
    few = aggregate(problem, options.settings)
    if few is not None:
        sooner = replace(options, deadline=options.deadline.share(CLASSES))
        solved = _solve_as_it_is(few.problem, sooner, progress)
        arcs = few.disaggregate(solved[0], SearchLimits(DEALING, options.deadline, options.seed))
        if arcs[2].sum() < solved[0][2].sum():
            arcs = assign_greedily(problem, arcs)
        answer = _answer_of_whole(few, options, solved, arcs)
        if answer is not None:
            return answer
    return _solve_as_it_is(problem, options, progress)


def _answer_of_whole(
    few: Aggregation, options: SolveOptions, solved: Answer, arcs: Arcs
) -> Answer | None:
    """Turn the plan over classes into one over servers, ``arcs``: return that as the answer.

    None where that plan misses too many of the tasks that an aim counts. Values are those of the
    plan. The bounds of aims after one that is worse than with few servers do not hold for plans
    that keep what it has: these are bounded once more.
    """
    _, reached, stages, parts = solved
    program, columns = build_formulation(few.whole, options.settings, options.pooling)
    x = to_point(few.whole, program, columns, arcs)
    values = tuple(aim.value(x) for aim in program.aims)
    if values == reached:
        return arcs, values, stages, parts
    kept: list[Stage] = []
    held: list[int] = []
    first_worse = len(values)
    for aim, stage, value, best in zip(program.aims, stages, values, reached, strict=True):
        if aim.maximise and value < (1 - CLOSE) * best:
            return None
        if aim.sign * value < aim.sign * best:
            first_worse = min(first_worse, len(kept))
        limit = stage.best - aim.sign * options.settings.slack(aim.name, stage.best)
        held.append(aim.sign * min(aim.sign * limit, aim.sign * value))
        kept.append(stage)
    if first_worse + 1 < len(values):
        part = SolvedPart(few.problem, solved[0], reached, stages)
        proofs = certify_part(build_part(part, options.settings, 0), held, options.deadline)
        for number, proof in islice(enumerate(proofs), first_worse + 1, None):
            kept[number] = replace(
                stages[number], best=values[number], bound=proof.bound, proof="duals"
            )
    part = SolvedPart(few.whole, arcs, values, tuple(kept))
    return arcs, values, part.stages, (part,)


def _solve_as_it_is(problem: AssignmentProblem, options: SolveOptions, progress: Watch) -> Answer:
    decomposed = solve_decomposed(problem, options, progress)
    return decomposed or _solve_undivided(problem, options, progress)


def _solve_undivided(problem: AssignmentProblem, options: SolveOptions, progress: Watch) -> Answer:
    """Solve without decomposing; return the counts, every aim's value and its stage."""
    solve = start(problem, options)
    for stop in stage_boundaries(solve.aims, coordinated=False):
        hurried = replace(options, deadline=options.deadline.share(STAGE))
        solve = advance(solve, stop, hurried, progress)
    arcs = solve.arcs if solve.stages[0].proven else assign_greedily(problem, solve.arcs)
    cut_short = options.deadline.seconds is not None and not all(s.proven for s in solve.stages)
    if cut_short and not options.settings.tolerance:  # what that gives back is no loss to undo
        arcs = exchange_tasks(solve, arcs, len(solve.aims), options)
    values = solve.values(arcs)
    return arcs, values, solve.stages, (SolvedPart(problem, arcs, values, solve.stages),)


def formulate_assignment(context: PlanningContext, pooling: bool) -> Formulation:
    """Formulate the assignment of the tasks: its problem, and the integer program over groups."""
    problem, group = group_tasks(context)
    settings = context.estate.settings
    return Formulation(problem, group, *build_formulation(problem, settings, pooling))


def assigned_servers(estate: Estate, tasks: Tasks, group: Codes, arcs: Arcs) -> Codes:
    """Expand counts to a server per task, -1 for none; those of a group in byte order of name."""
    rank = byte_rank(estate.servers["server"])
    arc_group, arc_server, count = arcs
    order = np.lexsort((rank[arc_server], arc_group))
    ranked = (arc_group[order], rank[arc_server[order]], count[order])
    today = np.where(tasks.current >= 0, rank[tasks.current], -1).astype(np.int32)
    place = assign_tasks(group, today, ranked)
    return np.where(place >= 0, np.argsort(rank)[place], -1).astype(np.int32)
