"""An integer program with lexicographic aims, as arrays: the form every solver reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
FREE = 2**40


@dataclass(frozen=True, slots=True)
class LinearRows:
    """Linear rows ``lower <= A x <= upper`` as triples; ``FREE`` in size means no limit."""

    row: Ints
    column: Ints
    coefficient: Ints
    lower: Ints
    upper: Ints

    def __len__(self) -> int:
        return len(self.lower)

    @classmethod
    def concatenate(cls, blocks: Sequence[LinearRows]) -> LinearRows:
        """Return the rows of all ``blocks``, one after another."""
        starts = np.cumsum([0] + [len(block) for block in blocks])
        whole = [block.row + start for block, start in zip(blocks, starts, strict=False)]
        empty = [np.zeros(0, dtype=np.int64)]
        return cls(
            np.concatenate(empty + whole),
            np.concatenate(empty + [block.column for block in blocks]),
            np.concatenate(empty + [block.coefficient for block in blocks]),
            np.concatenate(empty + [block.lower for block in blocks]),
            np.concatenate(empty + [block.upper for block in blocks]),
        )

    def only(self, kept: NDArray[np.bool_]) -> LinearRows:
        """Return the rows that are ``kept``."""
        inside, place = kept[self.row], np.cumsum(kept) - 1
        return LinearRows(
            place[self.row[inside]],
            self.column[inside],
            self.coefficient[inside],
            self.lower[kept],
            self.upper[kept],
        )

    @property
    def no_lower(self) -> NDArray[np.bool_]:
        """Tell which rows have no lower limit."""
        return self.lower <= -FREE

    @property
    def no_upper(self) -> NDArray[np.bool_]:
        """Tell which rows have no upper limit."""
        return self.upper >= FREE

    def activity(self, x: Floats | Ints) -> Floats:
        """Return ``A x``."""
        products = (self.coefficient * x[self.column]).astype(np.float64)
        return np.bincount(self.row, products, len(self)).astype(np.float64)


@dataclass(frozen=True, slots=True)
class DefinedColumns:
    """Columns that are what their rows force them to be at least.

    Each of ``rows`` reads ``scale * x[target] + (terms of other columns) >= lower``.
    """

    rows: LinearRows
    target: Ints
    scale: Ints


@dataclass(frozen=True, slots=True)
class Aim:
    """A linear figure ``constant + coefficient * x[column]`` to be made large or small.

    ``ceiling`` is what no point exceeds, where that is known beforehand.
    """

    name: str
    maximise: bool
    column: Ints
    coefficient: Ints
    constant: int = 0
    ceiling: int = FREE

    @property
    def sign(self) -> int:
        """Return 1 where the aim is to be made large, -1 where small."""
        return 1 if self.maximise else -1

    def value(self, x: Ints) -> int:
        """Return the figure at ``x``, exactly."""
        return self.constant + int(self.coefficient @ x[self.column])

    def is_better(self, x: Ints, than: Ints) -> bool:
        """Tell whether ``x`` is better than another point."""
        return self.sign * self.value(x) > self.sign * self.value(than)

    def tighter_bound(self, bound: int, other: int | None) -> int:
        """Return the tighter of two bounds, of which there may be one only."""
        return bound if other is None else self.sign * min(self.sign * bound, self.sign * other)


@dataclass(frozen=True, slots=True)
class IntegerProgram:
    """Columns with bounds, rows, and aims in their order.

    The first ``decisions`` columns are free choices; ``definitions``, in order, give the others
    from them, but for ``squares``: pairs (w, q) of columns with ``q = w ** 2``.

    Of the columns ``implied`` the rows alone keep the upper bounds. The columns ``idle`` solvers
    may leave at 0: whatever they can do to the aims, others can; proofs speak of them, too. The
    squares q in ``enveloped`` have rows that are all that a relaxation needs to know of them.
    """

    lower: Ints
    upper: Ints
    decisions: int
    rows: LinearRows
    definitions: tuple[DefinedColumns, ...]
    squares: tuple[Ints, Ints]
    aims: tuple[Aim, ...]
    implied: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    idle: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    enveloped: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def open(self) -> NDArray[np.bool_]:
        """Tell which columns a solver decides."""
        decided = self.lower < self.upper
        decided[self.idle] = False
        return decided

    def with_rows(self, rows: Sequence[LinearRows]) -> IntegerProgram:
        """Return the program with more ``rows``."""
        return replace(self, rows=LinearRows.concatenate([self.rows, *rows]))

    def with_bounds(self, lower: Ints, upper: Ints) -> IntegerProgram:
        """Return the program with other bounds, those of squares following from them."""
        w, q = self.squares
        lower, upper = lower.copy(), upper.copy()
        lower[q] = np.maximum(lower[q], lower[w] ** 2)
        upper[q] = np.minimum(upper[q], upper[w] ** 2)
        return replace(self, lower=lower, upper=upper)

    def with_row_limits(self, lower: Ints, upper: Ints) -> IntegerProgram:
        """Return the program with other limits of its rows."""
        return replace(self, rows=replace(self.rows, lower=lower, upper=upper))

    def complete(self, x: Ints) -> Ints:
        """Return ``x`` with every defined column as small as the decisions let it be."""
        settled = self.lower.copy()
        settled[: self.decisions] = x[: self.decisions]
        for definition in self.definitions:
            base = settled.copy()
            base[definition.target] = 0
            missing = definition.rows.lower - definition.rows.activity(base)
            needed = np.ceil(missing / definition.scale - 1e-9).astype(np.int64)
            np.maximum.at(settled, definition.target, needed)
        w, q = self.squares
        settled[q] = settled[w] ** 2
        return settled

    def is_feasible(self, x: Ints) -> bool:
        """Tell whether ``x`` keeps every bound and row."""
        inside = bool(((self.lower <= x) & (x <= self.upper)).all())
        activity = self.rows.activity(x)
        within = (self.rows.lower <= activity) & (activity <= self.rows.upper)
        return inside and bool(within.all())


def hold_aim(aim: Aim, value: int) -> LinearRows:
    """Return the row that keeps ``aim`` at ``value`` or better."""
    limit = np.array([value - aim.constant])
    free = np.array([FREE])
    return LinearRows(
        row=np.zeros(len(aim.column), dtype=np.int64),
        column=aim.column,
        coefficient=aim.coefficient,
        lower=limit if aim.maximise else -free,
        upper=free if aim.maximise else limit,
    )


def secant_cuts(w: Ints, q: Ints, k: Ints) -> LinearRows:
    """Return ``q >= (2 k + 1) w - k (k + 1)``: exact at the integers k and k + 1, below else."""
    places = np.arange(len(k))
    return LinearRows(
        row=np.concatenate([places, places]),
        column=np.concatenate([q, w]),
        coefficient=np.concatenate([np.ones(len(k), dtype=np.int64), -(2 * k + 1)]),
        lower=-k * (k + 1),
        upper=np.full(len(k), FREE),
    )
