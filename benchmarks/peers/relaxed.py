"""The floor: the linear relaxation of the planner's program alone, which is no plan."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from time import monotonic

import numpy as np
from ortools.math_opt.python import mathopt

from benchmarks.peers.matrix import Matrix
from benchmarks.peers.mip import formulated
from benchmarks.peers.outcome import Answer
from benchmarks.peers.question import Question
from models.integer_program import Aim, Floats, hold_aim

NEAR = 2
ROUNDS = 30
SHORT = 1e-4
COARSE = 0.05


def relaxation(
    solver: mathopt.SolverType, accuracy: float, note: str
) -> Callable[[Question, float], Answer]:
    """Return the peer that bounds each aim by ``solver``, whose digits are good to ``accuracy``.

    An aim is held at its bound, rounded to the integer that it implies, for the later ones.
    """

    def answer(question: Question, limit: float) -> Answer:
        program, _ = formulated(question)
        matrix = Matrix(program, integer=False)
        until = monotonic() + limit
        bounds: dict[str, int] = {}
        x = program.lower.astype(np.float64)
        for aim in program.aims:
            solved = _solved(matrix, aim, x, solver, until)
            if solved is None:
                return Answer(None, bounds, note=f"{note}; stopped at {aim.name}")
            value, x = solved
            unsure = max(1e-6, accuracy * abs(value))
            bound = int(np.floor(value + unsure) if aim.maximise else np.ceil(value - unsure))
            bounds[aim.name] = bound
            given = question.estate.settings.slack(aim.name, bound)
            given += int(np.ceil(unsure)) if unsure > COARSE else 0
            matrix.add(hold_aim(aim, bound - given if aim.maximise else bound + given))
        return Answer(None, bounds, note=note)

    return answer


def _solved(
    matrix: Matrix, aim: Aim, x: Floats, solver: mathopt.SolverType, until: float
) -> tuple[float, Floats] | None:
    """Return the optimum of ``aim`` and where it is; None where there is none in time.

    Squares are cut off until they are true, first around ``x``.
    """
    w, q = matrix.program.squares
    squared = np.flatnonzero(np.isin(q, aim.column))
    matrix.add_chords(squared, np.round(x).astype(np.int64), NEAR)
    matrix.aim(aim)
    best = None
    for _ in range(ROUNDS):
        seconds = until - monotonic()
        if seconds <= 0:
            break
        parameters = mathopt.SolveParameters(time_limit=timedelta(seconds=seconds))
        result = mathopt.solve(matrix.model, solver, params=parameters)
        if result.termination.reason != mathopt.TerminationReason.OPTIMAL:
            break
        x = matrix.point(result)
        best = result.objective_value(), x
        short = squared[_missing(x[w[squared]], x[q[squared]])]
        if not len(short):
            return best
        matrix.add_chords(short, np.floor(x + 1e-9).astype(np.int64) + 1, 1)
    return best


def _missing(w: Floats, q: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell which squares ``q`` lie below the chord of ``w ** 2``."""
    k = np.floor(w + 1e-9)
    return np.asarray(q < (2 * k + 1) * w - k * (k + 1) - SHORT * np.maximum(1.0, q))
