"""Solves the assignment problem of an estate, whole or decomposed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.assignment_problem import AssignmentProblem
from models.estate import Codes, Estate
from models.integer_program import IntegerProgram
from models.plan import Tasks
from models.solve_events import Stage, Watch
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.tasks import byte_rank
from optimizer.formulation.decomposition.coordinator import Answer, solve_decomposed
from optimizer.formulation.equal_servers import DealtOut, aggregate_equal_servers
from optimizer.formulation.greedy import assign_greedily
from optimizer.formulation.grouping import assign_tasks, group_tasks
from optimizer.formulation.solution_mapping import Arcs, to_point
from optimizer.formulation.staged_solve import (
    SolvedPart,
    SolveOptions,
    advance,
    build_formulation,
    stage_boundaries,
    start,
)
from optimizer.formulation.variables import Variables
from optimizer.solver.cp_sat import SearchLimits

DEALING = 1.0  # of CP-SAT's deterministic time, for each class of equal servers


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

    Thousands of equal servers are a few classes first; a class whose tasks its servers cannot
    share stays as it is.
    """
    few = aggregate_equal_servers(problem, options.settings)
    while few is not None:
        solved = _solve_as_it_is(few.problem, options, progress)
        dealt = few.taken_apart(solved[0], SearchLimits(DEALING, options.deadline, options.seed))
        if not dealt.stuck.any():
            return _answer_of_whole(problem, options, solved, dealt)
        few = few.without(dealt.stuck, options.settings)
    return _solve_as_it_is(problem, options, progress)


def _answer_of_whole(
    problem: AssignmentProblem, options: SolveOptions, solved: Answer, dealt: DealtOut
) -> Answer:
    """Return what was ``solved`` with few servers as the answer of ``problem``.

    Where tasks are shared evenly every value is the same; else the plan's own count.
    """
    _, values, stages, parts = solved
    arcs = dealt.arcs
    if not dealt.even:
        program, columns = build_formulation(problem, options.settings, options.pooling)
        x = to_point(problem, program, columns, arcs)
        values = tuple(aim.value(x) for aim in program.aims)
        parts = (SolvedPart(problem, arcs, values, stages),)
    return arcs, values, stages, parts


def _solve_as_it_is(problem: AssignmentProblem, options: SolveOptions, progress: Watch) -> Answer:
    decomposed = solve_decomposed(problem, options, progress)
    return decomposed or _solve_undivided(problem, options, progress)


def _solve_undivided(problem: AssignmentProblem, options: SolveOptions, progress: Watch) -> Answer:
    """Solve without decomposing; return the counts, every aim's value and its stage."""
    solve = start(problem, options)
    for stop in stage_boundaries(solve.aims, coordinated=False):
        solve = advance(solve, stop, options, progress)
    arcs = solve.arcs if solve.stages[0].proven else assign_greedily(problem, solve.arcs)
    values = solve.values(arcs)
    return arcs, values, solve.stages, (SolvedPart(problem, arcs, values, solve.stages),)


def build_model(context: PlanningContext, pooling: bool) -> Formulation:
    """Build the formulation of an estate's assignment problem."""
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
