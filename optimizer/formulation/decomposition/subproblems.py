"""Extracts subproblems of components, and merges their solutions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from models.assignment_problem import AssignmentProblem, LoadInstants, Members
from models.estate import Codes
from models.integer_program import Ints
from optimizer.formulation.decomposition.components import Decomposition, Mask
from optimizer.formulation.load_instants import keep_non_dominated
from optimizer.formulation.solution_mapping import Arcs


@dataclass(frozen=True, slots=True)
class Subproblem:
    """A part of a problem, and the number of each of its groups and servers in the whole."""

    problem: AssignmentProblem
    group: Ints
    server: Ints


def pack_components(size: Ints, chosen: Mask, started: int, least: int) -> list[Ints]:
    """Return the ``chosen`` parts in bundles of ``least`` groups or more, as far as that goes.

    The first, which is always there, has ``started`` groups already.
    """
    found: list[list[int]] = [[]]
    filled = started
    for number in np.flatnonzero(chosen).tolist():
        if filled >= least:
            found.append([])
            filled = 0
        found[-1].append(number)
        filled += int(size[number])
    if filled < least and len(found) > 1:
        found[-2:] = [found[-2] + found[-1]]
    return [np.array(bundle, dtype=np.int64) for bundle in found]


def extract(division: Decomposition, chosen: Ints, backup_server: bool) -> Subproblem:
    """Return the ``chosen`` parts as one, with the ``backup_server`` or without.

    With it they also get what belongs to no part, so that all of it is counted once: the groups
    that only the backup server may serve, candidates that can carry nothing, and the number of
    tasks that could move.
    """
    whole, own = division.problem, division.problem.backup_server
    numbers = np.append(chosen, -1) if backup_server else chosen
    group = np.flatnonzero(np.isin(division.group, numbers))
    inside = np.isin(division.server, numbers)
    inside[own] = True
    server = np.flatnonzero(inside)
    kinds, kind = np.unique(whole.kind[group], return_inverse=True)
    activities, activity = np.unique(whole.activity[group], return_inverse=True)
    label = whole.label[np.ix_(kinds, server)]
    candidate = whole.candidate[server]
    own_place = int(np.searchsorted(server, own))
    if not backup_server:
        label[:, own_place] = 0
    candidate[own_place] &= backup_server
    problem = replace(
        whole,
        count=whole.count[group],
        kind=kind.astype(np.int32),
        activity=activity.astype(np.int32),
        label=label,
        takeover=whole.takeover[kinds],
        limit=whole.limit[server],
        running=whole.running[server],
        candidate=candidate,
        members=_members(whole.members, server, activities),
        backup_server=own_place,
        moments=_moments(whole.moments, activities),
        own_moments=_moments(whole.own_moments, activities),
        losses=_losses(whole, server),
        movable=None if whole.movable is None else whole.movable * backup_server,
    )
    return Subproblem(replace(problem, today=_today(whole, problem, group, server)), group, server)


def with_unlimited_backup_server(part: Subproblem) -> Subproblem:
    """Return ``part`` where the backup server has room for everything."""
    problem = part.problem
    limit = problem.limit.copy()
    limit[problem.backup_server] = -1
    return replace(part, problem=replace(problem, limit=limit))


def _members(members: Members, server: Ints, activities: Codes) -> Members:
    place = np.flatnonzero(np.isin(members.server, server))
    return Members(
        np.searchsorted(server, members.server[place]),
        members.running[place],
        members.limit[place],
        members.today[np.ix_(place, activities)],
    )


def _moments(moments: LoadInstants, activities: Codes) -> LoadInstants:
    return keep_non_dominated(LoadInstants(moments.active[:, activities], moments.own))


def _losses(problem: AssignmentProblem, server: Ints) -> tuple[tuple[int, ...], ...]:
    """Return the losses in the numbers of a part.

    Without any of its servers still one of none, since it limits the backup server, too.
    """
    if problem.failover_limit is None:
        return ()
    place = {code: number for number, code in enumerate(server.tolist())}
    left = (tuple(place[code] for code in loss if code in place) for loss in problem.losses)
    return tuple(dict.fromkeys(left))


def _today(whole: AssignmentProblem, part: AssignmentProblem, group: Ints, server: Ints) -> Arcs:
    at_group, at_server = np.full(len(whole.count), -1), np.full(len(whole.limit), -1)
    at_group[group], at_server[server] = np.arange(len(group)), np.arange(len(server))
    number, code, count = whole.today
    number, code = at_group[number], at_server[code]
    inside = (number >= 0) & (code >= 0)
    inside[inside] = part.label[part.kind[number[inside]], code[inside]] > 0
    return number[inside], code[inside], count[inside]


def merge_solutions(parts: Iterable[tuple[Subproblem, Arcs]]) -> Arcs:
    """Return the counts of all parts in the whole's numbers, sorted by group and server."""
    placed = [(part.group[g], part.server[s], count) for part, (g, s, count) in parts]
    group, server, count = (np.concatenate(column) for column in zip(*placed, strict=True))
    order = np.lexsort((server, group))
    return group[order], server[order], count[order]
