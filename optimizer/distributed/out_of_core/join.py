"""Joins the rows of `vms`, `job_vms` and `current` of the same VMs, one part of a shuffle."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from models.diagnostics import InputProblem
from models.estate import Codes
from optimizer.distributed.out_of_core.partition import Place, partition_of
from optimizer.distributed.out_of_core.shared_names import Hashes, are_shared, hash_names
from optimizer.distributed.out_of_core.small_tables import SmallTables
from optimizer.distributed.out_of_core.vm_signatures import WIDTH

JOINED = {
    "partition": "int32", "rank": "int32", "vm": "str", "signature": "int32", "known": "bool",
    "server": "int32", "proxy": "str", "line": "int64", "name": "str",
    "shared": "bool",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class JoinContext:
    """What every join needs, known before the shuffle.

    ``named`` tells whether ids stand in place of names of VMs, or no VM has a name.
    ``signatures`` has the code of each signature by chunk of `vms`, ``shared`` the hashes of names
    that several VMs have, ``cuts`` where partitions begin. Unless the tables ``is_sound`` so far,
    joined rows are checked and not written.
    """

    is_sound: bool
    named: bool
    small: SmallTables
    signatures: list[Codes]
    shared: Hashes
    cuts: list[Place]


@dataclass(slots=True)
class JoinedRows:
    """The problems of a join, and the ``unmatched`` rows of `current`: those without a task.

    ``strays`` are the hashes of what rows call a VM that no VM has as its id. With ``held`` there
    are such rows of `job_vms`, which may be names, and nothing else is told.
    """

    strays: Hashes = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))
    held: bool = False
    problems: list[InputProblem] = field(default_factory=list)
    unmatched: list[int] = field(default_factory=list)


def join_tables(
    context: JoinContext, vms: pd.DataFrame, job_vms: pd.DataFrame, current: pd.DataFrame, out: Path
) -> JoinedRows:
    """Join ``job_vms`` with the signature of each VM and its server of today, and write the rows.

    All three tables hold the rows of the same VMs. ``out`` gets columns `JOINED`; ``line`` is the
    row of `current`, -1 for none.
    """
    # What is wrong with names: given twice in a table, or not in `vms`.
    files = context.small.files
    joined = JoinedRows()
    again = _again(vms, ["vm"])
    remedy = "names are unique, keep one row"
    joined.problems += _problems(files["vms"], vms[again], "is there already", remedy)
    job_vms, current = job_vms.sort_values("row"), current.sort_values("row")
    remedy = "remove the repeated row"
    for file, rows, pair in (
        (files["job_vms"], job_vms, ["job", "vm"]),
        (files.get("current"), current, ["job", "job_name", "vm"]),
    ):
        if file is not None:
            twice = rows[_again(rows, pair)]
            joined.problems += _problems(file, twice, "is in this job already", remedy)
    if not context.named:
        known = pd.concat([vms["vm"], pd.Series([""], dtype="str")])
        strays = [texts[~texts.isin(known)] for texts in (job_vms["vm"], current["vm"])]
        joined.strays = hash_names(pd.concat(strays))
        if len(strays[0]):
            return JoinedRows(strays=joined.strays, held=True)
    rows = job_vms.merge(vms[["vm", "signature", "name"]][~again], how="left", on="vm")
    stray = rows["signature"].isna() & (rows["vm"] != "")
    remedy = "add it there or remove this row"
    joined.problems += _problems(files["job_vms"], rows[stray], "is not in vms", remedy)
    if joined.problems or not context.is_sound:
        return joined
    # What `current` says: one row at most for each of job_vms; the rest has no task.
    rows = rows.merge(
        current.rename(columns={"row": "line"}).drop(columns="job_name"), "left", on=["job", "vm"]
    )
    met = current["row"].isin(rows["line"])
    joined.unmatched = current["row"][~met].tolist()
    _write(context, rows, out)
    return joined


def _again(rows: pd.DataFrame, columns: list[str]) -> pd.Series[bool]:
    """Return which rows repeat an earlier one of the file, shape (rows,); empty cells never do."""
    ordered = rows.sort_values("row")
    again = ordered.duplicated(columns) & (ordered["vm"] != "")
    return again.reindex(rows.index)


def _problems(file: Path, rows: pd.DataFrame, reason: str, remedy: str) -> list[InputProblem]:
    cells = zip(rows["row"].tolist(), rows["vm"].tolist(), strict=True)
    return [InputProblem(file.name, row + 1, "vm", vm, reason, remedy) for row, vm in cells]


def _write(context: JoinContext, rows: pd.DataFrame, out: Path) -> None:
    rank = context.small.rank[rows["job"].to_numpy()]
    signature = rows["signature"].to_numpy(dtype=np.int64)
    firsts = np.cumsum([0, *map(len, context.signatures)])
    codes = np.concatenate([np.zeros(0, dtype=np.int32), *context.signatures])
    known, names = rows["line"].notna(), rows["name"].fillna("")
    frame = pd.DataFrame(
        {
            "partition": partition_of(context.cuts, rank, pa.array(rows["vm"], pa.string())),
            "rank": rank,
            "vm": rows["vm"],
            "signature": codes[firsts[signature >> WIDTH] + signature % (1 << WIDTH)],
            "known": known,
            "server": rows["server"].fillna(-1),
            "proxy": rows["proxy"].fillna(""),
            "line": rows["line"].fillna(-1),
            "name": names,
            "shared": are_shared(names, context.shared),
        }
    )
    frame.astype(JOINED).to_parquet(out, index=False)
