"""Bounds an aim by few of many rows, and drops rows that others dominate.

Where windows overlap at hundreds of moments, nearly all rows say that a busiest moment is at least
the load at one more of them. Few of these bind, and a relaxation without the others is as good a
bound, for a tenth of the time. Its point may break the others, but it tells which columns are
worth a search.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.integer_program import Aim, Floats, IntegerProgram, Ints, LinearRows
from optimizer.solver.deadline import Deadline
from optimizer.solver.lp_relaxation import LpBound, bound_by_lp, trivial

MANY, VERY_MANY = 5000, 10_000
ROUNDS = 6
FIRST, NEXT = 4, 12
TIGHT, BROKEN = 0.5, 1e-6


def has_many_definitions(program: IntegerProgram, hurried: bool) -> bool:
    """Tell whether so many rows define busiest moments that few of them may be enough.

    Measured: with 7,000 the relaxation of all still takes less time than what does without it.
    """
    return int(_is_definition(program.rows).sum()) > (MANY if hurried else VERY_MANY)


def sums_squares(program: IntegerProgram) -> bool:
    """Tell whether a row sums squares, as one does that holds such an aim."""
    rows, (_, squares) = program.rows, program.squares
    return bool((np.bincount(rows.row[np.isin(rows.column, squares)]) > 1).any())


def bound_by_few_rows(program: IntegerProgram, aim: Aim, x: Ints, deadline: Deadline) -> LpBound:
    """Return a bound of ``aim``, met by the point ``x`` or as good as few rows make it.

    Of the rows that define a column those without slack at ``x`` are taken first where the aim is
    to be small, else the longest few; then, round after round, those that the relaxation's point
    breaks most.
    """
    rows = program.rows
    late = _is_definition(rows)
    if aim.maximise:
        first = _first_of_each(rows, -np.bincount(rows.row, minlength=len(rows)), late, FIRST)
    else:
        first = rows.activity(x) - rows.lower < TIGHT
    among = ~late | first
    best = LpBound(trivial(program, aim), None, None)
    for _ in range(ROUNDS):
        found = bound_by_lp(program, aim, x, deadline, among=among)
        if found.x is None:
            break
        stays = best.x is not None and found.bound == best.bound
        best = found
        missing = np.where(among, 0.0, rows.lower - rows.activity(found.x))
        broken = missing > BROKEN
        if stays or best.bound == aim.value(x) or not broken.any():
            break
        among |= _first_of_each(rows, -missing, broken, NEXT)
    return best


def without_dominated_rows(program: IntegerProgram) -> IntegerProgram:
    """Return the program without definition rows that another one of their column dominates.

    That is what most of them are while most columns are fixed: many moments have the same load
    then, or part of another's.
    """
    rows, free = program.rows, program.lower < program.upper
    raising = rows.coefficient > 0
    target = np.full(len(rows), -1)
    target[rows.row[raising]] = rows.column[raising]
    uneven = np.zeros(len(rows), dtype=np.bool_)
    uneven[rows.row[np.abs(rows.coefficient) != 1]] = True
    target[~_is_definition(rows) | uneven] = -1
    # What fixed columns add is part of what the row demands.
    load = ~raising & (target[rows.row] >= 0)
    fixed = load & ~free[rows.column]
    demand = rows.lower + np.bincount(
        rows.row[fixed], program.lower[rows.column[fixed]], len(rows)
    ).astype(np.int64)
    kept = np.ones(len(rows), dtype=np.bool_)
    entries = np.flatnonzero(load & free[rows.column])
    entries = entries[np.argsort(target[rows.row[entries]], kind="stable")]
    for part in np.split(entries, np.flatnonzero(np.diff(target[rows.row[entries]])) + 1):
        names, place = np.unique(rows.row[part], return_inverse=True)
        loads, column = np.unique(rows.column[part], return_inverse=True)
        has = np.zeros((len(names), len(loads)), dtype=np.float32)
        has[place, column] = 1
        within = has @ has.T >= has.sum(axis=1)[:, None]
        within &= demand[names][:, None] <= demand[names]
        # Of equal rows the first stays.
        within &= ~within.T | np.tri(len(names), k=-1, dtype=np.bool_)
        kept[names[within.any(axis=1)]] = False
    return replace(program, rows=rows.only(kept))


def _is_definition(rows: LinearRows) -> NDArray[np.bool_]:
    """Tell which rows say no more than that one column is at least the sum of several others."""
    raising = np.bincount(rows.row[rows.coefficient > 0], minlength=len(rows))
    length = np.bincount(rows.row, minlength=len(rows))
    return np.asarray(rows.no_upper & (raising == 1) & (length > 2))


def _first_of_each(
    rows: LinearRows, key: Floats | Ints, chosen: NDArray[np.bool_], few: int
) -> NDArray[np.bool_]:
    """Tell which ``chosen`` rows are among the ``few`` of a column with the least ``key``."""
    raising = rows.coefficient > 0
    target = np.zeros(len(rows), dtype=np.int64)
    target[rows.row[raising]] = rows.column[raising]
    places = np.flatnonzero(chosen)
    places = places[np.lexsort((key[places], target[places]))]
    ordered = target[places]
    rank = np.arange(len(places)) - np.searchsorted(ordered, ordered)
    first = np.zeros(len(rows), dtype=np.bool_)
    first[places[rank < few]] = True
    return first
