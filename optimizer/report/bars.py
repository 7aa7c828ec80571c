"""Bars of parts that add up, in per cent of their width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LABELLED = 5.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar: its name, figure, and where it lies; ``wide`` enough for a label."""

    name: str
    count: int
    start: float
    width: float

    @property
    def wide(self) -> bool:
        """Tell whether a digit fits."""
        return self.width >= LABELLED


def bar(names: Sequence[str], counts: Iterable[int], whole: int | None = None) -> list[Segment]:
    """Return the parts that are not empty, side by side; ``whole`` is the full width's figure.

    >>> [(s.name, s.start, s.width) for s in bar(["a", "b", "c"], [3, 0, 1])]
    [('a', 0.0, 75.0), ('c', 75.0, 25.0)]
    """
    figures = list(counts)
    scale = 100 / max(sum(figures) if whole is None else whole, 1)
    segments, before = [], 0
    for name, count in zip(names, figures, strict=True):
        if count:
            segments.append(Segment(name, count, round(before * scale, 2), round(count * scale, 2)))
        before += count
    return segments
