"""Reads the large tables and sorts them out of core: two shuffles by Dask, cut into partitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from models.diagnostics import Finding, InputProblem
from models.errors import EstateError, PlanError
from models.estate import Codes, Estate
from models.schema import CURRENT, JOB_VMS, VMS, Table
from optimizer.distributed.out_of_core.join import JOINED, JoinContext, JoinedRows, join_tables
from optimizer.distributed.out_of_core.name_lookup import KEYED, NamedRows, name_rows, with_keys
from optimizer.distributed.out_of_core.partition import (
    PartitionSummary,
    partition_bounds,
    sort_partition,
)
from optimizer.distributed.out_of_core.read_chunk import (
    STEP,
    Chunk,
    ChunkRead,
    empty,
    partition_chunks,
    read_chunk,
)
from optimizer.distributed.out_of_core.scratch import ScratchFolder, dump, load_cached
from optimizer.distributed.out_of_core.shared_names import find_shared_hashes
from optimizer.distributed.out_of_core.small_tables import SmallTables, with_digests
from optimizer.distributed.out_of_core.task_runner import TaskRunner
from optimizer.distributed.out_of_core.vm_signatures import merge_signatures
from optimizer.inputs.estate_folder.doubts import (
    doubtful_systems,
    unknown_hosts,
    unknown_platforms,
)

BY_KEY = "by-key"
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
        named=not any(len(names) for one in read for names in one.names),
        small=replace(small, estate=estate),
        signatures=codes,
        shared=find_shared_hashes([names for one in read for names in one.names]),
        cuts=partition_bounds(sample, STEP, rows),
    )
    with dask.config.set(P2P):
        parts = 1 + sum(one.rows for one in read) // rows
        written = {
            table: [scratch.read(table, chunk.number) for chunk in chunks if chunk.table == table]
            for table in (VMS, JOB_VMS, CURRENT)
        }
        # First shuffle: the rows of a VM in all tables come together.
        joined = _join_all(runner, scratch, context, written, parts)
        strays = np.concatenate([one.strays for one in joined])
        names = [hashes for one in read for hashes in one.names]
        by_name = any(np.isin(strays, hashes).any() for hashes in names)
        if by_name:
            found = _name_all(runner, scratch, written, parts)
            problems = problems + [problem for one in found for problem in one.problems]
            sample = [place for one in found for place in one.sample]
            cuts = partition_bounds(sample, STEP, rows)
            context = replace(context, is_sound=not problems, cuts=cuts)
            written |= {
                table: [scratch.named_rows(table, number) for number in range(parts)]
                for table in (JOB_VMS, CURRENT)
            }
        if by_name or any(one.held for one in joined):
            context = replace(context, named=True)
            joined = _join_all(runner, scratch, context, written, parts)
        problems = problems + [problem for one in joined for problem in one.problems]
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
                dask.delayed(_sort_partition)(scratch, context.named, number, frame)
                for number, frame in enumerate(ordered.to_delayed())
            ],
        )
    _count(chunks, read, summaries)
    unmatched = [row for one in joined for row in one.unmatched]
    return ShuffledTables(
        replace(estate, findings=(*estate.findings, *findings)), summaries, unmatched
    )


def _join_all(
    runner: TaskRunner,
    scratch: ScratchFolder,
    context: JoinContext,
    written: Mapping[Table, Sequence[Path]],
    parts: int,
) -> list[JoinedRows]:
    """Return what came of joining the rows that are ``written``, VM by VM."""
    dump(context, scratch.join_context(context.named))
    turn = "named" if context.named else "first"
    tables = [_shuffled(table, files, parts, turn) for table, files in written.items()]
    joined: list[JoinedRows] = runner.compute(
        "joining",
        [
            dask.delayed(_join)(scratch, context.named, number, *frames)
            for number, frames in enumerate(zip(*tables, strict=True))
        ],
    )
    return joined


def _name_all(
    runner: TaskRunner,
    scratch: ScratchFolder,
    written: Mapping[Table, Sequence[Path]],
    parts: int,
) -> list[NamedRows]:
    """Write job_vms and current with ids in place of names; one more shuffle, by what they say."""
    tables = [_shuffled(table, files, parts, BY_KEY) for table, files in written.items()]
    named: list[NamedRows] = runner.compute(
        "finding names",
        [
            dask.delayed(_name)(scratch, number, *frames)
            for number, frames in enumerate(zip(*tables, strict=True))
        ],
    )
    return named


def _count(
    chunks: Sequence[Chunk], read: Sequence[ChunkRead], summaries: Sequence[PartitionSummary]
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
    small: SmallTables, chunks: Sequence[Chunk], read: Sequence[ChunkRead]
) -> tuple[Estate, list[Codes], list[Finding]]:
    """Return the estate of the signatures, their codes by chunk of `vms`, and all findings."""
    pairs = list(zip(chunks, read, strict=True))
    estate, codes = merge_signatures(
        small.estate, [one.signatures for chunk, one in pairs if chunk.table == VMS]
    )
    hosts: Counter[str] = Counter()
    systems: Counter[str] = Counter()
    platforms: Counter[str] = Counter()
    findings: dict[tuple[str, str], Finding] = {}
    for _, one in pairs:
        hosts += one.vms
        systems += one.systems
        platforms += one.platforms
        for finding in one.diagnostics.findings:  # each tells of the first owner that it met
            key = finding.code, finding.subject
            findings[key] = min(findings.get(key, finding), finding)
    doubts = [*unknown_hosts(hosts), *doubtful_systems(systems), *unknown_platforms(platforms)]
    return estate, codes, [*findings.values(), *doubts]


def _shuffled(table: Table, files: Sequence[Path], parts: int, turn: str) -> list[Any]:
    """Return the rows of a table in ``parts``, those of a VM, or of a key, in one and the same.

    Shuffles of the same rows in another ``turn`` are not the same to Dask: one that is still
    being forgotten and begins anew may never end.
    """
    by_key = turn == BY_KEY
    nothing = with_keys(table, empty(table)).astype(KEYED[table]) if by_key else empty(table)
    places = [
        (file, group) for file in files for group in range(pq.read_metadata(file).num_row_groups)
    ]
    if not places:
        return [nothing] * parts
    read = partial(_keyed, table) if by_key else _batch
    rows = dd.from_map(read, *zip(*places, strict=True), meta=nothing, label=turn)
    found: list[Any] = rows.shuffle("key" if by_key else "vm", npartitions=parts).to_delayed()
    return found


def _keyed(table: Table, file: Path, group: int) -> pd.DataFrame:
    return with_keys(table, _batch(file, group)).astype(KEYED[table])


def _batch(file: Path, group: int) -> pd.DataFrame:
    rows: pd.DataFrame = pq.ParquetFile(file).read_row_group(group).to_pandas()
    return rows


def _read(chunk: Chunk, scratch: ScratchFolder) -> ChunkRead:
    return read_chunk(
        load_cached(scratch.small_tables), chunk, scratch.read(chunk.table, chunk.number)
    )


def _name(
    scratch: ScratchFolder,
    number: int,
    vms: pd.DataFrame,
    job_vms: pd.DataFrame,
    current: pd.DataFrame,
) -> NamedRows:
    out = {table: scratch.named_rows(table, number) for table in (JOB_VMS, CURRENT)}
    return name_rows(load_cached(scratch.small_tables), vms, job_vms, current, out)


def _join(
    scratch: ScratchFolder,
    named: bool,
    number: int,
    vms: pd.DataFrame,
    job_vms: pd.DataFrame,
    current: pd.DataFrame,
) -> JoinedRows:
    return join_tables(
        load_cached(scratch.join_context(named)), vms, job_vms, current, scratch.joined_rows(number)
    )


def _sort_partition(
    scratch: ScratchFolder, named: bool, number: int, rows: pd.DataFrame
) -> PartitionSummary:
    context: JoinContext = load_cached(scratch.join_context(named))
    return sort_partition(context.small.estate, rows, scratch.partition(number))


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in JOINED.items()})
