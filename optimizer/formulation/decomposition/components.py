"""Decomposes an assignment problem into components that share no server.

Groups are of one component where some server may serve both, or where a loss to survive touches
both; the backup server ties nothing at first. Every aim but the peak is a sum over components,
and the lexicographic order is the same after a shift: so the best of a sum is the sum of the
bests. With a tolerance it is not, since rounding down a share of a sum is no sum.

The backup server: a plan of the whole, restricted to a component, is a plan of that component
with the backup server to itself, so no better than the best of these. Where that best serves all
in tiers 1 and 3, it leaves the backup server alone; then any plan of the whole can take it over,
so a best one is as good there, and leaves it alone there, too. All other components *need* it and
are solved as one. An enforced failover limit counts tasks on the backup server in the rows of
every loss: then what it could take over belongs to that one, too, as soon as any needs it.

Components solved together are a component as well. So small ones are packed, and one that may or
may not need the backup server counts among those that do, if nothing proves otherwise. What
proves it is the best of all such components together with a backup server that has capacity for
everything, so that none is in another's way; or with the real one, if failover is enforced, and
none may use it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import TIER, AssignmentProblem
from models.integer_program import Ints

NO_TIER = 9
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The number of each group's and each server's part.

    It is -1 for a group that the backup server alone may serve, for that server, and for one that
    serves nothing.

    Per part: its ``size`` in groups; whether it counts as needing the backup server
    (``needs_backup``), or is not known to (``may_need_backup``); whether that server could take it
    ``over``.
    """

    problem: AssignmentProblem
    group: Ints
    server: Ints
    size: Ints
    needs_backup: Mask
    may_need_backup: Mask
    over: Mask

    @property
    def alone(self) -> int:
        """Return how many groups the backup server alone may serve."""
        return int((self.group < 0).sum())

    def with_need(self, more: Mask) -> Decomposition:
        """Return the same where ``more`` parts need the backup server."""
        needing = self.needs_backup | more
        if self.problem.failover_limit is not None and (self.alone or needing.any()):
            needing |= self.over
        return replace(self, needs_backup=needing, may_need_backup=self.may_need_backup & ~needing)


def decompose(problem: AssignmentProblem) -> Decomposition:
    """Return the parts of ``problem``, with what is cheap to tell about their need."""
    own = problem.backup_server
    kinds, kind = np.unique(problem.kind, return_inverse=True)
    label, takeover = problem.label[kinds], problem.takeover[kinds]
    serves = label > 0
    serves[:, own] = False
    part, server = _connected_components(
        np.vstack([serves, _lost_together(problem, serves[takeover])])
    )
    part = part[: len(kinds)]
    size = np.bincount(part[kind][part[kind] >= 0], minlength=int(server.max(initial=-1)) + 1)

    def with_any(chosen: Mask) -> Mask:
        found = np.zeros(len(size), dtype=np.bool_)
        found[part[chosen & (part >= 0)]] = True
        return found

    best = np.where(serves, label // TIER, NO_TIER).min(axis=1, initial=NO_TIER)
    there = label[:, own] // TIER
    better_there = (there > 0) & ((best == NO_TIER) | ((there == 2) & (best > 1)))
    over = with_any(takeover)
    full, tight = _capacity_pressure(problem, serves, kind, (there > 0)[kind], part[kind], server)
    nothing = np.zeros_like(over)
    division = Decomposition(
        problem=problem,
        group=part[kind],
        server=server,
        size=size,
        needs_backup=nothing,
        may_need_backup=with_any(there > 0) & (tight | over),
        over=over,
    )
    return division.with_need(with_any(better_there) | full)


def _capacity_pressure(
    problem: AssignmentProblem, serves: Mask, kind: Ints, reached: Mask, part: Ints, server: Ints
) -> tuple[Mask, Mask]:
    """Return the parts that lack room for what the backup server could do, as a whole or somewhere.

    The former have, at some moment, no room for all tasks that the backup server could do; the
    latter some server that has none for all it may serve.
    """
    most = problem.count.sum()
    room = np.where(problem.limit >= 0, np.maximum(problem.limit - problem.running, 0), most)
    inside = server >= 0
    of_part = np.bincount(server[inside], room[inside])
    demand = np.zeros((len(of_part), problem.moments.active.shape[1]))
    asked = reached & (part >= 0)
    np.add.at(demand, (part[asked], problem.activity[asked]), problem.count[asked])
    full = (demand @ problem.moments.active.T).max(axis=1, initial=0) > of_part
    at, code = np.nonzero(serves)
    tasks = np.bincount(kind, problem.count, len(serves))
    tight = np.zeros_like(full)
    tight[server[inside & (np.bincount(code, tasks[at], len(room)) > room)]] = True
    return full, tight


def _lost_together(problem: AssignmentProblem, taken_over: Mask) -> Mask:
    """Return, for each loss to survive, the servers whose tasks the backup server takes over."""
    if problem.failover_limit is None:
        return np.zeros((0, len(problem.limit)), dtype=np.bool_)
    several = [list(loss) for loss in problem.losses if len(loss) > 1]
    rows = np.zeros((len(several), len(problem.limit)), dtype=np.bool_)
    for row, loss in zip(rows, several, strict=True):
        row[loss] = True
    return rows & taken_over.any(axis=0)


def _connected_components(rows: Mask) -> tuple[Ints, Ints]:
    """Return the component of each row and column of a matrix of edges, -1 for those without."""
    columns = np.ascontiguousarray(rows.T)
    row_part, column_part = (np.full(length, -1) for length in rows.shape)
    number = 0
    for first in np.flatnonzero(rows.any(axis=1)).tolist():
        if row_part[first] >= 0:
            continue
        new = np.array([first])
        while len(new):
            row_part[new] = number
            near = np.flatnonzero(rows[new].any(axis=0) & (column_part < 0))
            column_part[near] = number
            new = np.flatnonzero(columns[near].any(axis=0) & (row_part < 0))
        number += 1
    return row_part, column_part
