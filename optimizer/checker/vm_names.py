"""What people call each VM, by the contract, and whether a file calls it so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.estate import Estate
from optimizer.checker.plan_files import PlanFiles
from optimizer.checker.violations import Violations

Flags = NDArray[np.bool_]


def compute_names(estate: Estate, shared: Flags | None = None) -> Any:
    """Return what each VM is called: its name, with its id behind it where others have it, too.

    ``shared`` tells which names others have; without, only VMs of the ``estate`` count.
    """
    vms = estate.vms
    if "name" not in vms:
        return pa.nulls(len(vms), pa.string()).fill_null("")
    names = pa.array(vms["name"], pa.string())
    if shared is None:
        counts = names.value_counts()
        often = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
        shared = pc.is_in(names, often).to_numpy(zero_copy_only=False)
    alike = np.flatnonzero(shared & pc.not_equal(names, "").to_numpy(zero_copy_only=False))
    worded = [f"{vms['name'].iloc[vm]} ({vms['vm'].iloc[vm]})" for vm in alike.tolist()]
    mask = np.zeros(len(vms), dtype=np.bool_)
    mask[alike] = True
    return pc.replace_with_mask(names, mask, pa.array(worded, pa.string()))


def judge_names(ids: Any, called: Any, written: PlanFiles, complaints: Violations) -> None:
    """Complain where a row calls a VM otherwise than ``called``, aligned with ``ids``."""
    if "vm_name" not in written.columns or not len(written):
        return
    place = pc.index_in(written.columns["vm"], ids)
    rows = np.flatnonzero(place.is_valid().to_numpy(zero_copy_only=False))
    expected = called.take(place.filter(place.is_valid()))
    found = written.columns["vm_name"].take(pa.array(rows))
    complaints.each(
        "VMs by another name",
        np.flatnonzero(pc.not_equal(found, expected).to_numpy(zero_copy_only=False)),
        lambda at: (
            f"{written.file}: vm {written.text('vm', int(rows[at]))!r}: vm_name is "
            f"{written.text('vm_name', int(rows[at]))!r}, expected {expected[int(at)].as_py()!r}"
        ),
    )
