"""Tier outcomes: what becomes of each kind of VM of a job inside a choice, whatever the loads.

It depends on the choice alone whether a kind finds a near server (tier 1), the backup server near
(tier 2), far servers that all connect (tier 3), far ones of which some do not, or only the backup
server (S13, S14, S16). Where some do not, loads decide: then there is a worst and a best outcome.
Outcomes are ranks: tiers 1 to 4, `FAILED` beyond them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from optimizer.lists.server_classes import CONNECTS, NEAR, NOT_OFFERED, Mask, Views

FAILED = 5
Ranks = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The ``worst`` and the ``best`` rank of each kind in each choice, shape (choices, kinds)."""

    worst: Ranks
    best: Ranks


def outcomes(views: Views, own: int, listed: Mask) -> Outcomes:
    """Return the outcomes of each kind in each of several choices.

    ``views`` has the shape (kinds, columns): a column is a server, or a class of them; ``own`` is
    the backup server's, which need not be in the choice to stand in. ``listed`` has the shape
    (choices, columns).
    """
    near, connects = (views & NEAR) > 0, (views & CONNECTS) > 0
    fails = (views & (CONNECTS | NOT_OFFERED)) == 0
    stand_in = np.where(near[:, own], 2, 4)
    stand_in = np.where(connects[:, own], stand_in, FAILED).astype(np.int8)
    # How many columns beside the backup server's are near, connect, do not: (choices, kinds).
    others = listed.astype(np.float32)
    others[:, own] = 0
    any_near, any_connects, any_fails = (
        others @ is_so.T.astype(np.float32) > 0 for is_so in (near, connects, fails)
    )
    far = np.where(any_connects, np.int8(3), stand_in)
    mixed = any_connects & any_fails
    beside = listed[:, own, None] & near[:, own]
    worst, best = (
        np.where(beside, np.int8(2), np.where(mixed, pick(np.int8(3), stand_in), far))
        for pick in (np.maximum, np.minimum)
    )
    return Outcomes(np.where(any_near, np.int8(1), worst), np.where(any_near, np.int8(1), best))


def reached(ranks: Ranks, count: Counts) -> Counts:
    """Count the tasks in tier k or a better one for k = 1 to 4, shape (choices, 4).

    ``count`` is how many tasks each kind has.
    """
    return np.stack([(ranks <= tier) @ count for tier in (1, 2, 3, 4)], axis=1)
