"""Reads the sheets of an xlsx that `xlsx_guard.check_xlsx` has found harmless."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from optimizer.files.text_table import refuse_table
from optimizer.inputs.importers.csv_dialects import unique
from optimizer.inputs.importers.error_cells import Errors
from optimizer.inputs.importers.xlsx_guard import check_xlsx

ROWS_AT_ONCE = 10_000


def read_workbook(
    path: Path, wanted: re.Pattern[str] | None, step: Callable[[str], None]
) -> Iterator[tuple[str, pd.DataFrame, range]]:
    """Yield name, table and lines of each wanted sheet; `Sheet` says the rest."""
    step(f"reading {path.name}: is it sound?")
    errors = check_xlsx(path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        for name in book.sheet_names:
            if wanted is None or wanted.fullmatch(name):
                step(f"reading {path.name}: {name}")
                yield from _sheet(book.get_sheet_by_name(name), errors.get(name, {}))
    except CalamineError as error:
        reason = f"cannot be read as an xlsx: {error}"
        raise refuse_table(path.name, reason, "export it again") from error


def _sheet(sheet: CalamineSheet, errors: Errors) -> Iterator[tuple[str, pd.DataFrame, range]]:
    """Yield one table, none where the sheet is empty; the first row with text is the header.

    Cells of ``errors`` hold their text.
    """
    rows = _with_errors(iter(sheet.iter_rows() if sheet.height else ()), errors)
    for number, row in enumerate(rows, 1):
        header = [_text(cell).strip() for cell in row]
        if any(header):
            places = [place for place, name in enumerate(header) if name]
            names = unique([header[place] for place in places])
            cells = _table(names, places, rows).to_pandas()
            yield sheet.name, cells, range(number, number + 1 + len(cells))
            return


def _with_errors(rows: Iterator[list[Any]], errors: Errors) -> Iterator[list[Any]]:
    places: dict[int, list[tuple[int, str]]] = {}
    for (row, column), text in errors.items():
        places.setdefault(row, []).append((column, text))
    for number, cells in enumerate(rows, 1):
        for column, text in places.get(number, ()):
            if column <= len(cells):
                cells[column - 1] = text
        yield cells


def _table(names: Sequence[str], places: Sequence[int], rows: Iterator[list[Any]]) -> pa.Table:
    """Return the columns at ``places``."""
    schema = pa.schema([(name, pa.string()) for name in names])
    batches = []
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        columns = [_column([row[place] for row in batch]) for place in places]
        batches.append(pa.record_batch(columns, schema=schema))
    return pa.Table.from_batches(batches, schema)


def _column(cells: Sequence[Any]) -> pa.Array:
    try:
        texts = pa.array(cells, pa.string())
    except pa.ArrowTypeError:  # some are numbers, dates or booleans
        texts = pa.array(list(map(_text, cells)), pa.string())
    return pc.utf8_trim_whitespace(texts)


def _text(cell: Any) -> str:
    """Return a cell as a CSV would have it: 4 for 4.0."""
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if whole else cell)
