"""When jobs are active, kept as what begins and ends: the load of a week is one running sum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.estate import Codes, Estate
from models.problem import Counts
from models.week import active_intervals, cuts


@dataclass(frozen=True, slots=True)
class Calendar:
    """The activities of an estate's jobs; ``of_job`` is each job's.

    Per interval in which an activity is active: ``activity``, and the places in ``minutes`` of
    the week (0 first, its end last) at which it ``begins`` and ``ends``.
    """

    of_job: Codes
    activity: Codes
    begins: Counts
    ends: Counts
    minutes: Counts

    def load(self, activity: Codes, count: Counts) -> Counts:
        """Return how many tasks are active from each minute on, given counts of activities."""
        size = len(self.minutes)
        tasks = np.bincount(activity, count, self.activity.max(initial=-1) + 1)
        weight = tasks[self.activity]
        change = np.bincount(self.begins, weight, size) - np.bincount(self.ends, weight, size)
        return np.cumsum(change).astype(np.int64)[:-1]


def calendar(estate: Estate) -> Calendar:
    """Return when the jobs of ``estate`` are active."""
    jobs = estate.jobs[["start", "duration_minutes", "days"]].itertuples(index=False, name=None)
    number: dict[tuple[tuple[int, int], ...], int] = {}
    of_job = [number.setdefault(active_intervals(*job), len(number)) for job in jobs]
    minutes = cuts(number)
    rows = [(code, *interval) for intervals, code in number.items() for interval in intervals]
    activity, begin, end = np.array(rows, dtype=np.int32).reshape(-1, 3).T
    begins, ends = (np.searchsorted(minutes, edge).astype(np.int64) for edge in (begin, end))
    return Calendar(np.array(of_job, dtype=np.int32), activity, begins, ends, minutes)
