"""Replays two weeks, start after start, so that Sunday night's runs are there on Monday."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models.assignment_problem import Counts
from models.estate import Estate
from models.plan import OTHER, Tasks
from models.week import DAY, WEEK
from optimizer.simulation.candidate_sets import servers_by_name
from optimizer.simulation.dispatch import Started


@dataclass(frozen=True, slots=True)
class WeekLoad:
    """The load of the second of two weeks, servers in order of name.

    From each of ``minutes`` to the next, ``load`` is what each server runs (``running_tasks`` and
    Windows runs), shape (minutes, servers), ``own`` what the backup server runs of its own (S5).
    """

    minutes: Counts
    load: Counts
    own: Counts


def week_starts(estate: Estate) -> list[list[int]]:
    """Return the minutes of the week at which each job starts, in order."""
    jobs = zip(estate.jobs["start"].tolist(), estate.jobs["days"].tolist(), strict=True)
    return [[day * DAY + start for day in sorted(days)] for start, days in jobs]


def replay_week(
    estate: Estate,
    tasks: Tasks,
    jobs: Sequence[int],
    begin: Callable[[int, int, Counts], Started],
    step: Callable[[str], None],
) -> WeekLoad:
    """Replay two weeks of ``jobs`` (codes, in order of name), and return the load of the second.

    ``begin`` is given the place of a job among them, the number of the start in its week and what
    the servers run, and returns servers and how many tasks each of them begins to run.

    At each minute first the runs that end are taken away, then the jobs that start there begin,
    by name. A job's next start does not end a run in progress. The backup server's own work
    plays no part: in its tiers it has nobody beside it.
    """
    duration = estate.jobs["duration_minutes"].tolist()
    every = week_starts(estate)
    starts = {job: every[job] for job in np.unique(tasks.job).tolist()}
    minutes = _minutes(starts, duration)
    beginning = defaultdict(list)
    for place, job in enumerate(jobs):
        for number, minute in enumerate(starts[job]):
            beginning[minute].append((place, number))
    load = estate.servers["running_tasks"].to_numpy()[servers_by_name(estate)].astype(np.int64)
    history = np.empty((len(minutes), len(load)), dtype=np.int64)
    ending: defaultdict[int, Counts] = defaultdict(lambda: np.zeros_like(load))
    for week in (0, 1):
        step(f"week {week + 1} of 2")
        for row, minute in enumerate(minutes.tolist()):
            now = week * WEEK + minute
            load -= ending.pop(now, 0)
            for place, number in beginning[minute]:
                servers, begun = begin(place, number, load)
                load[servers] += begun
                end = now + duration[jobs[place]]
                ending[end][servers] += begun
            history[row] = load
    own_tasks = np.bincount(tasks.job[tasks.kind == OTHER], minlength=len(duration)).tolist()
    return WeekLoad(minutes, history, _in_progress(starts, duration, own_tasks)[minutes])


def _minutes(starts: dict[int, list[int]], duration: list[int]) -> Counts:
    """Return the minutes of the week at which a job starts or a run ends, 0 first."""
    minutes = {0}
    for job, begins in starts.items():
        minutes.update(begins, ((begin + duration[job]) % WEEK for begin in begins))
    return np.array(sorted(minutes), dtype=np.int64)


def _in_progress(starts: dict[int, list[int]], duration: list[int], count: list[int]) -> Counts:
    """Return how many runs are in progress in each minute of a week like all others.

    ``count`` is how many runs begin at each start of a job.
    """
    change = np.zeros(2 * WEEK + 1, dtype=np.int64)
    for job, begins in starts.items():
        for begin in begins:
            change[begin] += count[job]
            change[begin + duration[job]] -= count[job]
    running = np.cumsum(change)
    return running[:WEEK] + running[WEEK:-1]
