"""Builds the LP relaxation of a program as arrays: free columns only, squares as segments.

A square ``q = w²`` becomes a chain of segments between ``cuts`` of w, each with the slope of its
chord, so that their sum is ``w²`` at every cut and above it between two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.integer_program import Aim, Floats, IntegerProgram, Ints

INFINITE = float("inf")


@dataclass(frozen=True, slots=True)
class LpArrays:
    """Make ``objective @ x`` large, ``row_lower <= A x <= row_upper``, ``lower <= x <= upper``.

    ``kept_columns`` and ``kept_rows`` are the program's that come first, in their order; the
    others are segments, and the rows that tie them to their roots. ``rest`` has the program's
    columns that are not open where they stand, ``offset`` what they add to the objective.
    """

    lower: Floats
    upper: Floats
    objective: Floats
    row: Ints
    column: Ints
    coefficient: Floats
    row_lower: Floats
    row_upper: Floats
    kept_columns: Ints
    kept_rows: Ints
    rest: Ints
    offset: float


def build_lp_arrays(program: IntegerProgram, aim: Aim, cuts: Ints) -> LpArrays:
    """Return the relaxation for ``aim``.

    ``cuts`` has the cuts of each square in ascending order, shape (squares, cuts): the first and
    last are its root's bounds; where all are equal the square has no segments.
    """
    rows, (w, q) = program.rows, program.squares
    square, place = np.nonzero(cuts[:, :-1] < cuts[:, 1:])
    start, end = cuts[square, place], cuts[square, place + 1]
    is_open = program.open
    cut = ~np.isin(q, program.enveloped)
    is_open[q[cut]] = False
    rest = np.where(is_open, 0, program.lower)
    rest[q[cut]] = program.lower[w[cut]] ** 2
    columns = np.flatnonzero(is_open)
    column_at = np.cumsum(is_open) - 1
    # What stands in a row for a square, its segments do, each with its slope.
    square_of = np.full(len(rest), -1)
    square_of[q[cut]] = np.flatnonzero(cut)
    in_row = np.flatnonzero(square_of[rows.column] >= 0)
    parts = square_of[rows.column[in_row]]
    first = np.searchsorted(square, parts)
    many = np.searchsorted(square, parts, side="right") - first
    entry = np.repeat(in_row, many)
    segment = np.repeat(first - np.cumsum(many) + many, many) + np.arange(many.sum())
    whole = np.flatnonzero(is_open[rows.column])
    used = np.zeros(len(rows), dtype=np.bool_)
    used[rows.row[whole]] = True
    used[rows.row[entry]] = True
    kept = np.flatnonzero(used)
    row_at = np.cumsum(used) - 1
    roots, root_of = np.unique(square, return_inverse=True)
    slope, tied = start + end, len(kept) + np.arange(len(roots))
    objective = np.zeros(len(rest))
    np.add.at(objective, aim.column, aim.sign * aim.coefficient)
    fixed = rows.activity(rest)
    upper = program.upper.astype(np.float64)
    upper[program.implied] = INFINITE
    segments = len(columns) + np.arange(len(square))
    at_start = program.lower[w[roots]]
    return LpArrays(
        lower=np.concatenate([program.lower[columns], np.zeros(len(square))]),
        upper=np.concatenate([upper[columns], end - start]),
        objective=np.concatenate([objective[columns], objective[q[square]] * slope]),
        row=np.concatenate([row_at[rows.row[whole]], row_at[rows.row[entry]], tied, tied[root_of]]),
        column=np.concatenate(
            [
                column_at[rows.column[whole]],
                segments[segment],
                column_at[w[roots]],
                segments,
            ]
        ),
        coefficient=np.concatenate(
            [
                rows.coefficient[whole],
                rows.coefficient[entry] * slope[segment],
                np.ones(len(roots)),
                -np.ones(len(square)),
            ]
        ).astype(np.float64),
        row_lower=np.concatenate(
            [np.where(rows.no_lower, -INFINITE, rows.lower - fixed)[kept], at_start]
        ),
        row_upper=np.concatenate(
            [np.where(rows.no_upper, INFINITE, rows.upper - fixed)[kept], at_start]
        ),
        kept_columns=columns,
        kept_rows=kept,
        rest=rest,
        offset=float(objective @ rest),
    )
