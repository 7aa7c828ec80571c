"""One partition: some rows of job_vms in order of job and VM, and all tasks in few rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from models.estate import Codes, Estate
from models.plan import Tasks
from optimizer.eligibility.tasks import LISTED, byte_rank, classify_guests, find_tasks


def summarise_tasks(estate: Estate, pieces: Sequence[pd.DataFrame]) -> tuple[Tasks, pd.DataFrame]:
    """Return the tasks, a row for those alike, and the bundles of all ``pieces`` with the row
    that each is in (``row``) and the number of its piece (``piece``).

    The rows are in the order of the first task of each, as the planner numbers groups by the
    first task that it meets. The VMs of ``estate`` are the looks.
    """
    bundles = pd.concat(
        [bundles.assign(piece=number) for number, bundles in enumerate(pieces)], ignore_index=True
    )
    row = bundles.groupby(BUNDLE, sort=False).ngroup().to_numpy()
    first = bundles[~bundles.duplicated(BUNDLE)]
    count = np.bincount(row, bundles["count"], len(first)).astype(np.int64)
    look = first["look"].to_numpy(dtype=np.int32)
    tasks = Tasks(
        job=first["job"].to_numpy(dtype=np.int32),
        vm=look,
        kind=classify_guests(estate.vms["os"])[look],
        has_current=first["known"].to_numpy(dtype=np.bool_),
        current=first["server"].to_numpy(dtype=np.int32),
        previous=np.full(len(first), "", dtype=object),
        count=count,
    )
    return tasks, bundles.assign(row=row)


BUNDLE = ["job", "look", "known", "server"]


@dataclass(frozen=True, slots=True)
class PartitionSummary:
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


def sort_partition(estate: Estate, rows: pd.DataFrame, out: Path) -> PartitionSummary:
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
    rows["job"] = sort_by_name(estate)[rows["rank"]]
    is_task = works.to_numpy()[rows["job"]] & looks["available"].to_numpy()[rows["look"]]
    tasks = rows[is_task]
    alike = tasks.groupby(BUNDLE, sort=False)["vm"]
    first = tasks[~tasks.duplicated(BUNDLE)]
    bundles = first[BUNDLE].assign(first=first.index, count=alike.size().to_numpy())
    gone = np.sort(rows["line"][rows["known"] & ~is_task].to_numpy())
    serverless = tasks[tasks["known"] & (tasks["server"] < 0)].sort_values("line")
    few = serverless[["line", "job", "vm", "proxy"]].head(LISTED)
    return PartitionSummary(
        rows=len(rows),
        bundles=bundles.reset_index(drop=True),
        gone=gone[:LISTED].tolist(),
        all_gone=len(gone),
        serverless=list(few.itertuples(index=False, name=None)),
        all_serverless=len(serverless),
    )


@dataclass(frozen=True, slots=True)
class Partition:
    """The rows of a piece as an estate with its tasks, and the look of each of its VMs."""

    estate: Estate
    tasks: Tasks
    look: Codes


def read_partition(estate: Estate, path: Path) -> Partition:
    """Return the piece that `sort_partition` wrote; the VMs of ``estate`` are the looks.

    It has a table of today's servers where the estate has one.
    """
    table = pq.read_table(path)
    encoded = table["vm"].combine_chunks().dictionary_encode()
    code, names = encoded.indices.to_numpy(), pd.Series(encoded.dictionary, dtype="str")
    rows = table.drop_columns(["vm", "name"]).to_pandas()
    called = np.full(len(names), "", dtype=object)
    called[code] = table["name"].to_numpy()
    look = np.zeros(len(names), dtype=np.int32)
    look[code] = rows["look"]
    job = sort_by_name(estate)[rows["rank"]]
    pairs = pd.DataFrame({"job_code": job, "vm_code": code})
    known = rows["known"].to_numpy()
    today = pairs.assign(proxy_code=rows["server"], proxy=rows["proxy"])[known]
    vms = estate.vms.iloc[look].reset_index(drop=True)
    own = replace(
        estate,
        vms=vms.assign(vm=names, name=pd.Series(called, dtype="str")),
        job_vms=pairs,
        current=None if estate.current is None else today.reset_index(drop=True),
    )
    return Partition(own, find_tasks(own), look)


def sort_by_name(estate: Estate) -> Codes:
    """Return the codes of the jobs in order of name (bytes)."""
    return np.argsort(byte_rank(estate.jobs["job"])).astype(np.int32)
