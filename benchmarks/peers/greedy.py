"""One task after another to the best server of the moment, never looking back.

Jobs come in order of their first start in the week, within a job VMs by id; among servers of the
best tier the one with the fewest tasks wins, ties go by name.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.outcome import Answer
from benchmarks.peers.question import Assignment, Question
from benchmarks.peers.standing_in import StandingIn
from models.assignment_problem import TIER
from models.integer_program import Ints
from models.plan import OTHER
from models.week import DAY, Intervals, active_intervals

Weigh = Callable[[int, int, Ints], Ints]


def product(question: Question, limit: float) -> Answer:
    """The product's own choice (S14, S15): by what runs as the job starts, without capacity."""
    own = question.problem.backup_server
    jobs = question.estate.jobs
    when = [
        active_intervals(*job)
        for job in jobs[["start", "duration_minutes", "days"]].itertuples(index=False, name=None)
    ]
    at = first_starts(question)
    of_task = question.tasks.job[question.servable]
    when_active = dict(zip(question.activity.tolist(), (when[job] for job in of_task), strict=True))
    own_jobs = question.tasks.job[question.tasks.kind == OTHER]
    own_tasks = np.bincount(own_jobs, minlength=len(jobs)).tolist()

    def running(job: int, activity: int, planned: Ints) -> Ints:
        load = question.problem.running.copy()
        load[own] += sum(n for n, spans in zip(own_tasks, when, strict=True) if _in(at[job], spans))
        for other, spans in when_active.items():
            if _in(at[job], spans):
                load += planned[other]
        return load

    return Answer(_placed(question, running, limited=False))


def greedy(question: Question, limit: float) -> Answer:
    """The same within capacity, the backup server's for standing in included."""
    return Answer(with_room(question))


def with_room(question: Question) -> Assignment:
    """Place by the busiest moment of the job, only where there is room all through it."""

    def busiest(job: int, activity: int, planned: Ints) -> Ints:
        load = question.active.astype(np.int64) @ planned + question.anyway
        return np.asarray(load[question.active[:, activity]].max(axis=0))

    return _placed(question, busiest, limited=True)


def first_starts(question: Question) -> Ints:
    """Return the minute of the week at which each job first starts."""
    jobs = question.estate.jobs
    pairs = zip(jobs["start"].tolist(), jobs["days"].tolist(), strict=True)
    return np.array([min(days) * DAY + start for start, days in pairs], dtype=np.int64)


def _in(minute: int, spans: Intervals) -> bool:
    return any(begin <= minute < end for begin, end in spans)


def _placed(question: Question, weigh: Weigh, limited: bool) -> Assignment:
    """Place every task that may be; ``weigh`` says each server's load as a job begins."""
    problem, proxy = question.problem, question.unserved()
    planned = np.zeros((question.active.shape[1], len(problem.limit)), dtype=np.int64)
    standing_in = StandingIn(question) if limited and problem.failover_limit is not None else None
    tiers = [_tiers(question, row) for row in problem.label]
    for job, places in _jobs(question):
        activity = int(question.activity[places[0]])
        load = weigh(job, activity, planned)
        at = question.active[:, activity]
        room = (question.room - question.active.astype(np.int64) @ planned)[at].min(axis=0)
        if standing_in is not None:
            standing_in.begin(activity)
        for task, kind in zip(question.servable[places], question.kind[places], strict=True):
            for servers in tiers[kind]:
                chosen = servers[room[servers] > 0] if limited else servers
                if standing_in is not None:
                    chosen = chosen[standing_in.allows(chosen, bool(problem.takeover[kind]))]
                if len(chosen):
                    server = int(chosen[load[chosen].argmin()])
                    proxy[task] = server
                    load[server] += 1
                    room[server] -= 1
                    planned[activity, server] += 1
                    if standing_in is not None:
                        standing_in.give(server, bool(problem.takeover[kind]))
                    break
    return proxy


def _tiers(question: Question, label: NDArray[np.int8]) -> list[NDArray[np.intp]]:
    """Return a kind's servers tier by tier, each in order of names."""
    ordered = label[question.by_name] // TIER
    tiers = [question.by_name[ordered == tier] for tier in (1, 2, 3, 4)]
    return [servers for servers in tiers if len(servers)]


def _jobs(question: Question) -> list[tuple[int, NDArray[np.intp]]]:
    """Return the jobs with servable tasks in order of start, each with its tasks' places."""
    jobs, first = np.unique(question.tasks.job[question.servable], return_index=True)
    order = np.argsort(first)
    places = np.split(np.arange(len(question.servable)), np.sort(first))[1:]
    by_job = list(zip(jobs[order].tolist(), places, strict=True))
    starts = first_starts(question)
    return sorted(by_job, key=lambda one: int(starts[one[0]]))
