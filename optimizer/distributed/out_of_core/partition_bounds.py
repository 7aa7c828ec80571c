"""Partition bounds: where the tasks, in order of job and VM, are cut into even partitions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.estate import Codes

Place = tuple[int, str]  # rank of the job, VM


def partition_bounds(sample: Sequence[Place], step: int, rows: int) -> list[Place]:
    """Return where pieces of ``rows`` rows begin, but for the first; ascending.

    Of the ``sample`` each place stands for ``step`` rows. Strings are compared as bytes.
    """
    ordered = sorted(sample, key=lambda place: (place[0], place[1].encode()))
    each = max(1, rows // step)
    return list(dict.fromkeys(ordered[each::each]))


def partition_of(cuts: Sequence[Place], rank: Codes, vm: pa.Array) -> Codes:
    """Return the number of the piece that each row is in: of all cuts how many it is not before."""
    ranks = np.array([place[0] for place in cuts], dtype=np.int64)
    piece: Codes = np.searchsorted(ranks, rank, side="left").astype(np.int32)
    for number, (cut, name) in enumerate(cuts):  # a job that is cut has its VMs on both sides
        inside = np.flatnonzero(rank == cut)
        if len(inside):
            behind = _not_before(vm.take(pa.array(inside)), name)
            piece[inside[behind]] = number + 1
    return piece


def _not_before(names: pa.Array, name: str) -> NDArray[np.bool_]:
    return np.asarray(pc.greater_equal(names, name).to_numpy(zero_copy_only=False))
