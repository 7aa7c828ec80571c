"""The planner's own program, collapsed and pooled, given to a general MIP solver."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from time import monotonic

import numpy as np
from ortools.math_opt.python import mathopt

from benchmarks.peers.matrix import Matrix
from benchmarks.peers.outcome import Answer
from benchmarks.peers.question import Question
from models.integer_program import Aim, IntegerProgram, Ints, hold_aim
from optimizer.formulation.grouping import assign_tasks
from optimizer.formulation.objectives import build_program
from optimizer.formulation.pools import build_arcs
from optimizer.formulation.solution_mapping import to_assignment
from optimizer.formulation.variables import Variables

NEAR = 4
INTEGRAL = 1e-6
EXACT = {"relative_gap_tolerance": 0.0, "absolute_gap_tolerance": 1 - 1e-4}


def formulated(question: Question) -> tuple[IntegerProgram, Variables]:
    """Return the program as the planner builds it."""
    settings = question.estate.settings
    tiers_apart = any(settings.slack(aim, 10**9) for aim in ("coverage", "tier1", "tier2"))
    return build_program(
        question.problem, settings, build_arcs(question.problem, True, tiers_apart)
    )


def mip(solver: mathopt.SolverType, hints: bool) -> Callable[[Question, float], Answer]:
    """Return the peer that gives the program to ``solver``, which takes ``hints`` or not."""

    def answer(question: Question, limit: float) -> Answer:
        program, columns = formulated(question)
        stages = _Stages(program, solver, hints, monotonic() + limit)
        bounds, proven = {}, {}
        for left, aim in zip(range(len(program.aims), 0, -1), program.aims, strict=True):
            bound = stages.solve(aim, left)
            value = aim.value(stages.x)
            if bound is not None:
                bounds[aim.name] = bound
            proven[aim.name] = bound == value
            given = question.estate.settings.slack(aim.name, value)
            stages.keep(aim, value - given if aim.maximise else value + given)
        arcs = to_assignment(columns, stages.x)
        wish = question.tasks.current
        return Answer(assign_tasks(question.group, wish, arcs), bounds, proven, stages.note)

    return answer


class _Stages:
    """One aim after another: solve, keep the best point seen, lock."""

    def __init__(
        self, program: IntegerProgram, solver: mathopt.SolverType, hints: bool, until: float
    ) -> None:
        self.x: Ints = program.complete(np.zeros_like(program.lower))
        self.note = ""
        self._program = program
        self._solver = solver
        self._hints = hints
        self._until = until
        self._matrix = Matrix(program, integer=True)

    def keep(self, aim: Aim, value: int) -> None:
        """Hold ``aim`` at ``value`` or better."""
        self._matrix.add(hold_aim(aim, value))

    def solve(self, aim: Aim, left: int) -> int | None:
        """Improve the point for ``aim`` in its share of the time, and return the bound.

        ``left`` aims are left; the bound is None where the solver has none to give.
        """
        until = monotonic() + max(0.0, self._until - monotonic()) / left
        squares = np.flatnonzero(np.isin(self._program.squares[1], aim.column))
        self._matrix.add_chords(squares, self.x, NEAR)
        self._matrix.aim(aim)
        bound: int | None = None
        while monotonic() < until:
            result = self._run(until - monotonic())
            proved = _bound(aim, result)
            bound = bound if proved is None else proved
            if not result.has_primal_feasible_solution():
                break
            claimed = self._matrix.point(result)
            found = self._program.complete(np.round(claimed).astype(np.int64))
            if self._admits(found) and _no_worse(aim, found, self.x):
                self.x = found
            q = self._program.squares[1][squares]
            short = squares[claimed[q] < found[q] - INTEGRAL]
            if not len(short) or bound == aim.value(self.x):
                break
            self._matrix.add_chords(short, found, NEAR)
        return bound

    def _run(self, seconds: float) -> mathopt.SolveResult:
        hint = [self._matrix.hint(self.x)] if self._hints else []
        return mathopt.solve(
            self._matrix.model,
            self._solver,
            params=mathopt.SolveParameters(time_limit=timedelta(seconds=seconds), **EXACT),
            model_params=mathopt.ModelSolveParameters(solution_hints=hint),
        )

    def _admits(self, x: Ints) -> bool:
        """Tell whether ``x`` keeps the program and every lock so far."""
        return self._program.is_feasible(x) and self._matrix.is_feasible(x)


def _no_worse(aim: Aim, x: Ints, than: Ints) -> bool:
    return aim.value(x) >= aim.value(than) if aim.maximise else aim.value(x) <= aim.value(than)


def _bound(aim: Aim, result: mathopt.SolveResult) -> int | None:
    """Return the integer that the solver's dual bound implies."""
    bound = result.termination.objective_bounds.dual_bound
    if not np.isfinite(bound):
        return None
    return int(np.floor(bound + INTEGRAL) if aim.maximise else np.ceil(bound - INTEGRAL))
