"""Searches integer solutions by CP-SAT, in all of a program or in a neighbourhood of a point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from ortools.sat.python import cp_model

from models.integer_program import FREE, Aim, IntegerProgram, Ints, LinearRows, secant_cuts
from optimizer.solver.deadline import Deadline, interruptible

CUT_RADIUS = 4


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The best integer point found, None for none, and the bound proven inside the box.

    ``bound`` is None where nothing was proven; ``empty`` tells that the box holds no point.
    ``spent`` is the deterministic time that it took.
    """

    x: Ints | None
    bound: int | None
    empty: bool = False
    spent: float = 0.0


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """How much work one search may do, however often it has to refine squares.

    It is CP-SAT's deterministic time, so that the same input gives the same answer on any machine;
    and the deadline of the plan.

    ``found`` is told the aim's value of each better plan while the search goes on, from the
    solver's thread. Without ``presolve`` the solver takes the program as it is: a second opinion.
    """

    deterministic: float
    deadline: Deadline
    seed: int
    found: Callable[[int], None] | None = None
    presolve: bool = True


def solve_cp_sat(
    program: IntegerProgram, aim: Aim | None, hint: Ints, effort: SearchLimits
) -> SearchResult:
    """Return the best point of ``program`` for ``aim``, or any point without one."""
    if effort.deadline.remaining() <= 0:
        return SearchResult(None, None)
    w, q = program.squares
    used = np.isin(q, program.rows.column) | (aim is not None and np.isin(q, aim.column))
    cuts = [_chords_near(program, w[used], q[used], hint)]
    if used.any():  # the solver takes squares for too small, and so its aim's value for too good
        effort = replace(effort, found=None)
    best, left = SearchResult(None, None), effort.deterministic
    while True:
        rows = LinearRows.concatenate([program.rows, *cuts])
        found = _solve(program, rows, aim, hint, replace(effort, deterministic=left))
        left -= found.spent
        bound = found.bound
        if aim is not None and bound is not None:
            bound = aim.tighter_bound(bound, best.bound)
        bound = best.bound if bound is None else bound
        best = SearchResult(best.x, bound, found.empty, effort.deterministic - left)
        if found.x is None:
            return best
        settled = program.complete(found.x)
        if program.is_feasible(settled) and (
            best.x is None or (aim and aim.is_better(settled, best.x))
        ):
            best = replace(best, x=settled)
        short = found.x[q[used]] < settled[q[used]]
        if not short.any() or left <= 0 or effort.deadline.remaining() <= 0:
            return best
        cuts.append(_chords_near(program, w[used][short], q[used][short], settled))
        hint = settled


def _chords_near(program: IntegerProgram, w: Ints, q: Ints, point: Ints) -> LinearRows:
    """Return the chords of all values of ``w`` within `CUT_RADIUS` of ``point``."""
    steps = np.arange(-CUT_RADIUS, CUT_RADIUS)
    k = point[w][:, None] + steps
    inside = (k >= program.lower[w][:, None]) & (k < program.upper[w][:, None])
    row, _ = np.nonzero(inside)
    return secant_cuts(w[row], q[row], k[inside])


def _solve(
    program: IntegerProgram,
    rows: LinearRows,
    aim: Aim | None,
    hint: Ints,
    effort: SearchLimits,
) -> SearchResult:
    seconds = effort.deadline.remaining()
    if seconds <= 0:
        return SearchResult(None, None)
    free = np.flatnonzero(program.open)
    place = np.full(len(program.lower), -1)
    place[free] = np.arange(len(free))
    x = program.lower.copy()
    model = _model(program, rows, free, place)
    if model is None:
        return SearchResult(None, None, empty=True)
    if aim is not None:
        inside = place[aim.column] >= 0
        terms = model.get_int_var_from_proto_index
        expression = cp_model.LinearExpr.weighted_sum(
            [terms(int(index)) for index in place[aim.column[inside]]],
            aim.coefficient[inside].tolist(),
        )
        fixed = int(aim.coefficient[~inside] @ x[aim.column[~inside]])
        (model.maximize if aim.maximise else model.minimize)(expression + fixed + aim.constant)
    model.proto.solution_hint.vars.extend(range(len(free)))
    model.proto.solution_hint.values.extend(
        np.clip(hint, program.lower, program.upper)[free].tolist()
    )
    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.num_workers = 1
    parameters.linearization_level = 2
    parameters.random_seed = effort.seed
    parameters.cp_model_presolve = effort.presolve
    parameters.catch_sigint_signal = False
    parameters.max_deterministic_time = effort.deterministic
    if seconds < float("inf"):
        parameters.max_time_in_seconds = seconds
    told = None if effort.found is None or aim is None else _ProgressCallback(effort.found)
    status = interruptible(lambda: solver.solve(model, told), solver.stop_search, seconds)
    if status is None:
        return SearchResult(None, None)
    spent = solver.response_proto.deterministic_time
    if status == cp_model.UNKNOWN:
        return SearchResult(None, None, spent=spent)
    if status == cp_model.INFEASIBLE:
        return SearchResult(None, None, empty=True, spent=spent)
    if status == cp_model.MODEL_INVALID:
        raise AssertionError(f"CP-SAT refuses the model: {model.validate()}")
    x[free] = solver.response_proto.solution
    bound = None if aim is None else round(solver.best_objective_bound)
    return SearchResult(x, bound, spent=spent)


class _ProgressCallback(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]  # has no types
    def __init__(self, found: Callable[[int], None]) -> None:
        super().__init__()
        self._found = found

    def on_solution_callback(self) -> None:
        self._found(round(self.objective_value))


def _model(
    program: IntegerProgram, rows: LinearRows, free: Ints, place: Ints
) -> cp_model.CpModel | None:
    """Return the CP-SAT model of the free columns; None where a row of fixed ones is broken."""
    model = cp_model.CpModel()
    proto = model.proto
    bounds = zip(program.lower[free].tolist(), program.upper[free].tolist(), strict=True)
    for domain in bounds:
        proto.variables.add().domain.extend(domain)
    is_free = place[rows.column] >= 0
    fixed = np.zeros(len(rows), dtype=np.int64)
    gone = ~is_free
    np.add.at(fixed, rows.row[gone], rows.coefficient[gone] * program.lower[rows.column[gone]])
    lower = np.where(rows.lower <= -FREE, -FREE, rows.lower - fixed)
    upper = np.where(rows.upper >= FREE, FREE, rows.upper - fixed)
    order = np.flatnonzero(is_free)[np.argsort(rows.row[is_free], kind="stable")]
    length = np.bincount(rows.row[order], minlength=len(rows))
    if ((length == 0) & ((lower > 0) | (upper < 0))).any():
        return None
    column, coefficient = place[rows.column[order]].tolist(), rows.coefficient[order].tolist()
    domains = np.stack([lower, upper], axis=1)[length > 0].tolist()
    begin, ends = 0, np.cumsum(length[length > 0]).tolist()
    add = proto.constraints.add
    for end, domain in zip(ends, domains, strict=True):
        linear = add().linear
        linear.vars.extend(column[begin:end])
        linear.coeffs.extend(coefficient[begin:end])
        linear.domain.extend(domain)
        begin = end
    return model
