"""Aggregates equal servers: thousands of interchangeable proxies as a few, and takes them apart.

Servers are *equal* where every kind of task may use them alike, and limit and running tasks are the
same. Of m equal ones a problem can have one, with m times the limit and the running tasks: its load
is the total of their busiest moments, T or more where T is its own busiest moment. The least peak
of m servers that total T is T / m, rounded up, and the least sum of their squares is that of loads
that differ by one at most; this is what it counts. So none of its aims is worse than any plan's: a
bound, with columns for a few servers instead of thousands.

It is a plan as well where the tasks can be *dealt out* so that no server has more than its share,
which is T // m or one more at every moment. For windows that do not come back within a week this
always works, in order of their start (interval partitioning). Windows of several days can need a
little more: then a search finds how little, and what limits do not allow goes to other servers with
the same label. `peak` and `balance` are what the plan really has, and their bounds stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.assignment_problem import AssignmentProblem, Counts
from models.integer_program import Ints
from models.settings import Settings
from optimizer.formulation.dealing_out import deal_out
from optimizer.formulation.greedy import RemainingCapacity
from optimizer.formulation.solution_mapping import Arcs
from optimizer.solver.cp_sat import SearchLimits

# Measured: up to a thousand servers solve in seconds as they are.
SPARED = 1000
# The sum of squares takes a row for each load that a server may have: more are no gain.
STEPS_PER_SERVER = 16


@dataclass(frozen=True, slots=True)
class Aggregation:
    """``problem`` has one server for each class of equal ones of the ``whole``.

    ``members`` has the servers of the whole, class by class, ``start`` where each class begins.
    """

    whole: AssignmentProblem
    problem: AssignmentProblem
    members: Ints
    start: Ints

    def taken_apart(self, arcs: Arcs, effort: SearchLimits) -> tuple[Arcs, bool]:
        """Return the counts on the servers of the whole, and whether every class shares evenly.

        What no member of its class has room for is on another server with the same label, and left
        out where there is none.
        """
        group, server, count = arcs
        single = self.problem.multiplicity[server] == 1
        dealt = [(group[single], self.members[self.start[server[single]]], count[single])]
        left: list[tuple[int, int, int]] = []
        even = True
        for code in np.unique(server[~single]).tolist():
            here = server == code
            each, member, is_even = self._dealt_out(code, group[here], count[here], effort)
            even &= is_even
            key, number = np.unique(each * (len(self.members) + 1) + member + 1, return_counts=True)
            at_group, place = np.divmod(key, len(self.members) + 1)
            placed = place > 0
            dealt.append((at_group[placed], place[placed] - 1, number[placed]))
            first = int(self.members[self.start[code]])
            rest = zip(at_group[~placed].tolist(), number[~placed].tolist(), strict=True)
            left += [(code_of_group, first, tasks) for code_of_group, tasks in rest]
        group, server, count = (np.concatenate(column) for column in zip(*dealt, strict=True))
        if left:
            group, server, count = _placed_elsewhere(self.whole, (group, server, count), left)
        order = np.lexsort((server, group))
        return (group[order], server[order], count[order]), even

    def _dealt_out(
        self, code: int, group: Ints, count: Counts, effort: SearchLimits
    ) -> tuple[Ints, Ints, bool]:
        """Return each task's group and server, -1 for none, of class ``code``."""
        activities, of_group = np.unique(self.whole.activity[group], return_inverse=True)
        tasks = np.bincount(of_group, count, len(activities)).astype(np.int64)
        equal = int(self.problem.multiplicity[code])
        members = self.members[self.start[code] : self.start[code] + equal]
        limit, running = (int(of[members[0]]) for of in (self.whole.limit, self.whole.running))
        active = self.whole.moments.active[:, activities]
        shares = deal_out(active, tasks, equal, None if limit < 0 else limit - running, effort)
        # Tasks in order of activity and group: those of an activity go to the members in order.
        order = np.argsort(of_group, kind="stable")
        each = np.repeat(group[order], count[order])
        out = np.column_stack([shares.count, tasks - shares.count.sum(axis=1)])
        member = np.repeat(np.tile(np.append(members, -1), len(tasks)), out.reshape(-1))
        return each, member, shares.even


def _placed_elsewhere(
    problem: AssignmentProblem, arcs: Arcs, left: Sequence[tuple[int, int, int]]
) -> Arcs:
    """Return ``arcs`` with what is ``left`` (group, server, count) on servers of the same label.

    All that is counted by label is as good there.
    """
    remaining = RemainingCapacity(problem, arcs)
    more = []
    for group, server, tasks in left:
        label = problem.label[problem.kind[group]]
        rest = tasks
        for other in remaining.with_capacity(
            group, np.flatnonzero(label == label[server])
        ).tolist():
            taken = min(rest, remaining.fits(group, other))
            if taken > 0:
                remaining.reserve(group, other, taken)
                more.append((group, other, taken))
                rest -= taken
            if rest == 0:
                break
    found = np.array(more, dtype=np.int64).reshape(-1, 3).T
    groups, servers, counts = (np.concatenate(both) for both in zip(arcs, found, strict=True))
    width = len(problem.limit)
    key, place = np.unique(groups * width + servers, return_inverse=True)
    total = np.bincount(place, counts, len(key)).astype(np.int64)
    return key // width, key % width, total


def aggregate_equal_servers(problem: AssignmentProblem, settings: Settings) -> Aggregation | None:
    """Return ``problem`` with equal servers as one.

    None where that spares too little, or is not exact: by use in per mille, and where the takeover
    of each server is limited.
    """
    if len(problem.limit) < SPARED or settings.balance == "utilisation":
        return None
    if problem.failover_limit is not None:
        return None
    of = _classes(problem)
    equal = np.bincount(of)
    if len(of) - len(equal) < SPARED:
        return None
    members = np.argsort(of, kind="stable")
    start = np.cumsum(equal) - equal
    first = members[start]
    group, server, count = problem.today
    limit = problem.limit[first]
    aggregated = replace(
        problem,
        today=(group, of[server], count),
        label=problem.label[:, first],
        limit=np.where(limit < 0, limit, limit * equal),
        running=problem.running[first] * equal,
        candidate=problem.candidate[first],
        multiplicity=equal,
        backup_server=int(of[problem.backup_server]),
    )
    return Aggregation(problem, aggregated, members, start)


def _classes(problem: AssignmentProblem) -> Ints:
    """Return the class of each server, in the order of their first ones.

    The backup server is alone, and so is a server of today, of which `moves` counts who stays, and
    one that may serve nothing, which costs nothing.
    """
    servers = len(problem.limit)
    alone = np.asarray(~(problem.label > 0).any(axis=0))
    alone[problem.backup_server] = True
    alone[problem.today[1]] = True
    facts = np.stack([problem.limit, problem.running, problem.candidate.astype(np.int64)], axis=1)
    labels = np.ascontiguousarray(problem.label.T)
    keys = [
        (server,) if alone[server] else (facts[server].tobytes(), labels[server].tobytes())
        for server in range(servers)
    ]
    number: dict[tuple[object, ...], int] = {}
    of = np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.int64)
    equal = np.bincount(of)[of]
    free = np.where(problem.limit < 0, problem.count.sum() // equal, problem.limit)
    steps = free - problem.running
    alone |= steps > STEPS_PER_SERVER * equal
    _, first, of = np.unique(
        np.where(alone, servers + np.arange(servers), of), return_index=True, return_inverse=True
    )
    place = np.argsort(np.argsort(first))
    return np.asarray(place[of], dtype=np.int64)
