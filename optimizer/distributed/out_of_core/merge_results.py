"""Merges what the partitions of a plan have come to: its rows, tasks, files and judgements."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce
from itertools import pairwise
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.diagnostics import Finding
from models.estate import Estate
from models.plan import AimResult, Plan, Reason, Tasks, Unassigned
from optimizer.checker.row_checks import RowSummary
from optimizer.checker.violations import Violations
from optimizer.checker.week_roster import WeekRoster, order_jobs
from optimizer.distributed.out_of_core.partition import PartitionSummary, RowEdges
from optimizer.distributed.out_of_core.scratch import load
from optimizer.distributed.out_of_core.write_partition import (
    COMPACT,
    ROSTER,
    SEEN,
    SERVED,
    WrittenPartition,
)
from optimizer.eligibility.findings import findings
from optimizer.eligibility.tasks import LISTED, stale_findings
from optimizer.eligibility.tiers import Eligibility


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
    failing = sum((partition.failing for partition in partitions), Counter[int]())
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
            failing,
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


def merge_tasks(plan: Plan, eligibility: Eligibility, folders: Sequence[Path]) -> Plan:
    """Return ``plan`` with a row for each task, of a few bytes, whose VM is a signature."""
    columns = _columns([folder / COMPACT for folder in folders])
    job, signature, proxy, tier = (columns[key] for key in ("job", "signature", "proxy", "tier"))
    once, nothing = np.int64(1), np.int8(0)
    tasks = _tasks(job, columns["kind"], np.broadcast_to(once, len(job)))
    protected = eligibility.protected[eligibility.profile[signature], proxy]
    return replace(
        plan,
        tasks=replace(tasks, vm=signature),
        proxy=proxy,
        tier=tier,
        connection=np.broadcast_to(nothing, len(job)),
        protected=(tier > 0) & protected,
        failover=np.broadcast_to(np.int32(-1), len(job)),
    )


def merge_rosters(folders: Sequence[Path]) -> WeekRoster:
    """Return what the checker found of each task, as it replays the week."""
    return order_jobs(WeekRoster(**_columns([folder / ROSTER for folder in folders])))


def _columns(paths: Sequence[Path]) -> dict[str, NDArray[Any]]:
    """Return the arrays of several files, joined."""
    parts: list[dict[str, NDArray[Any]]] = []
    for path in paths:
        with np.load(path) as part:
            parts.append({name: part[name] for name in part.files})
    return {name: np.concatenate([part.pop(name) for part in parts]) for name in list(parts[0])}


def join_files(names: Iterable[str], folders: Sequence[Path], out: Path) -> None:
    """Join each of the files ``names`` from its partitions, with the header once."""
    for name in names:
        with (out / name).open("wb") as whole:
            for number, folder in enumerate(folders):
                with (folder / name).open("rb") as part:
                    if number:
                        part.readline()
                    shutil.copyfileobj(part, whole, 1 << 20)


def merge_judgements(
    partitions: Sequence[WrittenPartition], folders: Sequence[Path]
) -> tuple[RowSummary, Violations]:
    """Merge what the checker saw in all partitions, and what is wrong in them."""
    violations = Violations()
    for partition in partitions:
        violations.include(partition.violations)
    return reduce(add, (load(folder / SEEN) for folder in folders)), violations


def judge_edges(file: str, edges: Iterable[RowEdges | None], complaints: Violations) -> None:
    """Complain where a partition's rows of a file do not come after those of the one before."""
    there = [edge for edge in edges if edge is not None]
    for (_, last), (first, _) in pairwise(there):
        if not last < first:
            where = f"job {first[0]!r}, vm {first[1].decode()!r}"
            complaints.add("unsorted files", f"{file}: {where} stands too late")
