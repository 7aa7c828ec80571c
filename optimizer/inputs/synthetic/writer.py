"""Writes the tables of an estate and its settings, whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from models.errors import OutputError
from models.schema import SITES, TABLES
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
    written: list[Path] = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            written.append(out / f"{name}.csv")
            written[-1].write_bytes(_csv(table))
        written.append(out / "estate.toml")
        written[-1].write_text(settings, encoding="utf-8", newline="\n")
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise OutputError(f"{out} cannot be written: {error}; give another folder") from error


def _csv(table: pa.Table) -> bytes:
    try:
        return _written(table, "none")
    except pa.ArrowInvalid:  # a name holds a comma or a quote
        return _written(table, "needed")


def _written(table: pa.Table, quoting: str) -> bytes:
    content = io.BytesIO()
    header = ",".join(table.column_names) + "\n"
    content.write(header.encode())
    options = pacsv.WriteOptions(include_header=False, quoting_style=quoting)
    pacsv.write_csv(table, content, options)
    return content.getvalue()
