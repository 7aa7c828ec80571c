"""Answers "why": what each server is to a task, what would help it, and what forbids it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.estate import Codes, Estate
from models.plan import OTHER, UNKNOWN, Tasks
from optimizer.eligibility import qualify
from optimizer.explain.changes import Change, Changes
from optimizer.explain.conflict import conflict
from optimizer.explain.hurdles import Fact, Rulebook
from optimizer.explain.options import Option, options
from optimizer.explain.paths import Paths
from optimizer.explain.room import Room
from optimizer.explain.smallest import UndecidedError
from optimizer.network import Network

__all__ = ["Change", "Explainer", "Explanation", "Fact", "Option"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a task has its ``proxy`` (a server code), or has none (-1).

    ``options`` has the chosen server first, then the others by tier and name; none where the task
    is not planned, the backup server's own work (S5) or of an unknown system. ``changes`` are the
    cheapest ones for each better tier. Of a task without a proxy ``forbidden`` is a smallest set of
    facts that leaves it without one; None where nothing forbids it, or where it was not found in
    time, which ``undecided`` tells.
    """

    task: int
    proxy: int
    tier: int
    options: tuple[Option, ...]
    changes: tuple[Change, ...]
    forbidden: tuple[Fact, ...] | None = None
    undecided: bool = False


class Explainer:
    """Explains the tasks of a plan, which gives each a ``proxy`` (-1 for none) and ``tier``."""

    def __init__(self, estate: Estate, tasks: Tasks, proxy: Codes, tier: NDArray[np.int8]) -> None:
        self._estate, self._tasks, self._proxy, self._tier = estate, tasks, proxy, tier
        self._eligibility = qualify(estate, Network(estate))
        self._paths = Paths(estate)

    def explain(self, task: int) -> Explanation:
        """Return why ``task`` (a place in all tasks) is served as it is."""
        estate, tasks = self._estate, self._tasks
        proxy, tier = int(self._proxy[task]), int(self._tier[task])
        if tasks.kind[task] == OTHER:
            return Explanation(task, proxy, 0, (), ())
        job, vm = int(tasks.job[task]), int(tasks.vm[task])
        if tasks.kind[task] == UNKNOWN:
            name = estate.vms["vm"].iloc[vm]
            unknown = Fact("S5", f"no operating system of {name} is known (os in vms.csv)")
            return Explanation(task, proxy, tier, (), (), (unknown,))
        rulebook = Rulebook(estate, self._paths, job, vm)
        hurdles = [rulebook.hurdles(server) for server in range(len(estate.servers))]
        room = Room(estate, tasks, self._proxy, self._eligibility, task)
        found = options(
            estate, tasks, self._proxy, self._eligibility, task, hurdles, room, self._paths
        )
        same_site = self._eligibility.same_site[self._eligibility.profile[vm]]
        changes = Changes(estate, tasks, self._proxy, task, tier, self._paths)
        cheapest = tuple(changes.cheapest(hurdles, room, same_site))
        if proxy >= 0:
            return Explanation(task, proxy, tier, found, cheapest)
        try:
            why = conflict(estate, tasks, self._proxy, self._eligibility, task, hurdles)
        except UndecidedError:
            return Explanation(task, proxy, tier, found, cheapest, undecided=True)
        return Explanation(task, proxy, tier, found, cheapest, why)
