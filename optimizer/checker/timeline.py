"""The weekly timeline: its spans, and how many tasks run in each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.estate import Estate
from models.schema import DAYS
from models.week import DAY, WEEK

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Timeline:
    """The spans of the week in which no job starts or ends.

    Span i begins at ``minutes[i]`` and lasts to the next; the last one to the week's end.
    ``activity`` numbers each job's activity. Activity a is on in spans ``begin[a, k]`` up to,
    not including, ``end[a, k]``; unused k have both 0.
    """

    minutes: Whole
    activity: Whole
    begin: Whole
    end: Whole

    def counts(self, rows: Whole, activities: Whole, size: int) -> Whole:
        """Return how many tasks run, shape (size, spans).

        Task i counts in row ``rows[i]`` while ``activities[i]`` is on.
        """
        spans = len(self.minutes)
        number = len(self.begin)
        codes, pairs = pd.factorize(rows * number + activities)
        tasks = np.bincount(codes, minlength=len(pairs))
        place = (pairs // max(1, number) * (spans + 1))[:, np.newaxis]
        activity = pairs % max(1, number)
        change = np.zeros(size * (spans + 1), dtype=np.int64)
        tasks = np.repeat(tasks, self.begin.shape[1])
        np.add.at(change, (place + self.begin[activity]).ravel(), tasks)
        np.subtract.at(change, (place + self.end[activity]).ravel(), tasks)
        return change.reshape(size, spans + 1).cumsum(axis=1)[:, :-1]

    def during(self, activity: int) -> Whole:
        """Return the spans in which an activity is on."""
        pairs = zip(self.begin[activity].tolist(), self.end[activity].tolist(), strict=True)
        return np.concatenate([np.arange(begin, end) for begin, end in pairs])

    def name(self, span: int) -> str:
        """Return when a span begins, as people write it."""
        return clock(int(self.minutes[span]))


def clock(minute: int) -> str:
    """Return a minute of the week as in ``mon 22:00``; its end is its beginning.

    >>> clock(10080)
    'mon 00:00'
    """
    day, rest = divmod(minute % WEEK, DAY)
    return f"{DAYS[day]} {rest // 60:02d}:{rest % 60:02d}"


def build_timeline(estate: Estate) -> Timeline:
    """Return the week as the jobs of an estate divide it."""
    columns = ("start", "duration_minutes", "days")
    jobs = zip(*(estate.jobs[name].tolist() for name in columns), strict=True)
    numbers: dict[tuple[int, int, tuple[int, ...]], int] = {}
    activity = [numbers.setdefault(job, len(numbers)) for job in jobs]
    edges = [_edges(*job) for job in numbers]
    minutes = np.array(
        sorted({0, *(minute for pairs in edges for pair in pairs for minute in pair)} - {WEEK}),
        dtype=np.int64,
    )
    shape = (len(edges), max((len(pairs) for pairs in edges), default=1))
    begin, end = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for number, pairs in enumerate(edges):
        both = np.searchsorted(minutes, np.array(pairs, dtype=np.int64).reshape(-1, 2))
        begin[number, : len(pairs)], end[number, : len(pairs)] = both.T
    return Timeline(minutes, np.array(activity, dtype=np.int64), begin, end)


def _edges(start: int, duration: int, days: Iterable[int]) -> list[tuple[int, int]]:
    """Return the [from, to) minutes of the week in which a job is active, one run or several."""
    on = np.zeros(WEEK + 1, dtype=np.int8)
    for day in days:
        on[(day * DAY + start + np.arange(duration)) % WEEK] = 1
    change = np.diff(on, prepend=np.int8(0))
    begins, ends = np.flatnonzero(change > 0), np.flatnonzero(change < 0)
    return list(zip(begins.tolist(), ends.tolist(), strict=True))
