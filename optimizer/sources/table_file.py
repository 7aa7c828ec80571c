"""Reads one table file, CSV or Parquet, into columns of trimmed text.

The quick way is pyarrow's. Only where it stumbles is the file read a second time, row by row,
to say which line is wrong and why.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from models.errors import EstateError, Problem

ENDINGS = (".csv", ".csv.gz", ".parquet")
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class RawTable:
    """A table as text: every column a pyarrow string array, and where its rows stand.

    ``lines`` maps row numbers to line numbers of the file; it may read the file again.
    ``problems`` are the rows that could not be read; they are missing from the columns.
    """

    file: str
    sha256: str
    columns: dict[str, pa.Array]
    lines: Callable[[Sequence[int]], list[int]]
    problems: tuple[Problem, ...] = ()


def read_table(path: Path) -> RawTable:
    """Read the table file at ``path``; raise EstateError where it cannot be read at all."""
    try:
        stored = path.read_bytes()
        content = gzip.decompress(stored) if path.suffix == ".gz" else stored
    except (OSError, EOFError, zlib.error) as error:
        raise _refused(path.name, f"cannot be read: {error}", "check the file") from error
    digest = hashlib.sha256(stored).hexdigest()
    if path.suffix == ".parquet":
        return _read_parquet(path.name, content, digest)
    return _read_csv(path.name, content.removeprefix(BOM), digest)


def _refused(file: str, reason: str, remedy: str, line: int | None = None) -> EstateError:
    return EstateError([Problem(file, line, None, None, reason, remedy)])


def _read_csv(file: str, content: bytes, digest: str) -> RawTable:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _refused(file, "is UTF-16", "save it as 'CSV UTF-8'")
    header = _header(file, content)
    try:
        table = pacsv.read_csv(
            pa.BufferReader(content),
            parse_options=pacsv.ParseOptions(newlines_in_values=b'"' in content),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
            ),
        )
        columns = {
            name.strip(): _trim(column) for name, column in zip(header, table.columns, strict=True)
        }
    except (pa.ArrowInvalid, UnicodeDecodeError):  # the latter comes from the header
        return _read_by_rows(file, content, digest)
    return RawTable(file, digest, columns, lambda rows: _lines_of(content, rows))


def _header(file: str, content: bytes) -> list[str]:
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8", errors="replace", newline="")
    try:
        header = next((row for row in csv.reader(text) if row), None)
    except csv.Error as error:
        raise _refused(file, f"has no readable header row: {error}", "check line 1", 1) from error
    if header is None:
        raise _refused(file, "is empty", "give it a header row; `gip init` writes templates")
    names = [name.strip() for name in header]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _refused(file, f"has column {twice[0]!r} twice", "keep one of them", 1)
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        raise _refused(file, "is not separated by commas", "save it with commas", 1)
    return header


def _trim(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks)
    return pc.utf8_trim_whitespace(whole)


def _lines_of(content: bytes, rows: Sequence[int]) -> list[int]:
    """Return the line on which each of ``rows`` (0 = first after the header) begins."""
    wanted = set(rows)
    found: dict[int, int] = {}
    for number, (line, _) in enumerate(_rows(content)):
        if number - 1 in wanted:
            found[number - 1] = line
            if len(found) == len(wanted):
                break
    return [found[row] for row in rows]


def _rows(content: bytes) -> list[tuple[int, list[str]]]:
    """Return every row that is not blank with the line that it begins on."""
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8", errors="replace", newline="")
    reader = csv.reader(text)
    rows = []
    begin = 1
    for row in reader:
        if row:
            rows.append((begin, row))
        begin = reader.line_num + 1
    return rows


def _read_by_rows(file: str, content: bytes, digest: str) -> RawTable:
    """Read what can be read, and list each row that cannot."""
    problems = [
        Problem(file, number, None, repr(line)[2:-1], "is not UTF-8", "save it as 'CSV UTF-8'")
        for number, line in enumerate(content.split(b"\n"), 1)
        if not _is_utf8(line)
    ]
    try:
        (_, header), *rows = _rows(content)
    except csv.Error as error:
        raise _refused(file, f"cannot be read as CSV: {error}", "check its quotes") from error
    width = len(header)
    problems += [
        Problem(
            file, line, None, None, f"has {len(row)} cells, the header has {width}",
            "quote cells that hold a comma, or add what is missing",
        )
        for line, row in rows
        if len(row) != width
    ]  # fmt: skip
    kept = [(line, row) for line, row in rows if len(row) == width]
    columns = {
        name.strip(): _trim(pa.array([row[place] for _, row in kept], pa.string()))
        for place, name in enumerate(header)
    }
    return RawTable(
        file, digest, columns, lambda wanted: [kept[row][0] for row in wanted], tuple(problems)
    )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_parquet(file: str, content: bytes, digest: str) -> RawTable:
    try:
        table = pq.read_table(pa.BufferReader(content))
        columns = {
            name.strip(): _as_text(column)
            for name, column in zip(table.column_names, table.columns, strict=True)
        }
    except (pa.ArrowException, OSError) as error:
        raise _refused(file, f"is not readable Parquet: {error}", "write it again") from error
    return RawTable(file, digest, columns, lambda rows: [row + 1 for row in rows])


def _as_text(column: pa.ChunkedArray) -> pa.Array:
    """Write a typed column as the same table in CSV would read."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        items = [
            "" if cell is None else ";".join("" if item is None else str(item) for item in cell)
            for cell in column.to_pylist()
        ]
        return _trim(pa.array(items, pa.string()))
    if pa.types.is_time(kind):
        column = pc.strftime(column.cast(pa.time64("us")).cast(pa.int64()).cast(
            pa.timestamp("us")), format="%H:%M")  # fmt: skip
    elif pa.types.is_floating(kind):
        whole = pc.all(pc.or_kleene(pc.is_null(column), pc.equal(column, pc.round(column))))
        if whole.as_py():
            column = column.cast(pa.int64())
    return _trim(pc.fill_null(column.cast(pa.string()), ""))
