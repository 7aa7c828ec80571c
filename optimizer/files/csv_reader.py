"""Reads CSV into columns of trimmed text.

The quick way is pyarrow's. Only where it stumbles is the file read a second time, row by row,
to say which line is wrong and why.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from itertools import islice

import pyarrow as pa
import pyarrow.csv as pacsv

from models.diagnostics import InputProblem
from optimizer.files.text_table import TextTable, refuse_table, trimmed, trimmed_names, type_of

BOM = b"\xef\xbb\xbf"
SAVE_AS = "save it as 'CSV UTF-8'"
END = ["."]
Row = tuple[int, list[str]]

LONGEST_CELL = 1 << 20

csv.field_size_limit(LONGEST_CELL)


def read_csv(file: str, content: bytes, known: Collection[str]) -> TextTable:
    """Return the ``known`` columns; raise EstateError where there is no table in ``content``."""
    start = content[: len(BOM) + 1000].removeprefix(BOM)[:1000]
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or start.count(0) > len(start) // 4:
        raise refuse_table(file, "is UTF-16", SAVE_AS)
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise refuse_table(file, "holds NUL characters", "remove them: no name has any", line)
    quotes = content.count(b'"') if b'"' in content else 0  # `in` is much quicker
    if quotes % 2 == 0:
        line, header = next(_rows(file, content), (1, []))
        names = _names(file, content, line, header)
        table = _quickly(content, header, names, quotes > 0)
        if table is not None:
            columns = dict(zip(names, table.columns, strict=True))
            return TextTable(file, *_split(columns, known), _Lines(file, content))
    return _by_rows(file, content, known)


def _quickly(content: bytes, header: list[str], names: list[str], quoted: bool) -> pa.Table | None:
    """Return the table; None where pyarrow cannot read it or reads another header."""
    try:
        table = pacsv.read_csv(
            pa.BufferReader(content),
            parse_options=pacsv.ParseOptions(newlines_in_values=quoted),
            convert_options=pacsv.ConvertOptions(
                column_types=dict(zip(header, map(type_of, names), strict=True)),
                strings_can_be_null=False,
            ),
        )
        return table if table.column_names == header else None
    except ValueError:  # ArrowInvalid is one, and so is a header that cannot be decoded
        return None


def _split(
    columns: dict[str, pa.ChunkedArray | pa.Array], known: Collection[str]
) -> tuple[dict[str, pa.Array], tuple[str, ...]]:
    """Return the known columns, trimmed, and the names of the others."""
    read = {name: trimmed(name, column) for name, column in columns.items() if name in known}
    return read, tuple(name for name in columns if name not in known)


def _names(file: str, content: bytes, line: int, header: list[str]) -> list[str]:
    if not header:
        raise refuse_table(file, "is empty", "give it a header row; `gip init` writes templates")
    if not _is_utf8(b"".join(islice(io.BytesIO(content), line))):
        raise refuse_table(file, "has a header that is not UTF-8", SAVE_AS, line)
    first = ",".join(header).strip()
    if first.lower().startswith("sep="):
        reason = f"begins with {first!r}, which only Excel reads"
        raise refuse_table(file, reason, "remove this line; cells are separated by commas", line)
    if len(header) == 1 and (";" in first or "\t" in first):
        raise refuse_table(file, "is not separated by commas", "save it with commas", line)
    return trimmed_names(file, header, line)


def _rows(file: str, content: bytes) -> Iterator[Row]:
    """Yield every row that is not blank with the line that it begins on."""
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", errors="replace", newline="")
    reader = csv.reader(text)
    begin = 1
    try:
        for row in reader:
            if row:
                yield begin, row
            begin = reader.line_num + 1
    except csv.Error as error:
        reason = f"has a cell of more than {LONGEST_CELL} characters"
        raise refuse_table(file, reason, "shorten it, or close its quote", begin) from error


class _Lines:
    """Finds the line on which a row (0 = first after the header) begins, reading once."""

    def __init__(self, file: str, content: bytes) -> None:
        self._begins = cache(lambda: [line for line, _ in _rows(file, content)])

    def __call__(self, rows: Sequence[int]) -> list[int]:
        begins = self._begins()
        return [begins[row + 1] for row in rows]


def _by_rows(file: str, content: bytes, known: Collection[str]) -> TextTable:
    """Read what can be read, and list each row that cannot."""
    # A row added at the end comes out as it is unless an open quote swallows it.
    *rows, (line, last) = _rows(file, content + b"\n" + END[0].encode())
    unclosed = [] if last == END else [_unclosed(file, line, last, rows)]
    if not rows:
        if unclosed:
            raise refuse_table(file, unclosed[0].reason, unclosed[0].remedy, unclosed[0].line)
        raise refuse_table(file, "is empty", "give it a header row; `gip init` writes templates")
    (line, header), *rows = rows
    names = _names(file, content, line, header)
    problems = [
        InputProblem(file, number, None, repr(text)[2:-1], "is not UTF-8", SAVE_AS)
        for number, text in enumerate(content.split(b"\n"), 1)
        if not _is_utf8(text)
    ]
    width = len(header)
    problems += [
        InputProblem(
            file, line, None, None, f"has {len(row)} cells, the header has {width}",
            "quote cells that hold a comma, or add what is missing",
        )
        for line, row in rows
        if len(row) != width
    ]  # fmt: skip
    kept = [(line, row) for line, row in rows if len(row) == width]
    columns = {
        name: pa.array([row[place] for _, row in kept], pa.string())
        for place, name in enumerate(names)
    }
    return TextTable(
        file,
        *_split(columns, known),
        lambda wanted: [kept[row][0] for row in wanted],
        problems=(*problems, *unclosed),
    )


def _unclosed(file: str, line: int, row: list[str], rows: Sequence[Row]) -> InputProblem:
    """Return what is wrong with the last ``row``, whose last cell goes on to the end."""
    *before, cell = row
    line += sum(text.count("\n") for text in before)
    header = rows[0][1] if rows else []
    column = header[len(before)].strip() if len(before) < len(header) else None
    text = '"' + cell.partition("\n")[0].strip()
    return InputProblem(file, line, column, text, "opens a quote that is not closed", "close it")


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
