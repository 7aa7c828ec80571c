"""Brings together what three tables say of the same VMs, those of one part of a shuffle."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from models.diagnostics import InputProblem
from models.estate import Codes
from optimizer.distributed.out_of_core.shuffle import Place, partition_of
from optimizer.distributed.out_of_core.small_tables import SmallTables
from optimizer.distributed.out_of_core.vm_signatures import WIDTH

JOINED = {
    "piece": "int32", "rank": "int32", "vm": "str", "look": "int32", "known": "bool",
    "server": "int32", "proxy": "str", "line": "int64", "name": "str",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class JoinContext:
    """What is known beforehand: the head, the code of each look by chunk, where pieces begin, and
    whether the tables are ``sound`` so far: else they are looked at, and not written."""

    sound: bool
    head: SmallTables
    looks: list[Codes]
    cuts: list[Place]


@dataclass(slots=True)
class JoinedRows:
    """What is wrong, and the rows of current that meet no row of job_vms."""

    problems: list[InputProblem] = field(default_factory=list)
    strangers: list[int] = field(default_factory=list)


def join_tables(
    key: JoinContext, vms: pd.DataFrame, job_vms: pd.DataFrame, current: pd.DataFrame, out: Path
) -> JoinedRows:
    """Write the rows of ``job_vms`` with the look of their VM and their server of today.

    All three hold the rows of the same VMs. ``out`` gets columns `JOINED`; ``line`` is the row of
    current, -1 for none.
    """
    files = key.head.files
    joined = JoinedRows()
    again = _again(vms, ["vm"])
    remedy = "names are unique, keep one row"
    joined.problems += _problems(files["vms"], vms[again], "was there before", remedy)
    job_vms, current = job_vms.sort_values("row"), current.sort_values("row")
    remedy = "remove the repeated row"
    for file, rows, pair in (
        (files["job_vms"], job_vms, ["job", "vm"]),
        (files.get("current"), current, ["job", "job_name", "vm"]),
    ):
        if file is not None:
            twice = rows[_again(rows, pair)]
            joined.problems += _problems(file, twice, "is in this job already", remedy)
    rows = job_vms.merge(vms[["vm", "look", "name"]][~again], how="left", on="vm")
    stray = rows["look"].isna() & (rows["vm"] != "")
    remedy = "add it there or remove this row"
    joined.problems += _problems(files["job_vms"], rows[stray], "is not in vms", remedy)
    if joined.problems or not key.sound:
        return joined
    rows = rows.merge(
        current.rename(columns={"row": "line"}).drop(columns="job_name"), "left", on=["job", "vm"]
    )
    met = current["row"].isin(rows["line"])
    joined.strangers = current["row"][~met].tolist()
    _write(key, rows, out)
    return joined


def _again(rows: pd.DataFrame, columns: list[str]) -> pd.Series[bool]:
    """Tell which rows say again what an earlier one of the file says; empty cells say nothing."""
    ordered = rows.sort_values("row")
    again = ordered.duplicated(columns) & (ordered["vm"] != "")
    return again.reindex(rows.index)


def _problems(file: Path, rows: pd.DataFrame, reason: str, remedy: str) -> list[InputProblem]:
    cells = zip(rows["row"].tolist(), rows["vm"].tolist(), strict=True)
    return [InputProblem(file.name, row + 1, "vm", vm, reason, remedy) for row, vm in cells]


def _write(key: JoinContext, rows: pd.DataFrame, out: Path) -> None:
    rank = key.head.rank[rows["job"].to_numpy()]
    look = rows["look"].to_numpy(dtype=np.int64)
    firsts = np.cumsum([0, *map(len, key.looks)])
    codes = np.concatenate([np.zeros(0, dtype=np.int32), *key.looks])
    known = rows["line"].notna()
    frame = pd.DataFrame(
        {
            "piece": partition_of(key.cuts, rank, pa.array(rows["vm"], pa.string())),
            "rank": rank,
            "vm": rows["vm"],
            "look": codes[firsts[look >> WIDTH] + look % (1 << WIDTH)],
            "known": known,
            "server": rows["server"].fillna(-1),
            "proxy": rows["proxy"].fillna(""),
            "line": rows["line"].fillna(-1),
            "name": rows["name"].fillna(""),
        }
    )
    frame.astype(JOINED).to_parquet(out, index=False)
