"""The assignment problem in integers: how many tasks of each group go to which server."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.estate import Codes

Counts = NDArray[np.int64]
Label = NDArray[np.int8]

SAME_SITE, PROTECTED, TIER = 1, 2, 4


def label_of(
    tier: NDArray[np.int8], protected: NDArray[np.bool_], same_site: NDArray[np.bool_]
) -> Label:
    """Return tier and flags as one number, 0 where there is no tier: what the aims count."""
    # In bytes throughout: whole numbers of the usual size would take eight times the memory.
    label = tier * np.int8(TIER)
    label += protected * np.int8(PROTECTED)
    label += same_site * np.int8(SAME_SITE)
    label[tier <= 0] = 0
    return label


@dataclass(frozen=True, slots=True)
class LoadInstants:
    """The busiest instants of the week; every other instant has no more on any server.

    ``active`` tells which activity is active, shape (moments, activities); ``own`` counts the
    backup server's own tasks at each, zeros where they play no part.
    """

    active: NDArray[np.bool_]
    own: Counts


@dataclass(frozen=True, slots=True)
class Members:
    """The servers that the *classes* among a problem's servers stand for.

    Per member: ``server``, the number of its class, in ascending order; what it is ``running`` and
    up to what it may be filled, its ``limit``, which is more; and its tasks of ``today`` by
    activity, shape (members, activities).
    """

    server: Counts
    running: Counts
    limit: Counts
    today: Counts

    @classmethod
    def none(cls) -> Members:
        """Return the members where every server stands for itself."""
        nothing = np.zeros(0, dtype=np.int64)
        return cls(nothing, nothing, nothing, np.zeros((0, 0), dtype=np.int64))


@dataclass(frozen=True, slots=True)
class AssignmentProblem:
    """Groups of interchangeable tasks, and what limits their assignment.

    Per group (all tasks alike to the model): ``count``, ``kind`` and ``activity`` (when it runs).
    ``today`` has aligned arrays (group, server, count) of the tasks that may stay where they are,
    sorted by group and server. Per kind: ``label`` of every server,
    shape (kinds, servers), 0 where it may not serve, and ``takeover``, whether it counts for
    failover. Per server: ``limit`` on load (-1 for none), ``running`` tasks, ``candidate``. A class
    of servers, which has ``members``, is one server with the limits and tasks of them all.
    ``moments`` are those of any server but the backup server, ``own_moments`` those of the
    latter. Of ``losses``, sets of servers, any one must be survivable with ``failover_limit``
    tasks on the backup server; it is None where that is not enforced or not limited.
    ``movable`` planned tasks have a server today; None where nothing is known of today.
    """

    count: Counts
    kind: Codes
    activity: Codes
    today: tuple[Counts, Counts, Counts]
    label: Label
    takeover: NDArray[np.bool_]
    limit: Counts
    running: Counts
    candidate: NDArray[np.bool_]
    members: Members
    backup_server: int
    moments: LoadInstants
    own_moments: LoadInstants
    losses: tuple[tuple[int, ...], ...]
    failover_limit: int | None
    movable: int | None

    def moments_of(self, server: int) -> LoadInstants:
        """Return the moments that matter to ``server``."""
        return self.own_moments if server == self.backup_server else self.moments
