"""Says why a task has no proxy, in the order in which a person would ask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.estate import Estate
from models.plan import UNKNOWN, WINDOWS, Reason, Tasks, Unassigned
from models.problem import Problem
from optimizer.eligibility import Eligibility
from optimizer.flows import Arcs
from optimizer.optimise import Optimum

DETAIL: dict[Reason, str] = {
    "unknown_os": "its operating system is not known, so it is not planned",
    "no_candidate": "no server of this estate may be a proxy",
    "unknown_network": "no network of it is known, and no PowerShell Direct reaches it",
    "not_reachable": "no candidate connects to it",
    "job_proxies": "candidates connect to it, but none of those that its job names",
    "capacity": "every server that may serve it is full at some moment of its job",
    "failover_capacity": "one more task could not be taken over by the backup server",
}


def unassigned(
    estate: Estate,
    tasks: Tasks,
    eligibility: Eligibility,
    best: Optimum,
) -> list[Unassigned]:
    """Return (task, reason, detail) of every task that is to be planned and has no proxy."""
    usable = eligibility.usable
    connects = np.asarray(((eligibility.tier > 0) & usable).any(axis=1))
    connected = connects[eligibility.profile]
    known = estate.vms["network_set"].to_numpy() > 0
    room = _room(best.model.problem, best.arcs)
    found: list[Unassigned] = []
    waiting = ((tasks.kind == WINDOWS) & (best.proxy < 0)) | (tasks.kind == UNKNOWN)
    for task in np.flatnonzero(waiting).tolist():
        vm, reason = tasks.vm[task], _FULL[0]
        if tasks.kind[task] == UNKNOWN:
            reason = "unknown_os"
        elif not usable.any():
            reason = "no_candidate"
        elif not connected[vm]:
            reason = "not_reachable" if known[vm] else "unknown_network"
        elif best.model.group[task] < 0:
            reason = "job_proxies"
        else:
            reason = _FULL[int(room[best.model.group[task]])]
        found.append((task, reason, DETAIL[reason]))
    return found


_FULL: tuple[Reason, Reason] = ("capacity", "failover_capacity")


def _room(problem: Problem, arcs: Arcs) -> NDArray[np.bool_]:
    """Return the groups that one more task of fits on some server's own capacity.

    What keeps such a task out is failover, the only rule beside capacity.
    """
    group, server, count = arcs
    room = np.zeros(len(problem.count), dtype=np.bool_)
    used = np.zeros((len(problem.limit), problem.moments.active.shape[1]), dtype=np.int64)
    np.add.at(used, (server, problem.activity[group]), count)
    assigned = np.bincount(group, weights=count, minlength=len(room))
    for short in np.flatnonzero(assigned < problem.count).tolist():
        for candidate in np.flatnonzero(problem.label[problem.kind[short]] > 0).tolist():
            moments = problem.moments_of(candidate)
            load = moments.active @ used[candidate] + moments.own + problem.running[candidate]
            here = moments.active[:, problem.activity[short]]
            limit = problem.limit[candidate]
            if limit < 0 or bool((load[here] < limit).all()):
                room[short] = True
                break
    return room
