"""Reads CSV as other programs write it: commas, semicolons or tabs, in any encoding."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from models.errors import EstateError, Problem

DELIMITERS = (",", ";", "\t")
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
LONGEST_CELL = 1 << 20
BLOCK = 16 << 20


def read_delimited(path: Path, encoding: str | None) -> tuple[pd.DataFrame, int]:
    """Return the table in a CSV file and the number of its first row; `Sheet` says the rest."""
    file = path.name
    content = _utf8(file, path.read_bytes(), encoding)
    start = io.StringIO(content[:LONGEST_CELL].decode(errors="replace"), newline="")
    delimiter, skipped = _delimiter(start.readline())
    start.seek(0)
    rows = csv.reader(start, delimiter=delimiter)
    header = next(islice(rows, skipped, None), [])
    if not any(name.strip() for name in header):
        raise _refused(file, None, None, "has no header row", "export the table again")
    names = unique(header)
    table = _quickly(content, delimiter, skipped, header, names)
    if table is None:
        table = _by_rows(file, content, delimiter, skipped, names)
    return table.to_pandas(), skipped + 2


def unique(header: Sequence[str]) -> list[str]:
    """Return trimmed names; one that was there before gets its turn behind it.

    >>> unique(["VM", "Tag", " Tag"])
    ['VM', 'Tag', 'Tag (2)']
    """
    names: list[str] = []
    met = set(names)
    for cell in header:
        name, turn = cell.strip(), 1
        while name in met:
            turn += 1
            name = f"{cell.strip()} ({turn})"
        names.append(name)
        met.add(name)
    return names


def _utf8(file: str, content: bytes, encoding: str | None) -> bytes:
    """Return ``content`` as UTF-8 without a mark."""
    marked = next((name for mark, name in MARKS.items() if content.startswith(mark)), None)
    reason = ""
    for name in [marked] if marked else ["utf-8", encoding]:
        if name is None:
            break
        try:
            text = content.decode(name)
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            reason = f"is not {name}: byte {error.object[error.start]:#04x} in line {line}"
        except LookupError:
            reason = f"cannot be read: no encoding is called {name!r}"
        else:
            return content if name == "utf-8" else text.encode("utf-8", "replace")
    remedy = "name its encoding, as in --encoding cp932 (Japanese) or --encoding cp1252"
    raise _refused(file, None, None, reason, remedy)


def _delimiter(first: str) -> tuple[str, int]:
    """Return what separates cells, and how many rows stand before the header (0 or 1)."""
    if first.lower().startswith("sep=") and len(first.strip("\r\n")) == 5:
        return first[4], 1
    counts = [len(next(csv.reader([first], delimiter=sign), [])) for sign in DELIMITERS]
    return DELIMITERS[counts.index(max(counts))], 0


def _quickly(
    content: bytes, delimiter: str, skipped: int, header: list[str], names: list[str]
) -> pa.Table | None:
    """Return the table; None where pyarrow cannot read it or reads another header."""
    if content.count(b'"') % 2:
        return None
    try:
        table = pacsv.read_csv(
            pa.BufferReader(content),
            pacsv.ReadOptions(block_size=BLOCK, skip_rows=skipped, column_names=names),
            pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=b'"' in content),
            pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except ValueError:  # ArrowInvalid is one
        return None
    first = [column[0].as_py() for column in table.columns] if len(table) else None
    longest = max(pc.max(pc.binary_length(column)).as_py() or 0 for column in table.columns)
    return _trimmed(table.slice(1)) if first == header and longest <= LONGEST_CELL else None


def _by_rows(file: str, content: bytes, delimiter: str, skipped: int, names: list[str]) -> pa.Table:
    """Read row by row; raise EstateError with the place of what is wrong."""
    csv.field_size_limit(2**31 - 1)
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8", newline="")
    rows: list[list[str]] = []
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        for row in islice(reader, skipped + 1, None):
            if not row:
                continue
            line = reader.line_num
            if len(row) != len(names):
                reason = f"has {len(row)} cells, the header has {len(names)}"
                raise _refused(file, line, None, reason, "export the table again")
            for name, cell in zip(names, row, strict=True):
                if len(cell) > LONGEST_CELL:
                    reason = f"has a cell of {len(cell)} characters"
                    raise _refused(file, line, name, reason, f"shorten it to {LONGEST_CELL}")
            rows.append(row)
    except csv.Error as error:
        reason = f"cannot be read: {error}"
        raise _refused(file, reader.line_num, None, reason, "export the table again") from error
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return _trimmed(pa.table([pa.array(column, pa.string()) for column in columns], names))


def _trimmed(table: pa.Table) -> pa.Table:
    columns = [pc.utf8_trim_whitespace(column) for column in table.columns]
    return pa.table(columns, table.column_names)


def _refused(
    file: str, line: int | None, column: str | None, reason: str, remedy: str
) -> EstateError:
    return EstateError([Problem(file, line, column, None, reason, remedy)])
