"""Lays out the map: positions by coordinates or by links, and points moved apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, radians
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


def lay_out(part: Sequence[int], lines: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Return a point for each place of a connected ``part``."""
    graph = _graph(part, lines)
    if len(part) < 3:
        return np.array([[float(number), 0.0] for number in range(len(part))])
    start = dict(zip(part, _by_hops(graph, part), strict=True))
    rounds = min(MOST_ROUNDS, EFFORT // len(part) ** 2)
    if rounds:
        start = nx.forceatlas2_layout(graph, pos=start, max_iter=rounds, seed=SEED)
    return _gather(np.array([start[place] for place in part]))


def _gather(points: NDArray[np.float64]) -> NDArray[np.float64]:
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


Points = NDArray[np.float64]


def positions(
    count: int, lines: Sequence[tuple[int, int]], known: Mapping[int, tuple[float, float]]
) -> Points:
    """Return ``count`` points in the unit square, y downwards, so far apart as there is room.

    ``known`` has latitude and longitude of some: others of the same connected part are between
    those that they are linked to. Parts of which nothing is known are laid out by themselves,
    below the others. The same arguments give the same points.
    """
    points = np.zeros((count, 2))
    parts = components(count, lines)
    mapped = [place for part in parts if any(p in known for p in part) for place in part]
    strange = [part for part in parts if not any(place in known for place in part)]
    packed = [place for part in strange for place in part]
    if packed:
        points[packed] = _pack(strange, lines, len(mapped))
    if mapped:
        points[mapped] = _scale(_by_coordinates(mapped, lines, known))
        points[packed] = points[packed] / len(mapped) ** 0.5 + np.array(
            [0, points[mapped, 1].max()]
        )
    return _scale(spread(_scale(points)))


def _pack(parts: Sequence[Sequence[int]], lines: Sequence[tuple[int, int]], beside: int) -> Points:
    """Pack ``parts``, each laid out in a square as large as it has places, row by row.

    Rows are as wide as all together, or as a map with as many places ``beside`` them.
    """
    width = (beside or 1.2 * sum(map(len, parts))) ** 0.5
    left = top = high = 0.0
    found = []
    for part in parts:
        side = len(part) ** 0.5
        if left > 0 and left + side > width:
            left, top, high = 0.0, top + high, 0.0
        found.append((_scale(lay_out(part, lines)) * 0.8 + 0.1) * side + np.array([left, top]))
        left, high = left + side, max(high, side)
    return np.concatenate(found)


def _by_coordinates(
    places: Sequence[int],
    lines: Sequence[tuple[int, int]],
    known: Mapping[int, tuple[float, float]],
) -> Points:
    """Return equirectangular points of the known ``places``, the others between them."""
    row = {place: number for number, place in enumerate(places)}
    here = [place for place in places if place in known]
    latitude = np.array([known[place][0] for place in here])
    longitude = _crop(np.array([known[place][1] for place in here]))
    points = np.zeros((len(places), 2))
    fixed = np.zeros(len(places), dtype=np.bool_)
    fixed[[row[place] for place in here]] = True
    points[fixed, 0] = longitude * cos(radians(float(latitude.mean())))
    points[fixed, 1] = -latitude
    linked = np.zeros((len(places), len(places)))
    for start, end in lines:
        if start in row and end in row:
            linked[row[start], row[end]] = linked[row[end], row[start]] = 1.0
    free = ~fixed
    if free.any():  # each at the mean of its neighbours, as if links were springs
        degree = np.diag(linked[free].sum(axis=1))
        points[free] = np.linalg.solve(
            degree - linked[np.ix_(free, free)], linked[np.ix_(free, fixed)] @ points[fixed]
        )
    return points


def _crop(longitude: Points) -> Points:
    """Return the longitudes so that the map's edge is where nothing is for longest."""
    around = np.sort(longitude % 360)
    gaps = np.diff(around, append=around[0] + 360)
    west = around[(int(gaps.argmax()) + 1) % len(around)]
    return np.asarray((longitude - west) % 360)


def _scale(points: Points) -> Points:
    """Return the points moved and scaled, the same in both directions, into the unit square."""
    if not len(points):
        return points
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max())
    if extent == 0:
        return np.full_like(points, 0.5)
    margin = (1 - (high - low) / extent) / 2
    return np.asarray((points - low) / extent + margin)


NEAREST = 0.7
ROUNDS = 200
GOLDEN = 2.399963


def spread(points: Points) -> Points:
    """Return ``points`` of the unit square, neighbours about `NEAREST` / sqrt(n) apart."""
    points = points.copy()
    least = NEAREST / max(len(points), 1) ** 0.5
    for _ in range(ROUNDS):
        one, other = close_pairs(points, least)
        apart = points[other] - points[one]
        distance = np.hypot(*apart.T)
        near = distance < least * 0.99
        if not near.any():
            break
        one, other, apart, distance = one[near], other[near], apart[near], distance[near]
        angle = GOLDEN * (one + other)
        same = (distance < 1e-9)[:, None]
        direction = np.where(same, np.stack([np.cos(angle), np.sin(angle)], axis=1), apart)
        direction /= np.hypot(*direction.T)[:, None]
        push = direction * ((least - distance) / 2)[:, None]
        for end, move in ((one, -push), (other, push)):
            for axis in (0, 1):
                points[:, axis] += np.bincount(end, move[:, axis], len(points))
    return points


def close_pairs(points: Points, distance: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of points, each once, all nearer than ``distance`` among them.

    They are those in the same or neighbouring cells of a grid that wide.
    """
    cell = np.floor(points / distance).astype(np.int64)
    cell -= cell.min(axis=0, initial=0)
    width = int(cell[:, 1].max(initial=0)) + 3
    key = cell[:, 0] * width + cell[:, 1]
    order = np.argsort(key, kind="stable")
    ones, others = [], []
    for step in (0, 1, width - 1, width, width + 1):
        first, last = (np.searchsorted(key[order], key + step, side) for side in ("left", "right"))
        count = last - first
        one = np.repeat(np.arange(len(key)), count)
        start = np.repeat(np.cumsum(count) - count, count)
        other = order[np.repeat(first, count) + np.arange(len(one)) - start]
        once = one < other if step == 0 else np.ones(len(one), dtype=np.bool_)
        ones.append(one[once])
        others.append(other[once])
    return np.concatenate(ones), np.concatenate(others)
