"""Explains unassigned tasks: the first reason that a person would look for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import AssignmentProblem
from models.estate import Codes
from models.plan import UNKNOWN, WINDOWS, Reason, Unassigned
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.failures import failover_limit
from optimizer.formulation.solution_mapping import Arcs

DETAIL: dict[Reason, str] = {
    "unknown_os": "its operating system is not known, so it is not planned",
    "no_candidate": "no server of this estate may be a proxy",
    "unknown_network": "no network of it is known, and no PowerShell Direct reaches it",
    "not_reachable": "no candidate connects to it",
    "job_proxies": "candidates connect to it, but none of those that its job names",
    "capacity": "every server that may serve it is full at some moment of its job",
    "failover_capacity": "one more task could not be taken over by the backup server",
}
GIVEN_UP = "there is room, but a later aim's tolerance or the time limit left it out"


def explain_unassigned(
    context: PlanningContext, group: Codes, proxy: Codes, spare: NDArray[np.bool_]
) -> list[Unassigned]:
    """Explain every task that is to be planned and has no proxy: (task, reason, detail).

    ``group`` and ``proxy`` are per task, ``spare`` is the `groups_with_capacity` for each group.
    """
    estate, tasks, eligibility = context.estate, context.tasks, context.eligibility
    usable = eligibility.usable
    connects = np.asarray(((eligibility.tier > 0) & usable).any(axis=1))
    known = estate.vms["network_set"].to_numpy() > 0
    waiting = ((tasks.kind == WINDOWS) & (proxy < 0)) | (tasks.kind == UNKNOWN)
    task = np.flatnonzero(waiting)
    vm = tasks.vm[task]
    fitting = np.append(spare, False)[group[task]]
    connected = connects[eligibility.profile[vm]]
    tests: dict[Reason, NDArray[np.bool_]] = {
        "unknown_os": tasks.kind[task] == UNKNOWN,
        "no_candidate": np.full(len(task), not usable.any()),
        "unknown_network": ~connected & ~known[vm],
        "not_reachable": ~connected,
        "job_proxies": group[task] < 0,
        "failover_capacity": fitting & (failover_limit(estate) is not None),
    }
    reasons: list[Reason] = np.select(list(tests.values()), list(tests), "capacity").tolist()
    return [
        (number, reason, GIVEN_UP if reason == "capacity" and fits else DETAIL[reason])
        for number, reason, fits in zip(task.tolist(), reasons, fitting.tolist(), strict=True)
    ]


def groups_with_capacity(problem: AssignmentProblem, arcs: Arcs) -> NDArray[np.bool_]:
    """Return the groups of which one more task fits on some server's own capacity, (groups,).

    What keeps such a task out is failover, the only rule beside capacity; or else it was given up
    for a later aim.
    """
    group, server, count = arcs
    used = np.zeros((len(problem.limit), problem.moments.active.shape[1]), dtype=np.int64)
    np.add.at(used, (server, problem.activity[group]), count)
    free = np.zeros_like(used, dtype=np.bool_)
    for candidate in range(len(used)):
        moments = problem.moments_of(candidate)
        load = moments.active @ used[candidate] + moments.own + problem.running[candidate]
        full = (load >= problem.limit[candidate]) & (problem.limit[candidate] >= 0)
        free[candidate] = ~(moments.active & full[:, None]).any(axis=0)
    fits = np.zeros(len(problem.count), dtype=np.bool_)
    assigned = np.bincount(group, weights=count, minlength=len(fits))
    for short in np.flatnonzero(assigned < problem.count).tolist():
        may_serve = problem.label[problem.kind[short]] > 0
        fits[short] = bool((may_serve & free[:, problem.activity[short]]).any())
    return fits
