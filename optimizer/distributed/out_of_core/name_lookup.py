"""Puts ids in place of names of VMs in `job_vms` and `current`: a shuffle by ids and names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from models.diagnostics import InputProblem
from models.schema import CURRENT, JOB_VMS, VMS, Table
from optimizer.distributed.out_of_core.read_chunk import LINES, STEP
from optimizer.distributed.out_of_core.small_tables import SmallTables

KEYED = {table: lines | {"key": "str"} for table, lines in LINES.items()}
KEYED[VMS] |= {"is_name": "bool"}


@dataclass(slots=True)
class NamedRows:
    """Names of several VMs in `job_vms`, as problems, and places of some rows, as when reading."""

    problems: list[InputProblem] = field(default_factory=list)
    sample: list[tuple[int, str]] = field(default_factory=list)


def with_keys(table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Return ``rows`` with what they are looked up by, `KEYED`: VMs twice, by id and by name."""
    if table != VMS:
        return rows.assign(key=rows["vm"])
    named = rows[rows["name"] != ""]
    both = [
        rows.assign(key=rows["vm"], is_name=False),
        named.assign(key=named["name"], is_name=True),
    ]
    return pd.concat(both, ignore_index=True)


def name_rows(
    small: SmallTables,
    vms: pd.DataFrame,
    job_vms: pd.DataFrame,
    current: pd.DataFrame,
    out: Mapping[Table, Path],
) -> NamedRows:
    """Write the rows of job_vms and current with ids for names that one VM has and no VM as its id.

    All three tables hold the rows of the same keys. The name of several VMs in job_vms is a
    problem, and its row is written without a VM.
    """
    named = NamedRows()
    ids = vms["key"][~vms["is_name"]]
    by_name = vms[vms["is_name"] & ~vms["key"].isin(ids)].sort_values("row")
    owners = by_name.groupby("key")["vm"].agg(["size", "first"])
    for table, rows in ((JOB_VMS, job_vms), (CURRENT, current)):
        count = rows["key"].map(owners["size"]).fillna(0)
        first = rows["key"].map(owners["first"])
        found = rows.assign(vm=rows["vm"].where(count != 1, first))
        if table == JOB_VMS:
            several = count > 1
            named.problems += [
                InputProblem(
                    small.files["job_vms"].name, row + 1, "vm", name,
                    f"is the name of {number:.0f} VMs", f"write an id, such as {vm}",
                )
                for row, name, number, vm in zip(
                    rows["row"][several], rows["key"][several], count[several], first[several],
                    strict=True,
                )
            ]  # fmt: skip
            found["vm"] = found["vm"].where(~several, "")
            some = found.sort_values("row").iloc[::STEP]
            rank = np.append(small.rank, np.int32(-1))[some["job"].to_numpy()]
            named.sample += zip(rank.tolist(), some["vm"].tolist(), strict=True)
        found[list(LINES[table])].astype(LINES[table]).to_parquet(out[table], index=False)
    return named
