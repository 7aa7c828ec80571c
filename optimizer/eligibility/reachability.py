"""Reachability (S10), and what a single broken link cuts off (S16), by networkx.

Every link is a node of the graph between its two ends, so that parallel links stay apart and a
link that goes both ways is cut once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, reduce
from itertools import permutations
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.estate import Codes, Estate, NetworkSet
from optimizer.eligibility.dominators import START, Dominators

Matrix = NDArray[np.bool_]
_Node = Any


class Network:
    """Answers graph questions about sets of networks (`Estate.network_sets`), by their numbers.

    Answers have the shape (targets, sources).
    """

    def __init__(self, estate: Estate) -> None:
        self._sets: Sequence[NetworkSet] = estate.network_sets
        self._networks = len(estate.networks)
        self._sites: list[str] = estate.networks["site"].tolist()
        self._graph: Any = graph_of(estate)

    def shares_network(self, sources: Codes, targets: Codes) -> Matrix:
        """Return where a set of ``sources`` and one of ``targets`` have a network in common."""
        return self._meet(self._networks_in([self._sets[code] for code in sources]), targets)

    def shares_site(self, sources: Codes, targets: Codes) -> Matrix:
        """Return where a set of ``sources`` and one of ``targets`` have a site in common."""
        at: dict[str, list[int]] = defaultdict(list)
        for network, site in enumerate(self._sites):
            if site:
                at[site].append(network)
        beside = [
            sorted({near for network in self._sets[code] for near in at[self._sites[network]]})
            for code in sources
        ]
        return self._meet(self._networks_in(beside), targets)

    def reaches(self, sources: Codes, targets: Codes) -> Matrix:
        """Return where some network of the source reaches some network of the target (S10)."""
        if self._graph is None:
            known = np.array([bool(members) for members in self._sets], dtype=np.bool_)
            return known[targets][:, None] & known[sources][None, :]
        return self._meet(self._reached(sources), targets)

    def protects(self, backup_server: int, sources: Codes, targets: Codes) -> Matrix:
        """Return where no single link lies on every path of both source and backup server (S16).

        ``backup_server`` is its network set. By Menger's theorem there are then two link-disjoint
        paths. Of the links that cut the backup server off a target, only the nearest to the
        target matters: who is cut off by a farther one passes the nearest, too.
        """
        # Both reach the target while all links are up.
        own = np.array([backup_server], dtype=np.int32)
        safe = self.reaches(sources, targets) & self.reaches(own, targets)
        if self._graph is None:
            return safe
        # For each nearest cut: the networks that still reach its targets without that link.
        exposed: list[int] = []
        still: list[Matrix] = []
        for link, places in self._nearest_cuts(backup_server, targets).items():
            sets = [self._sets[targets[place]] for place in places]
            connected: dict[int, Matrix] = {}
            for network in sorted({network for members in sets for network in members}):
                if network not in connected:
                    connected |= self._above(network, link)
            exposed += places
            still += [reduce(np.logical_or, [connected[n] for n in members]) for members in sets]
        if exposed:
            safe[exposed] &= self._meet(np.array(still).T.copy(), sources).T
        return safe

    def _above(self, network: int, cut: _Node) -> dict[int, Matrix]:
        """Return the networks that reach ``network`` without the link ``cut``, itself among them.

        The row is given for it and for each network of its component, which the same reach.
        """
        ancestors = _spread(self._graph.pred, network, cut)
        alike = ancestors & _spread(self._graph.succ, network, cut)
        row = np.zeros(self._networks + 1, dtype=np.bool_)
        row[[node for node in ancestors if isinstance(node, int)]] = True
        return {node: row for node in alike if isinstance(node, int)}

    def _nearest_cuts(self, backup_server: int, targets: Codes) -> dict[_Node, list[int]]:
        """Return the link nearest to each target that all paths of the backup server take."""
        graph = nx.DiGraph(self._graph)
        graph.add_node(START)
        graph.add_edges_from((START, network) for network in self._sets[backup_server])
        tree = Dominators(graph)
        cuts: dict[_Node, list[int]] = defaultdict(list)
        for place, code in enumerate(targets.tolist()):
            node = tree.common(network for network in self._sets[code] if network in tree.above)
            while node != START and not _is_link(node):
                node = tree.above[node]
            if node != START:
                cuts[node].append(place)
        return cuts

    def _reached(self, sources: Codes) -> Matrix:
        """Return which network is reached by which source; the last row by none.

        Sources are handed on as bits from component to component: the work is linear in links.
        """
        component, order = self._condensed
        bits = [0] * len(order)
        for place, code in enumerate(sources.tolist()):
            for network in self._sets[code]:
                bits[component[network]] |= 1 << place
        for node, successors in order:
            if bits[node]:
                for successor in successors:
                    bits[successor] |= bits[node]
        width = len(sources) // 8 + 1
        packed = b"".join(
            bits[component[n]].to_bytes(width, "little") for n in range(self._networks)
        )
        rows = np.frombuffer(packed + bytes(width), dtype=np.uint8).reshape(-1, width)
        reached = np.unpackbits(rows, axis=1, count=len(sources), bitorder="little")
        return reached.astype(np.bool_)

    @cached_property
    def _condensed(self) -> tuple[Mapping[_Node, int], list[tuple[int, list[int]]]]:
        """Return each node's component, and components with successors in topological order."""
        graph = nx.condensation(self._graph)
        order = [(node, list(graph.successors(node))) for node in nx.topological_sort(graph)]
        return graph.graph["mapping"], order

    def _networks_in(self, sources: Sequence[Sequence[int]]) -> Matrix:
        """Return which network is in which source; the last row is in none."""
        holding = np.zeros((self._networks + 1, len(sources)), dtype=np.bool_)
        for column, networks in enumerate(sources):
            holding[list(networks), column] = True
        return holding

    def _meet(self, holding: Matrix, targets: Codes) -> Matrix:
        """Return where a column of ``holding`` has a network of the target."""
        networks = [self._sets[code] or (self._networks,) for code in targets]
        met = holding[[first for first, *_ in networks]]
        for turn in range(1, max(map(len, networks), default=0)):
            some = [place for place, members in enumerate(networks) if len(members) > turn]
            met[some] |= holding[[networks[place][turn] for place in some]]
        return met


def _spread(neighbours: Mapping[_Node, Iterable[_Node]], node: _Node, cut: _Node) -> set[_Node]:
    """Return what is reached from ``node`` along ``neighbours`` without ``cut``, itself as well."""
    seen = {node}
    stack = [node]
    while stack:
        fresh = [near for near in neighbours[stack.pop()] if near not in seen and near != cut]
        seen.update(fresh)
        stack += fresh
    return seen


def _is_link(node: _Node) -> bool:
    return isinstance(node, tuple) and node[0] == "link"


def graph_of(estate: Estate) -> nx.DiGraph | None:
    """Return the graph of networks (codes), routers (names) and links that are up.

    None without a links table.
    """
    if estate.links is None:
        return None
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(estate.networks)))
    code = {name: number for number, name in enumerate(estate.networks["network"].tolist())}
    rows = estate.links[["from", "to", "both_ways", "up"]].itertuples(index=False, name=None)
    for number, (start, end, both_ways, up) in enumerate(rows):
        if not up:
            continue
        first, last = code.get(start, start), code.get(end, end)
        link = ("link", number)
        graph.add_edges_from([(first, link), (link, last)])
        if both_ways:
            graph.add_edges_from([(last, link), (link, first)])
    return graph


def single_points(links: pd.DataFrame | None) -> tuple[set[frozenset[str]], set[str]]:
    """Return the pairs of ends whose links are a bridge, and the articulation points, by name.

    ``links`` is as in an estate, columns from, to, both_ways and up. Without a bridge one end no
    longer reaches the other. For an articulation point, a network or router that parts others
    when it is gone, links are seen as going both ways.
    """
    graph = nx.DiGraph()
    if links is not None:
        up = links[links["up"] & (links["from"] != links["to"])]
        graph.add_edges_from(up[["from", "to"]].itertuples(index=False))
        graph.add_edges_from(up[up["both_ways"]][["to", "from"]].itertuples(index=False))
    round_about = graph.to_undirected(reciprocal=True)
    round_about.remove_edges_from(list(nx.bridges(round_about)))
    bridges = set()
    for ends in {frozenset(edge) for edge in graph.edges if not round_about.has_edge(*edge)}:
        arcs = [arc for arc in permutations(ends) if graph.has_edge(*arc)]
        graph.remove_edges_from(arcs)
        if not all(nx.has_path(graph, *arc) for arc in arcs):
            bridges.add(ends)
        graph.add_edges_from(arcs)
    return bridges, set(nx.articulation_points(graph.to_undirected()))
