"""Dual bounds: what row multipliers prove of an aim, and reduced-cost fixing by them.

No solver's word is taken for a bound. Its duals are, and any duals give a valid bound: wrong
digits can only make it weaker. For any y: c x = y (A x) + (c - y A) x, and each part is bounded
by its own limits; a part that is away from the limit it likes best costs what it is away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.integer_program import Aim, Floats, IntegerProgram, Ints, hold_aim

DIGITS = (6, 9, 15)
ROUNDING = 1e-6
PRECISION = 1e-13


@dataclass(frozen=True, slots=True)
class DualBound:
    """The aim (negated, if it is minimised) is at most ``total`` on every point of ``program``.

    ``y`` has a multiplier for each row, ``reduced`` what is left of the aim in each column, and
    ``margin`` is more than all these digits may be wrong.
    """

    program: IntegerProgram
    aim: Aim
    y: Floats
    reduced: Floats
    total: float
    margin: float

    @property
    def bound(self) -> int:
        """Return the integer that no point betters."""
        bound = self.aim.constant + self.aim.sign * int(np.floor(self.total + self.margin))
        return min(bound, self.aim.ceiling)

    def fix_by_reduced_costs(self, value: int) -> IntegerProgram:
        """Return the program without what no point does whose aim is as good as ``value``."""
        program, reduced, y = self.program, self.reduced, self.y
        room = self._room(value)
        lower, upper = program.lower.copy(), program.upper.copy()
        held = (np.abs(reduced) > room) & _linear(program, reduced)
        lower[held & (reduced > 0)] = upper[held & (reduced > 0)]
        upper[held & (reduced < 0)] = lower[held & (reduced < 0)]
        w, q = program.squares
        lower[w], upper[w] = _range_near_best(reduced[q], reduced[w], lower[w], upper[w], room)
        rows, tight = program.rows, np.abs(y) > room
        row_lower = np.where(tight & (y > 0), rows.upper, rows.lower)
        row_upper = np.where(tight & (y < 0), rows.lower, rows.upper)
        return program.with_bounds(lower, upper).with_row_limits(row_lower, row_upper)

    def restrict_to_value(self, value: int) -> IntegerProgram:
        """Fix by reduced costs: keep only the points whose aim is as good as ``value``.

        The program returned is the face where all of that is, else it has a row that holds the aim.
        """
        face = self.fix_by_reduced_costs(value)
        if self._room(value) + self._slack_after_fixing(face) < 1:
            return face
        return face.with_rows([hold_aim(self.aim, value)])

    def _room(self, value: int) -> float:
        """Return how far points as good as ``value`` are from ``total`` at most."""
        return self.total + self.margin - self.aim.sign * (value - self.aim.constant)

    def _slack_after_fixing(self, face: IntegerProgram) -> float:
        """Return how much worse than ``total`` a point of ``face`` can be."""
        y, reduced = np.abs(self.y), np.abs(self.reduced)
        w, q = face.squares
        linear = _linear(face, self.reduced)
        a, b, low, high = self.reduced[q], self.reduced[w], face.lower[w], face.upper[w]
        _, best = _best_of_square(a, b, self.program.lower[w], self.program.upper[w])
        ends = np.minimum((a * low + b) * low, (a * high + b) * high)
        curved = np.where(a < 0, best - ends, np.where((a > 0) & (low < high), np.inf, 0.0))
        return float(
            y @ (face.rows.upper - face.rows.lower)
            + (reduced * (face.upper - face.lower))[linear].sum()
            + curved.sum()
        )


def prove_bound(
    program: IntegerProgram, aim: Aim, duals: Floats, digits: tuple[int, ...] = DIGITS
) -> DualBound:
    """Return what ``duals`` prove of ``aim``, rounded to whichever ``digits`` prove most.

    They are those of ``aim`` made large, or of its negative made large.
    """
    return min(
        (_prove_exactly(program, aim, duals.round(d)) for d in digits), key=lambda p: p.total
    )


def _prove_exactly(program: IntegerProgram, aim: Aim, y: Floats) -> DualBound:
    rows = program.rows
    y = np.where(((y > 0) & rows.no_upper) | ((y < 0) & rows.no_lower), 0.0, y)
    reduced = np.zeros(len(program.lower))
    np.add.at(reduced, aim.column, aim.sign * aim.coefficient)
    reduced -= np.bincount(rows.column, y[rows.row] * rows.coefficient, len(reduced))
    w, q = program.squares
    linear = _linear(program, reduced)
    at_best = reduced * np.where(reduced > 0, program.upper, program.lower)
    _, squared = _best_of_square(reduced[q], reduced[w], program.lower[w], program.upper[w])
    parts = np.concatenate([y * np.where(y > 0, rows.upper, rows.lower), at_best[linear], squared])
    margin = ROUNDING + PRECISION * float(np.abs(parts).sum())
    return DualBound(program, aim, y, reduced, float(parts.sum()), margin)


def _linear(program: IntegerProgram, reduced: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell which columns count as such: a square and its root do so together, if it counts."""
    w, q = program.squares
    linear = np.ones(len(reduced), dtype=np.bool_)
    linear[q] = False
    linear[w] = reduced[q] == 0
    return linear


def _best_of_square(a: Floats, b: Floats, low: Ints, high: Ints) -> tuple[Ints, Floats]:
    """Return where ``a w² + b w`` is largest between integers, and how large; 0 where a is 0."""
    top = np.round(b / np.where(a < 0, -2 * a, 1.0))
    tried = np.stack([low, high, np.clip(top, low, high).astype(np.int64)])
    values = np.where(a == 0, 0.0, (a * tried + b) * tried)
    chosen = values.argmax(axis=0)[None]
    return np.take_along_axis(tried, chosen, 0)[0], np.take_along_axis(values, chosen, 0)[0]


def _range_near_best(a: Floats, b: Floats, low: Ints, high: Ints, room: float) -> tuple[Ints, Ints]:
    """Return between which integers ``a w² + b w`` is within ``room`` of its best; a < 0."""
    curved = a < 0
    steep = np.where(curved, -a, 1.0)
    best, _ = _best_of_square(a, b, low, high)
    slope = 2 * a * best + b
    least = np.ceil(best - _reach(steep, slope, max(room, 0.0)))
    most = np.floor(best + _reach(steep, -slope, max(room, 0.0)))
    return (
        np.where(curved, np.maximum(low, least), low).astype(np.int64),
        np.where(curved, np.minimum(high, most), high).astype(np.int64),
    )


def _reach(steep: Floats, slope: Floats, room: float) -> Floats:
    """Return up to which d ``steep d² + slope d`` is at most ``room``.

    Nothing is lost to cancellation, however little curved that is.
    """
    root = np.sqrt(slope**2 + 4 * steep * room)
    falling = 2 * room / np.where(slope > 0, slope + root, 1.0)
    return np.where(slope > 0, falling, (root - slope) / (2 * steep)) + ROUNDING
