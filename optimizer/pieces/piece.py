"""One piece: some rows of job_vms in order of job and VM, as an estate of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from models.estate import Codes, Estate
from models.plan import Tasks
from optimizer.tasks import LISTED, byte_rank, tasks_of

BUNDLE = ["job", "look", "known", "server"]


@dataclass(frozen=True, slots=True)
class Settled:
    """What is known of a piece that lies in order.

    ``bundles`` has a row for tasks that are alike: `BUNDLE`, their ``count``, and ``first``, the
    row in the piece of the first of them. ``gone`` are rows of current without a task and
    ``serverless`` those without their server, the first few of each, and how many there are.
    """

    rows: int
    bundles: pd.DataFrame
    gone: list[int]
    all_gone: int
    serverless: list[tuple[int, int, str, str]]
    all_serverless: int


def settle(estate: Estate, rows: pd.DataFrame, out: Path) -> Settled:
    """Put the rows of a piece in order, by job name and VM (bytes), and write them to ``out``.

    The VMs of ``estate`` are the looks.
    """
    table = pa.Table.from_pandas(rows.drop(columns="piece"), preserve_index=False)
    table = table.sort_by([("rank", "ascending"), ("vm", "ascending")])
    pq.write_table(table, out)
    rows = table.to_pandas()
    jobs, looks = estate.jobs, estate.vms
    works = jobs["enabled"] & (
        jobs["application_aware"] | jobs["indexing"] | jobs["log_processing"]
    )
    rows["job"] = by_name(estate)[rows["rank"]]
    is_task = works.to_numpy()[rows["job"]] & looks["available"].to_numpy()[rows["look"]]
    tasks = rows[is_task]
    alike = tasks.groupby(BUNDLE, sort=False)["vm"]
    first = tasks[~tasks.duplicated(BUNDLE)]
    bundles = first[BUNDLE].assign(first=first.index, count=alike.size().to_numpy())
    gone = np.sort(rows["line"][rows["known"] & ~is_task].to_numpy())
    serverless = tasks[tasks["known"] & (tasks["server"] < 0)].sort_values("line")
    few = serverless[["line", "job", "vm", "proxy"]].head(LISTED)
    return Settled(
        rows=len(rows),
        bundles=bundles.reset_index(drop=True),
        gone=gone[:LISTED].tolist(),
        all_gone=len(gone),
        serverless=list(few.itertuples(index=False, name=None)),
        all_serverless=len(serverless),
    )


@dataclass(frozen=True, slots=True)
class Piece:
    """The rows of a piece as an estate with its tasks, and the look of each of its VMs."""

    estate: Estate
    tasks: Tasks
    look: Codes


def read_piece(estate: Estate, path: Path) -> Piece:
    """Return the piece that `settle` wrote; the VMs of ``estate`` are the looks.

    It has a table of today's servers where the estate has one.
    """
    table = pq.read_table(path)
    encoded = table["vm"].combine_chunks().dictionary_encode()
    code, names = encoded.indices.to_numpy(), pd.Series(encoded.dictionary, dtype="str")
    rows = table.drop_columns("vm").to_pandas()
    look = np.zeros(len(names), dtype=np.int32)
    look[code] = rows["look"]
    job = by_name(estate)[rows["rank"]]
    pairs = pd.DataFrame({"job_code": job, "vm_code": code})
    known = rows["known"].to_numpy()
    today = pairs.assign(proxy_code=rows["server"], proxy=rows["proxy"])[known]
    vms = estate.vms.iloc[look].reset_index(drop=True)
    own = replace(
        estate,
        vms=vms.assign(vm=names),
        job_vms=pairs,
        current=None if estate.current is None else today.reset_index(drop=True),
    )
    return Piece(own, tasks_of(own), look)


def by_name(estate: Estate) -> Codes:
    """Return the codes of the jobs in order of name (bytes)."""
    return np.argsort(byte_rank(estate.jobs["job"])).astype(np.int32)
