"""Computes which servers reach which VMs: sets of networks as bits, links as arcs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.estate import Estate

Bits = NDArray[np.uint64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Arc(NamedTuple):
    """One direction of the link in row ``link``; nodes are networks, then routers."""

    tail: int
    head: int
    link: int


@dataclass(frozen=True, slots=True)
class Paths:
    """The networks as integers: bit n of a mask stands for network n.

    ``arcs`` is None without a links table, when every network reaches every other. ``sets`` holds
    a mask per network set, ``reached`` the networks that each server's set reaches, itself
    included. ``members``, ``reach`` and ``sites`` are the same and the sites as columns of bits:
    (words, network sets), (words, servers), (words, network sets).
    """

    arcs: tuple[Arc, ...] | None
    sets: tuple[int, ...]
    reached: dict[int, int]
    server_set: Whole
    members: Bits
    reach: Bits
    sites: Bits

    def by_network(self, servers: Whole, sets: Whole) -> Flags:
        """Return whether servers reach network sets; the two shapes broadcast (S10)."""
        return _meet(self.reach, servers, self.members, sets)

    def same_network(self, servers: Whole, sets: Whole) -> Flags:
        """Return whether servers and network sets have a network in common (S14)."""
        return _meet(self.members, self.server_set[servers], self.members, sets)

    def same_site(self, servers: Whole, sets: Whole) -> Flags:
        """Return whether servers and network sets have a site in common (S7)."""
        return _meet(self.sites, self.server_set[servers], self.sites, sets)


def compute_paths(estate: Estate) -> Paths:
    """Return the paths between the network sets of an estate."""
    count = len(estate.networks)
    every = (1 << count) - 1
    sets = tuple(mask(networks) for networks in estate.network_sets)
    server_set = estate.servers["network_set"].to_numpy(dtype=np.int64)
    arcs = _arcs(estate)
    if arcs is None:
        reached = {number: every if sets[number] else 0 for number in server_set.tolist()}
    else:
        whole = closure(((arc.tail, arc.head) for arc in arcs), range(count))
        reached = {
            number: union(whole[node] for node in estate.network_sets[number]) & every
            for number in set(server_set.tolist())
        }
    sites = estate.networks["site"].tolist()
    site_code = {site: code for code, site in enumerate(sorted(set(sites) - {""}))}
    return Paths(
        arcs,
        sets,
        reached,
        server_set,
        _columns(sets, count),
        _columns([reached[number] for number in server_set.tolist()], count),
        _columns(
            [
                mask(site_code[sites[network]] for network in networks if sites[network])
                for networks in estate.network_sets
            ],
            len(site_code),
        ),
    )


def mask(nodes: Iterable[int]) -> int:
    """Return the bit mask of ``nodes``."""
    return union(1 << node for node in nodes)


def union(masks: Iterable[int]) -> int:
    """Return all bits of ``masks``."""
    whole = 0
    for one in masks:
        whole |= one
    return whole


def closure(arcs: Iterable[tuple[int, int]], nodes: Iterable[int]) -> dict[int, int]:
    """Return for each node a mask of the nodes that it reaches along ``arcs``, and of itself."""
    steps = list(arcs)
    reach = {node: 1 << node for node in (*nodes, *(node for step in steps for node in step))}
    grown = True
    while grown:
        grown = False
        for tail, head in steps:
            more = reach[tail] | reach[head]
            if more != reach[tail]:
                reach[tail] = more
                grown = True
        # To and fro: what one order carries a single step per round, the other carries at once.
        steps.reverse()
    return reach


def _arcs(estate: Estate) -> tuple[Arc, ...] | None:
    if estate.links is None:
        return None
    node = {name: code for code, name in enumerate(estate.networks["network"].tolist())}
    arcs = []
    columns = ("from", "to", "both_ways", "up")
    rows = zip(*(estate.links[name].tolist() for name in columns), strict=True)
    for link, (tail, head, both_ways, up) in enumerate(rows):
        if up:
            begin = node.setdefault(tail, len(node))
            end = node.setdefault(head, len(node))
            arcs.append(Arc(begin, end, link))
            if both_ways:
                arcs.append(Arc(end, begin, link))
    return tuple(arcs)


def _columns(masks: Sequence[int], count: int) -> Bits:
    """Return masks of ``count`` bits as an array of shape (words, masks)."""
    words = max(1, -(-count // 64))
    content = b"".join(one.to_bytes(8 * words, "little") for one in masks)
    rows = np.frombuffer(content, dtype="<u8").reshape(len(masks), words)
    return np.ascontiguousarray(rows.T)


def _meet(some: Bits, columns: Whole, others: Bits, other_columns: Whole) -> Flags:
    """Return whether columns of ``some`` have a bit in common with columns of ``others``."""
    shape = np.broadcast_shapes(columns.shape, other_columns.shape)
    common = np.zeros(shape, dtype=np.bool_)
    # Word by word: whole rows at once would fill the memory at a million pairs.
    for word, other in zip(some, others, strict=True):
        common |= (word[columns] & other[other_columns]) != 0
    return common
