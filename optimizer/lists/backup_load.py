"""Backup load: what the backup server runs in each of the five weeks, as changes by minute."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.assignment_problem import Counts
from models.week import WEEK
from models.week_plan import WEEKS
from optimizer.lists.week_jobs import WeekJob, WeekServers


class BackupLoad:
    """The minutes at which the backup server's load may change, and its own work.

    Changes of load are arrays over these minutes, one week after another: ``at``, shape (weeks,
    minutes of the week), has the place of each. ``own_change`` are those of its own work.
    """

    def __init__(
        self, servers: WeekServers, jobs: Sequence[WeekJob], own_work: Sequence[WeekJob]
    ) -> None:
        self._running = servers.running[servers.own]
        self._limit = servers.limit[servers.own]
        self._counts = servers.candidate[servers.own]
        minutes = [
            {0}.union(
                *(
                    {start, (start + job.duration) % WEEK}
                    for job in (*jobs, *own_work)
                    for start in job.starts[week]
                )
            )
            for week in range(WEEKS)
        ]
        width = max(map(len, minutes))
        self.at = np.zeros((WEEKS, WEEK), dtype=np.int64)
        self._lasts = np.zeros((WEEKS, width), dtype=np.int64)
        for week, found in enumerate(minutes):
            ordered = np.array(sorted(found))
            self.at[week, ordered] = np.arange(len(ordered)) + week * width
            self._lasts[week, : len(ordered)] = np.diff(ordered, append=WEEK)
        self.own_change = np.zeros(WEEKS * width, dtype=np.int64)
        for job in (*jobs, *own_work):
            if job.own_tasks:
                for week, starts in enumerate(job.starts):
                    for start in starts:
                        self.take(self.own_change, job, week, start, job.own_tasks)

    def take(self, change: Counts, job: WeekJob, week: int, start: int, tasks: int) -> None:
        """Add ``tasks`` that the backup server runs from ``start`` on to its changes of load."""
        at, end = self.at[week], start + job.duration
        change[at[start]] += tasks
        if end < WEEK:
            change[at[end]] -= tasks
        else:
            change[at[0]] += tasks
            change[at[end - WEEK]] -= tasks

    def load(self, change: Counts) -> tuple[Counts, Counts]:
        """Return its overload in each week, and its peak if that counts."""
        load = change.reshape(WEEKS, -1).cumsum(axis=1) + self._running
        above = np.maximum(load - self._limit, 0) * (self._limit >= 0)
        busiest = np.where(self._lasts > 0, load, 0).max(axis=1)
        return (above * self._lasts).sum(axis=1), busiest * self._counts
