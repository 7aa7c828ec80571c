"""Reads a chunk of a large table: checks every cell and writes what the plan needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.diagnostics import Diagnostics, Hints, InputProblem
from models.errors import EstateError
from models.estate import Codes
from models.schema import CURRENT, JOB_VMS, VMS, Table
from optimizer.distributed.out_of_core.shared_names import Hashes, hash_names
from optimizer.distributed.out_of_core.small_tables import LARGE, SmallTables
from optimizer.distributed.out_of_core.vm_signatures import SignatureTable, VmSignature
from optimizer.files.parquet_reader import text_table_of, unreadable
from optimizer.files.text_table import TextTable
from optimizer.inputs.estate_folder.column_parsers import complain
from optimizer.inputs.estate_folder.reader import parse_columns

BATCH = 1 << 17
STEP = 1000  # of the rows of job_vms every one in so many tells how the tasks lie
LINES = {
    VMS: {"vm": "str", "row": "int64", "signature": "int64", "name": "str"},
    JOB_VMS: {"vm": "str", "row": "int64", "job": "int32"},
    CURRENT: {
        "vm": "str", "row": "int64", "job": "int32", "job_name": "str", "server": "int32",
        "proxy": "str",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chunk:
    """Row groups of a table's file; ``first`` is the number of their first row in it."""

    table: Table
    number: int
    groups: tuple[int, ...]
    first: int


@dataclass(slots=True)
class ChunkRead:
    """What a chunk held.

    ``signatures`` are those of its VMs, ``vms`` counts VMs by unknown host, ``systems`` those whose
    system may be Windows, ``names`` has the hashes of their names, ``sample`` has places (rank of
    the job, VM) of some rows.
    """

    rows: int = 0
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    signatures: list[VmSignature] = field(default_factory=list)
    vms: Counter[str] = field(default_factory=Counter)
    systems: Counter[str] = field(default_factory=Counter)
    platforms: Counter[str] = field(default_factory=Counter)
    names: list[Hashes] = field(default_factory=list)
    sample: list[tuple[int, str]] = field(default_factory=list)


def partition_chunks(small: SmallTables) -> list[Chunk]:
    """Return the chunks of all large tables: a row group each, one for an empty table."""
    found = []
    for table in LARGE:
        if table.name not in small.files:
            continue
        first = 0
        with pq.ParquetFile(small.files[table.name]) as file:
            sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
        for number, size in enumerate(sizes or [0]):
            found.append(Chunk(table, number, (number,) if sizes else (), first))
            first += size
    return found


def read_chunk(small: SmallTables, chunk: Chunk, out: Path) -> ChunkRead:
    """Read a chunk and write what is needed of its rows, `LINES`, to ``out``."""
    read = ChunkRead()
    signatures = SignatureTable(small.estate, small.book, chunk.number)
    names = {column.name for column in chunk.table.columns}
    schema = pa.Table.from_pandas(empty(chunk.table), preserve_index=False).schema
    with pq.ParquetWriter(out, schema) as writer:
        for raw in _batches(small.files[chunk.table.name], chunk, names, read):
            frame = parse_columns(chunk.table, raw, read.diagnostics)
            frame["row"] = np.arange(chunk.first + read.rows, chunk.first + read.rows + len(raw))
            if chunk.table == VMS:
                lines = signatures.of(raw, frame, read.diagnostics)
                read.names.append(hash_names(lines["name"]))
            else:
                lines = _rows(small, chunk.table, raw, frame, read)
            read.rows += len(raw)
            lines = lines.astype(LINES[chunk.table])[list(LINES[chunk.table])]
            writer.write_table(pa.Table.from_pandas(lines, schema, preserve_index=False))
    read.signatures, read.vms = signatures.entries, signatures.on_unknown_host
    read.systems, read.platforms = signatures.systems, signatures.platforms
    read.diagnostics.findings = list(dict.fromkeys(read.diagnostics.findings))
    return read


def empty(table: Table) -> pd.DataFrame:
    """Return the frame of `LINES` without a row."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in LINES[table].items()})


def _batches(path: Path, chunk: Chunk, names: set[str], read: ChunkRead) -> Iterator[TextTable]:
    first = chunk.first
    try:
        with pq.ParquetFile(path) as file:
            columns = [name for name in file.schema_arrow.names if name.strip() in names]
            groups = list(chunk.groups)
            for batch in file.iter_batches(BATCH, row_groups=groups, columns=columns):
                yield text_table_of(path.name, pa.Table.from_batches([batch]), names, first)
                first += len(batch)
    except EstateError as error:
        read.diagnostics.problems += error.problems
    except (pa.ArrowException, OSError) as error:
        read.diagnostics.problems += unreadable(path.name, error).problems


def _rows(
    small: SmallTables, table: Table, raw: TextTable, frame: pd.DataFrame, read: ChunkRead
) -> pd.DataFrame:
    """Return the rows of job_vms or current, their jobs and servers as codes, -1 for none."""
    frame["vm"] = raw.columns["vm"].to_pandas()
    frame["job"] = _codes(raw.columns["job"], small.estate.jobs["job"])
    if table == CURRENT:
        frame["job_name"] = raw.columns["job"].cast(pa.string()).to_pandas()
        frame["server"] = _codes(raw.columns["proxy"], small.estate.servers["server"])
        return frame
    _complain(small, raw, frame["job"].to_numpy(), read.diagnostics.problems)
    sampled = frame.iloc[::STEP]
    rank = np.append(small.rank, np.int32(-1))[sampled["job"].to_numpy()]
    read.sample += zip(rank.tolist(), sampled["vm"].tolist(), strict=True)
    return frame


def _codes(cells: pa.DictionaryArray, names: pd.Series[Any]) -> Codes:
    places = pc.index_in(cells.dictionary, pa.array(names, pa.string()))
    codes: Codes = pc.fill_null(places, -1).to_numpy()[cells.indices.to_numpy()]
    return codes


def _complain(small: SmallTables, raw: TextTable, job: Codes, problems: list[InputProblem]) -> None:
    """Complain of jobs that jobs.csv does not have."""
    hints = Hints(small.estate.jobs["job"].tolist())
    for row in np.flatnonzero(job < 0).tolist():
        if name := raw.text("job", row):
            remedy = f"add it there or remove this row{hints.of(name)}"
            complain(problems, raw, "job", [row], "is not in jobs", remedy)
