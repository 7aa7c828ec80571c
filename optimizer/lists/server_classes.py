"""Server classes: servers that look alike to all kinds of VM of a job are one choice, not many.

A *view* says in a few bits what a server is to a kind of VM: `NEAR` (a network in common, S14),
`CONNECTS`, `PROTECTED`, `SAME_SITE`, or `NOT_OFFERED`, whatever is selected. Views have the shape
(kinds, servers).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optimizer.eligibility.tiers import Eligibility
from optimizer.lists.compiled import CONNECTS as CONNECTS
from optimizer.lists.compiled import IS_NEAR, IS_PROTECTED, IS_SAME_SITE
from optimizer.lists.compiled import NOT_OFFERED as NOT_OFFERED
from optimizer.simulation.candidate_sets import network_tiers

NEAR, PROTECTED, SAME_SITE = IS_NEAR, IS_PROTECTED, IS_SAME_SITE
TIER_BITS = NEAR | CONNECTS | NOT_OFFERED

Mask = NDArray[np.bool_]
Views = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ServerClasses:
    """Classes of servers: ``of`` is each server's, ``views`` has the shape (kinds, classes).

    The first server in each class, in the order given, decides the order of the classes.
    """

    of: NDArray[np.intp]
    views: Views

    def __len__(self) -> int:
        return int(self.views.shape[1])

    def sizes(self, servers: Mask) -> NDArray[np.int64]:
        """Count how many of ``servers`` are in each class."""
        return np.bincount(self.of[servers], minlength=len(self)).astype(np.int64)


def server_views(eligibility: Eligibility) -> Views:
    """Return what each server is to each profile of VM, shape (profiles, servers)."""
    tier = eligibility.tier
    views = np.zeros(tier.shape, dtype=np.uint8)
    views[(tier == 1) | (tier == 2)] |= NEAR
    views[tier > 0] |= CONNECTS
    views[tier < 0] |= NOT_OFFERED
    views[eligibility.protected] |= PROTECTED
    views[eligibility.same_site] |= SAME_SITE
    return views


def classify(views: Views, apart: int, order: NDArray[np.integer]) -> ServerClasses:
    """Return the classes of servers whose ``views`` are equal, the server ``apart`` in its own.

    ``order`` has the servers in the order that decides that of the classes.
    """
    columns = np.ascontiguousarray(
        np.vstack([views, np.zeros((1, len(order)), dtype=np.uint8)])[:, order].T
    )
    columns[np.flatnonzero(order == apart), -1] = 1
    keys = columns.view(np.dtype((np.void, columns.shape[1])))[:, 0]
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    place = np.argsort(np.argsort(first))
    of = np.empty(len(order), dtype=np.intp)
    of[order] = place[inverse]
    return ServerClasses(of, views[:, order[np.sort(first)]])


def offered(
    eligibility: Eligibility, own: int, profiles: NDArray[np.integer[Any]], listed: Mask
) -> Mask:
    """Return which of the servers ``listed`` VMs of ``profiles`` are offered (S14).

    Those of the best tier by networks alone, shape (profiles, servers); ``own`` is the backup
    server.
    """
    tier = eligibility.tier[profiles]
    listed = listed & (tier >= 0)
    ranked = np.where(listed, network_tiers(tier, own), np.int8(5))
    return np.asarray(listed & (ranked == ranked.min(axis=1, keepdims=True)))
