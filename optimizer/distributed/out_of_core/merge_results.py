"""Puts together what the pieces of a plan have come to."""

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
    pieces: Sequence[WrittenPartition],
    aims: Sequence[AimResult],
    strangers: Sequence[int],
    settled: Sequence[PartitionSummary],
) -> Plan:
    """Return the plan, a row of its tasks for all that are alike in the columns `SERVED`.

    ``strangers`` are the rows of current that are in no job.
    """
    served = pd.concat([piece.served for piece in pieces])
    served = served.groupby(SERVED)[["size"]].sum().reset_index()
    reasons: Counter[Unassigned] = Counter()
    for piece in pieces:
        reasons += piece.reasons
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
            _stale(estate, strangers, settled),
            by_reason,
            sum(piece.stranded for piece in pieces),
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
    estate: Estate, strangers: Sequence[int], settled: Sequence[PartitionSummary]
) -> list[Finding]:
    gone = sorted([*strangers, *(row for piece in settled for row in piece.gone)])
    serverless = sorted(row for piece in settled for row in piece.serverless)
    jobs = estate.jobs["job"].tolist()
    return stale_findings(
        [row + 1 for row in gone[:LISTED]],
        len(strangers) + sum(piece.all_gone for piece in settled),
        [(jobs[job], vm, proxy) for _, job, vm, proxy in serverless[:LISTED]],
        sum(piece.all_serverless for piece in settled),
    )


def merge_lists(
    estate: Estate, folders: Sequence[Path], deadline: Deadline, step: Callable[[str], None]
) -> JobLists:
    """Return the lists for the jobs, of arrays with a few bytes for each task."""
    parts = []
    for folder in folders:
        with np.load(folder / COMPACT) as part:
            parts.append([part[name] for name in ("job", "look", "kind", "proxy", "tier")])
    job, look, kind, proxy, tier = (np.concatenate(part) for part in zip(*parts, strict=True))
    once = np.broadcast_to(np.int64(1), len(job))
    tasks = replace(_tasks(job, kind, once), vm=look)
    return choose_lists(estate, tasks, proxy, tier, deadline, step)


def merge_vms(estate: Estate, rows: Sequence[Path], pieces: Sequence[WrittenPartition]) -> VmsOf:
    """Return what names the VMs of tasks, reading the ``rows`` of their pieces again."""
    starts = np.cumsum([0, *(int(piece.served["size"].sum()) for piece in pieces)])

    @lru_cache(maxsize=2)
    def names(number: int) -> pd.Series[str]:
        piece = read_partition(estate, rows[number])
        return piece.estate.vms["vm"].iloc[piece.tasks.vm]

    def of(tasks: Codes) -> list[str]:
        piece = np.searchsorted(starts, tasks, side="right") - 1
        return [
            name
            for number in np.unique(piece).tolist()
            for name in names(number).iloc[tasks[piece == number] - starts[number]]
        ]

    return of


def join_files(folders: Sequence[Path], out: Path) -> None:
    """Write the parts of each of `TASK_FILES` one after another, with the header once."""
    for name in TASK_FILES:
        with (out / name).open("wb") as whole:
            for number, folder in enumerate(folders):
                with (folder / name).open("rb") as part:
                    if number:
                        part.readline()
                    shutil.copyfileobj(part, whole, 1 << 20)


def merge_judgements(
    pieces: Sequence[WrittenPartition], folders: Sequence[Path]
) -> tuple[RowSummary, Violations]:
    """Return what was seen of all pieces, and what is wrong in them or in their order."""
    complaints = Violations()
    for piece in pieces:
        complaints.include(piece.complaints)
    for name in TASK_FILES:
        edges = [piece.edges[name] for piece in pieces if name in piece.edges]
        for (_, last), (first, _) in pairwise(edges):
            if not last < first:
                where = f"job {first[0]!r}, vm {first[1].decode()!r}"
                complaints.add("unsorted files", f"{name}: {where} stands too late")
    return reduce(add, (load(folder / SEEN) for folder in folders)), complaints
