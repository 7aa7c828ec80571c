"""Reads one table file, CSV or Parquet, into columns of trimmed text."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from optimizer.files.csv_reader import read_csv
from optimizer.files.parquet_reader import read_parquet
from optimizer.files.text_table import TextTable, refuse_table

ENDINGS = (".csv", ".csv.gz", ".parquet")


def read_table(path: Path, known: Collection[str]) -> TextTable:
    """Read the ``known`` columns of a table; raise EstateError where it cannot be read at all."""
    if path.is_dir():
        raise refuse_table(path.name, "is a folder", "write the table as one file of this name")
    try:
        stored = path.read_bytes()
        content = gzip.decompress(stored) if path.suffix == ".gz" else stored
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise refuse_table(path.name, f"cannot be read: {why}", "check the file") from error
    read = read_parquet if path.suffix == ".parquet" else read_csv
    table = read(path.name, content, known)
    return replace(table, sha256=hashlib.sha256(stored).hexdigest())
