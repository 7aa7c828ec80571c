"""The aims of a plan as figures of the program's columns, one function each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import PROTECTED, SAME_SITE, TIER, AssignmentProblem, Label
from models.integer_program import Aim, IntegerProgram, LinearRows
from models.settings import MINIMISED, Settings
from optimizer.formulation import constraints
from optimizer.formulation.pools import FlowNetwork
from optimizer.formulation.variables import Variables, build_variables


def build_program(
    problem: AssignmentProblem, settings: Settings, ways: FlowNetwork
) -> tuple[IntegerProgram, Variables]:
    """Return the program of ``problem``, and what its columns mean."""
    by_use = settings.balance == "utilisation"
    columns = build_variables(problem, ways, by_use)
    definitions = (
        constraints.capacity(problem, columns),
        *([constraints.utilisation(problem, columns)] if by_use else []),
        constraints.steps(problem, columns),
        constraints.peak_is_maximum(problem, columns),
    )
    rows = [
        constraints.every_task_once(problem, columns),
        constraints.pool_flow_conservation(columns),
        constraints.backup_server_capacity(problem, columns),
        constraints.failover_capacity(problem, columns),
        *(definition.rows for definition in definitions),
    ]
    known_today = problem.movable is not None
    program = IntegerProgram(
        lower=columns.lower,
        upper=columns.upper,
        decisions=len(columns.carrier) + len(columns.inflows),
        rows=LinearRows.concatenate(rows),
        definitions=definitions,
        squares=(columns.figure, columns.square[~columns.stepped]),
        aims=tuple(
            AIM[name](name, problem, columns)
            for name in settings.objectives
            if name != "moves" or known_today
        ),
        implied=np.concatenate([columns.arcs, columns.inflows, columns.outflows]),
    )
    return program, columns


_Labels = Callable[[Label], NDArray[np.bool_]]


def _counting(counts: _Labels) -> Callable[[str, AssignmentProblem, Variables], Aim]:
    def aim(name: str, problem: AssignmentProblem, columns: Variables) -> Aim:
        ways = columns.ways
        column = np.concatenate([columns.arcs, columns.inflows, columns.keeps])
        label = np.concatenate([ways.arc_label, ways.in_label, ways.keep_label])
        return replace(_aim(name, column[counts(label)], 1), ceiling=int(problem.count.sum()))

    return aim


def _peak(name: str, problem: AssignmentProblem, columns: Variables) -> Aim:
    return _aim(name, np.array([columns.peak]), 1)


def _balance(name: str, problem: AssignmentProblem, columns: Variables) -> Aim:
    return _aim(name, columns.square, 1, sum(int(figure) ** 2 for figure in columns.idle))


def _moves(name: str, problem: AssignmentProblem, columns: Variables) -> Aim:
    return _aim(name, columns.keeps, -1, problem.movable or 0)


def _aim(name: str, column: NDArray[np.int64], coefficient: int, constant: int = 0) -> Aim:
    coefficients = np.full(len(column), coefficient, dtype=np.int64)
    return Aim(name, name not in MINIMISED, column, coefficients, constant)


AIM: dict[str, Callable[[str, AssignmentProblem, Variables], Aim]] = {
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
