"""A program as a MathOpt model, its squares cut off by chords where a solution falls short."""

from __future__ import annotations

import numpy as np
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt

from models.integer_program import FREE, Aim, Floats, IntegerProgram, Ints, LinearRows, secant_cuts


class Matrix:
    """The rows of one program, and those added; with ``integer`` off, its relaxation."""

    def __init__(self, program: IntegerProgram, integer: bool) -> None:
        self.program = program
        self.model = mathopt.Model.from_model_proto(_proto(program, integer))
        self._columns = list(self.model.variables())
        self._added: list[LinearRows] = []

    def add(self, rows: LinearRows) -> None:
        """Add ``rows`` for good."""
        handles = [
            self.model.add_linear_constraint(lb=_limit(lower), ub=_limit(upper))
            for lower, upper in zip(rows.lower.tolist(), rows.upper.tolist(), strict=True)
        ]
        terms = zip(rows.row.tolist(), rows.column.tolist(), rows.coefficient.tolist(), strict=True)
        for row, column, coefficient in terms:
            handles[row].set_coefficient(self._columns[column], coefficient)
        self._added.append(rows)

    def add_chords(self, squares: Ints, x: Ints, near: int) -> None:
        """Add the chords of ``squares`` (by number) within ``near`` of the point ``x``."""
        w, q = (columns[squares] for columns in self.program.squares)
        k = x[w][:, None] + np.arange(-near, near)
        inside = (k >= 0) & (k < self.program.upper[w][:, None])
        row, _ = np.nonzero(inside)
        self.add(secant_cuts(w[row], q[row], k[inside]))

    def aim(self, aim: Aim) -> None:
        """Make ``aim`` the objective."""
        objective = self.model.objective
        objective.clear()
        objective.is_maximize = aim.maximise
        objective.offset = aim.constant
        for column, value in zip(aim.column.tolist(), aim.coefficient.tolist(), strict=True):
            objective.set_linear_coefficient(self._columns[column], value)

    def point(self, result: mathopt.SolveResult) -> Floats:
        """Return the columns' values."""
        return np.array(result.variable_values(self._columns), dtype=np.float64)

    def hint(self, x: Ints) -> mathopt.SolutionHint:
        """Return ``x`` as a point to start from."""
        values = dict(zip(self._columns, x.astype(float).tolist(), strict=True))
        return mathopt.SolutionHint(variable_values=values)

    def is_feasible(self, x: Ints) -> bool:
        """Tell whether ``x`` keeps the rows added."""
        activities = [(rows, rows.activity(x)) for rows in self._added]
        return all(
            bool(((rows.lower <= value) & (value <= rows.upper)).all())
            for rows, value in activities
        )


def _limit(value: int) -> float:
    """Return a limit of a row as MathOpt takes it, infinite where it is none."""
    return float(value) if abs(value) < FREE else float(np.sign(value)) * float("inf")


def _proto(program: IntegerProgram, integer: bool) -> model_pb2.ModelProto:
    """Return the model; squares need not be called integer, their chords make them so."""
    proto = model_pb2.ModelProto()
    columns, rows = len(program.lower), program.rows
    whole = np.full(columns, integer)
    whole[program.squares[1]] = False
    proto.variables.ids.extend(range(columns))
    proto.variables.lower_bounds.extend(program.lower.tolist())
    proto.variables.upper_bounds.extend(program.upper.tolist())
    proto.variables.integers.extend(whole.tolist())
    proto.linear_constraints.ids.extend(range(len(rows)))
    proto.linear_constraints.lower_bounds.extend(_limit(v) for v in rows.lower.tolist())
    proto.linear_constraints.upper_bounds.extend(_limit(v) for v in rows.upper.tolist())
    order = np.lexsort((rows.column, rows.row))
    matrix = proto.linear_constraint_matrix
    matrix.row_ids.extend(rows.row[order].tolist())
    matrix.column_ids.extend(rows.column[order].tolist())
    matrix.coefficients.extend(rows.coefficient[order].tolist())
    return proto
