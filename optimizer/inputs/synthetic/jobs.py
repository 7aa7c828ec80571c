"""Draws jobs: windows that many share, and jobs of VMs that are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.week import DAY, Intervals, active_intervals
from optimizer.inputs.synthetic.batches import rank_within
from optimizer.inputs.synthetic.networks import ODD_PAIRS
from optimizer.inputs.synthetic.options import Options
from optimizer.inputs.synthetic.population import Population
from optimizer.inputs.synthetic.servers import Servers
from optimizer.inputs.synthetic.topology import Topology
from optimizer.inputs.synthetic.vms import Vms

MOST_VMS = 500
WEEKEND_SHARE = 0.1
MANUAL = 0.04
DISABLED = 0.02
IDLE = 0.03
REPLICATION = 0.05
INDEXING, LOGS = 0.15, 0.2


@dataclass(frozen=True)
class Jobs:
    """One element per job; ``job`` and ``vm`` are the rows of ``job_vms``, by job and VM."""

    names: tuple[str, ...]
    site: NDArray[np.int64]
    times: tuple[Window, ...]
    enabled: NDArray[np.bool_]
    flags: NDArray[np.bool_]
    replication: NDArray[np.bool_]
    proxies: tuple[tuple[int, ...], ...]
    job: NDArray[np.int64]
    vm: NDArray[np.int64]

    @property
    def planned(self) -> NDArray[np.bool_]:
        """Tell which jobs make tasks."""
        return self.enabled & self.flags.any(axis=1)

    def intervals(self, job: int) -> Intervals:
        """Return the minutes of the week in which a job is active."""
        return self.times[job].intervals

    def table(self, servers: Servers) -> pa.Table:
        """Return ``jobs``."""
        machines = servers.names
        words = np.array(["false", "true"], dtype=object)
        aware, indexing, logs = (words[flag.astype(int)] for flag in self.flags.T)
        return pa.table(
            {
                "job": self.names,
                "start": [f"{time.start // 60:02d}:{time.start % 60:02d}" for time in self.times],
                "duration_minutes": [time.duration for time in self.times],
                "type": [("backup", "replication")[kind] for kind in self.replication.astype(int)],
                "enabled": words[self.enabled.astype(int)],
                "application_aware": aware,
                "indexing": indexing,
                "log_processing": logs,
                "days": [time.days for time in self.times],
                "proxies": [";".join(machines[one] for one in row) for row in self.proxies],
            }
        )

    def members(self, vms: pa.Array) -> pa.Table:
        """Return ``job_vms``; ``vms`` are the VMs' ids."""
        names = pa.array(self.names)
        return pa.table({"job": names.take(pa.array(self.job)), "vm": vms.take(pa.array(self.vm))})


def plan_jobs(
    topology: Topology,
    people: Population,
    servers: Servers,
    vms: Vms,
    options: Options,
    rng: np.random.Generator,
) -> Jobs:
    """Put every VM into a nightly job of its site, some into one of the weekend as well."""
    times = common_windows(options.windows)
    nights = max(1, options.windows - 1)
    # Windows: one of the nights for each batch, for some the weekend as well; odd VMs have none.
    like, odd = np.flatnonzero(~people.odd), np.flatnonzero(people.odd)
    lot = rng.random(people.batches)[people.batch[like]]
    weekend = like[lot < (WEEKEND_SHARE if options.windows > nights else 0)]
    night = rng.integers(0, nights, people.batches)[people.batch[like]]
    vm = np.concatenate([like, weekend, odd])
    window = np.concatenate([night, np.full(len(weekend), nights), np.full(len(odd), -1)])
    # Jobs: of one site, window and kind of guest, at most `MOST_VMS` each.
    site, quiet = people.site[vm], ~vms.processed[vm]
    kind = (site * (options.windows + 1) + window + 1) * 2 + quiet
    number = rank_within(kind) // MOST_VMS
    number[window < 0] = people.odd_rank // len(ODD_PAIRS)
    _, first, job = np.unique(kind * len(vm) + number, return_index=True, return_inverse=True)
    order = np.lexsort((vm, job))
    site, window, number, quiet = site[first], window[first], number[first], quiet[first]
    count = len(first)
    idle = rng.random(count) < IDLE
    flags = rng.random((count, 3)) < (1, INDEXING, LOGS)
    return Jobs(
        names=tuple(
            f"{topology.sites[s]}-{'x' if w < 0 else f'w{w + 1}'}{'-linux' * q}-{n + 1:03d}"
            for s, w, n, q in zip(site, window, number, quiet.tolist(), strict=True)
        ),
        site=site,
        times=tuple(
            odd_times(int(n)) if w < 0 else times[w] for w, n in zip(window, number, strict=True)
        ),
        enabled=rng.random(count) >= DISABLED,
        flags=flags & ~(idle | quiet)[:, None],
        replication=rng.random(count) < REPLICATION,
        proxies=_manual(site, servers, rng),
        job=job[order],
        vm=vm[order],
    )


def _manual(
    site: NDArray[np.int64], servers: Servers, rng: np.random.Generator
) -> tuple[tuple[int, ...], ...]:
    """Return the proxies chosen by hand: at most two of the job's own site, for few jobs."""
    chosen = rng.random(len(site)) < MANUAL
    return tuple(
        tuple(np.flatnonzero(servers.site == one)[:2].tolist()) if by_hand else ()
        for one, by_hand in zip(site, chosen, strict=True)
    )


EVENING, NIGHT = 18 * 60, 10 * 60
ODD_STEP = 37
DAYS = {"daily": tuple(range(7)), "mon;tue;wed;thu;fri": tuple(range(5)), "sat;sun": (5, 6)}


@dataclass(frozen=True)
class Window:
    """When jobs of one kind begin and how long they last, in minutes."""

    start: int
    duration: int
    days: str = "daily"

    @property
    def intervals(self) -> Intervals:
        """Return the minutes of the week in which such a job is active."""
        return active_intervals(self.start, self.duration, DAYS[self.days])


def common_windows(count: int) -> list[Window]:
    """Return ``count`` overlapping windows of the night; from two on, the last is the weekend's.

    The weekend's runs last for more than a day: the second begins before the first one ends, and
    goes on over Sunday midnight.
    """
    nights = max(1, count - 1)
    found = [
        Window(
            (EVENING + NIGHT * at // nights) % DAY,
            240 + 60 * (at % 3),
            "mon;tue;wed;thu;fri" if at % 3 == 1 else "daily",
        )
        for at in range(nights)
    ]
    return found + [Window(20 * 60, 27 * 60, "sat;sun")] * (count - nights)


def odd_times(number: int) -> Window:
    """Return times that no other odd job of the site has."""
    start = EVENING + number * ODD_STEP % (DAY // 2)
    return Window(start % DAY, 45 + 15 * (number // (DAY // 2)))
