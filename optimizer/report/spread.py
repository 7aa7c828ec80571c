"""Moves points of a map apart until none hides another, each no farther than it must."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
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
        way = np.where(same, np.stack([np.cos(angle), np.sin(angle)], axis=1), apart)
        way /= np.hypot(*way.T)[:, None]
        push = way * ((least - distance) / 2)[:, None]
        for end, move in ((one, -push), (other, push)):
            for axis in (0, 1):
                points[:, axis] += np.bincount(end, move[:, axis], len(points))
    return points


def close_pairs(points: Points, distance: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of points, each once, all nearer than ``distance`` among them: those in the
    same or neighbouring cells of a grid that wide."""
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
