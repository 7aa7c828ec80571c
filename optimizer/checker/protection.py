"""Computes protection (S16) by removing each link in turn and comparing who loses what."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.estate import Estate
from optimizer.checker.paths import Arc, Paths, closure, union

Arcs = dict[int, list[Arc]]


def pairs_on_one_link(
    estate: Estate, paths: Paths, proxy_sets: Sequence[int], vm_sets: Sequence[int]
) -> NDArray[np.bool_]:
    """Return for pairs of network sets whether one link lies on every path of both.

    Pair i is a proxy in ``proxy_sets[i]`` and a VM in ``vm_sets[i]``, both network set numbers;
    "both" are that proxy and the backup server, which reach the VM while all links are there.
    """
    alone = np.zeros(len(vm_sets), dtype=np.bool_)
    if paths.arcs is None:
        return alone
    pending: dict[int, dict[int, int]] = defaultdict(dict)
    for pair, (proxy, vm) in enumerate(zip(proxy_sets, vm_sets, strict=True)):
        pending[vm][proxy] = pair
    at: dict[int, list[int]] = defaultdict(list)
    for vm in pending:
        for network in estate.network_sets[vm]:
            at[network].append(vm)
    leaving, entering = _by_tail(paths.arcs), _by_head(paths.arcs)
    tree = _tree(estate.network_sets[paths.server_set[estate.backup_server]], leaving)
    branches = _by_tail(arc for arc in tree.values() if arc)
    # A link off this tree can go without the backup server losing anything: the tree stays.
    for arc in filter(None, tree.values()):
        gone = _lost(arc, tree, branches, leaving, entering)
        lost = [
            vm
            for vm in {vm for node in gone for vm in at.get(node, ())}
            if pending[vm] and not any(n in tree and n not in gone for n in estate.network_sets[vm])
        ]
        if not lost:
            continue
        targets = {network for vm in lost for network in estate.network_sets[vm]}
        reaching = _reaching(targets, entering, arc.link)
        for vm in lost:
            still = union(reaching[node] for node in estate.network_sets[vm])
            for proxy in [proxy for proxy in pending[vm] if not paths.sets[proxy] & still]:
                alone[pending[vm].pop(proxy)] = True
    return alone


def _by_tail(arcs: Iterable[Arc]) -> Arcs:
    leaving: Arcs = defaultdict(list)
    for arc in arcs:
        leaving[arc.tail].append(arc)
    return leaving


def _by_head(arcs: Iterable[Arc]) -> Arcs:
    entering: Arcs = defaultdict(list)
    for arc in arcs:
        entering[arc.head].append(arc)
    return entering


def _tree(home: Iterable[int], leaving: Arcs) -> dict[int, Arc | None]:
    """Return each node reached from ``home``, with the arc by which it was reached first."""
    first: dict[int, Arc | None] = dict.fromkeys(home)
    queue = deque(first)
    while queue:
        for arc in leaving.get(queue.popleft(), ()):
            if arc.head not in first:
                first[arc.head] = arc
                queue.append(arc.head)
    return first


def _lost(
    without: Arc, tree: Mapping[int, Arc | None], branches: Arcs, leaving: Arcs, entering: Arcs
) -> set[int]:
    """Return the nodes of ``tree`` that are not reached once the link of one of its arcs is gone.

    They are all below it; what is reached by other links from beside it is not among them.
    """
    below = {without.head}
    stack = [without.head]
    while stack:
        heads = [arc.head for arc in branches.get(stack.pop(), ())]
        below.update(heads)
        stack += heads
    stack = [
        node
        for node in below
        for arc in entering[node]
        if arc.tail in tree and arc.tail not in below and arc.link != without.link
    ]
    while stack:
        node = stack.pop()
        if node in below:
            below.remove(node)
            stack += [arc.head for arc in leaving.get(node, ()) if arc.link != without.link]
    return below


def _reaching(targets: set[int], entering: Arcs, without: int) -> dict[int, int]:
    """Return for each of ``targets`` a mask of the nodes that reach it, itself among them."""
    backwards = []
    seen: set[int] = set()
    # Depth first, so that arcs follow one another along a path, which closes in few rounds.
    stack = list(targets)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            arcs = [arc for arc in entering.get(node, ()) if arc.link != without]
            backwards += [(arc.head, arc.tail) for arc in arcs]
            stack += [arc.tail for arc in arcs]
    return closure(backwards, targets)
