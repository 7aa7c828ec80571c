"""Searches integer solutions by CP-SAT, in all of a program or in a neighbourhood of a point."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from ortools.sat.python import cp_model

from models.integer_program import FREE, Aim, IntegerProgram, Ints, LinearRows, secant_cuts
from optimizer.solver.deadline import Deadline, interruptible

CUT_RADIUS = 4
Variant = Mapping[str, int]
PORTFOLIO: tuple[Variant, ...] = ({"linearization_level": 2}, {}, {"linearization_level": 0})


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The best integer point found, None for none, and the bound proven inside the box.

    ``bound`` is None where nothing was proven; ``empty`` tells that the box holds no point.
    """

    x: Ints | None
    bound: int | None
    empty: bool = False


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """How much work one search may do: CP-SAT's deterministic time, so that the same input gives
    the same answer on any machine; and the deadline of the plan.

    ``variants`` of the solver's parameters are tried, ``workers`` of them side by side; the answer
    is the first best one in their order, whichever comes first in time. ``found`` is told the
    aim's value of each better plan while the search goes on, from the variants' threads.
    """

    deterministic: float
    deadline: Deadline
    seed: int
    workers: int = 1
    variants: tuple[Variant, ...] = PORTFOLIO[:1]
    found: Callable[[int], None] | None = None


def solve_cp_sat(
    program: IntegerProgram, aim: Aim | None, hint: Ints, effort: SearchLimits
) -> SearchResult:
    """Return the best point of ``program`` for ``aim``, or any point without one."""
    w, q = program.squares
    used = np.isin(q, program.rows.column) | (aim is not None and np.isin(q, aim.column))
    cuts = [_chords_near(program, w[used], q[used], hint)]
    if used.any():  # the solver takes squares for too small, and so its aim's value for too good
        effort = replace(effort, found=None)
    best: SearchResult = SearchResult(None, None)
    while True:
        found = _best(program, LinearRows.concatenate([program.rows, *cuts]), aim, hint, effort)
        if found.x is None:
            return SearchResult(best.x, found.bound, found.empty)
        settled = program.complete(found.x)
        claimed = found.x[q[used]]
        best = SearchResult(settled if program.is_feasible(settled) else best.x, found.bound)
        short = claimed < settled[q[used]]
        if not short.any() or effort.deadline.remaining() <= 0:
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


def _best(
    program: IntegerProgram, rows: LinearRows, aim: Aim | None, hint: Ints, effort: SearchLimits
) -> SearchResult:
    """Return the best of what the variants find, the tightest of what they prove, up to the first
    one that settles it."""
    settled = threading.Event()

    def solve(variant: Variant) -> SearchResult:
        return _solve(program, rows, aim, hint, effort, variant, settled.is_set)

    if len(effort.variants) == 1:
        return solve(effort.variants[0])
    sign = -1 if aim is not None and aim.maximise else 1
    best = SearchResult(None, None)
    pool = ThreadPoolExecutor(effort.workers)
    try:
        for found in pool.map(solve, effort.variants):
            best = _both(best, found, aim, sign)
            if best.empty or (aim and best.x is not None and aim.value(best.x) == best.bound):
                break
    finally:
        settled.set()
        pool.shutdown(wait=False, cancel_futures=True)
    return best


def _both(first: SearchResult, second: SearchResult, aim: Aim | None, sign: int) -> SearchResult:
    points = [found.x for found in (first, second) if found.x is not None]
    proofs = [sign * found.bound for found in (first, second) if found.bound is not None]
    return SearchResult(
        min(points, key=lambda x: sign * aim.value(x) if aim else 0, default=None),
        sign * max(proofs) if proofs else None,
        first.empty or second.empty,
    )


def _solve(
    program: IntegerProgram,
    rows: LinearRows,
    aim: Aim | None,
    hint: Ints,
    effort: SearchLimits,
    variant: Variant,
    unwanted: Callable[[], bool],
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
    for name, value in variant.items():
        setattr(parameters, name, value)
    parameters.random_seed = effort.seed
    parameters.catch_sigint_signal = False
    parameters.max_deterministic_time = effort.deterministic
    if seconds < float("inf"):
        parameters.max_time_in_seconds = seconds
    told = None if effort.found is None or aim is None else _ProgressCallback(effort.found)
    status = interruptible(lambda: solver.solve(model, told), solver.stop_search, seconds, unwanted)
    if status is None or status == cp_model.UNKNOWN:
        return SearchResult(None, None)
    if status == cp_model.INFEASIBLE:
        return SearchResult(None, None, empty=True)
    if status == cp_model.MODEL_INVALID:
        raise AssertionError(f"CP-SAT refuses the model: {model.validate()}")
    x[free] = solver.response_proto.solution
    return SearchResult(x, None if aim is None else round(solver.best_objective_bound))


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
    column, coefficient = place[rows.column[order]], rows.coefficient[order]
    ends = np.cumsum(np.bincount(rows.row[order], minlength=len(rows)))
    begin = 0
    for row, end in enumerate(ends.tolist()):
        if begin == end:
            if lower[row] > 0 or upper[row] < 0:
                return None
            continue
        linear = proto.constraints.add().linear
        linear.vars.extend(column[begin:end].tolist())
        linear.coeffs.extend(coefficient[begin:end].tolist())
        linear.domain.extend((int(lower[row]), int(upper[row])))
        begin = end
    return model
