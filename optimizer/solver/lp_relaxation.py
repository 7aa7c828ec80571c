"""Bounds aims by LP relaxation: what no solution can better, fractions allowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from ortools.math_opt.callback_pb2 import CallbackRegistrationProto
from ortools.math_opt.core.python import solver
from ortools.math_opt.model_parameters_pb2 import ModelSolveParametersProto
from ortools.math_opt.model_pb2 import ModelProto
from ortools.math_opt.parameters_pb2 import (
    LP_ALGORITHM_BARRIER,
    LP_ALGORITHM_UNSPECIFIED,
    SOLVER_TYPE_GLOP,
    SOLVER_TYPE_HIGHS,
    LPAlgorithmProto,
    SolveParametersProto,
    SolverInitializerProto,
    SolverTypeProto,
)
from ortools.math_opt.result_pb2 import TERMINATION_REASON_OPTIMAL, SolveResultProto
from ortools.util.python.solve_interrupter import SolveInterrupter
from pybind11_abseil.status import StatusNotOk

from models.integer_program import Aim, Floats, IntegerProgram, Ints
from optimizer.solver.deadline import Deadline, interruptible
from optimizer.solver.dual_bounds import DualBound, prove_bound
from optimizer.solver.lp_arrays import LpArrays, build_lp_arrays

ROUNDS = 30
EVENLY = 16
STEPS = np.array([0, *(sign * 2**power for power in range(32) for sign in (1, -1))])


@dataclass(frozen=True, slots=True)
class LpBound:
    """A bound on an aim, its proof, and where the relaxation has it.

    The proof speaks of the points as good as ``cutoff``; None means of all. ``x`` is None where
    the relaxation was not solved in time, or has no point.
    """

    proof: DualBound
    cutoff: int | None
    x: Floats | None

    @property
    def bound(self) -> int:
        """Return the integer that no point betters."""
        if self.cutoff is None:
            return self.proof.bound
        return (max if self.proof.aim.maximise else min)(self.proof.bound, self.cutoff)

    def fix_by_reduced_costs(self, program: IntegerProgram, value: int) -> IntegerProgram:
        """Fix by reduced costs: leave out what no point as good as ``value`` does.

        ``program`` is the one that was relaxed.
        """
        return self._proof_of(program, value).fix_by_reduced_costs(value)

    def restrict_to_value(self, program: IntegerProgram, value: int) -> IntegerProgram:
        """Return ``program``, the one that was relaxed, with the aim held at ``value``."""
        return self._proof_of(program, value).restrict_to_value(value)

    def _proof_of(self, program: IntegerProgram, value: int) -> DualBound:
        sign = self.proof.aim.sign
        if self.cutoff is None or sign * value >= sign * self.cutoff:
            return self.proof
        return trivial(program, self.proof.aim)


def bound_by_lp(
    program: IntegerProgram,
    aim: Aim,
    near: Ints,
    deadline: Deadline,
    told: Callable[[LpBound], object] = lambda bound: None,
    among: NDArray[np.bool_] | None = None,
    rounds: int = ROUNDS,
) -> LpBound:
    """Return the bound of ``aim``; squares are cut finer until the relaxation has them right.

    ``near`` is a point of the program: around it squares are cut first. ``told`` hears of every
    round's bound: each is proven on what the one before has left of the points as good as its
    ``cutoff``. The relaxation looks at the rows ``among``, all by default, and may break the
    others; the proof is of the program.
    """
    w, q = program.squares
    used = np.isin(q, aim.column) | np.isin(q, program.rows.column)
    used &= ~np.isin(q, program.enveloped)
    middle, floor = near[w], None
    best = LpBound(trivial(program, aim), None, None)
    for _ in range(rounds):
        if deadline.remaining() <= 0:  # to build the relaxation takes its time, too
            break
        cuts = _segment_ends(
            program.lower[w], np.where(used, program.upper[w], program.lower[w]), middle
        )
        found = _solve(program, aim, cuts, deadline, among)
        if found is None:
            break
        x, duals, value = found
        best = LpBound(prove_bound(program, aim, duals), floor, x)
        told(best)
        reached = aim.constant + aim.sign * int(np.floor(value + best.proof.margin))
        if not used.any() or best.proof.bound == reached:
            break
        # What comes next need not look at points that are worse than this one.
        floor = reached if floor is None else aim.sign * max(aim.sign * floor, aim.sign * reached)
        program = best.proof.fix_by_reduced_costs(floor)
        middle = np.round(x[w]).astype(np.int64)
    return best


def trivial(program: IntegerProgram, aim: Aim) -> DualBound:
    """Return what the columns' bounds alone prove."""
    return prove_bound(program, aim, np.zeros(len(program.rows)), digits=(0,))


def _segment_ends(low: Ints, high: Ints, middle: Ints) -> Ints:
    """Return cuts from ``low`` to ``high``: spread evenly, and more the nearer to ``middle``."""
    evenly = low[:, None] + (high - low)[:, None] * np.arange(EVENLY + 1) // EVENLY
    near = np.clip(middle[:, None] + STEPS, low[:, None], high[:, None])
    each = np.minimum(low[:, None] + np.arange(len(STEPS)), high[:, None])
    around = np.where((high - low < len(STEPS))[:, None], each, near)
    return np.sort(np.column_stack([evenly, around]), axis=1)


def _solve(
    program: IntegerProgram,
    aim: Aim,
    cuts: Ints,
    deadline: Deadline,
    among: NDArray[np.bool_] | None,
) -> tuple[Floats, Floats, float] | None:
    """Return the optimum as a point of the program, its rows' duals and the value."""
    looked_at = np.arange(len(program.rows)) if among is None else np.flatnonzero(among)
    few = program if among is None else replace(program, rows=program.rows.only(among))
    model = build_lp_arrays(few, aim, cuts)
    # Measured: GLOP counts tasks up to 30 times faster, HiGHS evens loads out 3 times faster; but
    # squares at many moments, as many rows as columns, take a simplex ten times as long as an
    # interior point.
    squared = len(model.kept_columns) < len(model.lower)
    if aim.maximise:
        result = _result(model, SOLVER_TYPE_GLOP, LP_ALGORITHM_UNSPECIFIED, deadline)
    elif squared and len(model.lower) < 2 * len(model.row_lower):
        result = _result(model, SOLVER_TYPE_HIGHS, LP_ALGORITHM_BARRIER, deadline)
        result = result or _result(model, SOLVER_TYPE_HIGHS, LP_ALGORITHM_UNSPECIFIED, deadline)
    else:
        result = _result(model, SOLVER_TYPE_HIGHS, LP_ALGORITHM_UNSPECIFIED, deadline)
    if result is None or result.termination.reason != TERMINATION_REASON_OPTIMAL:
        return None
    primal, dual = result.solutions[0].primal_solution, result.solutions[0].dual_solution
    x = model.rest.astype(np.float64)
    x[model.kept_columns] = primal.variable_values.values[: len(model.kept_columns)]
    y = np.zeros(len(program.rows))
    y[looked_at[model.kept_rows]] = dual.dual_values.values[: len(model.kept_rows)]
    return x, y, primal.objective_value + model.offset


def _result(
    model: LpArrays,
    kind: SolverTypeProto.ValueType,
    algorithm: LPAlgorithmProto.ValueType,
    deadline: Deadline,
) -> SolveResultProto | None:
    """Return what the solver says; None where it has not come back in time, or has given up."""
    seconds = deadline.remaining()
    if seconds <= 0:
        return None
    parameters = SolveParametersProto(lp_algorithm=algorithm)
    if seconds < float("inf"):
        parameters.time_limit.FromTimedelta(timedelta(seconds=seconds))
    interrupter = SolveInterrupter()
    # MathOpt's own door takes longer to carry a model in and out as objects than to solve it.
    try:
        return interruptible(
            lambda: solver.solve(
                _proto(model),
                kind,
                SolverInitializerProto(),
                parameters,
                ModelSolveParametersProto(),
                None,
                CallbackRegistrationProto(),
                None,
                interrupter.pybind_interrupter,
            ),
            interrupter.interrupt,
            seconds,
        )
    except StatusNotOk:  # an interior point that no vertex could be made of
        return None


def _proto(model: LpArrays) -> ModelProto:
    proto = ModelProto()
    columns, rows = proto.variables, proto.linear_constraints
    columns.ids.extend(range(len(model.lower)))
    columns.lower_bounds.extend(model.lower.tolist())
    columns.upper_bounds.extend(model.upper.tolist())
    columns.integers.extend([False] * len(model.lower))
    rows.ids.extend(range(len(model.row_lower)))
    rows.lower_bounds.extend(model.row_lower.tolist())
    rows.upper_bounds.extend(model.row_upper.tolist())
    order = np.lexsort((model.column, model.row))
    matrix = proto.linear_constraint_matrix
    matrix.row_ids.extend(model.row[order].tolist())
    matrix.column_ids.extend(model.column[order].tolist())
    matrix.coefficients.extend(model.coefficient[order].tolist())
    counted = np.flatnonzero(model.objective)
    proto.objective.maximize = True
    proto.objective.linear_coefficients.ids.extend(counted.tolist())
    proto.objective.linear_coefficients.values.extend(model.objective[counted].tolist())
    return proto
