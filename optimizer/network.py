"""Who reaches whom, and what a single broken link cuts off. The only place that knows networkx.

Every link is a node of the graph between its two ends, so that parallel links stay apart and a
link that goes both ways is cut once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from models.estate import Codes, Estate, NetworkSet

Matrix = NDArray[np.bool_]
_Node = Any


class Network:
    """Answers graph questions about sets of networks (`Estate.network_sets`), by their numbers."""

    def __init__(self, estate: Estate) -> None:
        self._sets: Sequence[NetworkSet] = estate.network_sets
        self._networks = len(estate.networks)
        self._sites: list[str] = estate.networks["site"].tolist()
        self._graph = _graph(estate)

    def shares_network(self, sources: Codes, targets: Codes) -> Matrix:
        """Return where a set of ``sources`` and one of ``targets`` have a network in common."""
        return self._meet(self._members([self._sets[code] for code in sources]), targets)

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
        return self._meet(self._members(beside), targets)

    def reaches(self, sources: Codes, targets: Codes) -> Matrix:
        """Return where some network of the source reaches some network of the target (S10)."""
        if self._graph is None:
            known = np.array([bool(members) for members in self._sets], dtype=np.bool_)
            return known[sources][:, None] & known[targets][None, :]
        return self._meet(self._reached(sources), targets)

    def protects(self, backup_server: int, sources: Codes, targets: Codes) -> Matrix:
        """Return where no single link lies on every path of both source and backup server (S16).

        ``backup_server`` is its network set. By Menger's theorem there are then two link-disjoint
        paths. Of the links that cut the backup server off a target, only the nearest to the
        target matters: who is cut off by a farther one passes the nearest, too.
        """
        own = np.array([backup_server], dtype=np.int32)
        safe = self.reaches(sources, targets) & self.reaches(own, targets)
        if self._graph is None:
            return safe
        for link, exposed in self._nearest_cuts(backup_server, targets).items():
            around = list(self._graph.in_edges(link)) + list(self._graph.out_edges(link))
            self._graph.remove_node(link)
            sets = [self._sets[targets[place]] for place in exposed]
            connected: dict[int, Matrix] = {}
            for network in sorted({network for members in sets for network in members}):
                if network not in connected:
                    connected |= self._above(network)
            still = np.array([np.any([connected[n] for n in s], axis=0) for s in sets])
            safe[:, exposed] &= self._meet(still, sources).T
            self._graph.add_edges_from(around)
        return safe

    def _above(self, network: int) -> dict[int, Matrix]:
        """Return the networks that reach ``network``, itself among them, as a row for it and for
        each one that it reaches in turn: they are reached by the same."""
        ancestors = nx.ancestors(self._graph, network) | {network}
        alike = (ancestors & nx.descendants(self._graph, network)) | {network}
        row = np.zeros(self._networks + 1, dtype=np.bool_)
        row[[node for node in ancestors if isinstance(node, int)]] = True
        return {node: row for node in alike if isinstance(node, int)}

    def _nearest_cuts(self, backup_server: int, targets: Codes) -> dict[_Node, list[int]]:
        """Return the link nearest to each target that all paths of the backup server take."""
        graph = nx.DiGraph(self._graph)
        graph.add_edges_from(("start", network) for network in self._sets[backup_server])
        graph.add_node("start")
        for place, code in enumerate(targets):
            graph.add_edges_from((network, ("target", place)) for network in self._sets[code])
        above = nx.immediate_dominators(graph, "start")
        cuts: dict[_Node, list[int]] = defaultdict(list)
        for place in range(len(targets)):
            node = above.get(("target", place))
            while node is not None and node != "start" and not _is_link(node):
                node = above[node]
            if _is_link(node):
                cuts[node].append(place)
        return cuts

    def _reached(self, sources: Codes) -> Matrix:
        """Return the networks that each source reaches, by bit sets over the condensed graph."""
        graph = nx.condensation(self._graph)
        component = graph.graph["mapping"]
        bits: dict[int, int] = {}
        for node in reversed(list(nx.topological_sort(graph))):
            bits[node] = 1 << node
            for successor in graph.successors(node):
                bits[node] |= bits[successor]
        of_network = np.array([component[n] for n in range(self._networks)], dtype=np.intp)
        reached = np.zeros((len(sources), self._networks + 1), dtype=np.bool_)
        for row, code in enumerate(sources.tolist()):
            union = 0
            for network in self._sets[code]:
                union |= bits[component[network]]
            packed = np.frombuffer(union.to_bytes(len(bits) // 8 + 1, "little"), dtype=np.uint8)
            reached[row, :-1] = np.unpackbits(packed, bitorder="little")[of_network]
        return reached

    def _members(self, sources: Sequence[Sequence[int]]) -> Matrix:
        """Return which source holds which network; the last column is in no source."""
        members = np.zeros((len(sources), self._networks + 1), dtype=np.bool_)
        for row, networks in enumerate(sources):
            members[row, list(networks)] = True
        return members

    def _meet(self, members: Matrix, targets: Codes) -> Matrix:
        """Return where a row of ``members`` holds a network of the target."""
        if not len(targets):
            return np.zeros((len(members), 0), dtype=np.bool_)
        networks = [self._sets[code] or (self._networks,) for code in targets]
        starts = np.cumsum([0] + [len(group) for group in networks[:-1]])
        return np.logical_or.reduceat(members[:, np.concatenate(networks)], starts, axis=1)


def _is_link(node: _Node) -> bool:
    return isinstance(node, tuple) and node[0] == "link"


def _graph(estate: Estate) -> nx.DiGraph | None:
    """Return the graph of networks, routers and links that are up; None without a links table."""
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
