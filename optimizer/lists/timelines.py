"""Timelines: the starts and ends of jobs in each of the five weeks, in order.

A run that is in progress at the week's end goes on at its beginning. Where some jobs are all idle
at some moment nothing is remembered from before, so a replay from there on, once round, is enough;
else it takes the product's two weeks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.week import WEEK
from models.week_plan import WEEKS
from optimizer.lists.compiled import Ints, WeekActions
from optimizer.lists.week_jobs import DESCENDING_ORDER, WeekJob

KNOWN = 4096
NO_CUT = -1


class Timelines:
    """The ``actions`` of all jobs in each week, and those of any of the jobs."""

    def __init__(self, jobs: Sequence[WeekJob]) -> None:
        self.actions: list[WeekActions] = []
        self._of_job: list[list[Ints]] = []
        self._wraps = np.zeros((WEEKS, len(jobs)), dtype=np.int64)
        self._known: dict[bytes, list[tuple[Ints, int]]] = {}
        for week, is_descending in enumerate(DESCENDING_ORDER):
            starts = [np.array(job.starts[week], dtype=np.int64) for job in jobs]
            begin = np.concatenate([np.zeros(0, dtype=np.int64), *starts])
            job = np.repeat(np.arange(len(jobs)), [len(of_job) for of_job in starts])
            end = begin + np.array([job.duration for job in jobs], dtype=np.int64)[job]
            np.add.at(self._wraps[week], job, end // WEEK)
            minute = np.concatenate([end % WEEK, begin])
            is_start = np.arange(len(minute)) >= len(end)
            both = np.concatenate([job, job])
            order = np.lexsort((-both if is_descending else both, is_start, minute))
            actions = [values[order] for values in (minute, both, is_start)]
            self.actions.append(
                WeekActions(actions[0].astype(np.int32), actions[1].astype(np.int32), actions[2])
            )
            by_job = np.argsort(actions[1], kind="stable").astype(np.int32)
            cuts = np.cumsum(np.bincount(both, minlength=len(jobs)))[:-1]
            self._of_job.append(np.split(by_job, cuts))

    def of(self, jobs: NDArray[np.int32]) -> list[tuple[Ints, int]]:
        """Return, for each week, the actions of some jobs, and where to begin.

        That is the first of them at which none of the jobs is in progress.
        """
        key = jobs.tobytes()
        if key not in self._known:
            if len(self._known) >= KNOWN:
                self._known.clear()
            self._known[key] = [self._of_week(week, jobs.tolist()) for week in range(WEEKS)]
        return self._known[key]

    def _of_week(self, week: int, jobs: list[int]) -> tuple[Ints, int]:
        ids = np.sort(np.concatenate([self._of_job[week][job] for job in jobs]))
        is_start = self.actions[week].is_start[ids]
        change = np.where(is_start, 1, -1)
        before = self._wraps[week, jobs].sum() + np.cumsum(change) - change
        idle = np.flatnonzero(is_start & (before == 0))
        return ids, int(idle[0]) if len(idle) else NO_CUT
