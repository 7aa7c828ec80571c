"""The runs of a week, job by job on the cyclic clock, and what is in progress at each minute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.estate import Estate
from models.week import DAY, WEEK


@dataclass(frozen=True, slots=True)
class RunClock:
    """Every start of every job in a week, arrays aligned.

    ``job`` (code), ``begin`` (a minute of the week), ``duration`` in minutes; a run over Sunday
    midnight goes on at minute 0.
    """

    job: NDArray[np.int64]
    begin: Counts
    duration: Counts

    def in_progress(self, weight: Counts) -> Counts:
        """Return, for each minute of the week, the sum of ``weight`` (per job) of what runs."""
        change = self._at(self.begin, weight) - self._at(self.begin + self.duration, weight)
        running = np.cumsum(change)
        return np.asarray(running[:WEEK] + running[WEEK:])

    def of_jobs(self, jobs: NDArray[np.bool_]) -> RunClock:
        """Return the runs of some ``jobs`` only (a mask)."""
        runs = jobs[self.job]
        return RunClock(self.job[runs], self.begin[runs], self.duration[runs])

    def _at(self, minute: Counts, weight: Counts) -> Counts:
        sums = np.bincount(minute, weight[self.job], minlength=2 * WEEK + 1)
        return sums[: 2 * WEEK].astype(np.int64)

    def active(self, minute: int, jobs: int) -> Counts:
        """Count the runs of each of all ``jobs`` that are in progress at ``minute``."""
        since = (minute - self.begin) % WEEK
        return np.bincount(self.job[since < self.duration], minlength=jobs).astype(np.int64)


def run_clock(estate: Estate, late: Counts) -> RunClock:
    """Return the runs of the week in which each job (code) starts so many minutes ``late``."""
    jobs = zip(
        estate.jobs["start"].tolist(), estate.jobs["days"].tolist(), late.tolist(), strict=True
    )
    starts = [
        [(day * DAY + start + minutes) % WEEK for day in sorted(days)]
        for start, days, minutes in jobs
    ]
    many = [len(of_job) for of_job in starts]
    duration = estate.jobs["duration_minutes"].to_numpy().astype(np.int64)
    begin = np.array([minute for of_job in starts for minute in of_job], dtype=np.int64)
    return RunClock(np.repeat(np.arange(len(many)), many), begin, np.repeat(duration, many))
