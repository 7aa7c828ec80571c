"""Lays out a network of which no coordinates are known, the same way every time.

First by the numbers of hops to a few places far from each other, which takes little time and gets
the large shape right; then forces between all places tidy up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

PIVOTS = 24
EFFORT = 15_000_000
MOST_ROUNDS = 100
FARTHEST = 1.2
SEED = 7


def components(count: int, lines: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Return the connected parts of ``count`` places, the largest first, places in order."""
    graph = _graph(range(count), lines)
    parts = (sorted(part) for part in nx.connected_components(graph))
    return sorted(parts, key=lambda part: (-len(part), part[0]))


def laid_out(part: Sequence[int], lines: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Return a point for each place of a connected ``part``."""
    graph = _graph(part, lines)
    if len(part) < 3:
        return np.array([[float(number), 0.0] for number in range(len(part))])
    start = dict(zip(part, _by_hops(graph, part), strict=True))
    rounds = min(MOST_ROUNDS, EFFORT // len(part) ** 2)
    if rounds:
        start = nx.forceatlas2_layout(graph, pos=start, max_iter=rounds, seed=SEED)
    return _gathered(np.array([start[place] for place in part]))


def _gathered(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the points with those far off drawn in: one of them would make all others small."""
    centre = np.median(points, axis=0)
    radius = np.hypot(*(points - centre).T)
    most = max(FARTHEST * float(np.quantile(radius, 0.95)), 1e-9)
    return np.asarray(centre + (points - centre) / np.maximum(radius / most, 1)[:, None])


def _graph(places: Sequence[int], lines: Sequence[tuple[int, int]]) -> Any:
    graph = nx.Graph()
    graph.add_nodes_from(places)
    inside = set(places)
    graph.add_edges_from(sorted(line for line in lines if inside.issuperset(line)))
    return graph


def _by_hops(graph: Any, part: Sequence[int]) -> NDArray[np.float64]:
    """Return points of which the distances are near those in hops (pivot MDS)."""
    hops: list[list[int]] = []
    pivot = part[0]
    for _ in range(min(PIVOTS, len(part))):
        reached = nx.single_source_shortest_path_length(graph, pivot)
        hops.append([reached[place] for place in part])
        nearest = np.min(hops, axis=0)
        pivot = part[int(nearest.argmax())]
    square = np.array(hops, dtype=np.float64).T ** 2
    square -= square.mean(axis=0, keepdims=True)
    square -= square.mean(axis=1, keepdims=True)
    _, _, axes = np.linalg.svd(-square / 2, full_matrices=False)
    axes = axes[:2] * np.where(axes[:2, :1] < 0, -1, 1)  # of two mirror images always the same
    points = -square / 2 @ axes.T
    jitter = np.random.default_rng(SEED).normal(scale=0.05, size=points.shape)
    return np.asarray(points / max(float(np.abs(points).max()), 1e-9) + jitter)
