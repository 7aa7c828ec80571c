"""Protected tasks, by taking each link away in turn and looking who loses what."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.estate import Estate
from optimizer.check.paths import Arc, Paths, closure, union

Arcs = dict[int, list[Arc]]
AT_HOME = -1


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
    home = estate.network_sets[paths.server_set[estate.backup_server]]
    leaving, entering = _by_tail(paths.arcs), _by_head(paths.arcs)
    # A link off this tree can go without the backup server losing anything: the tree stays.
    for link in set(_tree(home, leaving).values()) - {AT_HOME}:
        kept = _tree(home, leaving, link).keys()
        kept_mask = union(1 << node for node in kept)
        lost = [vm for vm in pending if not paths.sets[vm] & kept_mask]
        if not lost:
            continue
        reaching = _reaching({n for vm in lost for n in estate.network_sets[vm]}, entering, link)
        for vm in lost:
            still = union(reaching[node] for node in estate.network_sets[vm])
            for proxy in [proxy for proxy in pending[vm] if not paths.sets[proxy] & still]:
                alone[pending[vm].pop(proxy)] = True
            if not pending[vm]:
                del pending[vm]
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


def _tree(home: Iterable[int], leaving: Arcs, without: int | None = None) -> dict[int, int]:
    """Return each node reached from ``home``, with the link by which it was reached first."""
    first = dict.fromkeys(home, AT_HOME)
    queue = deque(first)
    while queue:
        for arc in leaving.get(queue.popleft(), ()):
            if arc.head not in first and arc.link != without:
                first[arc.head] = arc.link
                queue.append(arc.head)
    return first


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
