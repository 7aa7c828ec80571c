"""Shares whole numbers out, and counts within groups, a column at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def share_out(total: int, weights: ArrayLike) -> NDArray[np.int64]:
    """Return whole numbers that add up to ``total``, as near to the weights as can be.

    >>> share_out(10, [3, 1, 1]).tolist()
    [6, 2, 2]
    """
    shares = np.asarray(weights, dtype=np.float64)
    if not shares.sum():
        shares = np.ones(len(shares))
    exact = total * shares / shares.sum()
    whole: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    most_missing = np.argsort(whole - exact, kind="stable")
    whole[most_missing[: total - int(whole.sum())]] += 1
    return whole


def rank_within(groups: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the place of each element among those of its group, in their order.

    >>> rank_within(np.array([7, 2, 7, 7])).tolist()
    [0, 0, 1, 2]
    """
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    first = np.searchsorted(ordered, ordered, side="left")
    ranks = np.empty(len(groups), dtype=np.int64)
    ranks[order] = np.arange(len(groups)) - first
    return ranks
