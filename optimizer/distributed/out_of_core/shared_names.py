"""Names that several VMs of the estate share, known by hashes: eight bytes for each VM.

Two names of one hash would count as shared: three in a million estates of ten million VMs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]


def hash_names(names: pd.Series[Any]) -> Hashes:
    """Return the hashes of the names that are not empty."""
    return _hashes(names[names != ""])


def find_shared_hashes(chunks: Sequence[Hashes]) -> Hashes:
    """Return the hashes that occur twice or more, ascending."""
    hashes = np.sort(np.concatenate([np.zeros(0, dtype=np.uint64), *chunks]))
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def are_shared(names: pd.Series[Any], shared: Hashes) -> NDArray[np.bool_]:
    """Return which of ``names`` are not empty and have one of the hashes ``shared``."""
    named = (names != "").to_numpy(dtype=np.bool_)
    if not len(shared):
        return np.zeros_like(named)
    hashes = _hashes(names)
    place = np.minimum(np.searchsorted(shared, hashes), len(shared) - 1)
    return np.asarray(named & (shared[place] == hashes))


def _hashes(names: pd.Series[Any]) -> Hashes:
    return pd.util.hash_array(names.to_numpy(dtype=object), categorize=False)
