"""Optimal semi-matchings by cost-reducing paths, after Harvey, Ladner, Lovász and Tamir (2006).

A semi-matching is optimal exactly if no alternating path leads from a server to one with two tasks
less. Its loads minimise the sum of any convex function of them, and so the peak, too.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from benchmarks.published.semi_matching_instances import NONE, SemiMatchingInstance
from models.integer_program import Ints


def optimal_semi_matching(instance: SemiMatchingInstance) -> Ints:
    """Return the server of each task."""
    chosen: Ints = _least_loaded(instance.server, instance.servers)
    _reduce_cost(instance.server, instance.servers, chosen)
    return chosen


@njit(cache=True)
def _least_loaded(server, servers):  # type: ignore[no-untyped-def]  # compiled
    """Put each task in turn on its least loaded server."""
    load = np.zeros(servers, dtype=np.int64)
    chosen = np.empty(len(server), dtype=np.int64)
    for task in range(len(server)):
        best = server[task, 0]
        for other in server[task, 1:]:
            if other == NONE:
                break
            if load[other] < load[best]:
                best = other
        chosen[task] = best
        load[best] += 1
    return chosen


@njit(cache=True)
def _reduce_cost(server, servers, chosen):  # type: ignore[no-untyped-def]  # compiled
    """Move tasks along cost-reducing paths, from the most loaded server on, until none is left.

    What a search without success has seen is closed: all servers that a path reaches from there
    have as many tasks as its start, less one at least, and paths from elsewhere that end there are
    of no use, for their starts have no more tasks.
    """
    tasks = len(server)
    load = np.zeros(servers, dtype=np.int64)
    # The tasks of a server as a doubly linked list, for a move takes one out anywhere.
    head = np.full(servers, NONE, dtype=np.int64)
    after = np.full(tasks, NONE, dtype=np.int64)
    before = np.full(tasks, NONE, dtype=np.int64)
    for task in range(tasks - 1, -1, -1):
        at = chosen[task]
        load[at] += 1
        after[task] = head[at]
        if head[at] != NONE:
            before[head[at]] = task
        head[at] = task
    closed = np.zeros(servers, dtype=np.bool_)
    queue = np.empty(servers, dtype=np.int64)
    via = np.empty(servers, dtype=np.int64)
    while True:
        start = NONE
        for at in range(servers):
            if not closed[at] and (start == NONE or load[at] > load[start]):
                start = at
        if start == NONE:
            return
        seen = closed.copy()
        seen[start] = True
        queue[0] = start
        first, last, end = 0, 1, NONE
        while first < last and end == NONE:
            task = head[queue[first]]
            while task != NONE and end == NONE:
                for other in server[task]:
                    if other == NONE:
                        break
                    if not seen[other]:
                        seen[other] = True
                        via[other] = task
                        if load[other] <= load[start] - 2:
                            end = other
                            break
                        queue[last] = other
                        last += 1
                task = after[task]
            first += 1
        if end == NONE:
            closed = seen
            continue
        load[start] -= 1
        load[end] += 1
        while end != start:
            task = via[end]
            at = chosen[task]
            if before[task] == NONE:
                head[at] = after[task]
            else:
                after[before[task]] = after[task]
            if after[task] != NONE:
                before[after[task]] = before[task]
            before[task], after[task] = NONE, head[end]
            if head[end] != NONE:
                before[head[end]] = task
            head[end] = task
            chosen[task] = end
            end = at


def figures(load: NDArray[np.int64]) -> dict[str, int]:
    """Return the aims that the loads of a semi-matching stand for."""
    return {"peak": int(load.max()), "balance": int((load**2).sum())}
