"""Classes of tasks that are alike, counted once, so that a scenario is arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.estate import Codes, Estate
from models.plan import OTHER, WINDOWS, Tasks
from models.week import active_intervals, cuts
from optimizer.eligibility.failures import Losses, estate_after
from optimizer.eligibility.reachability import Matrix, Network
from optimizer.eligibility.tiers import compute_eligibility


@dataclass(frozen=True, slots=True)
class ActivityCalendar:
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


def build_calendar(estate: Estate) -> ActivityCalendar:
    """Return when the jobs of ``estate`` are active."""
    jobs = estate.jobs[["start", "duration_minutes", "days"]].itertuples(index=False, name=None)
    number: dict[tuple[tuple[int, int], ...], int] = {}
    of_job = [number.setdefault(active_intervals(*job), len(number)) for job in jobs]
    minutes = cuts(number)
    rows = [(code, *interval) for intervals, code in number.items() for interval in intervals]
    activity, begin, end = np.array(rows, dtype=np.int32).reshape(-1, 3).T
    begins, ends = (np.searchsorted(minutes, edge).astype(np.int64) for edge in (begin, end))
    return ActivityCalendar(np.array(of_job, dtype=np.int32), activity, begins, ends, minutes)


ALIKE = ["network_set", "os", "platform", "host_code", "host_version", "gmsa_domain"]
TIERS = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class LossOutcome:
    """What becomes of the planned tasks that have a proxy when something is lost.

    ``tiers`` counts those still served by tier, 1 to 4. ``peak`` is the backup server's load at
    its worst moment, which begins at minute ``peak_at`` of the week; 0 and None where it is lost.
    """

    kept: int
    failed_over: int
    lost: int
    gone: int
    tiers: tuple[int, ...]
    peak: int
    peak_at: int | None


class _Connections(Network):
    """The network, but for what no loss asks: what one more would do."""

    def protects(self, backup_server: int, sources: Codes, targets: Codes) -> Matrix:
        return np.zeros((len(targets), len(sources)), dtype=np.bool_)


@dataclass(frozen=True)
class TaskClasses:
    """The tasks of a plan in groups: Windows tasks with a proxy, and the backup server's own.

    ``estate`` has one VM for all that the rules cannot tell apart. Per group: ``vm``, ``proxy``,
    ``activity``, whether it is ``planned``, and the ``count`` of its tasks.
    """

    estate: Estate
    calendar: ActivityCalendar
    vm: Codes
    proxy: Codes
    activity: Codes
    planned: NDArray[np.bool_]
    count: Counts

    @cached_property
    def _network(self) -> Network:
        return _Connections(self.estate)

    def outcome(self, losses: Losses) -> LossOutcome:
        """Return what becomes of the tasks without what is lost (S16)."""
        # Eligibility without what is lost; paths are sought anew only where some may be gone.
        left, own = estate_after(self.estate, losses), self.estate.backup_server
        rewired = losses.networks or losses.links
        eligibility = compute_eligibility(left, _Connections(left) if rewired else self._network)
        profile = eligibility.profile[self.vm]
        stays, over = eligibility.tier[profile, self.proxy], eligibility.tier[profile, own]
        # Each class stays with its proxy, fails over, is lost, or is gone with its VM.
        gone = ~left.vms["available"].to_numpy()[self.vm]
        there = self.planned & ~gone
        kept = there & (stays > 0)
        failed_over = there & (stays <= 0) & (over > 0)
        tier = np.where(kept, stays, np.where(failed_over, over, 0))
        # What the backup server then runs: what it kept, takes over, and its own work.
        at_home = (kept & (self.proxy == own)) | failed_over | ~(self.planned | gone)
        peak, peak_at = (0, None) if own in losses.servers else self._worst(at_home)
        return LossOutcome(
            kept=self._tasks(kept),
            failed_over=self._tasks(failed_over),
            lost=self._tasks(there & (tier == 0)),
            gone=self._tasks(self.planned & gone),
            tiers=tuple(self._tasks(tier == number) for number in TIERS),
            peak=peak,
            peak_at=peak_at,
        )

    def _tasks(self, groups: NDArray[np.bool_]) -> int:
        return int(self.count[groups].sum())

    def _worst(self, groups: NDArray[np.bool_]) -> tuple[int, int]:
        """Return the backup server's load with ``groups`` at its worst moment, and that minute."""
        load = self.calendar.load(self.activity[groups], self.count[groups])
        worst = int(load.argmax())
        running = self.estate.servers["running_tasks"].iloc[self.estate.backup_server]
        return int(running + load[worst]), int(self.calendar.minutes[worst])


def classify_tasks(estate: Estate, tasks: Tasks, proxy: Codes) -> TaskClasses:
    """Count the ``tasks`` of a plan that gives each a ``proxy``, -1 for none."""
    kinds = estate.vms.groupby(ALIKE, observed=True, sort=False)
    times = build_calendar(estate)
    counted = (tasks.kind == OTHER) | ((tasks.kind == WINDOWS) & (proxy >= 0))
    rows = pd.DataFrame(
        {
            "vm": kinds.ngroup().to_numpy()[tasks.vm],
            "proxy": proxy,
            "activity": times.of_job[tasks.job],
            "planned": tasks.kind == WINDOWS,
        }
    )[counted]
    groups = rows.value_counts(sort=False).reset_index(name="count")
    vms = kinds.head(1).reset_index(drop=True).assign(available=True)
    return TaskClasses(
        replace(estate, vms=vms),
        times,
        *(groups[name].to_numpy() for name in ("vm", "proxy", "activity", "planned", "count")),
    )
