"""Solves an assignment problem in stages, some aims at a time.

Telling tasks apart by the server of today multiplies the columns and only `moves` asks for it. So
until then those columns are idle: all that they can do for the other aims, others can.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.aims import AIMS, LEADING
from models.assignment_problem import AssignmentProblem
from models.integer_program import Aim, IntegerProgram, Ints
from models.settings import Settings
from models.solve_events import Stage, Watch
from optimizer.formulation.constraints import stays_on_classes
from optimizer.formulation.exchanges import ExchangeSearch
from optimizer.formulation.greedy import assign_greedily
from optimizer.formulation.objectives import build_program
from optimizer.formulation.pools import build_arcs
from optimizer.formulation.solution_mapping import Arcs, to_assignment, to_point
from optimizer.formulation.variables import Variables
from optimizer.solver.deadline import Deadline
from optimizer.solver.lexicographic import solve_lexicographic

NOTHING = (np.zeros(0, dtype=np.int64),) * 3


@dataclass(frozen=True, slots=True)
class SolveOptions:
    """How a problem is to be solved, beside its own data."""

    settings: Settings
    deadline: Deadline
    seed: int
    workers: int
    pooling: bool


@dataclass(frozen=True, slots=True)
class StagedSolve:
    """How far the solve of a problem has come: the plan so far, what became of each aim up to now.

    ``question`` is the program of it all, ``program`` what the aims up to now have left of it,
    ``before`` the same without the last of them.
    """

    problem: AssignmentProblem
    columns: Variables
    question: IntegerProgram
    program: IntegerProgram
    before: IntegerProgram
    arcs: Arcs
    stages: tuple[Stage, ...]

    @property
    def aims(self) -> tuple[Aim, ...]:
        """Return all aims in their order."""
        return self.question.aims

    def values(self, arcs: Arcs) -> tuple[int, ...]:
        """Return the figure of every aim for the plan ``arcs``."""
        x = to_point(self.problem, self.question, self.columns, arcs)
        return tuple(aim.value(x) for aim in self.aims)

    def with_peak_fixed(self, peak: int) -> StagedSolve:
        """Return the solve where the peak, the last aim so far, may be as high as ``peak``."""
        lower, upper = self.before.lower.copy(), self.before.upper.copy()
        lower[self.columns.peak] = upper[self.columns.peak] = peak
        return replace(self, program=replace(self.before, lower=lower, upper=upper))


@dataclass(frozen=True, slots=True)
class SolvedPart:
    """A problem with its plan: every aim's value, and what became of it when it was its turn."""

    problem: AssignmentProblem
    arcs: Arcs
    values: tuple[int, ...]
    stages: tuple[Stage, ...]


def start(problem: AssignmentProblem, options: SolveOptions, roof: int = 0) -> StagedSolve:
    """Return the solve of ``problem`` before its first aim.

    ``roof`` is what its peak may be raised to later.
    """
    program, columns = build_formulation(problem, options.settings, options.pooling)
    program.upper[columns.peak] = max(roof, program.upper[columns.peak])
    arcs = NOTHING if options.deadline.seconds is None else assign_greedily(problem, NOTHING)
    return StagedSolve(problem, columns, program, program, program, arcs, ())


def build_formulation(
    problem: AssignmentProblem, settings: Settings, pooling: bool
) -> tuple[IntegerProgram, Variables]:
    """Return the program of ``problem``, and what its columns mean."""
    tiers_apart = any(settings.slack(aim, 10**9) for aim in LEADING[:-1])
    return build_program(problem, settings, build_arcs(problem, pooling, tiers_apart))


def advance(solve: StagedSolve, until: int, options: SolveOptions, progress: Watch) -> StagedSolve:
    """Return ``solve`` after its aims up to number ``until``."""
    due = solve.aims[len(solve.stages) : until]
    if not due:
        return solve
    problem, columns = solve.problem, solve.columns
    telling = any(AIMS[aim.name].needs_current for aim in solve.aims[:until])
    idle = NOTHING[0] if telling else columns.keeps
    program = replace(solve.program, aims=due, idle=idle)
    at_most = program.upper[columns.keeps].copy()
    at_most[np.isin(columns.ways.keep_server, problem.members.server)] = 0
    start_at = _with_stays(solve, program, solve.arcs, at_most)
    if telling:
        program = program.with_rows([stays_on_classes(problem, columns, start_at)])

    def relabelled(x: Ints) -> Ints:
        most = np.maximum(at_most, x[columns.keeps])
        return _with_stays(solve, program, to_assignment(columns, x), most)

    def improved(x: Ints, deadline: Deadline) -> Ints:
        limited = replace(options, deadline=deadline)
        arcs = exchange_tasks(solve, to_assignment(columns, x), until, limited)
        return _with_stays(solve, program, arcs, np.maximum(at_most, x[columns.keeps]))

    found = solve_lexicographic(
        program, start_at, relabelled, improved,
        options.settings.slack, options.deadline, options.seed, progress,
    )  # fmt: skip
    return replace(
        solve,
        program=found.program,
        before=found.before,
        arcs=to_assignment(solve.columns, found.x),
        stages=solve.stages + found.stages,
    )


def exchange_tasks(solve: StagedSolve, arcs: Arcs, until: int, options: SolveOptions) -> Arcs:
    """Improve ``arcs`` by exchanges that harm none of the aims up to number ``until``.

    Not where servers are aggregated: what a class counts is not known task by task.
    """
    if len(solve.problem.members.server):
        return arcs
    search = ExchangeSearch(
        solve.problem,
        [aim.name for aim in solve.aims[:until]],
        options.settings.balance == "utilisation",
        int(solve.program.lower[solve.columns.peak]),
    )
    return search.improve(arcs, options.deadline, options.seed)


def _with_stays(solve: StagedSolve, program: IntegerProgram, arcs: Arcs, most: Ints) -> Ints:
    """Return the point of ``arcs`` where no more tasks stay than ``most`` of each keep."""
    upper = program.upper.copy()
    upper[solve.columns.keeps] = most
    return to_point(solve.problem, replace(program, upper=upper), solve.columns, arcs)


def stage_boundaries(aims: tuple[Aim, ...], coordinated: bool) -> list[int]:
    """Return up to which aims a solve goes in one go.

    It stops before `moves`, and, where parts are ``coordinated``, behind the peak.
    """
    stops = {len(aims)}
    for place, aim in enumerate(aims):
        if AIMS[aim.name].needs_current:
            stops.add(place)
        if coordinated and AIMS[aim.name].combine is max:
            stops.add(place + 1)
    return sorted(stops)
