"""Estates in Parquet read as in CSV."""

from __future__ import annotations

import datetime
import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_tables import FULL, LEAST, complaint, parsed, same, written

from optimizer.inputs.estate_folder.reader import read_estate


def test_gzip_reads_as_the_file_in_it(tmp_path: Path) -> None:
    plain = read_estate(written(tmp_path / "plain", FULL))
    (tmp_path / "zipped").mkdir()
    for name, text in FULL.items():
        (tmp_path / "zipped" / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))
    same(plain, read_estate(tmp_path / "zipped"))


def typed(column: str, cells: list[str]) -> pa.Array:
    """Return a column as a tool with types would write it."""
    yes = {"true": True, "yes": True, "1": True, "": None}
    match column:
        case "max_tasks" | "latency_ms":
            return pa.array([float(cell) if cell else None for cell in cells])
        case "running_tasks" | "duration_minutes" | "host_version":
            return pa.array([int(cell) if cell else None for cell in cells], pa.int16())
        case "powershell_version":
            return pa.array([float(cell) if cell else float("nan") for cell in cells])
        case (
            "managed" | "available" | "excluded" | "both_ways" | "up" | "enabled" | "indexing"
            | "application_aware" | "log_processing"
        ):  # fmt: skip
            return pa.array([yes.get(cell.lower(), False) for cell in cells])
        case "networks" | "proxies" | "days" | "roles":
            lists = [cell.split(";") if cell else None for cell in cells]
            return pa.array(lists, pa.list_(pa.string()))
        case "start":
            times = [datetime.datetime.strptime(cell, "%H:%M").time() for cell in cells]
            return pa.array(times, pa.time32("s"))
        case "os" | "platform" | "site":
            return pa.array(cells).dictionary_encode()
    return pa.array([cell or None for cell in cells], pa.large_string())


def test_parquet_with_types_reads_as_csv(tmp_path: Path) -> None:
    plain = read_estate(written(tmp_path / "plain", FULL))
    (tmp_path / "typed").mkdir()
    for name, text in FULL.items():
        header, *rows = parsed(text)
        columns = [list(cells) for cells in zip(*rows, strict=True)]
        arrays = [typed(column, cells) for column, cells in zip(header, columns, strict=True)]
        pq.write_table(pa.table(arrays, names=header), tmp_path / "typed" / f"{name}.parquet")
    same(plain, read_estate(tmp_path / "typed"))


def test_parquet_columns_that_nothing_reads_are_a_finding(tmp_path: Path) -> None:
    written(tmp_path, LEAST)
    (tmp_path / "networks.csv").unlink()
    table = pa.table({"network": ["hq"], "tags": [{"colour": "red"}]})
    pq.write_table(table, tmp_path / "networks.parquet")
    assert [(f.code, f.subject) for f in read_estate(tmp_path).findings] == [
        ("unknown_column", "tags")
    ]


@pytest.mark.parametrize(
    ("column", "cells", "complaint_of"),
    [
        ("start", [datetime.time(22, 0, 30)], "start: '22:00:30.000000' is not a time of day"),
        ("duration_minutes", [2.5], "duration_minutes: '2.5' is not a whole number"),
        ("enabled", [2], "enabled: '2' is neither true nor false"),
    ],
)
def test_parquet_types_hide_nothing(
    tmp_path: Path, column: str, cells: list[Any], complaint_of: str
) -> None:
    written(tmp_path, LEAST)
    (tmp_path / "jobs.csv").unlink()
    good = {"job": ["nightly"], "start": ["22:00"], "duration_minutes": [120]}
    pq.write_table(pa.table(good | {column: cells}), tmp_path / "jobs.parquet")
    (line,) = complaint(tmp_path)
    assert line.startswith(f"jobs.parquet:1: {complaint_of}")
