"""A plan at once, without proof: fills what is free, best tier first, where there is most room.

It gives the solver a point to start from when time is short, and completes a plan that time has
cut short.
"""

from __future__ import annotations

import numpy as np

from models.assignment_problem import TIER, AssignmentProblem
from models.integer_program import Ints
from optimizer.formulation.solution_mapping import Arcs

PLENTY = 2**40


class Room:
    """How many more tasks fit where: a row for each server, then one for each loss to survive,
    a column for each of the backup server's moments."""

    def __init__(self, problem: AssignmentProblem, arcs: Arcs) -> None:
        self._problem = problem
        servers, own = len(problem.limit), problem.backup_server
        moments = problem.own_moments
        limit = np.where(problem.limit >= 0, problem.limit - problem.running, PLENTY)
        self._left = np.repeat(limit[:, None], len(moments.own), axis=1)
        self._left[own] -= moments.own
        enforced = problem.failover_limit is not None
        self._losses = [set(loss) for loss in problem.losses] if enforced else []
        stand_in = (problem.failover_limit or 0) - problem.running[own] - moments.own
        rows = [self._left, *(stand_in[None, :] for _ in self._losses)]
        self._left = np.maximum(np.concatenate(rows), 0)
        self._servers = servers
        for group, server, count in zip(*(part.tolist() for part in arcs), strict=True):
            self.take(group, server, count)

    def of(self, group: int, server: int) -> int:
        """Return how many more tasks of ``group`` fit on ``server``."""
        active = self._problem.own_moments.active[:, self._problem.activity[group]]
        rows = self._left[self._rows(group, server)]
        return int(rows[:, active].min(initial=PLENTY))

    def servers_of(self, group: int, tier: int) -> Ints:
        """Return the servers of ``tier`` with room of their own for ``group``, most room first."""
        label = self._problem.label[self._problem.kind[group]]
        servers = np.flatnonzero(label // TIER == tier)
        active = self._problem.own_moments.active[:, self._problem.activity[group]]
        room = self._left[np.ix_(servers, active)].min(axis=1, initial=PLENTY)
        order = np.argsort(-room, kind="stable")
        fits: Ints = servers[order[room[order] > 0]]
        return fits

    def take(self, group: int, server: int, count: int) -> None:
        """Put ``count`` tasks of ``group`` on ``server``."""
        active = self._problem.own_moments.active[:, self._problem.activity[group]]
        rows = np.array(self._rows(group, server))
        self._left[rows[:, None], np.flatnonzero(active)] -= count

    def _rows(self, group: int, server: int) -> list[int]:
        own = server == self._problem.backup_server
        taken_over = self._problem.takeover[self._problem.kind[group]]
        return [server] + [
            self._servers + number
            for number, loss in enumerate(self._losses)
            if own or (taken_over and server in loss)
        ]


def assign_greedily(problem: AssignmentProblem, arcs: Arcs) -> Arcs:
    """Return ``arcs`` with as many more tasks as fit one after another."""
    room = Room(problem, arcs)
    group, server, count = (list(part) for part in arcs)
    missing = problem.count - np.bincount(arcs[0], arcs[2], len(problem.count)).astype(np.int64)
    for tier in (1, 2, 3, 4):
        for short in np.flatnonzero(missing > 0).tolist():
            for candidate in room.servers_of(short, tier).tolist():
                fits = min(int(missing[short]), room.of(short, candidate))
                if fits > 0:
                    room.take(short, candidate, fits)
                    missing[short] -= fits
                    group.append(short)
                    server.append(candidate)
                    count.append(fits)
                if missing[short] == 0:
                    break
    return (
        np.array(group, dtype=np.int64),
        np.array(server, dtype=np.int64),
        np.array(count, dtype=np.int64),
    )
