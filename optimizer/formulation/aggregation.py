"""Aggregates servers that are alike: thousands of proxies as a few classes, and takes them apart.

Servers are of one class where every kind of task may use them alike; their limits and running tasks
may differ. A problem can have one server for a class, with the sum of their limits and running
tasks. Its load is the sum of its members' busiest moments, T or more where T is its own busiest
moment, and what it counts is the least peak and the least sum of squares that members which sum to
T can have (`levels`). As many tasks may stay as there are on any member today. So none of its aims
is worse than any plan's: a bound, with columns for a few classes instead of thousands of servers.

It is a plan as well where the tasks can be *dealt out* so that no member has more than its share of
T at any moment, and as many stay. For windows that do not come back within a week the former always
works: their constraint matrix is totally unimodular, and such a polyhedron has the integer
decomposition property (Baum and Trotter 1978). Windows of several days can need a little more: then
a search finds how little, and what limits do not allow goes to other servers with the same label.
Values are those of the plan, and the bounds stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.aims import AIMS
from models.assignment_problem import AssignmentProblem, Counts, Members
from models.integer_program import Ints
from models.settings import Settings
from optimizer.formulation.dealing_out import Dealing, deal_out
from optimizer.formulation.greedy import RemainingCapacity
from optimizer.formulation.levels import fill_levels, level_of
from optimizer.formulation.solution_mapping import Arcs
from optimizer.solver.cp_sat import SearchLimits

# Measured: few servers are solved as they are, with better bounds of `moves`.
SPARED = 500
# The sum of squares takes a row for each level up to which servers may be filled; that of a server
# by itself takes about as many columns.
LEVELS_PER_SERVER = 64


@dataclass(frozen=True, slots=True)
class Aggregation:
    """``problem`` has one server for each class of the ``whole``; ``of`` is each server's class."""

    whole: AssignmentProblem
    problem: AssignmentProblem
    of: Ints

    def disaggregate(self, arcs: Arcs, effort: SearchLimits) -> Arcs:
        """Return the counts on the servers of the whole.

        What no member of its class has room for is on another server with the same label, and left
        out where there is none.
        """
        group, server, count = arcs
        members = np.split(np.argsort(self.of, kind="stable"), np.cumsum(np.bincount(self.of))[:-1])
        single = ~np.isin(server, self.problem.members.server)
        first = np.array([of_class[0] for of_class in members])
        dealt = [(group[single], first[server[single]], count[single])]
        left: list[tuple[int, int, int]] = []
        for code in np.unique(server[~single]).tolist():
            here = server == code
            placed, rest = self._deal_class(code, members[code], group[here], count[here], effort)
            dealt.append(placed)
            left += [(number, int(first[code]), tasks) for number, tasks in rest]
        group, server, count = (np.concatenate(column) for column in zip(*dealt, strict=True))
        placed = _summed(group, server, count, len(self.of))
        return _placed_elsewhere(self.whole, placed, left) if left else placed

    def _deal_class(
        self, code: int, members: Ints, group: Ints, count: Counts, effort: SearchLimits
    ) -> tuple[Arcs, list[tuple[int, int]]]:
        """Return the counts of class ``code`` on its ``members``, and what is left of groups."""
        whole = self.whole
        activities, activity = np.unique(whole.activity[group], return_inverse=True)
        active = whole.moments.active[:, activities]
        today, at, most = whole.today
        inside = np.isin(at, members) & np.isin(today, group)
        stays = (
            np.searchsorted(group, today[inside]),
            np.searchsorted(members, at[inside]),
            most[inside],
        )
        load = active @ np.bincount(activity, count, len(activities)).astype(np.int64)
        kept = np.bincount(stays[1], stays[2], len(members))
        running = whole.running[members]
        limit = _highest(whole)[members]
        level, more = _even_level(running, limit, int(load.max()))
        least = np.clip(level, running, limit) - running
        most = np.clip(level + (more > 0), running, limit) - running
        # Of those that could have one more, the ones have it on which most could stay.
        rising = np.flatnonzero(least < most)
        share = least.copy()
        share[rising[np.argsort(least[rising] - kept[rising], kind="stable")][:more]] += 1
        dealing = Dealing(active, activity, count, share, least, most, limit - running, stays)
        at_group, member, placed = deal_out(dealing, effort)
        there = member >= 0
        left = zip(group[at_group[~there]].tolist(), placed[~there].tolist(), strict=True)
        return (group[at_group[there]], members[member[there]], placed[there]), list(left)


def _even_level(running: Counts, limit: Counts, load: int) -> tuple[int, int]:
    """Return up to which level the ``load`` fills members evenly, and how many have one more."""
    alike = np.zeros_like(running)
    levels = fill_levels(Members(alike, running, limit, alike[:, None]))
    total = np.array([running.sum() + load])
    _, (row,) = level_of(levels, total)
    return int(levels.level[row]), int(total[0] - levels.total[row])


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
    return _summed(groups, servers, counts, len(problem.limit))


def _summed(group: Ints, server: Ints, count: Counts, width: int) -> Arcs:
    """Return counts by group and server, each pair once."""
    key, place = np.unique(group * width + server, return_inverse=True)
    return key // width, key % width, np.bincount(place, count, len(key)).astype(np.int64)


def aggregate(problem: AssignmentProblem, settings: Settings) -> Aggregation | None:
    """Return ``problem`` with a server for each class.

    None where that spares too little, or is not exact: by use in per mille, and where the takeover
    of each server is limited.
    """
    if len(problem.limit) < SPARED or settings.balance == "utilisation":
        return None
    if problem.failover_limit is not None:
        return None
    limit = _highest(problem)
    of = _classes(problem, limit, settings)
    members = np.bincount(of)
    if len(of) - len(members) < SPARED:
        return None
    first = np.unique(of, return_index=True)[1]
    unlimited = np.bincount(of, problem.limit < 0) > 0
    summed = np.bincount(of, np.maximum(problem.limit, problem.running)).astype(np.int64)
    group, server, count = problem.today
    aggregated = replace(
        problem,
        today=_summed(group, of[server], count, len(members)),
        label=problem.label[:, first],
        limit=np.where(unlimited, -1, np.where(members > 1, summed, problem.limit[first])),
        running=np.bincount(of, problem.running).astype(np.int64),
        candidate=problem.candidate[first],
        members=_members(problem, of, limit),
        backup_server=int(of[problem.backup_server]),
    )
    return Aggregation(problem, aggregated, of)


def _members(problem: AssignmentProblem, of: Ints, limit: Counts) -> Members:
    """Return the members of the classes of several servers, class by class."""
    group, server, count = problem.today
    today = np.zeros((len(of), problem.moments.active.shape[1]), dtype=np.int64)
    np.add.at(today, (server, problem.activity[group]), count)
    chosen = np.argsort(of, kind="stable")
    chosen = chosen[np.bincount(of)[of[chosen]] > 1]
    return Members(of[chosen], problem.running[chosen], limit[chosen], today[chosen])


def _highest(problem: AssignmentProblem) -> Counts:
    """Return up to where each server may be filled; without a limit, with tasks for all servers."""
    most = problem.running + problem.count.sum()
    return np.where(problem.limit < 0, most, problem.limit)


def _classes(problem: AssignmentProblem, limit: Counts, settings: Settings) -> Ints:
    """Return the class of each server, in the order of their first ones.

    The backup server is alone, and so is one that may serve nothing or has no room, which costs
    nothing. Servers of today stay alone, too, where an aim follows on `moves`: the bound of a
    class on `moves` need not be what the plan has.
    """
    servers = len(problem.limit)
    label = problem.label[np.unique(problem.kind)]
    alone = ~(label > 0).any(axis=0) | (limit <= problem.running)
    alone[problem.backup_server] = True
    if any(AIMS[aim].needs_current for aim in settings.objectives[:-1]):
        alone[problem.today[1]] = True
    keys = [
        (server,) if alone[server] else (bool(problem.candidate[server]), column.tobytes())
        for server, column in enumerate(np.ascontiguousarray(label.T))
    ]
    number: dict[tuple[object, ...], int] = {}
    of = np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.int64)
    low, high = np.full(len(number), limit.max()), np.zeros(len(number), dtype=np.int64)
    np.minimum.at(low, of, problem.running)
    np.maximum.at(high, of, limit)
    alone |= (high - low)[of] > LEVELS_PER_SERVER * np.bincount(of)[of]
    _, first, of = np.unique(
        np.where(alone, servers + np.arange(servers), of), return_index=True, return_inverse=True
    )
    place = np.argsort(np.argsort(first))
    return np.asarray(place[of], dtype=np.int64)
