"""Reads the large tables and sorts them out of core: two shuffles by Dask, cut into partitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dask
import dask.dataframe as dd
import pandas as pd
import pyarrow.parquet as pq

from models.diagnostics import Finding, InputProblem
from models.errors import EstateError, PlanError
from models.estate import Codes, Estate
from models.schema import CURRENT, JOB_VMS, VMS, Table
from optimizer.distributed.out_of_core.join import JOINED, JoinContext, JoinedRows, join_tables
from optimizer.distributed.out_of_core.partition import (
    PartitionSummary,
    partition_bounds,
    sort_partition,
)
from optimizer.distributed.out_of_core.read_partition import (
    STEP,
    Chunk,
    PartitionRead,
    empty,
    partition_chunks,
    read_chunk,
)
from optimizer.distributed.out_of_core.scratch import ScratchFolder, dump, load_cached
from optimizer.distributed.out_of_core.shared_names import find_shared_hashes
from optimizer.distributed.out_of_core.small_tables import SmallTables, with_digests
from optimizer.distributed.out_of_core.task_runner import TaskRunner
from optimizer.distributed.out_of_core.vm_signatures import merge_signatures
from optimizer.inputs.estate_folder.references import doubtful_systems, unknown_hosts

P2P = {"dataframe.shuffle.method": "p2p"}


@dataclass(frozen=True)
class ShuffledTables:
    """An estate whose VMs are signatures, its sorted partitions, unmatched rows of `current`."""

    estate: Estate
    partitions: list[PartitionSummary]
    unmatched: list[int]


def shuffle_tables(
    runner: TaskRunner,
    small: SmallTables,
    problems: list[InputProblem],
    scratch: ScratchFolder,
    rows: int,
) -> ShuffledTables:
    """Shuffle the large tables into sorted partitions of about ``rows`` rows in ``scratch``.

    Raises EstateError with ``problems`` and all that are found in the large tables, PlanError
    where a row of job_vms got lost on the way: the checker sees only what is in the partitions.
    """
    dump(small, scratch.small_tables)
    chunks = partition_chunks(small)
    read = runner.map("reading", _read, chunks, scratch)
    small = replace(small, estate=with_digests(small))
    estate, codes, findings = _parsed(small, chunks, read)
    sample = [place for one in read for place in one.sample]
    problems = problems + [problem for one in read for problem in one.diagnostics.problems]
    context = JoinContext(
        is_sound=not problems,
        small=replace(small, estate=estate),
        signatures=codes,
        shared=find_shared_hashes([names for one in read for names in one.names]),
        cuts=partition_bounds(sample, STEP, rows),
    )
    dump(context, scratch.join_context)
    # First shuffle: the rows of a VM in all tables come together.
    with dask.config.set(P2P):
        parts = 1 + sum(one.rows for one in read) // rows
        written = {
            table: [scratch.read(table, chunk.number) for chunk in chunks if chunk.table == table]
            for table in (VMS, JOB_VMS, CURRENT)
        }
        tables = [_shuffled(table, files, parts) for table, files in written.items()]
        joined: list[JoinedRows] = runner.compute(
            "joining",
            [
                dask.delayed(_join)(scratch, number, *frames)
                for number, frames in enumerate(zip(*tables, strict=True))
            ],
        )
        problems += [problem for one in joined for problem in one.problems]
        if problems:
            raise EstateError(problems)
        # Second shuffle: the joined rows, by the partition that they are in.
        partitions = len(context.cuts) + 1
        lines = dd.from_map(
            pd.read_parquet, [scratch.joined_rows(n) for n in range(parts)], meta=_nothing()
        )
        ordered = lines.set_index("partition", divisions=list(range(partitions + 1)), drop=False)
        summaries: list[PartitionSummary] = runner.compute(
            "ordering",
            [
                dask.delayed(_sort_partition)(scratch, number, frame)
                for number, frame in enumerate(ordered.to_delayed())
            ],
        )
    _count(chunks, read, summaries)
    unmatched = [row for one in joined for row in one.unmatched]
    return ShuffledTables(
        replace(estate, findings=(*estate.findings, *findings)), summaries, unmatched
    )


def _count(
    chunks: Sequence[Chunk], read: Sequence[PartitionRead], summaries: Sequence[PartitionSummary]
) -> None:
    """Raise PlanError where the partitions do not have as many rows as job_vms."""
    pairs = zip(chunks, read, strict=True)
    rows = sum(one.rows for chunk, one in pairs if chunk.table == JOB_VMS)
    found = sum(partition.rows for partition in summaries)
    if found != rows:
        raise PlanError(
            f"job_vms has {rows} rows, the partitions have {found}: a defect of this program or of "
            "its engine; nothing was written. Please report it with the estate"
        )


def _parsed(
    small: SmallTables, chunks: Sequence[Chunk], read: Sequence[PartitionRead]
) -> tuple[Estate, list[Codes], list[Finding]]:
    """Return the estate of the signatures, their codes by chunk of `vms`, and all findings."""
    pairs = list(zip(chunks, read, strict=True))
    estate, codes = merge_signatures(
        small.estate, [one.signatures for chunk, one in pairs if chunk.table == VMS]
    )
    hosts: Counter[str] = Counter()
    systems: Counter[str] = Counter()
    findings: dict[tuple[str, str], Finding] = {}
    for _, one in pairs:
        hosts += one.vms
        systems += one.systems
        for finding in one.diagnostics.findings:  # each tells of the first row that it met
            findings.setdefault((finding.code, finding.subject), finding)
    told = [*findings.values(), *unknown_hosts(hosts), *doubtful_systems(systems)]
    return estate, codes, told


def _shuffled(table: Table, files: Sequence[Path], parts: int) -> list[Any]:
    """Return the rows of a table in ``parts``, those of a VM in one and the same."""
    places = [
        (file, group) for file in files for group in range(pq.read_metadata(file).num_row_groups)
    ]
    if not places:
        return [empty(table)] * parts
    rows = dd.from_map(_batch, *zip(*places, strict=True), meta=empty(table))
    found: list[Any] = rows.shuffle("vm", npartitions=parts).to_delayed()
    return found


def _batch(file: Path, group: int) -> pd.DataFrame:
    rows: pd.DataFrame = pq.ParquetFile(file).read_row_group(group).to_pandas()
    return rows


def _read(chunk: Chunk, scratch: ScratchFolder) -> PartitionRead:
    return read_chunk(
        load_cached(scratch.small_tables), chunk, scratch.read(chunk.table, chunk.number)
    )


def _join(
    scratch: ScratchFolder,
    number: int,
    vms: pd.DataFrame,
    job_vms: pd.DataFrame,
    current: pd.DataFrame,
) -> JoinedRows:
    return join_tables(
        load_cached(scratch.join_context), vms, job_vms, current, scratch.joined_rows(number)
    )


def _sort_partition(scratch: ScratchFolder, number: int, rows: pd.DataFrame) -> PartitionSummary:
    context: JoinContext = load_cached(scratch.join_context)
    return sort_partition(context.small.estate, rows, scratch.partition(number))


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in JOINED.items()})
