"""Job overload: how far servers are above their limits while a job is on them, nominal week."""

from __future__ import annotations

import numpy as np

from models.assignment_problem import Counts
from models.week import WEEK
from optimizer.lists.five_weeks import FiveWeeks, Weeks
from optimizer.lists.week_jobs import WeekEstate
from optimizer.simulation.dispatch import Started
from optimizer.simulation.week_replay import WeekLoad, replay_week, week_starts


class _Starts:
    """Begins jobs (places), and notes on which servers, by job and start of two weeks."""

    def __init__(self, evaluator: FiveWeeks, weeks: Weeks) -> None:
        self._evaluator, self._offerings = evaluator, weeks.offerings
        none = np.zeros(0, dtype=np.intp)
        self._cells = [
            np.concatenate([none, *map(evaluator.servers_of, offering.groups)])
            for offering in weeks.offerings
        ]
        self.begun: dict[tuple[int, int], list[Started]] = {}
        self._met: dict[tuple[int, bytes], Started] = {}

    def __call__(self, job: int, number: int, load: Counts) -> Started:
        """Begin a job for the ``number``-th time in the week; ``load`` is what servers run."""
        met = job, load[self._cells[job]].tobytes()
        if met not in self._met:
            begun = self._evaluator.begin(self._offerings[job], load)
            servers = np.flatnonzero(begun)
            self._met[met] = servers, begun[servers]
        self.begun.setdefault((job, number), []).append(self._met[met])
        return self._met[met]


def overload_of_jobs(week: WeekEstate, evaluator: FiveWeeks, weeks: Weeks) -> Counts:
    """Return, for each job (code), the overload of servers in the nominal week while it is on them.

    ``weeks`` are those that follow from its choices.
    """
    estate = week.estate
    found = np.zeros(len(estate.jobs), dtype=np.int64)
    starts = _Starts(evaluator, weeks)
    codes = [job.job for job in week.jobs]
    load = replay_week(estate, week.tasks, codes, starts, lambda step: None)
    minutes, above = _overload_until(week, load)
    every, hot = week_starts(estate), above[-1] > 0
    for place, job in enumerate(week.jobs):
        duration, reach = job.duration, np.zeros(above.shape[1], dtype=np.int64)
        runs = [
            (start - (1 - of_week) * WEEK, started[of_week][0])
            for number, start in enumerate(every[job.job])
            for started in [starts.begun[place, number]]
            for of_week in (0, 1)
        ]
        for start, begun in sorted(runs, key=lambda run: run[0]):
            servers = begun[hot[begun]]
            begin = np.maximum(reach[servers], start)
            end = np.maximum(begin, min(start + duration, WEEK))
            first, last = np.searchsorted(minutes, begin), np.searchsorted(minutes, end)
            found[job.job] += (above[last, servers] - above[first, servers]).sum()
            reach[servers] = end
    return found


def _overload_until(week: WeekEstate, load: WeekLoad) -> tuple[Counts, Counts]:
    """Return minutes, and each place's overload in the week until then, shape (minutes, places)."""
    servers = week.servers
    height = load.load - servers.limit
    height[:, servers.own] += load.own
    height = np.maximum(height, 0) * (servers.limit >= 0)
    minutes = np.append(load.minutes, WEEK)
    total = np.cumsum(height * np.diff(minutes)[:, None], axis=0)
    return minutes, np.vstack([np.zeros_like(total[:1]), total])
