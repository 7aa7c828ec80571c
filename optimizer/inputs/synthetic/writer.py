"""Writes the tables of an estate and its settings, whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from models.errors import OutputError
from models.schema import SITES, TABLES
from optimizer.files.atomic_folder import write_atomically
from optimizer.files.formulas import guard
from optimizer.inputs.synthetic.options import Options

SETTINGS = """\
format = 1
name = "generated-{vms}-{seed}"
ruleset = "v12"

[failover]
capacity = "{failover}"
"""


def refuse_to_overwrite(out: Path) -> None:
    """Raise OutputError where ``out`` holds an estate, or part of one."""
    names = [
        f"{table.name}.{end}" for table in (*TABLES, SITES) for end in ("csv", "csv.gz", "parquet")
    ]
    for name in ["estate.toml", *names]:
        if (out / name).exists():
            raise OutputError(f"{out / name} is there already; choose an empty folder")


def write_files(out: Path, tables: Mapping[str, pa.Table], options: Options) -> None:
    """Write ``NAME.csv`` for each table and ``estate.toml``; on failure leave none of them."""
    settings = SETTINGS.format(vms=options.vms, seed=options.seed, failover=options.failover)
    with write_atomically(out, last="estate.toml") as folder:
        refuse_to_overwrite(out)
        for name, table in tables.items():
            (folder / f"{name}.csv").write_bytes(_csv(table))
        (folder / "estate.toml").write_text(settings, encoding="utf-8", newline="\n")


def _csv(table: pa.Table) -> bytes:
    try:
        return _written(table, "none")
    except pa.ArrowInvalid:  # a name holds a comma or a quote
        return _written(table, "needed")


def _written(table: pa.Table, quoting: str) -> bytes:
    content = io.BytesIO()
    header = ",".join(table.column_names) + "\n"
    content.write(header.encode())
    table = pa.table([_guarded(column) for column in table.columns], table.column_names)
    options = pacsv.WriteOptions(include_header=False, quoting_style=quoting)
    pacsv.write_csv(table, content, options)
    return content.getvalue()


def _guarded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_string(column.type):
        return column
    return pa.chunked_array([guard(chunk) for chunk in column.chunks], column.type)
