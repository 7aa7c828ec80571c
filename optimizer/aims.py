"""The aims of a plan as figures of the program's columns, one function each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.problem import PROTECTED, SAME_SITE, TIER, Label, Problem
from models.program import Aim, Program, Rows
from models.settings import MINIMISED, Settings
from optimizer import constraints
from optimizer.pools import Ways
from optimizer.variables import Variables, variables


def formulate(problem: Problem, settings: Settings, ways: Ways) -> tuple[Program, Variables]:
    """Return the program of ``problem``, and what its columns mean."""
    by_use = settings.balance == "utilisation"
    columns = variables(problem, ways, by_use)
    definitions = (
        constraints.loads(problem, columns),
        *([constraints.utilisation(problem, columns)] if by_use else []),
        constraints.highest(columns),
    )
    rows = [
        constraints.every_task_once(problem, columns),
        constraints.pools_pass_on(columns),
        constraints.own_capacity(problem, columns),
        constraints.failover(problem, columns),
        *(definition.rows for definition in definitions),
    ]
    known_today = problem.movable is not None
    program = Program(
        lower=columns.lower,
        upper=columns.upper,
        decisions=len(columns.carrier) + len(columns.inflows),
        rows=Rows.joined(rows),
        definitions=definitions,
        squares=(columns.figure, columns.square),
        aims=tuple(
            AIM[name](name, problem, columns)
            for name in settings.objectives
            if name != "moves" or known_today
        ),
        implied=np.concatenate([columns.arcs, columns.inflows, columns.outflows]),
    )
    return program, columns


_Labels = Callable[[Label], NDArray[np.bool_]]


def _counting(counts: _Labels) -> Callable[[str, Problem, Variables], Aim]:
    def aim(name: str, problem: Problem, columns: Variables) -> Aim:
        ways = columns.ways
        column = np.concatenate([columns.arcs, columns.inflows, columns.keeps])
        label = np.concatenate([ways.arc_label, ways.in_label, ways.keep_label])
        return replace(_aim(name, column[counts(label)], 1), ceiling=int(problem.count.sum()))

    return aim


def _peak(name: str, problem: Problem, columns: Variables) -> Aim:
    return _aim(name, np.array([columns.peak]), 1)


def _balance(name: str, problem: Problem, columns: Variables) -> Aim:
    return _aim(name, columns.square, 1, sum(int(figure) ** 2 for figure in columns.idle))


def _moves(name: str, problem: Problem, columns: Variables) -> Aim:
    return _aim(name, columns.keeps, -1, problem.movable or 0)


def _aim(name: str, column: NDArray[np.int64], coefficient: int, constant: int = 0) -> Aim:
    coefficients = np.full(len(column), coefficient, dtype=np.int64)
    return Aim(name, name not in MINIMISED, column, coefficients, constant)


AIM: dict[str, Callable[[str, Problem, Variables], Aim]] = {
    "coverage": _counting(lambda label: label > 0),
    "tier1": _counting(lambda label: label // TIER == 1),
    "tier2": _counting(lambda label: label // TIER == 2),
    "tier3": _counting(lambda label: label // TIER == 3),
    "protected": _counting(lambda label: label & PROTECTED > 0),
    "same_site": _counting(lambda label: label & SAME_SITE > 0),
    "peak": _peak,
    "balance": _balance,
    "moves": _moves,
}
