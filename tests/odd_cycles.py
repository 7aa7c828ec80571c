"""A bare program whose relaxation promises more than any integer plan keeps, and its solution."""

from __future__ import annotations

import numpy as np

from models.integer_program import FREE, Aim, DefinedColumns, IntegerProgram, LinearRows
from models.solve_events import AimProgress, Stage, Watch
from optimizer.solver.deadline import Deadline
from optimizer.solver.lexicographic import LexicographicSolution, solve_lexicographic

CYCLES = [0, 1, 2, 3, 4, 5]
A, B, W_A, W_B, Q_A, Q_B = range(6, 12)


def rows(terms: list[list[tuple[int, int]]], lower: list[int], upper: list[int]) -> LinearRows:
    """Return rows of (column, coefficient) terms."""
    flat = np.array([(r, c, v) for r, row in enumerate(terms) for c, v in row], dtype=np.int64)
    return LinearRows(flat[:, 0], flat[:, 1], flat[:, 2], np.array(lower), np.array(upper))


def aim(name: str, maximise: bool, *columns: int) -> Aim:
    """Return the sum of ``columns`` as an aim."""
    return Aim(name, maximise, np.array(columns), np.ones(len(columns), dtype=np.int64))


def program(*aims: Aim) -> IntegerProgram:
    """Two odd cycles of which any two neighbours exclude each other: the relaxation takes half of
    each column, 3 in all, a plan one of each cycle, 2 in all. Beside them a + b = 10, squared."""
    pairs = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)]
    exclude = rows([[(i, 1), (j, 1)] for i, j in pairs], [-FREE] * 6, [1] * 6)
    total = rows([[(A, 1), (B, 1)]], [10], [10])
    loads = rows([[(W_A, 1), (A, -1)], [(W_B, 1), (B, -1)]], [0, 0], [FREE, FREE])
    return IntegerProgram(
        lower=np.zeros(12, dtype=np.int64),
        upper=np.array([1] * 6 + [10] * 4 + [100] * 2),
        decisions=8,
        rows=LinearRows.concatenate([exclude, total, loads]),
        definitions=(DefinedColumns(loads, np.array([W_A, W_B]), np.ones(2, dtype=np.int64)),),
        squares=(np.array([W_A, W_B]), np.array([Q_A, Q_B])),
        aims=aims,
    )


def nothing(event: Stage | AimProgress) -> None:
    pass


def solved(asked: IntegerProgram, watch: Watch = nothing, **slack: int) -> LexicographicSolution:
    """Solve ``asked`` from a = 10; ``slack`` is what an aim may give back."""
    start = np.zeros(12, dtype=np.int64)
    start[A] = 10
    return solve_lexicographic(
        asked,
        asked.complete(start),
        lambda x: x,
        lambda x, deadline: x,
        lambda name, value: slack.get(name, 0),
        Deadline(),
        seed=0,
        progress=watch,
    )
