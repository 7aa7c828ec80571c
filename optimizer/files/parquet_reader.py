"""Reads Parquet into columns of text: typed columns as the same table in CSV would read."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.errors import EstateError
from optimizer.files.text_table import TextTable, refuse_table, trimmed, trimmed_names


def read_parquet(file: str, content: bytes, known: Collection[str]) -> TextTable:
    """Return the ``known`` columns; raise EstateError where they cannot be read."""
    try:
        table = pq.ParquetFile(pa.BufferReader(content)).read()
    except (pa.ArrowException, OSError) as error:
        raise unreadable(file, error) from error
    return text_table_of(file, table, known)


def unreadable(file: str, error: Exception) -> EstateError:
    """Return the error of a file that is no Parquet."""
    return refuse_table(file, f"is not readable Parquet: {error}", "write it again")


def text_table_of(file: str, table: pa.Table, known: Collection[str], first: int = 0) -> TextTable:
    """Return the ``known`` columns of rows of a file, ``first`` of which is there number 0."""
    names = trimmed_names(file, table.column_names, 1)
    columns = {}
    for name, column in zip(names, table.columns, strict=True):
        if name in known:
            try:
                columns[name] = trimmed(name, _as_text(column))
            except pa.ArrowException as error:
                reason = f"has a column {name!r} of {column.type}, which is not text: {error}"
                raise refuse_table(file, reason, "write its cells as text") from error
    unknown = tuple(name for name in names if name not in known)
    return TextTable(file, columns, unknown, lambda rows: [first + row + 1 for row in rows])


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        items = [
            "" if cell is None else ";".join("" if item is None else str(item) for item in cell)
            for cell in column.to_pylist()
        ]
        return pa.array(items, pa.string())
    if pa.types.is_time(kind):
        times = column.cast(pa.time64("us")).cast(pa.string())
        column = pc.replace_substring_regex(times, r":00\.0*$", "")
    elif pa.types.is_floating(kind):
        column = pc.if_else(pc.is_nan(column), None, column)
        whole = pc.all(pc.or_kleene(pc.is_null(column), pc.equal(column, pc.round(column))))
        if whole.as_py():
            column = column.cast(pa.int64())
    return pc.fill_null(column.cast(pa.string()), "")
