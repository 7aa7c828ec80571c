"""Reads any table of columns that the user names, such as a script's CSV."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from models.diagnostics import Finding, InputProblem, counted, did_you_mean
from models.errors import EstateError
from models.imported_tables import Inventory
from models.schema import Column, Table
from optimizer.files.text_table import refuse_table
from optimizer.inputs.estate_folder.doubts import unknown_platforms
from optimizer.inputs.importers.cell_words import (
    Renamed,
    check_cells,
    in_estate_words,
    read_constants,
)
from optimizer.inputs.importers.guest_networks import placing_addresses
from optimizer.inputs.importers.guest_systems import worded_one
from optimizer.inputs.importers.ip_plan import of_host_bits
from optimizer.inputs.importers.spreadsheets import Sheet, read_sheets, source_file

LISTS = ("list", "choices", "days")
OPTION = "--map"


def read_generic_table(
    path: Path,
    table: Table,
    mapping: Sequence[str],
    split: str,
    encoding: str | None,
    values: Sequence[str] = (),
    constants: Sequence[str] = (),
) -> Inventory:
    """Return rows of ``table`` from the sheet that has the columns which ``mapping`` names.

    ``mapping`` holds texts ``column=field``; several columns may make up a list, each character
    of ``split`` separates the items of its cells, and two may make up a ``cidr``: network and
    mask. ``values`` hold texts ``old=new``, or ``field:old=new``, for cells and items of lists;
    ``constants`` texts ``field=value`` for every row. Rows with the same key become one: lists
    are united, of other fields the first that is known stays, with a finding. Raises EstateError
    for unknown columns and fields, for cells that the field cannot hold, each text once, and
    where the key is not mapped.
    """
    between = separators(split)
    plainly = Renamed(table, ())

    def in_words(field: str, text: str) -> str:
        return _in_words(text, table.column(field), between, plainly)

    given = read_constants(table, constants, in_words)
    fields = _fields(table, mapping, given)
    renamed = Renamed(table, values)
    source = source_file(path)
    sheet = _sheet(path, encoding, [column for names in fields.values() for column in names])
    findings = [*sheet.findings, *_repeated_columns(sheet, fields)]
    cells = _columns(sheet, table, fields, between, renamed)
    check_cells(sheet, table, fields, cells)
    findings += renamed.unused()
    if "cidr" in fields:
        lengths = cells["cidr"].str.partition("/")[2]
        written = sheet.cells[fields["cidr"][0]].astype("str").str.partition("/")[0].str.strip()
        findings += of_host_bits(sheet.file, written + "/" + lengths)
    rows = _keyed(sheet, table, cells.assign(**given), findings)
    if "platform" in rows:
        findings += unknown_platforms(Counter(rows["platform"].tolist()))
    return Inventory(
        {table.name: _merged(rows, table, findings)},
        (source,),
        tuple(findings),
        emptied=frozenset((table.name, field) for field in renamed.emptied),
    )


def _fields(table: Table, mapping: Sequence[str], given: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the columns of each field; EstateError lists what is wrong with ``mapping``."""
    known = [column.name for column in table.columns]
    fields: dict[str, list[str]] = defaultdict(list)
    problems = []
    for entry in mapping:
        column, sign, field = (part.strip() for part in entry.rpartition("="))
        if not sign or not column:
            problems.append(_wrong(entry, "is not column=field", "write it as in Name=vm"))
        elif field not in known:
            remedy = f"choose from {', '.join(known)}{did_you_mean(field, known)}"
            problems.append(_wrong(entry, f"names no field of {table.name}", remedy))
        elif field in given:
            problems.append(_wrong(entry, f"maps {field}, which --set sets", "leave one out"))
        elif (
            fields[field]
            and table.column(field).kind not in LISTS
            and (field != "cidr" or len(fields[field]) > 1)
        ):
            problems.append(_wrong(entry, f"maps {field} again", "map one column to it"))
        else:
            fields[field].append(column)
    problems += [
        _wrong(None, f"leaves out {key}, the key of {table.name}", f'add --map "column={key}"')
        for key in table.key
        if not problems and not fields.get(key) and key not in given
    ]
    if problems:
        raise EstateError(problems)
    return {name: fields[name] for name in known if fields.get(name)}


def _wrong(entry: str | None, reason: str, remedy: str) -> InputProblem:
    return InputProblem(OPTION, None, None, entry, reason, remedy)


def _sheet(path: Path, encoding: str | None, columns: Sequence[str]) -> Sheet:
    """Return the only sheet that has the ``columns``."""
    sheets = read_sheets(path, encoding)
    fitting = [sheet for sheet in sheets if set(columns) <= set(sheet.cells.columns)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        reason = f"has these columns in the sheets {', '.join(sheet.name for sheet in fitting)}"
        remedy = "save the one that you mean as CSV"
        raise refuse_table(path.name, reason, remedy)
    closest = max(
        sheets, key=lambda sheet: len(set(columns) & set(sheet.cells.columns)), default=None
    )
    known = [] if closest is None else [str(name) for name in closest.cells.columns]
    some = ", ".join(name[:40] for name in known[:20]) + (", ..." if len(known) > 20 else "")
    raise EstateError([
        InputProblem(
            path.name, None, None, column, "is not one of its columns",
            f"choose from {some}{did_you_mean(column, known)}",
        )
        for column in columns
        if column not in known
    ])  # fmt: skip


def _repeated_columns(sheet: Sheet, fields: Mapping[str, Sequence[str]]) -> list[Finding]:
    """Tell of mapped columns whose name comes again in the header."""
    names = dict.fromkeys(name for columns in fields.values() for name in columns)
    return [
        Finding(
            "warning", "repeated_column", sheet.file,
            f"the header has {name!r} more than once: the first is read; the next one is called "
            f"'{name} (2)'",
        )
        for name in names
        if f"{name} (2)" in sheet.cells and f"{name} (2)" not in names
    ]  # fmt: skip


def _columns(
    sheet: Sheet,
    table: Table,
    fields: Mapping[str, Sequence[str]],
    between: re.Pattern[str],
    renamed: Renamed,
) -> pd.DataFrame:
    """Return the cells of each field, in the words of the estate where they are known."""
    columns: dict[str, pd.Series[str]] = {}
    for field, names in fields.items():
        cells = sheet.cells[names[0]].astype("str").str.strip()
        for name in names[1:]:
            sign = "/" if field == "cidr" else ";"
            cells = cells.str.cat(sheet.cells[name].astype("str").str.strip(), sep=sign)
        told = {
            text: _in_words(text, table.column(field), between, renamed)
            for text in map(str, cells.unique())
        }
        columns[field] = cells.map(told).astype("str")
    return pd.DataFrame(columns)


def _in_words(text: str, column: Column, between: re.Pattern[str], renamed: Renamed) -> str:
    """Return a cell, or a constant, in the words of the estate where they are known."""
    if column.kind in LISTS:
        found = (renamed.of(column.name, item.strip()) for item in between.split(text))
        return _items(list(found), column.name)
    word = in_estate_words(renamed.of(column.name, text), column)
    return worded_one(word) if column.name == "os" else word


def separators(split: str) -> re.Pattern[str]:
    """Return what stands between two items of a cell: any characters of ``split``, or ``;``."""
    return re.compile(f"[{re.escape(split)};]+")


def _items(items: Sequence[str], field: str) -> str:
    trimmed = [item for part in items if (item := part.strip())]
    return ";".join(placing_addresses(trimmed) if field == "networks" else dict.fromkeys(trimmed))


def _keyed(sheet: Sheet, table: Table, rows: pd.DataFrame, findings: list[Finding]) -> pd.DataFrame:
    """Return the rows that have a key."""
    keyed = (rows[list(table.key)] != "").all(axis=1)
    if not keyed.all():
        first = sheet.line(int((~keyed).to_numpy().argmax()))
        detail = f"{counted(int((~keyed).sum()), 'row')} left out: no {' or '.join(table.key)}"
        findings.append(Finding("warning", "row_without_key", f"{sheet.file}:{first}", detail))
    return rows[keyed].reset_index(drop=True)


def _merged(rows: pd.DataFrame, table: Table, findings: list[Finding]) -> pd.DataFrame:
    """Return one row for each key."""
    keys = list(table.key)
    if not rows.duplicated(keys).any():
        return rows
    merged: dict[tuple[str, ...], dict[str, str]] = {}
    differing: dict[str, set[str]] = defaultdict(set)
    for record in rows.to_dict("records"):
        row = {str(field): str(cell) for field, cell in record.items()}
        key = tuple(row[name] for name in keys)
        known = merged.setdefault(key, row)
        for field, cell in row.items():
            if table.column(field).kind in LISTS:
                items = dict.fromkeys([*known[field].split(";"), *cell.split(";")])
                known[field] = ";".join(item for item in items if item)
            elif not known[field]:
                known[field] = cell
            elif cell not in ("", known[field]):
                differing[" ".join(key)].add(field)
    for subject, fields in differing.items():
        detail = f"its rows differ in {', '.join(sorted(fields))}: the first one is taken"
        findings.append(Finding("warning", "differing_rows", subject, detail))
    return pd.DataFrame(list(merged.values()), columns=rows.columns, dtype="str")
