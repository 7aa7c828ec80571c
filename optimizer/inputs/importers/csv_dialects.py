"""Reads CSV as other programs write it: commas, semicolons or tabs, in any encoding."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from models.diagnostics import Finding
from models.errors import EstateError
from optimizer.files.reading import read_bytes
from optimizer.files.text_table import refuse_table

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?\s*([AaPp][Mm])?", re.ASCII)


def minute_of(written: str) -> int | None:
    """Return the minute of the day, None where ``written`` is no time.

    >>> minute_of("4:00"), minute_of("10:30 PM"), minute_of("soon")
    (240, 1350, None)
    """
    found = _CLOCK.fullmatch(written)
    if not found:
        return None
    hour, minute, half = int(found[1]), int(found[2]), (found[3] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    return hour * 60 + minute if hour < 24 and minute < 60 else None


DELIMITERS = (",", ";", "\t", "|")
MARKS = {  # that of UTF-32 begins as one of UTF-16 does
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
LONGEST_CELL = 1 << 20
MOST_COLUMNS = 16_384  # as in a spreadsheet
BLOCK = 16 << 20
NAME_ENCODING = "name it: --encoding cp1252 (Western Europe), --encoding cp932 (Japan) or another"
REMOVE_TITLE = "its first line seems to be a title: remove what stands above the header"


def read_delimited(
    path: Path, encoding: str | None, findings: list[Finding] | None = None
) -> tuple[pd.DataFrame, Sequence[int]]:
    """Return the table in a CSV file and the lines of its header and rows; `Sheet` says the rest.

    Text is of ``encoding`` where one is given, but for files that begin with a mark of UTF-8 or
    UTF-16, which say it themselves; without either it is UTF-8. A file that speaks against the
    ``encoding`` is told in ``findings``.
    """
    file = path.name
    content = in_utf8(file, read_bytes(path), encoding, findings if findings is not None else [])
    start = io.StringIO(content[:LONGEST_CELL].decode(errors="replace"), newline="")
    delimiter, skipped = delimiter_of(start.readline())
    start.seek(0)
    try:
        _, header = next(islice(rows_of(start, delimiter), skipped, None), (1, []))
    except RowError as error:
        reason = f"has a header that cannot be read: {error}"
        raise refuse_table(file, reason, "export the table again", 1) from error
    if not any(name.strip() for name in header):
        raise refuse_table(file, "has no header row", "export the table again")
    endless = len(content) > LONGEST_CELL and not start.read(1)
    if endless or len(header) > MOST_COLUMNS:
        reason = f"has a header of more than {MOST_COLUMNS} columns or {LONGEST_CELL} bytes"
        raise refuse_table(file, reason, "export the table again", 1)
    names = unique(header)
    table = _quickly(content, delimiter, skipped, header, names)
    if table is None:
        table = _by_rows(file, content, delimiter, skipped, names)
    named = [name for name, cell in zip(names, header, strict=True) if cell.strip()]
    return table.select(named).to_pandas(), _lines(content, delimiter, skipped, len(table))


def unique(header: Sequence[str]) -> list[str]:
    """Return trimmed names; one that is there already gets its turn behind it.

    >>> unique(["VM", "Tag", " Tag"])
    ['VM', 'Tag', 'Tag (2)']
    """
    names: list[str] = []
    met: set[str] = set()
    turns: dict[str, int] = {}
    for cell in header:
        base = name = cell.strip()
        while name in met:
            turns[base] = turns.get(base, 1) + 1
            name = f"{base} ({turns[base]})"
        names.append(name)
        met.add(name)
    return names


def marked_encoding(content: bytes) -> str | None:
    """Return the encoding that a text's first bytes tell, None where they are no mark."""
    return next((name for mark, name in MARKS.items() if content.startswith(mark)), None)


def in_utf8(file: str, content: bytes, encoding: str | None, findings: list[Finding]) -> bytes:
    """Return ``content`` as UTF-8 without a mark; EstateError where it is no such text.

    `read_delimited` says what ``encoding`` and ``findings`` are.
    """
    marked = marked_encoding(content)
    name = marked or encoding or "utf-8"
    remedy = NAME_ENCODING
    try:
        text = content.decode(name)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        reason = f"is not {name}: byte {error.object[error.start]:#04x} in line {line}"
        if encoding and _is_beyond_ascii_utf8(content):
            remedy = "it is valid UTF-8: leave --encoding out, or save it as 'CSV UTF-8'"
        raise refuse_table(file, reason, remedy) from error
    except (LookupError, ValueError) as error:  # some encodings are for names only
        raise refuse_table(
            file, f"cannot be read: no encoding is called {name!r}", remedy
        ) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise refuse_table(file, *_of_nul(content), line)
    if marked and encoding and not encoding.lower().startswith(marked.removesuffix("-sig")):
        detail = f"has a byte order mark: read as {marked.removesuffix('-sig')}, not as {encoding}"
        findings.append(Finding("info", "other_encoding", file, detail))
    elif encoding and codecs.lookup(name).name != "utf-8" and _is_beyond_ascii_utf8(content):
        detail = f"read as {name}, as --encoding says, though it is valid UTF-8, too"
        findings.append(Finding("warning", "other_encoding", file, detail))
    return content if name == "utf-8" else text.encode("utf-8", "replace")


def _is_beyond_ascii_utf8(content: bytes) -> bool:
    """Tell whether ``content`` is UTF-8 and has more than ASCII in it."""
    try:
        return not content.isascii() and bool(content.decode())
    except UnicodeDecodeError:
        return False


def _of_nul(content: bytes) -> tuple[str, str]:
    """Return why a text with NUL characters is refused, and what to do: it may be UTF-16."""
    start = content[:1000]
    zeros = [start[place::2].count(0) for place in (0, 1)]
    if max(zeros) > len(start) // 4:
        name = "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
        return "holds NUL characters and looks like UTF-16", f"name it: --encoding {name}"
    return "holds NUL characters", "remove them: no name and no address has any"


def delimiter_of(first: str) -> tuple[str, int]:
    """Return what separates cells, and how many rows stand before the header (0 or 1)."""
    if first.lower().startswith("sep=") and len(first.strip("\r\n")) == 5:
        return first[4], 1
    plain = re.sub(r'"[^"]*"?', "", first)
    return max(DELIMITERS, key=plain.count), 0


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
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8", newline="")
    rows: list[list[str]] = []
    try:
        for line, row in islice(rows_of(text, delimiter), skipped + 1, None):
            if row and len(row) != len(names):
                reason = f"has {_cells(len(row))}, the header has {len(names)}"
                title = len(row) > len([name for name in names if name]) == 1
                remedy = REMOVE_TITLE if title else "export the table again"
                raise refuse_table(file, reason, remedy, line)
            if row:
                rows.append(row)
    except RowError as error:
        raise refuse_row(file, error) from error
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return _trimmed(pa.table([pa.array(column, pa.string()) for column in columns], names))


def _lines(content: bytes, delimiter: str, skipped: int, rows: int) -> Sequence[int]:
    """Return the lines on which the header and each row begin: some may be blank, or cells long."""
    lines: Sequence[int] = range(skipped + 1, skipped + 2 + rows)
    if content.count(b"\n") + (not content.endswith(b"\n")) == lines[-1]:
        return lines
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8", newline="")
    with suppress(RowError):  # pyarrow is less strict
        found = [line for line, row in rows_of(text, delimiter) if row][skipped:]
        lines = found if len(found) == len(lines) else lines
    return lines


class RowError(ValueError):
    """A row that cannot be read; ``line`` is the one on which it begins."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def refuse_row(file: str, error: RowError) -> EstateError:
    """Return the error of a file with a row that cannot be read."""
    remedy = f"close its quotes, and shorten cells to {LONGEST_CELL} characters"
    return refuse_table(file, f"cannot be read: {error}", remedy, error.line)


def rows_of(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line on which it begins; RowError also where a cell is too long."""
    limit = csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begin = 1
    try:
        for row in reader:
            yield begin, row
            begin = reader.line_num + 1
    except csv.Error as error:
        raise RowError(begin, str(error)) from error
    finally:
        csv.field_size_limit(limit)


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _trimmed(table: pa.Table) -> pa.Table:
    columns = [pc.utf8_trim_whitespace(column) for column in table.columns]
    return pa.table(columns, table.column_names)
