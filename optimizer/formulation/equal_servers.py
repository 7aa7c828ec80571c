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
little more: then a search finds how little, `peak` and `balance` are what the plan really has, and
their bounds stand. Servers whose limit does not allow that little are not aggregated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import AssignmentProblem, Counts
from models.integer_program import Ints
from models.settings import Settings
from optimizer.formulation.dealing_out import deal_out
from optimizer.formulation.solution_mapping import Arcs
from optimizer.solver.cp_sat import SearchLimits

# Measured: up to a thousand servers solve in seconds as they are.
SPARED = 1000
# The sum of squares takes a row for each load that a server may have: more are no gain.
STEPS_PER_SERVER = 16


@dataclass(frozen=True, slots=True)
class DealtOut:
    """The counts on all servers, by group and server; whether every class shares evenly.

    The servers ``stuck`` have none: their limit allows no dealing that was found.
    """

    arcs: Arcs
    even: bool
    stuck: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Aggregation:
    """``problem`` has one server for each class of equal ones of the ``whole``.

    ``members`` has the servers of the whole, class by class, ``start`` where each class begins.
    """

    whole: AssignmentProblem
    problem: AssignmentProblem
    members: Ints
    start: Ints

    def taken_apart(self, arcs: Arcs, effort: SearchLimits) -> DealtOut:
        """Return the counts on the servers of the whole."""
        problem, (group, server, count) = self.problem, arcs
        single = problem.multiplicity[server] == 1
        dealt = [(group[single], self.members[self.start[server[single]]], count[single])]
        even, stuck = True, np.zeros(len(self.whole.limit), dtype=np.bool_)
        for code in np.unique(server[~single]).tolist():
            here = server == code
            activities, of_group = np.unique(self.whole.activity[group[here]], return_inverse=True)
            tasks = np.bincount(of_group, count[here], len(activities)).astype(np.int64)
            first = self.members[self.start[code]]
            most = int(self.whole.limit[first] - self.whole.running[first])
            shares = deal_out(
                self.whole.moments.active[:, activities], tasks,
                int(problem.multiplicity[code]), most if self.whole.limit[first] >= 0 else None,
                effort,
            )  # fmt: skip
            if shares is None:
                members = slice(self.start[code], self.start[code] + problem.multiplicity[code])
                stuck[self.members[members]] = True
                continue
            even &= shares.even
            dealt.append(self._by_group(code, group[here], of_group, count[here], shares.count))
        group, server, count = (np.concatenate(column) for column in zip(*dealt, strict=True))
        order = np.lexsort((server, group))
        return DealtOut((group[order], server[order], count[order]), even, stuck)

    def without(self, stuck: NDArray[np.bool_], settings: Settings) -> Aggregation | None:
        """Return the aggregation in which those ``stuck`` and those that are alone here are so."""
        alone = np.repeat(self.problem.multiplicity == 1, self.problem.multiplicity)
        return aggregate_equal_servers(
            self.whole, settings, stuck | alone[np.argsort(self.members)]
        )

    def _by_group(
        self, code: int, group: Ints, of_group: Ints, count: Counts, shares: Counts
    ) -> Arcs:
        """Return how many of each group the members of class ``code`` have.

        ``of_group`` is each group's activity, of which ``shares`` has each member's tasks.
        """
        order = np.argsort(of_group, kind="stable")
        each = np.repeat(group[order], count[order])
        equal = shares.shape[1]
        member = np.repeat(np.tile(np.arange(equal), len(shares)), shares.reshape(-1))
        key, number = np.unique(each * equal + member, return_counts=True)
        return key // equal, self.members[self.start[code] + key % equal], number


def aggregate_equal_servers(
    problem: AssignmentProblem, settings: Settings, apart: NDArray[np.bool_] | None = None
) -> Aggregation | None:
    """Return ``problem`` with equal servers as one, those ``apart`` as they are.

    None where that spares too little, or is not exact: by use in per mille, and where the takeover
    of each server is limited.
    """
    if len(problem.limit) < SPARED or settings.balance == "utilisation":
        return None
    if problem.failover_limit is not None:
        return None
    of = _classes(problem, np.zeros(len(problem.limit), np.bool_) if apart is None else apart)
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


def _classes(problem: AssignmentProblem, apart: NDArray[np.bool_]) -> Ints:
    """Return the class of each server, in the order of their first ones.

    Those ``apart`` and the backup server are alone, and so is a server of today, of which `moves`
    counts who stays, and one that may serve nothing, which costs nothing.
    """
    servers = len(problem.limit)
    alone = apart | ~(problem.label > 0).any(axis=0)
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
