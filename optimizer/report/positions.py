"""Where places are on a map: by their coordinates, or else by what they are linked to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, radians

import numpy as np
from numpy.typing import NDArray

from optimizer.report.layout import components, laid_out
from optimizer.report.spread import spread

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
        points[packed] = _packed(strange, lines, len(mapped))
    if mapped:
        points[mapped] = _unit(_by_coordinates(mapped, lines, known))
        points[packed] = points[packed] / len(mapped) ** 0.5 + np.array(
            [0, points[mapped, 1].max()]
        )
    return _unit(spread(_unit(points)))


def _packed(
    parts: Sequence[Sequence[int]], lines: Sequence[tuple[int, int]], beside: int
) -> Points:
    """Return points of ``parts`` laid out in squares of as much room as they have places, on
    shelves as wide as all, or as a map with as many places ``beside`` them."""
    width = (beside or 1.2 * sum(map(len, parts))) ** 0.5
    left = top = high = 0.0
    found = []
    for part in parts:
        side = len(part) ** 0.5
        if left > 0 and left + side > width:
            left, top, high = 0.0, top + high, 0.0
        found.append((_unit(laid_out(part, lines)) * 0.8 + 0.1) * side + np.array([left, top]))
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
    longitude = _cut(np.array([known[place][1] for place in here]))
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


def _cut(longitude: Points) -> Points:
    """Return the longitudes so that the map's edge is where nothing is for longest."""
    around = np.sort(longitude % 360)
    gaps = np.diff(around, append=around[0] + 360)
    west = around[(int(gaps.argmax()) + 1) % len(around)]
    return np.asarray((longitude - west) % 360)


def _unit(points: Points) -> Points:
    """Return the points moved and scaled, the same in both directions, into the unit square."""
    if not len(points):
        return points
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max())
    if extent == 0:
        return np.full_like(points, 0.5)
    margin = (1 - (high - low) / extent) / 2
    return np.asarray((points - low) / extent + margin)
