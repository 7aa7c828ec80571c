"""Builds the program, and the aims as terms over its columns, one function each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models import aims
from models.aims import AIMS, PlanAim
from models.assignment_problem import PROTECTED, SAME_SITE, TIER, AssignmentProblem, Label
from models.integer_program import Aim, IntegerProgram, LinearRows
from models.settings import Settings
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
        constraints.steps(problem, columns, by_use),
        constraints.peak_is_maximum(problem, columns, by_use),
    )
    rows = [
        constraints.every_task_once(problem, columns),
        constraints.pool_flow_conservation(columns),
        constraints.backup_server_capacity(problem, columns),
        constraints.failover_capacity(problem, columns),
        *(definition.rows for definition in definitions),
        constraints.convex_envelope(problem, columns),
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
            TERMS[name](AIMS[name], problem, columns)
            for name in settings.objectives
            if known_today or not AIMS[name].needs_current
        ),
        enveloped=columns.square[columns.enveloped],
        implied=np.concatenate([columns.arcs, columns.inflows, columns.outflows]),
    )
    return program, columns


_Terms = Callable[[PlanAim, AssignmentProblem, Variables], Aim]


def _count(counts: Callable[[Label], NDArray[np.bool_]]) -> _Terms:
    """Count the tasks whose label ``counts``."""

    def terms(aim: PlanAim, problem: AssignmentProblem, columns: Variables) -> Aim:
        ways = columns.ways
        column = np.concatenate([columns.arcs, columns.inflows, columns.keeps])
        label = np.concatenate([ways.arc_label, ways.in_label, ways.keep_label])
        return replace(_sum(aim, column[counts(label)], 1), ceiling=int(problem.count.sum()))

    return terms


def _peak(aim: PlanAim, problem: AssignmentProblem, columns: Variables) -> Aim:
    return _sum(aim, np.array([columns.peak]), 1)


def _balance(aim: PlanAim, problem: AssignmentProblem, columns: Variables) -> Aim:
    return _sum(aim, columns.square, 1, sum(int(figure) ** 2 for figure in columns.idle))


def _moves(aim: PlanAim, problem: AssignmentProblem, columns: Variables) -> Aim:
    return _sum(aim, columns.keeps, -1, problem.movable or 0)


def _sum(aim: PlanAim, column: NDArray[np.int64], coefficient: int, constant: int = 0) -> Aim:
    coefficients = np.full(len(column), coefficient, dtype=np.int64)
    return Aim(aim.name, aim.maximise, column, coefficients, constant)


TERMS: dict[str, _Terms] = {
    aims.COVERAGE.name: _count(lambda label: label > 0),
    aims.TIER1.name: _count(lambda label: label // TIER == 1),
    aims.TIER2.name: _count(lambda label: label // TIER == 2),
    aims.TIER3.name: _count(lambda label: label // TIER == 3),
    aims.PROTECTED.name: _count(lambda label: label & PROTECTED > 0),
    aims.SAME_SITE.name: _count(lambda label: label & SAME_SITE > 0),
    aims.PEAK.name: _peak,
    aims.BALANCE.name: _balance,
    aims.MOVES.name: _moves,
}
