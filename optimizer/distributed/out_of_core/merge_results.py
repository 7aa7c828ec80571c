"""Merges what the partitions of a plan have come to: its rows, lists, files and judgements."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, reduce
from itertools import pairwise
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.diagnostics import Finding
from models.estate import Codes, Estate
from models.plan import AimResult, Plan, Reason, Tasks, Unassigned
from optimizer.checker.row_checks import RowSummary
from optimizer.checker.violations import Violations
from optimizer.distributed.out_of_core.partition import PartitionSummary, read_partition
from optimizer.distributed.out_of_core.scratch import load
from optimizer.distributed.out_of_core.write_partition import (
    COMPACT,
    SEEN,
    SERVED,
    TASK_FILES,
    WrittenPartition,
)
from optimizer.eligibility.findings import findings
from optimizer.eligibility.tasks import LISTED, stale_findings
from optimizer.eligibility.tiers import Eligibility
from optimizer.lists.selection import JobLists, choose_lists
from optimizer.output.plan_writer import VmsOf
from optimizer.solver.deadline import Deadline


def merge_plan(
    estate: Estate,
    eligibility: Eligibility,
    partitions: Sequence[WrittenPartition],
    aims: Sequence[AimResult],
    unmatched: Sequence[int],
    summaries: Sequence[PartitionSummary],
) -> Plan:
    """Merge the partitions into a plan, a row for all tasks that are alike in columns `SERVED`.

    ``unmatched`` are the rows of current that are in no job.
    """
    served = pd.concat([partition.served for partition in partitions])
    served = served.groupby(SERVED)[["size"]].sum().reset_index()
    reasons: Counter[Unassigned] = Counter()
    for partition in partitions:
        reasons += partition.reasons
    by_reason: Counter[Reason] = Counter()
    for (_, reason, _), count in reasons.items():
        by_reason[reason] += count
    nothing = np.zeros(len(served), dtype=np.int8)
    tasks = _tasks(served["job"], served["kind"], served["size"].to_numpy(dtype=np.int64))
    return Plan(
        estate=estate,
        tasks=tasks,
        proxy=served["proxy"].to_numpy(dtype=np.int32),
        tier=served["tier"].to_numpy(dtype=np.int8),
        connection=nothing,
        protected=nothing.astype(np.bool_),
        failover=nothing.astype(np.int32),
        candidate=eligibility.candidate,
        unassigned=[left for left, count in reasons.items() for _ in range(count)],
        aims=aims,
        findings=findings(
            estate,
            eligibility,
            _stale(estate, unmatched, summaries),
            by_reason,
            sum(partition.stranded for partition in partitions),
            tasks,
            aims,
        ),
    )


def _tasks(job: Any, kind: Any, count: NDArray[np.int64]) -> Tasks:
    size = len(count)
    return Tasks(
        job=np.asarray(job, dtype=np.int32),
        vm=np.broadcast_to(np.int32(-1), size),
        kind=np.asarray(kind, dtype=np.int8),
        has_current=np.broadcast_to(np.bool_(False), size),
        current=np.broadcast_to(np.int32(-1), size),
        previous=np.broadcast_to(np.array("", dtype=object), size),
        count=count,
    )


def _stale(
    estate: Estate, unmatched: Sequence[int], summaries: Sequence[PartitionSummary]
) -> list[Finding]:
    gone = sorted([*unmatched, *(row for partition in summaries for row in partition.gone)])
    serverless = sorted(row for partition in summaries for row in partition.serverless)
    jobs = estate.jobs["job"].tolist()
    return stale_findings(
        [row + 1 for row in gone[:LISTED]],
        len(unmatched) + sum(partition.all_gone for partition in summaries),
        [(jobs[job], vm, proxy) for _, job, vm, proxy in serverless[:LISTED]],
        sum(partition.all_serverless for partition in summaries),
    )


def merge_lists(
    estate: Estate, folders: Sequence[Path], deadline: Deadline, step: Callable[[str], None]
) -> JobLists:
    """Choose the job lists from arrays with a few bytes for each task."""
    parts = []
    for folder in folders:
        with np.load(folder / COMPACT) as part:
            parts.append([part[name] for name in ("job", "signature", "kind", "proxy", "tier")])
    job, signature, kind, proxy, tier = (np.concatenate(part) for part in zip(*parts, strict=True))
    once = np.broadcast_to(np.int64(1), len(job))
    tasks = replace(_tasks(job, kind, once), vm=signature)
    return choose_lists(estate, tasks, proxy, tier, deadline, step)


def merge_vms(
    estate: Estate, rows: Sequence[Path], partitions: Sequence[WrittenPartition]
) -> VmsOf:
    """Return a function that names the VMs of tasks: it reads their partitions' ``rows`` again."""
    starts = np.cumsum([0, *(int(partition.served["size"].sum()) for partition in partitions)])

    @lru_cache(maxsize=2)
    def names(number: int) -> pd.Series[str]:
        partition = read_partition(estate, rows[number])
        return partition.estate.vms["vm"].iloc[partition.tasks.vm]

    def of(tasks: Codes) -> list[str]:
        partition = np.searchsorted(starts, tasks, side="right") - 1
        return [
            name
            for number in np.unique(partition).tolist()
            for name in names(number).iloc[tasks[partition == number] - starts[number]]
        ]

    return of


def join_files(folders: Sequence[Path], out: Path) -> None:
    """Join each of `TASK_FILES` from its partitions, with the header once."""
    for name in TASK_FILES:
        with (out / name).open("wb") as whole:
            for number, folder in enumerate(folders):
                with (folder / name).open("rb") as part:
                    if number:
                        part.readline()
                    shutil.copyfileobj(part, whole, 1 << 20)


def merge_judgements(
    partitions: Sequence[WrittenPartition], folders: Sequence[Path]
) -> tuple[RowSummary, Violations]:
    """Merge what the checker saw in all partitions, and what is wrong in them or in their order."""
    violations = Violations()
    for partition in partitions:
        violations.include(partition.violations)
    for name in TASK_FILES:
        edges = [partition.edges[name] for partition in partitions if name in partition.edges]
        for (_, last), (first, _) in pairwise(edges):
            if not last < first:
                where = f"job {first[0]!r}, vm {first[1].decode()!r}"
                violations.add("unsorted files", f"{name}: {where} stands too late")
    return reduce(add, (load(folder / SEEN) for folder in folders)), violations
