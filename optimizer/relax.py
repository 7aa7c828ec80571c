"""Bounds by linear relaxation: what no plan can better, fractions allowed.

No solver's word is taken for a bound. Its duals are, and any duals give a valid bound: wrong
digits can only make it weaker.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt
from ortools.util.python.solve_interrupter import SolveInterrupter

from models.program import FREE, Aim, Floats, Ints, Program, Rows
from optimizer.deadline import Deadline, interruptible

CUT_ROUNDS = 30
ROUNDING = 1e-6
SHORT = 1e-4


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A bound on an aim, rounded to the integer it implies, and where the relaxation has it.

    ``x`` is None where no time was left to solve it. The proof in full: the aim (negated, if it
    is minimised) is at most ``total``, less ``|reduced|`` for each step that a column takes away
    from the bound it likes best.
    """

    bound: int
    x: Floats | None
    total: float
    reduced: Floats

    def movable(self, aim: Aim, value: int, lower: Ints, upper: Ints) -> tuple[Ints, Ints]:
        """Return bounds within which every integer point has its columns whose ``aim`` is at
        least as good as ``value``."""
        sign = 1 if aim.maximise else -1
        room = self.total - sign * (value - aim.constant) + ROUNDING
        held = room < np.abs(self.reduced)
        likes_upper = held & (self.reduced > 0)
        likes_lower = held & (self.reduced < 0)
        return np.where(likes_upper, upper, lower), np.where(likes_lower, lower, upper)


class Relaxation:
    """The relaxation of one program; rows added to it stay, and solves start where the last
    one ended. ``tangents`` lists the chords added so far, rows of (number of the square, k)."""

    def __init__(self, program: Program, solver: mathopt.SolverType = mathopt.SolverType.GLOP):
        self._program = program
        self._rows = program.rows
        self._lower, self._upper = program.lower, program.upper
        self.tangents: list[Ints] = []
        self._model = mathopt.Model.from_model_proto(model_proto(program))
        self._columns = list(self._model.variables())
        self._row_handles = list(self._model.linear_constraints())
        self._solver = mathopt.IncrementalSolver(self._model, solver)

    def add(self, rows: Rows) -> None:
        """Add ``rows`` for good."""
        terms: list[list[Any]] = [[] for _ in range(len(rows))]
        for row, column, coefficient in zip(
            rows.row.tolist(), rows.column.tolist(), rows.coefficient.tolist(), strict=True
        ):
            terms[row].append(coefficient * self._columns[column])
        for row, (lower, upper) in enumerate(zip(rows.lower, rows.upper, strict=True)):
            self._row_handles.append(
                self._model.add_linear_constraint(
                    lb=row_limit(lower), ub=row_limit(upper), expr=mathopt.fast_sum(terms[row])
                )
            )
        self._rows = Rows.joined([self._rows, rows])

    def remove_last(self, count: int) -> None:
        """Take the ``count`` rows added last away again."""
        for handle in self._row_handles[len(self._row_handles) - count :]:
            self._model.delete_linear_constraint(handle)
        del self._row_handles[len(self._row_handles) - count :]
        self._rows = self._rows.without_last(count)

    @property
    def size(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def confine(self, lower: Ints, upper: Ints) -> None:
        """Set the columns' bounds."""
        for column in np.flatnonzero(lower != self._lower).tolist():
            self._columns[column].lower_bound = float(lower[column])
        for column in np.flatnonzero(upper != self._upper).tolist():
            self._columns[column].upper_bound = float(upper[column])
        self._lower, self._upper = lower, upper

    def solve(self, aim: Aim, deadline: Deadline) -> Relaxed:
        """Return the bound of ``aim``; squares are cut off where the relaxation falls short."""
        objective = self._model.objective
        objective.clear()
        objective.is_maximize = aim.maximise
        for column, value in zip(aim.column.tolist(), aim.coefficient.tolist(), strict=True):
            objective.set_linear_coefficient(self._columns[column], value)
        best = self._relaxed(aim, np.zeros(len(self._rows)), None)
        centre = None
        for _ in range(CUT_ROUNDS):
            solution = self._solve(deadline)
            if solution is None:
                break
            x, duals = solution
            best = self._relaxed(aim, duals, x)
            missing = self._missing_chords(aim, x)
            if not len(missing):
                return best
            w, _ = self._program.squares
            if centre is None or x[w] @ x[w] < centre[w] @ centre[w]:
                centre = x
            self.add(missing)
        # Cut short, the last point may swing far out; the best one of all is nearer to the aim.
        return replace(best, x=centre)

    def _solve(self, deadline: Deadline) -> tuple[Floats, Floats] | None:
        seconds = deadline.remaining()
        if seconds <= 0:
            return None
        limit = None if seconds == float("inf") else timedelta(seconds=seconds)
        interrupter = SolveInterrupter()
        result = interruptible(
            lambda: self._solver.solve(
                params=mathopt.SolveParameters(time_limit=limit), interrupter=interrupter
            ),
            interrupter.interrupt,
            seconds,
        )
        if result is None or result.termination.reason != mathopt.TerminationReason.OPTIMAL:
            return None
        # Both are in the order in which columns and rows were made.
        values, duals = result.variable_values().values(), result.dual_values().values()
        return np.fromiter(values, np.float64), np.fromiter(duals, np.float64)

    def _relaxed(self, aim: Aim, duals: Floats, x: Floats | None) -> Relaxed:
        """Return what ``duals`` prove, or what they prove once rounded a little.

        For any y: c x = y (A x) + (c - y A) x, and each part is bounded by its own limits.
        """
        sign = 1 if aim.maximise else -1
        proofs = [self._proof(aim, sign, sign * duals.round(digits)) for digits in (9, 15)]
        total, reduced = min(proofs, key=lambda proof: proof[0])
        bound = aim.constant + sign * int(np.floor(total + ROUNDING))
        return Relaxed(min(bound, aim.ceiling), x, total, reduced)

    def _proof(self, aim: Aim, sign: int, y: Floats) -> tuple[float, Floats]:
        y[(y > 0) & (self._rows.upper >= FREE)] = 0.0
        y[(y < 0) & (self._rows.lower <= -FREE)] = 0.0
        reduced = np.zeros(len(self._lower))
        np.add.at(reduced, aim.column, sign * aim.coefficient)
        products = y[self._rows.row] * self._rows.coefficient
        reduced -= np.bincount(self._rows.column, products, len(reduced))
        total = float(y @ np.where(y > 0, self._rows.upper, self._rows.lower))
        total += float(reduced @ np.where(reduced > 0, self._upper, self._lower))
        return total, reduced

    def _missing_chords(self, aim: Aim, x: Floats) -> Rows:
        """Return rows that lift each square up to the chord of ``w ** 2`` at its ``w``."""
        w, q = self._program.squares
        if not np.isin(q, aim.column).any() and not np.isin(q, self._rows.column).any():
            return Rows.joined([])
        k = np.floor(x[w] + 1e-9).astype(np.int64)
        short = x[q] < (2 * k + 1) * x[w] - k * (k + 1) - SHORT
        self.tangents.append(np.column_stack([np.flatnonzero(short), k[short]]))
        return chords(w[short], q[short], k[short])


def chords(w: Ints, q: Ints, k: Ints) -> Rows:
    """Return ``q >= (2 k + 1) w - k (k + 1)``: exact at the integers k and k + 1, below else."""
    places = np.arange(len(k))
    return Rows(
        row=np.concatenate([places, places]),
        column=np.concatenate([q, w]),
        coefficient=np.concatenate([np.ones(len(k), dtype=np.int64), -(2 * k + 1)]),
        lower=-k * (k + 1),
        upper=np.full(len(k), FREE),
    )


def row_limit(value: int) -> float:
    """Return a limit of a row as MathOpt takes it, infinite where it is none."""
    return float(value) if abs(value) < FREE else float(np.sign(value)) * float("inf")


def model_proto(program: Program) -> model_pb2.ModelProto:
    """Return the relaxation of ``program`` as MathOpt takes it."""
    proto = model_pb2.ModelProto()
    columns, rows = len(program.lower), program.rows
    proto.variables.ids.extend(range(columns))
    proto.variables.lower_bounds.extend(program.lower.tolist())
    proto.variables.upper_bounds.extend(program.upper.tolist())
    proto.variables.integers.extend([False] * columns)
    proto.linear_constraints.ids.extend(range(len(rows)))
    proto.linear_constraints.lower_bounds.extend(row_limit(v) for v in rows.lower.tolist())
    proto.linear_constraints.upper_bounds.extend(row_limit(v) for v in rows.upper.tolist())
    order = np.lexsort((rows.column, rows.row))
    matrix = proto.linear_constraint_matrix
    matrix.row_ids.extend(rows.row[order].tolist())
    matrix.column_ids.extend(rows.column[order].tolist())
    matrix.coefficients.extend(rows.coefficient[order].tolist())
    return proto
