"""What people call each VM: the one rule of every file that a plan has for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.estate import Estate


def find_shared_names(estate: Estate) -> NDArray[np.bool_]:
    """Return which VMs have a name that another one has, too, shape (VMs,)."""
    names = _names(estate)
    return np.asarray((names != "") & names.duplicated(keep=False))


def name_vms(estate: Estate, shared: NDArray[np.bool_] | None = None) -> pa.Array:
    """Return what people call each VM: its name, `name (id)` where others share it, else "".

    ``shared`` tells which names are shared where the estate at hand is only part of one.
    """
    shared = find_shared_names(estate) if shared is None else shared
    names = pa.array(_names(estate), pa.string())
    if not shared.any():
        return names
    ids = pa.array(estate.vms["vm"], pa.string())
    return pc.if_else(shared, pc.binary_join_element_wise(names, " (", ids, ")", ""), names)


def _names(estate: Estate) -> pd.Series[Any]:
    empty = pd.Series("", estate.vms.index, dtype="str")
    found: pd.Series[Any] = estate.vms.get("name", empty)
    return found
