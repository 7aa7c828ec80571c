"""The load of each server over the week, for ``proxy_load.csv``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.estate import Codes, Estate
from models.plan import OTHER, Plan
from models.problem import Counts
from models.week import active_intervals, activity_matrix, cuts


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans of the week in which nothing changes on a server; arrays aligned.

    ``server`` is its code, ``begin`` and ``end`` minutes of the week, ``running`` what it runs
    anyway (the backup server's own tasks included), ``planned`` the planned tasks.
    """

    server: Codes
    begin: Counts
    end: Counts
    running: Counts
    planned: Counts


def loads(plan: Plan) -> Spans:
    """Return the spans of every server that carries tasks or could, in the order of codes."""
    estate, tasks = plan.estate, plan.tasks
    jobs = estate.jobs[["start", "duration_minutes", "days"]].itertuples(index=False, name=None)
    intervals = [active_intervals(*job) for job in jobs]
    activities = tuple(dict.fromkeys(intervals))
    number = {activity: code for code, activity in enumerate(activities)}
    of_job = np.array([number[activity] for activity in intervals], dtype=np.int64)
    minutes = cuts(activities)
    active = activity_matrix(activities, minutes).astype(np.float64)
    own = tasks.kind == OTHER
    planned = (plan.proxy >= 0) & ~own
    counts = np.zeros((len(estate.servers), len(activities)), dtype=np.int64)
    np.add.at(counts, (plan.proxy[planned], of_job[tasks.job[planned]]), 1)
    own_counts = np.bincount(of_job[tasks.job[own]], minlength=len(activities))
    shown = _shown(estate, plan)
    spans: list[Spans] = []
    for server in shown:
        load = (active @ counts[server]).astype(np.int64)
        running = np.full(len(load), estate.servers["running_tasks"].iloc[server], dtype=np.int64)
        if server == estate.backup_server:
            running += (active @ own_counts).astype(np.int64)
        changes = (np.diff(load, prepend=-1) != 0) | (np.diff(running, prepend=-1) != 0)
        first = np.flatnonzero(changes)
        spans.append(
            Spans(
                server=np.full(len(first), server, dtype=np.int32),
                begin=minutes[first],
                end=np.append(minutes[first[1:]], minutes[-1]),
                running=running[first],
                planned=load[first],
            )
        )
    return _joined(spans)


def _shown(estate: Estate, plan: Plan) -> list[int]:
    shown = plan.candidate.copy()
    shown[estate.backup_server] = True
    return [int(code) for code in np.flatnonzero(shown)]


def _joined(spans: list[Spans]) -> Spans:
    return Spans(
        server=np.concatenate([span.server for span in spans]),
        begin=np.concatenate([span.begin for span in spans]),
        end=np.concatenate([span.end for span in spans]),
        running=np.concatenate([span.running for span in spans]),
        planned=np.concatenate([span.planned for span in spans]),
    )
