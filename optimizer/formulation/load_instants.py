"""Load instants: where the load of the week can change, but for those that another dominates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts, LoadInstants
from models.week import Intervals, activity_matrix, cuts

BLOCK = 512


def non_dominated_instants(
    activities: tuple[Intervals, ...], planned: Counts, own: Counts
) -> LoadInstants:
    """Return the load instants of the week: those that no other dominates.

    ``planned`` and ``own`` count each activity's planned and own tasks; only activities with
    planned tasks matter one by one, of the own ones only their number does.
    """
    matrix = activity_matrix(activities, cuts(activities))
    return keep_non_dominated(_peaks(LoadInstants(matrix & (planned > 0), matrix @ own)))


def _peaks(moments: LoadInstants) -> LoadInstants:
    """Drop the instants, in order of time, that the next or the previous one dominates."""
    for step in (-1, 1):
        beside = np.roll(moments.active, step, axis=0), np.roll(moments.own, step)
        covered = ~(moments.active & ~beside[0]).any(axis=1) & (moments.own <= beside[1])
        covered &= ~covered.all()
        moments = LoadInstants(moments.active[~covered], moments.own[~covered])
    return moments


def keep_non_dominated(moments: LoadInstants) -> LoadInstants:
    """Drop the instants that another one dominates; the others stay in their order.

    One with as many own tasks and the same activities or more dominates.
    """
    packed = np.packbits(moments.active, axis=1)
    _, first = np.unique(np.column_stack([moments.own, packed]), axis=0, return_index=True)
    own, active = moments.own[first], moments.active[first].astype(np.float32)
    size = active.sum(axis=1)
    keep = np.ones(len(first), dtype=np.bool_)
    for start in range(0, len(first), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(first)))
        covers = (active[rows] @ active.T == size[rows, None]) & (own >= own[rows, None])
        covers[rows - start, rows] = False
        keep[rows] = ~covers.any(axis=1)
    kept = np.sort(first[keep])  # in time few loads change from one instant to the next
    return LoadInstants(moments.active[kept], moments.own[kept])


def restricted_to(moments: LoadInstants, activities: NDArray[np.bool_]) -> LoadInstants:
    """Return the instants that matter where only some ``activities`` (a mask) can be active."""
    few = keep_non_dominated(LoadInstants(moments.active[:, activities], moments.own))
    active = np.zeros((len(few.own), len(activities)), dtype=np.bool_)
    active[:, activities] = few.active
    return LoadInstants(active, few.own)
