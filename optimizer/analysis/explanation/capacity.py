"""Capacity left for one more task on a server, all other tasks where a plan has them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.estate import Codes
from models.plan import OTHER, WINDOWS
from models.week import active_intervals, activity_matrix, clock, cuts
from optimizer.analysis.explanation.obstacles import Fact
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.failures import failover_limit, losses_to_survive


class ServerCapacity:
    """The load of every server in each span of the week, without ``task``, while that runs.

    ``proxy`` is the plan's, a server code per task, -1 for none.
    """

    def __init__(self, context: PlanningContext, proxy: Codes, task: int) -> None:
        estate, tasks, eligibility = context.estate, context.tasks, context.eligibility
        self._estate, self._own = estate, estate.backup_server
        self._losses = losses_to_survive(estate)
        # The spans of the week in which the task's job is active.
        jobs = estate.jobs[["start", "duration_minutes", "days"]]
        number: dict[tuple[tuple[int, int], ...], int] = {}
        rows = jobs.itertuples(index=False, name=None)
        of_job = np.array([number.setdefault(active_intervals(*row), len(number)) for row in rows])
        minutes, servers = cuts(number), len(estate.servers)
        active = activity_matrix(tuple(number), minutes)
        spans = active[:, of_job[tasks.job[task]]]
        self._minutes, active = minutes[:-1][spans], active[spans].astype(np.int64)
        # Loads in those spans: baseline, planned tasks, and those of them to be taken over.
        planned = (tasks.kind == WINDOWS) & (proxy >= 0)
        planned[task] = False
        taken_over = eligibility.takeover(self._own)[eligibility.profile[tasks.vm]]
        self._takes_over = bool(taken_over[task])

        def load(which: NDArray[np.integer[Any]], where: Codes) -> Counts:
            pairs = where[which].astype(np.int64) * len(number) + of_job[tasks.job[which]]
            counts = np.bincount(pairs, minlength=servers * len(number))
            return np.asarray(counts.reshape(servers, -1) @ active.T)

        own_work = np.flatnonzero(tasks.kind == OTHER)
        self._baseline = load(own_work, np.full(len(tasks), self._own, dtype=np.int32))
        self._baseline += estate.servers["running_tasks"].to_numpy()[:, None]
        self._planned = load(np.flatnonzero(planned), proxy)
        self._taken_over = load(np.flatnonzero(planned & taken_over), proxy)

    def busiest(self, server: int) -> tuple[int, int]:
        """Return the server's load, without the task, at its worst moment, and that minute."""
        load = self._baseline[server] + self._planned[server]
        worst = int(load.argmax())
        return int(load[worst]), int(self._minutes[worst])

    def obstacles(self, server: int) -> list[Fact]:
        """Return what keeps one more task from ``server``: its limit, or failover (S16)."""
        found = [self._full(server), self._not_survived(server)]
        return [fact for fact in found if fact is not None]

    def _full(self, server: int) -> Fact | None:
        limit = int(self._estate.servers["max_tasks"].iloc[server])
        load, minute = self.busiest(server)
        if limit < 0 or load < limit:
            return None
        name = self._estate.servers["server"].iloc[server]
        return Fact("max_tasks", f"{name} runs {load} of {limit} at {clock(minute)}")

    def _not_survived(self, server: int) -> Fact | None:
        limit = failover_limit(self._estate)
        if limit is None:
            return None
        at_home = server == self._own
        if not at_home and not self._takes_over:
            return None
        possible = [loss for loss in self._losses if at_home or server in loss]
        free = np.maximum(0, limit - self._baseline[self._own]) - self._planned[self._own]
        for loss in possible:
            left = free - self._taken_over[list(loss)].sum(axis=0)
            if left.min() < 1:
                names = self._estate.servers["server"]
                minute = clock(int(self._minutes[int(left.argmin())]))
                lost = ", ".join(names.iloc[list(loss)])
                return Fact(
                    "S16", f"without {lost}, {names[self._own]} has no room left at {minute}"
                )
        return None
