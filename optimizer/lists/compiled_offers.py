"""Compiled offers: which servers the kinds of a job are offered, and which groups share servers."""

from __future__ import annotations

import numpy as np

from optimizer.lists.compiled import CONNECTS, IS_NEAR, NOT_OFFERED, is_same
from optimizer.machine_code import compiled, compiled_helper


@compiled
def offer(view, own, allowed):
    """Return what kinds are offered among the places ``allowed`` (S14).

    Per kind its best tier by networks (5: none) and which of the distinct offers it picks from (-1:
    none that counts); the offers, shape (offers, places); and a group for each, those that share a
    server being one.

    The backup server is alone in its tiers; kinds that it serves, or that connect to nothing, have
    no offer.
    """
    kinds, places = view.shape
    best = np.full(kinds, 5, dtype=np.int64)
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
        if near:
            best[kind] = 1
        elif allowed[own] and view[kind, own] & IS_NEAR:
            best[kind] = 2
        elif others:
            best[kind] = 3
        elif allowed[own] and view[kind, own] & NOT_OFFERED == 0:
            best[kind] = 4
        if best[kind] != 1 and best[kind] != 3:
            continue
        connects = False
        code = np.int64(0)
        for place in range(places):
            row[place] = (
                allowed[place]
                and place != own
                and view[kind, place] & NOT_OFFERED == 0
                and (best[kind] == 3 or view[kind, place] & IS_NEAR != 0)
            )
            connects |= row[place] and view[kind, place] & CONNECTS != 0
            if row[place]:
                code = code * 1000003 + place + 1
        if not connects:
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
    return best, offer_of, offers[:many], group[:many]


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
