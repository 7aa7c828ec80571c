"""Reads the large tables and sorts them out of core: two shuffles by Dask, cut into partitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from models.diagnostics import Finding, InputProblem
from models.errors import EstateError, PlanError
from models.estate import Codes, Estate
from models.schema import CURRENT, JOB_VMS, VMS, Table
from optimizer.distributed.out_of_core.join import JOINED, JoinContext, JoinedRows, join_tables
from optimizer.distributed.out_of_core.partition import PartitionSummary, sort_partition
from optimizer.distributed.out_of_core.read_partition import (
    STEP,
    Chunk,
    PartitionRead,
    empty,
    partition_chunks,
    read_chunk,
)
from optimizer.distributed.out_of_core.scratch import ScratchFolder, dump, load_cached
from optimizer.distributed.out_of_core.small_tables import SmallTables, with_digests
from optimizer.distributed.out_of_core.task_runner import TaskRunner
from optimizer.distributed.out_of_core.vm_signatures import merge_signatures
from optimizer.inputs.estate_folder.references import doubtful_systems, unknown_hosts

Place = tuple[int, str]  # rank of the job, VM


def partition_bounds(sample: Sequence[Place], step: int, rows: int) -> list[Place]:
    """Return where pieces of ``rows`` rows begin, but for the first; ascending.

    Of the ``sample`` each place stands for ``step`` rows. Strings are compared as bytes.
    """
    ordered = sorted(sample, key=lambda place: (place[0], place[1].encode()))
    each = max(1, rows // step)
    return list(dict.fromkeys(ordered[each::each]))


def partition_of(cuts: Sequence[Place], rank: Codes, vm: pa.Array) -> Codes:
    """Return the number of the piece that each row is in: of all cuts how many it is not before."""
    ranks = np.array([place[0] for place in cuts], dtype=np.int64)
    piece: Codes = np.searchsorted(ranks, rank, side="left").astype(np.int32)
    for number, (cut, name) in enumerate(cuts):  # a job that is cut has its VMs on both sides
        inside = np.flatnonzero(rank == cut)
        if len(inside):
            behind = _not_before(vm.take(pa.array(inside)), name)
            piece[inside[behind]] = number + 1
    return piece


def _not_before(names: pa.Array, name: str) -> NDArray[np.bool_]:
    return np.asarray(pc.greater_equal(names, name).to_numpy(zero_copy_only=False))


P2P = {"dataframe.shuffle.method": "p2p"}


@dataclass(frozen=True)
class ShuffledTables:
    """An estate whose VMs are looks, its pieces in order, and rows of current without a job."""

    estate: Estate
    pieces: list[PartitionSummary]
    strangers: list[int]


def shuffle_tables(
    hands: TaskRunner,
    head: SmallTables,
    problems: list[InputProblem],
    room: ScratchFolder,
    rows: int,
) -> ShuffledTables:
    """Read the large tables of ``head`` into pieces of about ``rows`` rows in ``room``.

    Raises EstateError with ``problems`` and all that are found in the large tables, PlanError
    where a row of job_vms got lost on the way: the checker sees only what is in the pieces.
    """
    dump(head, room.head)
    chunks = partition_chunks(head)
    read = hands.each("reading", _read, chunks, room)
    head = replace(head, estate=with_digests(head))
    estate, codes, findings = _parsed(head, chunks, read)
    sample = [place for one in read for place in one.sample]
    problems = problems + [problem for one in read for problem in one.problems]
    key = JoinContext(
        not problems, replace(head, estate=estate), codes, partition_bounds(sample, STEP, rows)
    )
    dump(key, room.key)
    with dask.config.set(P2P):
        parts = 1 + sum(one.rows for one in read) // rows
        written = {
            table: [room.read(table, chunk.number) for chunk in chunks if chunk.table == table]
            for table in (VMS, JOB_VMS, CURRENT)
        }
        tables = [_shuffled(table, files, parts) for table, files in written.items()]
        joined: list[JoinedRows] = hands.all(
            "joining",
            [
                dask.delayed(_join)(room, number, *frames)
                for number, frames in enumerate(zip(*tables, strict=True))
            ],
        )
        problems += [problem for one in joined for problem in one.problems]
        if problems:
            raise EstateError(problems)
        pieces = len(key.cuts) + 1
        lines = dd.from_map(
            pd.read_parquet, [room.joined_rows(n) for n in range(parts)], meta=_nothing()
        )
        ordered = lines.set_index("piece", divisions=list(range(pieces + 1)), drop=False)
        settled: list[PartitionSummary] = hands.all(
            "ordering",
            [
                dask.delayed(_sort_partition)(room, number, frame)
                for number, frame in enumerate(ordered.to_delayed())
            ],
        )
    _count(chunks, read, settled)
    strangers = [row for one in joined for row in one.strangers]
    return ShuffledTables(
        replace(estate, findings=(*estate.findings, *findings)), settled, strangers
    )


def _count(
    chunks: Sequence[Chunk], read: Sequence[PartitionRead], settled: Sequence[PartitionSummary]
) -> None:
    """Raise PlanError where the pieces do not have as many rows as job_vms."""
    pairs = zip(chunks, read, strict=True)
    rows = sum(one.rows for chunk, one in pairs if chunk.table == JOB_VMS)
    found = sum(piece.rows for piece in settled)
    if found != rows:
        raise PlanError(
            f"job_vms has {rows} rows, the pieces have {found}: a defect of this program or of "
            "its engine; nothing was written. Please report it with the estate"
        )


def _parsed(
    head: SmallTables, chunks: Sequence[Chunk], read: Sequence[PartitionRead]
) -> tuple[Estate, list[Codes], list[Finding]]:
    """Return the estate of the looks, each look's code by chunk of vms, and all findings."""
    pairs = list(zip(chunks, read, strict=True))
    estate, codes = merge_signatures(
        head.estate, [one.looks for chunk, one in pairs if chunk.table == VMS]
    )
    hosts: Counter[str] = Counter()
    systems: Counter[str] = Counter()
    findings: dict[tuple[str, str], Finding] = {}
    for _, one in pairs:
        hosts += one.vms
        systems += one.systems
        for finding in one.findings:  # each tells of the first row that it met
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


def _read(chunk: Chunk, room: ScratchFolder) -> PartitionRead:
    return read_chunk(load_cached(room.head), chunk, room.read(chunk.table, chunk.number))


def _join(
    room: ScratchFolder,
    number: int,
    vms: pd.DataFrame,
    job_vms: pd.DataFrame,
    current: pd.DataFrame,
) -> JoinedRows:
    return join_tables(load_cached(room.key), vms, job_vms, current, room.joined_rows(number))


def _sort_partition(room: ScratchFolder, number: int, rows: pd.DataFrame) -> PartitionSummary:
    key: JoinContext = load_cached(room.key)
    return sort_partition(key.head.estate, rows, room.partition(number))


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in JOINED.items()})
