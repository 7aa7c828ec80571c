"""The CP-SAT model of one job: which classes of servers to list, so that most is guaranteed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.integer_program import FREE, Aim, IntegerProgram, LinearRows, hold_aim
from models.week_aims import First
from optimizer.lists.server_classes import CONNECTS, NEAR, NOT_OFFERED, Views
from optimizer.solver.cp_sat import SearchLimits, solve_cp_sat
from optimizer.solver.deadline import Deadline
from optimizer.solver.lp_relaxation import trivial

EFFORT = SearchLimits(deterministic=10.0, deadline=Deadline(), seed=0)


@dataclass(frozen=True, slots=True)
class ClassProblem:
    """One job over classes of servers; the last column is the backup server.

    ``size`` counts the servers of each that may be listed, ``count`` the tasks of each kind,
    ``planned`` those as planned in tiers 1 to k; ``least`` servers at least.
    """

    views: Views
    size: Counts
    count: Counts
    planned: Counts
    least: int

    @property
    def harmless(self) -> NDArray[np.bool_]:
        """Tell which columns a best choice may always hold."""
        connects = ((self.views & CONNECTS) > 0).all(axis=0)
        stands_in_better = bool((self.views[:, -1] & NEAR).any()) and not self.size[-1]
        harmless = np.asarray(connects & (not stands_in_better))
        harmless[-1] = True
        return harmless

    def key(self) -> tuple[bytes, ...]:
        """Return what two problems have in common that have the same solution."""
        parts = self.views, self.size, self.count, self.planned
        return (bytes([len(self.count)]), *(part.tobytes() for part in parts), bytes([self.least]))


def search_classes(
    problem: ClassProblem, free: NDArray[np.intp], first: First
) -> NDArray[np.bool_]:
    """Let CP-SAT decide which of the ``free`` columns to list, one aim after another."""
    program, aims = class_program(problem, free, first)
    x = np.zeros(len(program.lower), dtype=np.int64)
    for aim in (aim for aim in aims if len(aim.column)):
        best = program.is_feasible(x) and aim.value(x) == trivial(program, aim).bound
        found = x if best else solve_cp_sat(program, aim, x, EFFORT).x
        if found is not None:
            x = found
            program = program.with_rows([hold_aim(aim, aim.value(x))])
    listed = problem.harmless & (problem.size > 0)
    listed[free] = x[: len(free)] > 0
    return np.asarray(listed)


def class_program(
    problem: ClassProblem, free: NDArray[np.intp], first: First
) -> tuple[IntegerProgram, list[Aim]]:
    """Return the model of one job, and its aims in order.

    Columns: per free class whether it is listed; per kind ``away``, 1 where nothing near is
    listed, and ``lost``, 1 where beyond that its better far outcome is not sure: tier 3, where
    something is listed that connects and nothing is offered ``in_vain``; but where the backup
    server, near and not to be listed, stands in for what does not connect, that is tier 2, where
    nothing connects. Per set of classes that spoil a far outcome, which kinds have in common,
    ``spoilt``: whether one of them is listed. With limits first, three shortfalls. Rows keep all
    but the first from being too small.
    """
    views, kinds = problem.views, len(problem.count)
    near, connects = (views & NEAR) > 0, (views & CONNECTS) > 0
    in_vain = (views & (CONNECTS | NOT_OFFERED)) == 0
    always = problem.harmless & (problem.size > 0)
    own = views.shape[1] - 1
    own_near, own_listed = near[:, own], bool(problem.size[own])
    others = always.copy()
    others[own] = False
    away, lost = len(free) + np.arange(kinds), len(free) + kinds + np.arange(kinds)
    spoils = np.where(own_near[:, None], connects, in_vain)[:, free]
    together, of_kind = np.unique(spoils, axis=0, return_inverse=True)
    spoilt = len(free) + 2 * kinds + np.arange(len(together))
    columns = len(free) + 2 * kinds + len(together)
    short = columns + np.arange(3 if first == "limits" else 0)
    rows: list[tuple[dict[int, int], int]] = [
        ({spoilt[number]: 1, column: -1}, 0) for number, column in np.argwhere(together).tolist()
    ]
    for kind in range(kinds):
        if not near[kind, others].any():
            listed_near = dict.fromkeys(np.flatnonzero(near[kind, free]).tolist(), 1)
            rows.append(({away[kind]: 1, **listed_near}, 1))
        rows.append(({lost[kind]: 1, away[kind]: -1, spoilt[of_kind[kind]]: -1}, -1))
        if not own_near[kind] and not others.any():
            serving = dict.fromkeys(np.flatnonzero(connects[kind, free]).tolist(), 1)
            rows.append(({lost[kind]: 1, away[kind]: -1, **serving}, 0))
    size = {column: int(count) for column, count in enumerate(problem.size[free])}
    rows.append((size, problem.least - int(problem.size[always].sum())))
    # How many tasks are not in tier k or a better one, as weights of away and lost.
    count, fails = problem.count, ~connects[:, own]
    weights = [
        (count, 0 * count),
        (count * ~own_near, count * (own_near & (not own_listed))),
        (0 * count, count * ~own_near),
        (0 * count, count * fails),
    ]
    beyond = [
        {column: int(weight) for column, weight in zip((*away, *lost), (*a, *b), strict=True)}
        for a, b in weights
    ]
    for tier, column in enumerate(short.tolist()):
        missing = {place: -weight for place, weight in beyond[tier].items()}
        rows.append(({column: 1, **missing}, int(problem.planned[tier] - count.sum())))
    wanted = [{column: 1} for column in short] if first == "limits" else beyond[:3]
    aims = [_aim("beyond", False, terms) for terms in (beyond[3], *wanted)]
    upper = np.ones(columns + len(short), dtype=np.int64)
    upper[short] = max(1, int(problem.planned.max(initial=0)))
    program = IntegerProgram(
        lower=np.zeros_like(upper),
        upper=upper,
        decisions=len(upper),
        rows=_rows(rows),
        definitions=(),
        squares=(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)),
        aims=(),
    )
    return program, [*aims, _aim("size", True, size)]


def _aim(name: str, maximise: bool, terms: dict[int, int]) -> Aim:
    there = {column: weight for column, weight in terms.items() if weight}
    column, weight = (np.array(list(part), dtype=np.int64) for part in (there, there.values()))
    return Aim(name, maximise, column, weight)


def _rows(rows: list[tuple[dict[int, int], int]]) -> LinearRows:
    """Return the rows ``terms >= lower``."""
    row = np.repeat(np.arange(len(rows)), [len(terms) for terms, _ in rows])
    return LinearRows(
        row=row,
        column=np.array([column for terms, _ in rows for column in terms], dtype=np.int64),
        coefficient=np.array([w for terms, _ in rows for w in terms.values()], dtype=np.int64),
        lower=np.array([lower for _, lower in rows], dtype=np.int64),
        upper=np.full(len(rows), FREE),
    )
