"""Assigns greedily, without proof: best tier first, to the server with most capacity left.

It gives the solver a warm start when time is short, and completes a plan that time has cut
short.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import TIER, AssignmentProblem
from models.integer_program import Ints
from optimizer.formulation.solution_mapping import Arcs

PLENTY = 2**40


class RemainingCapacity:
    """How many more tasks fit on each server, and within each loss to survive (S16).

    ``_left`` has a row for each server, then one for each loss, and a column for each of the
    backup server's load instants.
    """

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
            self.reserve(group, server, count)

    def fits(self, group: int, server: int) -> int:
        """Return how many more tasks of ``group`` fit on ``server``."""
        active = self._problem.own_moments.active[:, self._problem.activity[group]]
        rows = self._left[self._rows(group, server)]
        return int(rows[:, active].min(initial=PLENTY))

    def servers_of(self, group: int, tier: int) -> Ints:
        """Return the servers of ``tier`` with capacity for ``group``, most of it first."""
        label = self._problem.label[self._problem.kind[group]]
        return self.with_capacity(group, np.flatnonzero(label // TIER == tier))

    def with_capacity(self, group: int, servers: NDArray[np.intp]) -> Ints:
        """Return those of ``servers`` with capacity for ``group``, most of it first."""
        active = self._problem.own_moments.active[:, self._problem.activity[group]]
        remaining = self._left[np.ix_(servers, active)].min(axis=1, initial=PLENTY)
        order = np.argsort(-remaining, kind="stable")
        fits: Ints = servers[order[remaining[order] > 0]]
        return fits

    def reserve(self, group: int, server: int, count: int) -> None:
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
    """Assign tasks that ``arcs`` leave out, as many as fit, one group after another."""
    remaining = RemainingCapacity(problem, arcs)
    group, server, count = (list(part) for part in arcs)
    missing = problem.count - np.bincount(arcs[0], arcs[2], len(problem.count)).astype(np.int64)
    for tier in (1, 2, 3, 4):
        for short in np.flatnonzero(missing > 0).tolist():
            for candidate in remaining.servers_of(short, tier).tolist():
                fits = min(int(missing[short]), remaining.fits(short, candidate))
                if fits > 0:
                    remaining.reserve(short, candidate, fits)
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
