"""Every aim's value of any assignment, from the definitions alone: the one scale for all peers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.question import Assignment, Question
from models.integer_program import Ints
from models.plan import OTHER, WINDOWS
from models.week import Intervals, active_intervals, activity_matrix, cuts

PER_MILLE = 1000


def values(question: Question, proxy: Assignment) -> dict[str, int]:
    """Return the value of each aim; ValueError where a server serves what it may not."""
    tasks, facts = question.tasks, question.eligibility
    task = np.flatnonzero(proxy >= 0)
    server = proxy[task]
    if not may_serve(question, task, server).all():
        raise ValueError("a server serves a task that it may not serve")
    place = facts.profile[tasks.vm[task]], server
    tier = facts.tier[place]
    figures = _figures(question, proxy)
    today = tasks.has_current & (tasks.kind == WINDOWS)
    every = {
        "coverage": len(task),
        **{f"tier{number}": int((tier == number).sum()) for number in (1, 2, 3)},
        "protected": int(facts.protected[place].sum()),
        "same_site": int(facts.same_site[place].sum()),
        "peak": int(figures.max(initial=0)),
        "balance": sum(figure**2 for figure in figures.tolist()),
        "moves": int((today & ((tasks.current < 0) | (proxy != tasks.current))).sum()),
    }
    return {aim: every[aim] for aim in question.aims}


def may_serve(question: Question, task: NDArray[np.intp], server: Assignment) -> NDArray[np.bool_]:
    """Return where ``server`` is a usable candidate, connects, and is among the job's proxies."""
    tasks, facts = question.tasks, question.eligibility
    fits = facts.usable[server] & (facts.tier[facts.profile[tasks.vm[task]], server] > 0)
    chosen = [frozenset(codes) for codes in question.estate.jobs["proxy_codes"]]
    for job in np.unique(tasks.job[task]).tolist():
        if chosen[job]:
            at = tasks.job[task] == job
            fits[at] &= np.isin(server[at], list(chosen[job]))
    return np.asarray(fits & (tasks.kind[task] == WINDOWS))


def overload(question: Question, proxy: Assignment) -> str:
    """Return how far the assignment goes above ``max_tasks``, "" where it does not."""
    minutes, anyway, planned = _loads(question, proxy)
    limit = question.estate.servers["max_tasks"].to_numpy()
    room = np.where(limit >= 0, np.maximum(limit - anyway, 0), len(proxy))
    above = np.maximum(planned - room, 0)
    if not above.any():
        return ""
    total = int(np.diff(minutes) @ above.sum(axis=1))
    return f"{total} task-minutes a week above max_tasks, on {int(above.any(axis=0).sum())} servers"


def _figures(question: Question, proxy: Assignment) -> Ints:
    """Return what peak and balance count of each candidate."""
    _, anyway, planned = _loads(question, proxy)
    busiest = (anyway + planned).max(axis=0)[question.eligibility.candidate]
    if question.estate.settings.balance == "tasks":
        return np.asarray(busiest, dtype=np.int64)
    limit = question.estate.servers["max_tasks"].to_numpy()[question.eligibility.candidate]
    return np.asarray(-(-PER_MILLE * busiest[limit > 0] // limit[limit > 0]), dtype=np.int64)


def _loads(question: Question, proxy: Assignment) -> tuple[Ints, Ints, Ints]:
    """Return the minutes at which spans of the week begin, and the tasks per span and server.

    These are two arrays: those that run anyway, and those that are planned.
    """
    estate, tasks = question.estate, question.tasks
    jobs = estate.jobs[["start", "duration_minutes", "days"]].itertuples(index=False, name=None)
    number: dict[Intervals, int] = {}
    codes = [number.setdefault(active_intervals(*job), len(number)) for job in jobs]
    activity = np.array(codes, dtype=np.int64)
    minutes = cuts(number)
    active = activity_matrix(tuple(number), minutes).astype(np.int64)
    served = np.flatnonzero(proxy >= 0)
    counts = np.zeros((len(number), len(estate.servers)), dtype=np.int64)
    np.add.at(counts, (activity[tasks.job[served]], proxy[served]), 1)
    own = np.bincount(activity[tasks.job[tasks.kind == OTHER]], minlength=len(number))
    anyway = np.tile(estate.servers["running_tasks"].to_numpy(dtype=np.int64), (len(active), 1))
    anyway[:, estate.backup_server] += active @ own
    return minutes, anyway, active @ counts
