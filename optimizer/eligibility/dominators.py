"""Which nodes all paths from one node of a graph take."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any

import networkx as nx

_Node = Any
START = ("start",)


class Dominators:
    """Which nodes all paths from `START` to a node take: ``above`` gives the nearest of each.

    Semi-NCA of Georgiadis and Tarjan, by numbers in the order of a search in depth: linear on
    rings and trees, where iterations to a fixed point are quadratic.
    """

    def __init__(self, graph: nx.DiGraph) -> None:
        edges = list(nx.dfs_edges(graph, START))
        order = [START, *(node for _, node in edges)]
        self._place = place = {node: number for number, node in enumerate(order)}
        parent = [0, *(place[node] for node, _ in edges)]
        semi, link, lowest = parent.copy(), parent.copy(), list(range(len(order)))
        for node in range(len(order) - 1, 0, -1):
            before = (place[near] for near in graph.pred[order[node]] if near in place)
            semi[node] = min(_lowest(near, node, link, lowest) for near in before)
            lowest[node] = semi[node]
        for node in range(1, len(order)):
            while parent[node] > semi[node]:
                parent[node] = parent[parent[node]]
        self.above = {node: order[parent[number]] for number, node in enumerate(order)}

    def common(self, nodes: Iterable[_Node]) -> _Node:
        """Return the nearest node that is each of ``nodes`` or above it; `START` for none."""
        nearest = reduce(self._common, nodes, None)
        return START if nearest is None else nearest

    def _common(self, one: _Node | None, other: _Node) -> _Node:
        while one is not None and one != other:
            if self._place[one] > self._place[other]:
                one = self.above[one]
            else:
                other = self.above[other]
        return other


def _lowest(node: int, current: int, link: list[int], lowest: list[int]) -> int:
    """Return the least of ``lowest`` from ``node`` up to ``current``; paths get shorter by it."""
    path = []
    while node > current and link[node] > current:
        path.append(node)
        node = link[node]
    for below in reversed(path):
        lowest[below] = min(lowest[below], lowest[link[below]])
        link[below] = link[link[below]]
    return lowest[path[0] if path else node]
