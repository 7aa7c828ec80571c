"""Partitions: ranges of job_vms in order of job and VM, each summarised as tasks with a count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from models.estate import Codes, Estate
from models.plan import Tasks
from optimizer.checker.plan_files import PlanFiles
from optimizer.eligibility.tasks import (
    LISTED,
    byte_rank,
    classify_guests,
    find_tasks,
    needs_interaction,
)

Place = tuple[int, str]  # rank of the job, VM
RowEdges = tuple[tuple[str, bytes], tuple[str, bytes]]  # job and VM of the first and last row


def partition_bounds(sample: Sequence[Place], step: int, rows: int) -> list[Place]:
    """Return the places at which partitions of ``rows`` rows begin, but for the first; ascending.

    Of the ``sample`` each place stands for ``step`` rows. Strings are compared as bytes.
    """
    ordered = sorted(sample, key=lambda place: (place[0], place[1].encode()))
    each = max(1, rows // step)
    return list(dict.fromkeys(ordered[each::each]))


def partition_of(cuts: Sequence[Place], rank: Codes, vm: pa.Array) -> Codes:
    """Return each row's partition: how many of the ``cuts`` it is not before."""
    ranks = np.array([place[0] for place in cuts], dtype=np.int64)
    partition: Codes = np.searchsorted(ranks, rank, side="left").astype(np.int32)
    for number, (cut, name) in enumerate(cuts):  # a job that is cut has its VMs on both sides
        inside = np.flatnonzero(rank == cut)
        if len(inside):
            behind = _not_before(vm.take(pa.array(inside)), name)
            partition[inside[behind]] = number + 1
    return partition


def _not_before(names: pa.Array, name: str) -> NDArray[np.bool_]:
    return np.asarray(pc.greater_equal(names, name).to_numpy(zero_copy_only=False))


def summarise_tasks(
    estate: Estate, partitions: Sequence[pd.DataFrame]
) -> tuple[Tasks, pd.DataFrame]:
    """Return the tasks with a count, a row for those alike, and the bundles that they come from.

    A bundle is the tasks of a partition that are alike in `BUNDLE`; ``row`` is its row of the
    tasks, ``partition`` the number of its partition.

    The rows are in the order of the first task of each, as the planner numbers groups by the
    first task that it meets. The VMs of ``estate`` are the signatures.
    """
    bundles = pd.concat(
        [bundles.assign(partition=number) for number, bundles in enumerate(partitions)],
        ignore_index=True,
    )
    row = bundles.groupby(BUNDLE, sort=False).ngroup().to_numpy()
    first = bundles[~bundles.duplicated(BUNDLE)]
    count = np.bincount(row, bundles["count"], len(first)).astype(np.int64)
    signature = first["signature"].to_numpy(dtype=np.int32)
    tasks = Tasks(
        job=first["job"].to_numpy(dtype=np.int32),
        vm=signature,
        kind=classify_guests(estate.vms["os"])[signature],
        has_current=first["known"].to_numpy(dtype=np.bool_),
        current=first["server"].to_numpy(dtype=np.int32),
        previous=np.full(len(first), "", dtype=object),
        count=count,
    )
    return tasks, bundles.assign(row=row)


BUNDLE = ["job", "signature", "known", "server"]


@dataclass(frozen=True, slots=True)
class PartitionSummary:
    """The summary of a sorted partition.

    ``bundles`` has a row for tasks that are alike: `BUNDLE`, their ``count``, and ``first``, the
    row in the partition of the first of them; ``ranks`` are those of the first and the last job.
    ``gone`` are rows of current without a task and
    ``serverless`` those without their server, the first few of each, and how many there are.
    """

    rows: int
    ranks: tuple[int, int]
    bundles: pd.DataFrame
    gone: list[int]
    all_gone: int
    serverless: list[tuple[int, int, str, str]]
    all_serverless: int


def sort_partition(estate: Estate, rows: pd.DataFrame, out: Path) -> PartitionSummary:
    """Sort the rows of a partition by job name and VM (bytes), and write them to ``out``.

    The VMs of ``estate`` are the signatures.
    """
    table = pa.Table.from_pandas(rows.drop(columns="partition"), preserve_index=False)
    table = table.sort_by([("rank", "ascending"), ("vm", "ascending")])
    pq.write_table(table, out)
    rows = table.to_pandas()
    available = estate.vms["available"].to_numpy()
    rows["job"] = sort_by_name(estate)[rows["rank"]]
    is_task = needs_interaction(estate.jobs)[rows["job"]] & available[rows["signature"]]
    # A row for each bundle of tasks that are alike, at its first task.
    tasks = rows[is_task]
    alike = tasks.groupby(BUNDLE, sort=False)["vm"]
    first = tasks[~tasks.duplicated(BUNDLE)]
    bundles = first[BUNDLE].assign(first=first.index, count=alike.size().to_numpy())
    # Rows of `current` that say nothing of today: without a task, or without their server.
    gone = np.sort(rows["line"][rows["known"] & ~is_task].to_numpy())
    serverless = tasks[tasks["known"] & (tasks["server"] < 0)].sort_values("line")
    few = serverless[["line", "job", "vm", "proxy"]].head(LISTED)
    return PartitionSummary(
        rows=len(rows),
        ranks=(int(rows["rank"].min()), int(rows["rank"].max())) if len(rows) else (0, -1),
        bundles=bundles.reset_index(drop=True),
        gone=gone[:LISTED].tolist(),
        all_gone=len(gone),
        serverless=list(few.itertuples(index=False, name=None)),
        all_serverless=len(serverless),
    )


@dataclass(frozen=True, slots=True)
class Partition:
    """The rows of a partition as an estate with its tasks.

    ``signature`` is that of each of its VMs, ``shared`` tells which have the name of another one,
    here or in another partition.
    """

    estate: Estate
    tasks: Tasks
    signature: Codes
    shared: NDArray[np.bool_]


def read_partition(estate: Estate, path: Path) -> Partition:
    """Read a partition that `sort_partition` wrote; the VMs of ``estate`` are the signatures.

    It has a table of today's servers where the estate has one.
    """
    table = pq.read_table(path)
    encoded = table["vm"].combine_chunks().dictionary_encode()
    code, names = encoded.indices.to_numpy(), pd.Series(encoded.dictionary, dtype="str")
    rows = table.drop_columns(["vm", "name"]).to_pandas()
    called = np.full(len(names), "", dtype=object)
    called[code] = table["name"].to_numpy()
    shared = np.zeros(len(names), dtype=np.bool_)
    shared[code] = rows["shared"]
    signature = np.zeros(len(names), dtype=np.int32)
    signature[code] = rows["signature"]
    job = sort_by_name(estate)[rows["rank"]]
    pairs = pd.DataFrame({"job_code": job, "vm_code": code})
    known = rows["known"].to_numpy()
    today = pairs.assign(proxy_code=rows["server"], proxy=rows["proxy"])[known]
    vms = estate.vms.iloc[signature].reset_index(drop=True)
    own = replace(
        estate,
        vms=vms.assign(vm=names, name=pd.Series(called, dtype="str")),
        job_vms=pairs,
        current=None if estate.current is None else today.reset_index(drop=True),
    )
    return Partition(own, find_tasks(own), signature, shared)


def sort_by_name(estate: Estate) -> Codes:
    """Return the codes of the jobs in order of name (bytes)."""
    return np.argsort(byte_rank(estate.jobs["job"])).astype(np.int32)


def edge_rows(written: PlanFiles) -> RowEdges | None:
    """Return job and VM of the first and the last row of a file, None where it has none."""
    if not len(written):
        return None
    first, last = (
        (written.text("job", row), written.text("vm", row).encode())
        for row in (0, len(written) - 1)
    )
    return first, last
