"""The weekly clock: 10,080 minutes from Monday 00:00, and then again."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from models.schema import DAYS

DAY = 24 * 60
WEEK = 7 * DAY

Intervals = tuple[tuple[int, int], ...]


def active_intervals(start: int, duration: int, days: Iterable[int]) -> Intervals:
    """Return the minutes of the week in which a job is active, as sorted disjoint [from, to).

    ``start`` is a minute of the day, ``days`` are 0 (Monday) to 6. Runs that touch or overlap
    are one; a run over Sunday midnight goes on at minute 0.
    """
    if duration >= WEEK:
        return ((0, WEEK),)
    intervals = []
    for day in days:
        begin = day * DAY + start
        end = begin + duration
        intervals.append((begin, min(end, WEEK)))
        if end > WEEK:
            intervals.append((0, end - WEEK))
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(intervals):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return tuple(merged)


def cuts(activities: Iterable[Intervals]) -> NDArray[np.int64]:
    """Return the minutes at which something starts or ends, 0 first, WEEK last."""
    minutes = {0, WEEK}
    for intervals in activities:
        for interval in intervals:
            minutes.update(interval)
    return np.array(sorted(minutes), dtype=np.int64)


def activity_matrix(
    activities: tuple[Intervals, ...], minutes: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which activity is active in which span, shape (spans, activities).

    Span ``i`` lasts from ``minutes[i]`` to ``minutes[i + 1]``.
    """
    matrix = np.zeros((len(minutes) - 1, len(activities)), dtype=np.bool_)
    for column, intervals in enumerate(activities):
        for begin, end in intervals:
            first, last = np.searchsorted(minutes, (begin, end))
            matrix[first:last, column] = True
    return matrix


def clock(minute: int) -> str:
    """Return a minute of the week as people write it; the week's end is its beginning.

    >>> clock(1320), clock(WEEK)
    ('mon 22:00', 'mon 00:00')
    """
    minute %= WEEK
    return f"{DAYS[minute // DAY]} {minute % DAY // 60:02d}:{minute % 60:02d}"
