"""Routes: which networks reach others, by which path, and which link would open one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx

from models.estate import Estate
from optimizer.eligibility.reachability import graph_of


@dataclass(frozen=True, slots=True)
class Link:
    """A link that would open a route.

    A row of the table to be put ``up`` or ``both_ways``, or a new one, ``row`` None.
    """

    start: str
    end: str
    row: int | None
    column: str


class Routes:
    """Answers for sets of networks, given as codes."""

    def __init__(self, estate: Estate) -> None:
        self._names: list[str] = estate.networks["network"].tolist()
        self._code = {name: code for code, name in enumerate(self._names)}
        self._graph: Any = graph_of(estate)
        self._links = estate.links
        self._known: dict[Any, set[Any]] = {}
        self._shortest: dict[tuple[int, ...], dict[Any, list[Any]]] = {}

    def origins(self, targets: Iterable[Any]) -> set[Any]:
        """Return the networks (codes) and routers (names) that reach one of ``targets``."""
        if self._graph is None:
            return set(range(len(self._names))) if targets else set()
        return set().union(*(self._origins(node) for node in targets))

    def _origins(self, node: Any) -> set[Any]:
        if node not in self._known:
            there = nx.ancestors(self._graph, node) if node in self._graph else set()
            self._known[node] = {node} | {other for other in there if not isinstance(other, tuple)}
        return self._known[node]

    def path(self, sources: Sequence[int], targets: Sequence[int]) -> list[str] | None:
        """Return the networks and routers of a shortest path; None where there is none."""
        shared = sorted(set(sources) & set(targets))
        if shared:
            return [self._names[shared[0]]]
        if not sources or not targets:
            return None
        if self._graph is None:
            return [self._names[sources[0]], self._names[targets[0]]]
        paths = self._shortest_paths(tuple(targets))
        found = [paths[code] for code in sources if code in paths]
        if not found:
            return None
        shortest = min(found, key=len)
        return [self.name(node) for node in reversed(shortest) if not isinstance(node, tuple)]

    def _shortest_paths(self, targets: tuple[int, ...]) -> dict[Any, list[Any]]:
        """Return from each node a shortest path to one of ``targets``, backwards."""
        if targets not in self._shortest:
            backwards = self._graph.reverse(copy=False)
            self._shortest[targets] = nx.multi_source_dijkstra_path(backwards, set(targets))
        return self._shortest[targets]

    def name(self, node: int | str) -> str:
        """Return the name of a network (a code) or a router."""
        return self._names[node] if isinstance(node, int) else node

    def opening(self, sources: Sequence[int], targets: Sequence[int]) -> list[Link]:
        """Return single links that would let ``sources`` reach ``targets``, present ones first.

        Last comes a new one between the first network of each.
        """
        if self._links is None or not sources or not targets:
            return []
        ends = self.origins(targets)
        rows = self._links[["from", "to", "both_ways", "up"]].itertuples(index=False, name=None)
        found = []
        for row, (start, end, both_ways, up) in enumerate(rows):
            arcs = [] if up and both_ways else [(end, start)] if up else [(start, end)]
            arcs += [(end, start)] if both_ways and not up else []
            column = "both_ways" if up else "up"
            for first, last in arcs:
                near, far = self._code.get(first, first), self._code.get(last, last)
                if far in ends and not self._origins(near).isdisjoint(sources):
                    found.append(Link(first, last, row, column))
        return [*found, Link(self._names[sources[0]], self._names[targets[0]], None, "")]
