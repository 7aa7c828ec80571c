"""Findings on work that is not planned, and that the plan cannot lower."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from models.diagnostics import Finding
from models.estate import Estate
from models.plan import OTHER, AimResult, Tasks
from models.week import Intervals, active_intervals, activity_matrix, clock, cuts


def work_findings(
    estate: Estate, tasks: Tasks, candidate: NDArray[np.bool_], aims: Sequence[AimResult]
) -> Iterator[Finding]:
    """Yield that the backup server is over its own limit, and that such work decides the peak.

    ``candidate`` is per server.
    """
    backup = estate.backup_server
    own, minute = busiest_own_work(estate, tasks)
    name = estate.servers["server"].iloc[backup]
    limit = int(estate.servers["max_tasks"].iloc[backup])
    if 0 <= limit < own:
        detail = (
            f"runs {own} tasks of its own at {clock(minute)}, and its max_tasks is {limit}: "
            "no plan can lower that"
        )
        yield Finding("warning", "backup_server_over_limit", name, detail)
    peak = next((aim.value for aim in aims if aim.aim == "peak"), None)
    alone = estate.servers["running_tasks"].to_numpy(copy=True)
    alone[backup] = own
    by_server = [_peak(estate, load, server) for server, load in enumerate(alone.tolist())]
    pinning = [
        server
        for server in np.flatnonzero(candidate).tolist()
        if peak and by_server[server] == peak
    ]
    for server in pinning[:1]:
        when = f" at {clock(minute)}" if server == backup else ""
        detail = (
            f"work that is not planned decides the aim peak: {int(alone[server])} tasks{when}; "
            "no plan has a lower one, and it says nothing of the other servers"
        )
        yield Finding("info", "peak_pinned", estate.servers["server"].iloc[server], detail)


def busiest_own_work(estate: Estate, tasks: Tasks) -> tuple[int, int]:
    """Return the most that the backup server runs without the plan, and the first such minute."""
    own = tasks.kind == OTHER
    jobs = estate.jobs[["start", "duration_minutes", "days"]].itertuples(index=False, name=None)
    number: dict[tuple[int, int, tuple[int, ...]], int] = {}
    of_job = np.array([number.setdefault(job, len(number)) for job in jobs], dtype=np.int64)
    activities: tuple[Intervals, ...] = tuple(active_intervals(*job) for job in number)
    minutes = cuts(activities)
    counts = np.bincount(of_job[tasks.job[own]], tasks.count[own], len(activities))
    load = activity_matrix(activities, minutes) @ counts  # shape (spans,)
    most = int(load.argmax()) if len(load) else 0
    running = int(estate.servers["running_tasks"].iloc[estate.backup_server])
    return running + int(load.max(initial=0)), int(minutes[most])


def _peak(estate: Estate, load: int, server: int) -> int:
    """Return what ``load`` on a server counts for the aim peak."""
    if estate.settings.balance == "tasks":
        return load
    limit = int(estate.servers["max_tasks"].iloc[server])
    return ceil(1000 * load / limit) if limit > 0 else 0
