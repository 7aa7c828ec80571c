"""Topologies: sites and links, from a GraphML file or as a hub, a ring, a mesh."""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.diagnostics import InputProblem
from models.errors import EstateError
from optimizer.files.reading import read_bytes
from optimizer.inputs.synthetic.options import Shape

EARTH_RADIUS_KM = 6371.0
KM_PER_MS = 200.0


@dataclass(frozen=True)
class Topology:
    """Sites by name, links as pairs of sites, their latency (None: unknown), and the centre.

    ``places`` has latitude and longitude of the sites that are known, by code.
    """

    sites: tuple[str, ...]
    links: tuple[tuple[int, int], ...]
    latency_ms: tuple[float | None, ...]
    centre: int
    places: Mapping[int, tuple[float, float]] = field(default_factory=dict)

    def table(self) -> pa.Table:
        """Return ``sites``: where those are whose place is known."""
        return pa.table(
            {
                "site": [self.sites[site] for site in self.places],
                "latitude": [f"{latitude:g}" for latitude, _ in self.places.values()],
                "longitude": [f"{longitude:g}" for _, longitude in self.places.values()],
            }
        )

    def nearest(self, centres: Iterable[int]) -> NDArray[np.int64]:
        """Return for each site which of ``centres`` is fewest links away, -1 where none is."""
        import networkx as nx

        graph = nx.Graph(self.links)
        graph.add_nodes_from(range(len(self.sites)))
        cells = nx.voronoi_cells(graph, sorted(centres), weight=None)
        found = np.full(len(self.sites), -1, dtype=np.int64)
        for centre, cell in cells.items():
            if centre != "unreachable":
                found[list(cell)] = centre
        return found


def shape_topology(shape: Shape, count: int, rng: np.random.Generator) -> Topology:
    """Return ``count`` invented sites; the first is the centre.

    A hub links each to the centre, a ring each to the next, a mesh also to one farther round.
    """
    sites = range(count)
    if shape == "hub":
        pairs = {(0, site) for site in sites}
    else:
        steps = (1,) if shape == "ring" else (1, math.isqrt(count) + 1)
        pairs = {
            (min(a, b), max(a, b)) for a in sites for b in ((a + step) % count for step in steps)
        }
    links = tuple(sorted((a, b) for a, b in pairs if a != b))
    width = max(2, len(str(count)))
    names = tuple(f"site-{site + 1:0{width}d}" for site in sites)
    latency = rng.integers(2, 40, len(links), endpoint=True)
    return Topology(names, links, tuple(map(float, latency)), 0)


def read_topology(path: Path) -> Topology:
    """Return the graph in a GraphML file; its best linked node is the centre.

    Raises EstateError where the file cannot be read or holds no nodes.
    """
    import networkx as nx

    try:
        graph = nx.Graph(nx.read_graphml(io.BytesIO(read_bytes(path))))
    except (OSError, ParseError, nx.NetworkXException, KeyError, ValueError) as error:
        raise _refused(path, f"cannot be read as GraphML: {error}") from error
    if not graph:
        raise _refused(path, "has no nodes")
    nodes = {node: code for code, node in enumerate(graph)}
    facts: list[dict[str, Any]] = [graph.nodes[node] for node in graph]
    names = _unique([_label(fact, node) for fact, node in zip(facts, graph, strict=True)])
    links = tuple(sorted({_pair(nodes[a], nodes[b]) for a, b in graph.edges if a != b}))
    degree = Counter(end for link in links for end in link)
    centre = max(range(len(names)), key=lambda code: (degree[code], -code))
    found = {site: place for site, fact in enumerate(facts) if (place := _place(fact))}
    latency = tuple(_latency(found.get(a), found.get(b)) for a, b in links)
    return Topology(names, links, latency, centre, found)


def _refused(path: Path, reason: str) -> EstateError:
    remedy = "give a GraphML file with a node per site"
    return EstateError([InputProblem(path.name, None, None, None, reason, remedy)])


def _pair(a: int, b: int) -> tuple[int, int]:
    return min(a, b), max(a, b)


def _label(fact: dict[str, Any], node: str) -> str:
    # A semicolon would part a list cell, a tilde the two ends of a link.
    label = " ".join(str(fact.get("label", "")).replace(";", " ").replace("~", " ").split())
    return label or str(node)


def _unique(labels: Sequence[str]) -> tuple[str, ...]:
    taken = set(labels)
    seen: set[str] = set()
    names = []
    for label in labels:
        name, number = label, 1
        while name in seen or (number > 1 and name in taken):
            number += 1
            name = f"{label} {number}"
        seen.add(name)
        names.append(name)
    return tuple(names)


def _place(fact: dict[str, Any]) -> tuple[float, float] | None:
    """Return latitude and longitude of a node, None where it has none that can be."""
    try:
        place = float(fact["Latitude"]), float(fact["Longitude"])
    except (KeyError, TypeError, ValueError):
        return None
    return place if abs(place[0]) <= 90 and abs(place[1]) <= 180 else None


def _latency(one: tuple[float, float] | None, other: tuple[float, float] | None) -> float | None:
    """Return the great-circle distance at `KM_PER_MS` in ms; None where a place is unknown."""
    if one is None or other is None:
        return None
    (lat_a, lon_a), (lat_b, lon_b) = (tuple(map(math.radians, place)) for place in (one, other))
    half = (
        math.sin((lat_b - lat_a) / 2) ** 2
        + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    )
    km = 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))
    return round(km / KM_PER_MS, 2)
