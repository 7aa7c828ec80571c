"""Reads one table file, CSV or Parquet, into columns of trimmed text."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from optimizer.files.csv_reader import read_csv
from optimizer.files.parquet_reader import read_parquet
from optimizer.files.reading import read_bytes
from optimizer.files.text_table import TextTable, refuse_table

LARGEST_INFLATED = 1 << 30
MOST_INFLATING = 100
ENDINGS = (".csv", ".csv.gz", ".parquet")


def read_table(path: Path, known: Collection[str]) -> TextTable:
    """Read the ``known`` columns of a table; raise EstateError where it cannot be read at all."""
    if path.is_dir():
        raise refuse_table(path.name, "is a folder", "write the table as one file of this name")
    try:
        stored = read_bytes(path)
        content = _inflated(path.name, stored) if path.suffix == ".gz" else stored
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise refuse_table(path.name, f"cannot be read: {why}", "check the file") from error
    read = read_parquet if path.suffix == ".parquet" else read_csv
    table = read(path.name, content, known)
    return replace(table, sha256=hashlib.sha256(stored).hexdigest())


def _inflated(file: str, stored: bytes) -> bytes:
    most = max(LARGEST_INFLATED, MOST_INFLATING * len(stored))
    with gzip.GzipFile(fileobj=io.BytesIO(stored)) as packed:
        content = packed.read(most + 1)
    if len(content) > most:
        reason = f"unpacks to more than {most >> 20} MiB, which no table does"
        raise refuse_table(file, reason, "write it without gzip")
    return content
