"""Writes and judges the rows of split jobs, each partition its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from models.estate import Estate
from models.integer_program import Ints
from models.week_plan import JobSplit
from optimizer.checker.plan_files import read_plan_files
from optimizer.checker.violations import Violations
from optimizer.checker.vm_names import compute_names
from optimizer.checker.week_split_rows import SplitRows, judge_split_rows
from optimizer.distributed.out_of_core.partition import (
    PartitionSummary,
    RowEdges,
    edge_rows,
    read_partition,
)
from optimizer.output.split_writer import find_job_vms, write_splits
from optimizer.output.vm_names import name_vms

SPLITS = "job_splits.csv"


@dataclass(frozen=True)
class WrittenSplits:
    """The rows of split jobs of a partition, without their VMs, as the checker saw them."""

    rows: SplitRows
    violations: Violations
    edges: RowEdges | None


def find_split_partitions(
    rank: Ints, splits: Sequence[JobSplit], partitions: Sequence[PartitionSummary]
) -> list[int]:
    """Return the partitions that may have rows of split jobs; one at least, for the file's header.

    ``rank`` is each job's place in order of name.
    """
    ranks = [int(rank[split.job]) for split in splits]
    touched = [
        number
        for number, partition in enumerate(partitions)
        if any(partition.ranks[0] <= place <= partition.ranks[1] for place in ranks)
    ]
    return touched or [0]


def write_partition_splits(
    estate: Estate, splits: Sequence[JobSplit], rows: Path, first: int, folder: Path
) -> WrittenSplits:
    """Write a partition's rows of job_splits.csv into ``folder``, and judge them VM by VM.

    ``first`` is the place of its first task in the plan; the VMs of ``estate`` are the signatures.
    """
    partition = read_partition(estate, rows)
    own, called = partition.estate, name_vms(partition.estate, partition.shared)
    found = find_job_vms(own, partition.tasks, [split.job for split in splits], first)
    write_splits(own, splits, found, called, folder / SPLITS)
    violations = Violations()
    written = read_plan_files(folder, SPLITS, violations)
    names = estate.jobs["job"].tolist()
    # Of the jobs that are split those with rows here, whether or not any was written.
    here = [names[job] for job in np.unique(found.job).tolist()]
    seen = judge_split_rows(own, compute_names(own, partition.shared), written, violations, here)
    none = np.zeros(0, dtype=np.int64)
    without_vms = replace(seen, vms=dict.fromkeys(seen.vms, none))
    return WrittenSplits(without_vms, violations, edge_rows(written))


def merge_splits(parts: Sequence[WrittenSplits]) -> SplitRows:
    """Merge what the partitions have: every different row of a part once."""
    vms = {row: codes for part in parts for row, codes in part.rows.vms.items()}
    return SplitRows(vms, frozenset().union(*(part.rows.lossy for part in parts)))
