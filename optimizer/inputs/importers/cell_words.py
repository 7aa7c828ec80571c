"""Turns cells of any table into the estate's words, and refuses those that its columns cannot hold.

Each text that does not fit is told once, with its first place, how often it comes, and what to
write or which option to give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from models.diagnostics import InputProblem, did_you_mean
from models.errors import EstateError
from models.schema import Column, Table
from optimizer.files.text_table import items
from optimizer.inputs.estate_folder.column_parsers import UnfitError, check_cell
from optimizer.inputs.importers.closed_sets import FLAGS, plain
from optimizer.inputs.importers.csv_dialects import minute_of
from optimizer.inputs.importers.ip_plan import parse_prefix, why_none
from optimizer.inputs.importers.spreadsheets import Sheet

VALUE, SET = "--value", "--set"
CLOSED = ("boolean", "choice", "choices", "days")
EXAMPLES = {"boolean": "true", "days": "daily"}


class Renamed:
    """What ``--value old=new`` and ``--value field:old=new`` make of cells and of items of lists.

    Raises EstateError for an entry that is neither.
    """

    def __init__(self, table: Table, entries: Sequence[str]) -> None:
        fields = {column.name for column in table.columns}
        self._new: dict[tuple[str, str], str] = {}
        self.emptied: set[str] = set()  # the fields in which something was left out
        for entry in entries:
            old, sign, new = entry.rpartition("=")
            if not sign:
                remedy = "write it as in proxy=backup_proxy, or proxy= to leave it out"
                raise EstateError(
                    [InputProblem(VALUE, None, None, entry, "is not old=new", remedy)]
                )
            field, colon, rest = old.partition(":")
            key = (field, rest) if colon and field in fields else ("", old)
            self._new[key[0], key[1].strip().casefold()] = new.strip()

    def of(self, field: str, text: str) -> str:
        """Return what ``text`` in ``field`` becomes."""
        key = text.casefold()
        new = self._new.get((field, key), self._new.get(("", key), text))
        if text and not new:
            self.emptied.add(field)
        return new


def read_constants(table: Table, entries: Sequence[str]) -> dict[str, str]:
    """Return the values of ``--set field=value`` by field; EstateError lists what is wrong."""
    known = [column.name for column in table.columns]
    given: dict[str, str] = {}
    problems = []
    for entry in entries:
        field, sign, value = (part.strip() for part in entry.partition("="))
        if not sign or field not in known:
            remedy = f"write field=value, field one of {', '.join(known)}"
            reason = f"names no field of {table.name}"
            hint = did_you_mean(field, known)
            problems.append(InputProblem(SET, None, None, entry, reason, f"{remedy}{hint}"))
            continue
        given[field] = in_estate_words(value, table.column(field))
        try:
            check_cell(given[field], table.column(field))
        except UnfitError as error:
            problems.append(InputProblem(SET, None, field, value, error.reason, error.remedy))
    if problems:
        raise EstateError(problems)
    return given


def in_estate_words(text: str, column: Column) -> str:
    """Return ``text`` as an estate writes it where its meaning is beyond doubt.

    These are yes and no in any language, times with seconds or AM and PM, and networks whose mask
    is written out.
    """
    if column.kind == "boolean":
        return FLAGS.meaning(text) or text
    if column.kind == "time" and (minute := minute_of(text)) is not None:
        return f"{minute // 60:02}:{minute % 60:02}"
    if column.name == "cidr":
        return _cidr(text)
    return text


def _cidr(text: str) -> str:
    """Return a network as address/length; one column may have it whole beside that of the mask.

    >>> _cidr("10.1.1.0/255.255.255.0"), _cidr("10.1.1.0/24/24"), _cidr("/"), _cidr("10.1.1.0/")
    ('10.1.1.0/24', '10.1.1.0/24', '', '10.1.1.0')
    """
    parts = [part.strip() for part in text.split("/")]
    network, *masks = [part for part in parts if part] or [""]
    found = {parse_prefix(f"{network}/{mask}") for mask in masks}
    only = found.pop() if len(found) == 1 else None
    return network if not masks else text if only is None else str(only)


def check_cells(
    sheet: Sheet, table: Table, fields: Mapping[str, Sequence[str]], cells: pd.DataFrame
) -> None:
    """Raise EstateError with each text in ``cells`` that its field cannot hold.

    ``fields`` gives the columns of the sheet that each field comes from.
    """
    problems: list[InputProblem] = []
    for field, columns in fields.items():
        column = table.column(field)
        seen: set[str] = set()
        for text in map(str, cells[field].unique()):
            for part in _parts(text, column):
                why = None if part in seen else _unfit(part, column)
                seen.add(part)
                if why is not None:
                    problems.append(_problem(sheet, columns, cells[field], part, why))
    if problems:
        raise EstateError(problems)


def _parts(text: str, column: Column) -> Sequence[str]:
    """Return what of a cell is checked by itself: items that are words of a closed set."""
    if column.kind == "choices":
        return items(text)
    if column.kind == "days":  # daily;mon has no wrong item, and is wrong
        return [item for item in items(text) if _unfit(item, column)] or [text]
    return [text]


def _unfit(text: str, column: Column) -> tuple[str, str] | None:
    """Return why ``text`` does not fit, and what to do; None where it does."""
    if column.name == "cidr":
        return why_none(text) if text and parse_prefix(text) is None else None
    try:
        check_cell(text, column)
    except UnfitError as error:
        return error.reason, f"{error.remedy}{_way_out(text, column)}"
    return None


def _way_out(text: str, column: Column) -> str:
    """Return the option that helps without another table being written."""
    if column.kind not in CLOSED:
        return ""
    split = "," in text and column.kind in ("choices", "days")
    first = text.partition(",")[0].strip() if split else text
    alike = next((word for word in column.choices if plain(word) == plain(first)), "")
    if column.kind == "choices" or alike:
        value = f"--value {_quoted(f'{first}={alike}')}{'' if alike else ' to leave it out'}"
    else:  # left out it would count as the default
        word = "mon" if split else EXAMPLES.get(column.kind) or column.choices[0]
        value = f"--value with what it means, as in {_quoted(f'{first}={word}')}"
    known = split and _unfit(first, column) is None
    return f"; or give {'--split , ' if split else ''}{'and ' if split and not known else ''}" + (
        "" if known else value
    )


def _quoted(text: str) -> str:
    return f"'{text}'" if not text.replace("=", "").isalnum() else text


def _problem(
    sheet: Sheet, columns: Sequence[str], cells: pd.Series[str], text: str, why: tuple[str, str]
) -> InputProblem:
    rows = cells.str.split(";").map(lambda parts: text in parts) | (cells == text)
    count = int(rows.sum())
    often = f" ({count} rows)" if count > 1 else ""
    line = sheet.first_row + int(rows.to_numpy().argmax())
    return InputProblem(sheet.file, line, ", ".join(columns), text, f"{why[0]}{often}", why[1])
