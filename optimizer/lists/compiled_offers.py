"""Compiled offers: which servers the kinds of a job are offered, and which groups share servers."""

from __future__ import annotations

import numpy as np

from optimizer.lists.compiled import (
    CONNECTS,
    FAILED_OVER,
    IS_NEAR,
    IS_PROTECTED,
    IS_SAME_SITE,
    NOT_OFFERED,
    OUTCOMES,
    PROTECTED,
    SAME_SITE,
    is_same,
)
from optimizer.machine_code import compiled, compiled_helper


@compiled
def offer(view, count, missed, own, allowed):
    """Return what kinds are offered among the places ``allowed`` (S14).

    Per kind which of the distinct offers it picks from (-1: none that counts); the offers, shape
    (offers, places); a group for each, those that share a server being one; the outcomes of the
    tasks without an offer; how many servers tasks are offered, all together; and how many different
    ones.

    The backup server is alone in its tiers; kinds that it serves, or that connect to nothing, have
    no offer.
    """
    kinds, places = view.shape
    outcomes = np.zeros(OUTCOMES, dtype=np.int64)
    every = np.zeros(places, dtype=np.bool_)
    offered = np.int64(0)
    offer_of = np.full(kinds, -1, dtype=np.int64)
    offers = np.zeros((kinds, places), dtype=np.bool_)
    group = np.zeros(kinds, dtype=np.int64)
    row = np.zeros(places, dtype=np.bool_)
    hashes = np.zeros(kinds, dtype=np.int64)
    many = 0
    for kind in range(kinds):
        near = others = False
        for place in range(places):
            other = allowed[place] and place != own and view[kind, place] & NOT_OFFERED == 0
            others |= other
            near |= other and view[kind, place] & IS_NEAR != 0
        best = 5  # tier by networks, 5 for none
        if near:
            best = 1
        elif allowed[own] and view[kind, own] & IS_NEAR:
            best = 2
        elif others:
            best = 3
        elif allowed[own] and view[kind, own] & NOT_OFFERED == 0:
            best = 4
        connects = False
        code = np.int64(0)
        if best == 1 or best == 3:
            for place in range(places):
                row[place] = (
                    allowed[place]
                    and place != own
                    and view[kind, place] & NOT_OFFERED == 0
                    and (best == 3 or view[kind, place] & IS_NEAR != 0)
                )
                if row[place]:
                    connects |= view[kind, place] & CONNECTS != 0
                    code = code * 1000003 + place + 1
                    every[place] = True
                    offered += count[kind]
        elif best != 5:
            every[own] = True
            offered += count[kind]
        if not connects:
            for outcome in range(OUTCOMES):
                outcomes[outcome] += count[kind] * missed[kind, outcome]
            if best == 2 or best == 4:  # picked, not taken over
                outcomes[FAILED_OVER] -= count[kind] * missed[kind, FAILED_OVER]
            continue
        found = -1
        for offer in range(many):
            if hashes[offer] == code and is_same(offers[offer], 0, row, places):
                found = offer
                break
        if found < 0:
            found = many
            for place in range(places):
                offers[many, place] = row[place]
            hashes[many] = code
            many += 1
        offer_of[kind] = found
    # Offers that share a server get the least number among them.
    for offer in range(many):
        group[offer] = offer
    holder = np.full(places, -1, dtype=np.int64)
    for offer in range(many):
        for place in range(places):
            if offers[offer, place]:
                other = holder[place]
                if other < 0:
                    holder[place] = offer
                elif group[other] != group[offer]:
                    low, high = min(group[other], group[offer]), max(group[other], group[offer])
                    for one in range(many):
                        if group[one] == high:
                            group[one] = low
    return offer_of, offers[:many], group[:many], outcomes, offered, every.sum()


@compiled
def describe_group(view, count, of_kind, rows):
    """Return what a group is whose kinds pick from the offers ``rows``, as ``of_kind`` says.

    Its servers (places), the members of each offer among them, the places of an offer's first
    members, how many tasks it has, whether every offered server gives each task the same, and the
    outcomes of a start then.
    """
    servers = np.flatnonzero(rows.sum(axis=0))
    member = np.empty(rows.sum(), dtype=np.int32)
    first = np.zeros(len(rows) + 1, dtype=np.int64)
    for row in range(len(rows)):
        first[row + 1] = first[row]
        for cell in range(len(servers)):
            if rows[row, servers[cell]]:
                member[first[row + 1]] = cell
                first[row + 1] += 1
    tasks, is_level = np.int64(0), len(rows) == 1
    outcomes = np.zeros(OUTCOMES, dtype=np.int64)
    labels = IS_PROTECTED | IS_SAME_SITE
    for kind in range(len(count)):
        if of_kind[kind] < 0:
            continue
        tasks += count[kind]
        bits = view[kind, servers[0]]
        for server in servers:
            other = view[kind, server]
            is_level &= other & CONNECTS != 0 and other & labels == bits & labels
        outcomes[1 if bits & IS_NEAR else 3] += count[kind]
        outcomes[PROTECTED] += count[kind] if bits & IS_PROTECTED else 0
        outcomes[SAME_SITE] += count[kind] if bits & IS_SAME_SITE else 0
    if not is_level:
        outcomes[:] = 0
    return servers, member, first, tasks, is_level, outcomes


@compiled_helper
def _root(parent, number):
    while parent[number] != number:
        parent[number] = parent[parent[number]]
        number = parent[number]
    return number


@compiled
def components_of(chosen, groups, places):
    """Return a label for each of the groups ``chosen``, the same for those that share servers."""
    parent = np.arange(len(chosen))
    holder = np.full(places, -1, dtype=np.int64)
    for number in range(len(chosen)):
        group = chosen[number]
        for cell in range(groups.first_cell[group], groups.first_cell[group + 1]):
            other = holder[groups.server[cell]]
            if other < 0:
                holder[groups.server[cell]] = number
                continue
            low, high = _root(parent, other), _root(parent, number)
            parent[max(low, high)] = min(low, high)
    for number in range(len(chosen)):
        parent[number] = _root(parent, number)
    return parent


@compiled
def in_order_of_jobs(chosen, groups, jobs):
    """Return the groups ``chosen`` in order of job, and what a replay needs to know of them.

    That is the first cell of each, as if only these groups were there; per job, of so many
    ``jobs``, the first of its groups; and the jobs that have any.
    """
    first = np.zeros(jobs + 1, dtype=np.int64)
    for group in chosen:
        first[groups.job[group] + 1] += 1
    some = np.flatnonzero(first[1:]).astype(np.int32)
    first = np.cumsum(first)
    free = first.copy()
    ordered = np.empty_like(chosen)
    for group in chosen:
        ordered[free[groups.job[group]]] = group
        free[groups.job[group]] += 1
    cells = np.zeros(len(chosen) + 1, dtype=np.int64)
    for number in range(len(ordered)):
        group = ordered[number]
        size = groups.first_cell[group + 1] - groups.first_cell[group]
        cells[number + 1] = cells[number] + size
    return ordered, cells, first, some
