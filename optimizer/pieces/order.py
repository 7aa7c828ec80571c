"""Reads the large tables and puts their rows in order, out of core: two shuffles by Dask."""

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

from models.errors import EstateError, PlanError, Problem
from models.estate import Codes, Estate
from models.finding import Finding
from models.tables import CURRENT, JOB_VMS, VMS, Table
from optimizer.pieces.chunks import STEP, Chunk, Read, chunks_of, empty, read_chunk
from optimizer.pieces.cuts import cuts_of
from optimizer.pieces.hands import Hands
from optimizer.pieces.head import Head, with_digests
from optimizer.pieces.join import JOINED, Joined, Key, join
from optimizer.pieces.looks import merged
from optimizer.pieces.piece import Settled, settle
from optimizer.pieces.room import Room
from optimizer.pieces.shelf import put, take
from optimizer.sources.references import unknown_hosts

P2P = {"dataframe.shuffle.method": "p2p"}


@dataclass(frozen=True)
class Ordered:
    """An estate whose VMs are looks, its pieces in order, and rows of current without a job."""

    estate: Estate
    pieces: list[Settled]
    strangers: list[int]


def put_in_order(
    hands: Hands, head: Head, problems: list[Problem], room: Room, rows: int
) -> Ordered:
    """Read the large tables of ``head`` into pieces of about ``rows`` rows in ``room``.

    Raises EstateError with ``problems`` and all that are found in the large tables, PlanError
    where a row of job_vms got lost on the way: the checker sees only what is in the pieces.
    """
    put(head, room.head)
    chunks = chunks_of(head)
    read = hands.each("reading", _read, chunks, room)
    head = replace(head, estate=with_digests(head))
    estate, codes, findings = _understood(head, chunks, read)
    sample = [place for one in read for place in one.sample]
    problems = problems + [problem for one in read for problem in one.problems]
    key = Key(not problems, replace(head, estate=estate), codes, cuts_of(sample, STEP, rows))
    put(key, room.key)
    with dask.config.set(P2P):
        parts = 1 + sum(one.rows for one in read) // rows
        written = {
            table: [room.read(table, chunk.number) for chunk in chunks if chunk.table == table]
            for table in (VMS, JOB_VMS, CURRENT)
        }
        tables = [_shuffled(table, files, parts) for table, files in written.items()]
        joined: list[Joined] = hands.all(
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
            pd.read_parquet, [room.joined(n) for n in range(parts)], meta=_nothing()
        )
        ordered = lines.set_index("piece", divisions=list(range(pieces + 1)), drop=False)
        settled: list[Settled] = hands.all(
            "ordering",
            [
                dask.delayed(_settle)(room, number, frame)
                for number, frame in enumerate(ordered.to_delayed())
            ],
        )
    _count(chunks, read, settled)
    strangers = [row for one in joined for row in one.strangers]
    return Ordered(replace(estate, findings=(*estate.findings, *findings)), settled, strangers)


def _count(chunks: Sequence[Chunk], read: Sequence[Read], settled: Sequence[Settled]) -> None:
    """Raise PlanError where the pieces do not have as many rows as job_vms."""
    pairs = zip(chunks, read, strict=True)
    rows = sum(one.rows for chunk, one in pairs if chunk.table == JOB_VMS)
    found = sum(piece.rows for piece in settled)
    if found != rows:
        raise PlanError(
            f"job_vms has {rows} rows, the pieces have {found}: a defect of this program or of "
            "its engine; nothing was written. Please report it with the estate"
        )


def _understood(
    head: Head, chunks: Sequence[Chunk], read: Sequence[Read]
) -> tuple[Estate, list[Codes], list[Finding]]:
    """Return the estate of the looks, each look's code by chunk of vms, and all findings."""
    pairs = list(zip(chunks, read, strict=True))
    estate, codes = merged(head.estate, [one.looks for chunk, one in pairs if chunk.table == VMS])
    hosts: Counter[str] = Counter()
    findings: dict[tuple[str, str], Finding] = {}
    for _, one in pairs:
        hosts += one.vms
        for finding in one.findings:  # each tells of the first row that it met
            findings.setdefault((finding.code, finding.subject), finding)
    return estate, codes, [*findings.values(), *unknown_hosts(hosts)]


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


def _read(chunk: Chunk, room: Room) -> Read:
    return read_chunk(take(room.head), chunk, room.read(chunk.table, chunk.number))


def _join(
    room: Room, number: int, vms: pd.DataFrame, job_vms: pd.DataFrame, current: pd.DataFrame
) -> Joined:
    return join(take(room.key), vms, job_vms, current, room.joined(number))


def _settle(room: Room, number: int, rows: pd.DataFrame) -> Settled:
    key: Key = take(room.key)
    return settle(key.head.estate, rows, room.piece(number))


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in JOINED.items()})
