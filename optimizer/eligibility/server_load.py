"""The load of each server over the week, for ``proxy_load.csv``."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.estate import Codes, Estate
from models.plan import OTHER, Plan, Tasks
from models.week import Intervals, active_intervals, activity_matrix, cuts


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans of the week in which nothing changes on a server; arrays aligned.

    ``server`` is its code, ``begin`` and ``end`` minutes of the week, ``running`` the baseline
    (``running_tasks``, the backup server's own tasks included), ``planned`` the planned tasks.
    """

    server: Codes
    begin: Counts
    end: Counts
    running: Counts
    planned: Counts


def plan_load(plan: Plan) -> Spans:
    """Return the spans of every server that carries tasks or could, in the order of codes."""
    return load_spans(plan.estate, plan.tasks, plan.proxy, plan.candidate)


def load_spans(estate: Estate, tasks: Tasks, proxy: Codes, shown: NDArray[np.bool_]) -> Spans:
    """Return the load of ``shown`` servers and of the backup server, in spans of the week.

    Each task is on ``proxy``, a server code, -1 for none; ``shown`` is a mask over servers.
    """
    own = estate.backup_server
    activities, of_job = _activities(estate)
    minutes = cuts(activities)
    active = activity_matrix(activities, minutes).astype(np.float64)
    by_itself = tasks.kind == OTHER
    planned = (proxy >= 0) & ~by_itself
    # Tasks by server and activity, then by server and span: shape (servers, spans).
    size = len(estate.servers), len(activities)
    pairs = proxy[planned].astype(np.int64) * size[1] + of_job[tasks.job[planned]]
    counts = np.bincount(pairs, tasks.count[planned], prod(size)).reshape(size)
    own_counts = np.bincount(of_job[tasks.job[by_itself]], tasks.count[by_itself], size[1])
    server = np.flatnonzero(shown | (np.arange(len(shown)) == own))
    load = (counts[server] @ active.T).astype(np.int64)
    running = np.tile(estate.servers["running_tasks"].to_numpy()[server], (len(active), 1)).T
    running[server == own] += (active @ own_counts).astype(np.int64)
    # A row for each span in which a figure of the server changes, up to the next one.
    changes = (np.diff(load, prepend=-1) != 0) | (np.diff(running, prepend=-1) != 0)
    row, first = np.nonzero(changes)
    begin = minutes[first]
    end = np.append(begin[1:], minutes[-1])
    return Spans(
        server=server[row].astype(np.int32),
        begin=begin,
        end=np.where(np.diff(row, append=-1) != 0, minutes[-1], end),
        running=running[row, first],
        planned=load[row, first],
    )


def _activities(estate: Estate) -> tuple[tuple[Intervals, ...], Counts]:
    """Return the distinct activities of the jobs, and the number of each job's."""
    jobs = estate.jobs[["start", "duration_minutes", "days"]].itertuples(index=False, name=None)
    number: dict[tuple[int, int, tuple[int, ...]], int] = {}
    of_job = np.array([number.setdefault(job, len(number)) for job in jobs], dtype=np.int64)
    return tuple(active_intervals(*job) for job in number), of_job
