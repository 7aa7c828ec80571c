"""Turns cells of any table into the estate's words, and refuses those that its columns cannot hold.

Each text that does not fit is told once, with its first place, how often it comes, and what to
write or which option to give.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from models.diagnostics import Finding, InputProblem, did_you_mean
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
SPELT = {  # platforms, without case and signs
    "hyperv": "hyperv", "microsofthyperv": "hyperv", "hypervserver": "hyperv", "scvmm": "hyperv",
    "vsphere": "vmware", "vmwarevsphere": "vmware", "esx": "vmware", "esxi": "vmware",
    "vmwareesxi": "vmware", "vmwareesx": "vmware", "vcenter": "vmware",
    "ahv": "nutanix", "nutanixahv": "nutanix", "proxmoxve": "proxmox", "pve": "proxmox",
}  # fmt: skip
EXAMPLES = {"boolean": "true", "days": "daily"}


class Renamed:
    """What ``--value old=new`` and ``--value field:old=new`` make of cells and of items of lists.

    Raises EstateError for an entry that is neither, and for two that differ of one text.
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
            where, what = (field, rest) if colon and field in fields else ("", old)
            key = where, what.strip().casefold()
            if self._new.setdefault(key, new.strip()) != new.strip():
                reason, remedy = f"says otherwise than {self._new[key]!r} before", "leave one out"
                raise EstateError([InputProblem(VALUE, None, None, entry, reason, remedy)])
        self._unused = dict.fromkeys(self._new)

    def of(self, field: str, text: str) -> str:
        """Return what ``text`` in ``field`` becomes."""
        key = text.casefold()
        found = next((of for of in ((field, key), ("", key)) if of in self._new), None)
        if found is None:
            return text
        self._unused.pop(found, None)
        if text and not self._new[found]:
            self.emptied.add(field)
        return self._new[found]

    def unused(self) -> list[Finding]:
        """Return a finding for each text that no cell has: it may be misspelt."""
        return [
            Finding("warning", "unused_value", VALUE, f"no cell{of and f' of {of}'} is {text!r}")
            for of, text in self._unused
        ]


def read_constants(
    table: Table, entries: Sequence[str], in_words: Callable[[str, str], str]
) -> dict[str, str]:
    """Return the values of ``--set field=value`` by field; EstateError lists what is wrong.

    ``in_words`` is what becomes of a field's cell: constants are checked as cells are.
    """
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
        column, text = table.column(field), in_words(field, value)
        unfit = [why for part in _parts(text, column) if (why := _misfit(part, column))]
        if value and not text:
            unfit = [("says nothing", "leave it out, or write what counts")]
        if given.setdefault(field, text) != text:
            unfit = [(f"says otherwise than {given[field]!r} before", "leave one out")]
        problems += [InputProblem(SET, None, field, value, *why) for why in unfit]
    if problems:
        raise EstateError(problems)
    return given


def in_estate_words(text: str, column: Column) -> str:
    """Return ``text`` as an estate writes it where its meaning is beyond doubt.

    These are yes and no in any language, times with seconds or AM and PM, networks whose mask is
    written out, and hypervisors by the names of their makers.
    """
    if column.kind == "boolean":
        return FLAGS.meaning(text) or text
    if column.kind == "time" and (minute := minute_of(text)) is not None:
        return f"{minute // 60:02}:{minute % 60:02}"
    if column.name == "cidr":
        return _cidr(text)
    if column.name == "platform":
        return SPELT.get(plain(text), text)
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
        parts = dict.fromkeys(
            part for text in map(str, cells[field].unique()) for part in _parts(text, column)
        )
        unfit = {part: why for part in parts if (why := _unfit(part, column)) is not None}
        rows = _rows_of_parts(cells[field]) if unfit else {}
        problems += [_problem(sheet, columns, rows[part], part, why) for part, why in unfit.items()]
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
    why = _misfit(text, column)
    if why is None or column.name == "cidr":
        return why
    return why[0], f"{why[1]}{_way_out(text, column)}"


def _misfit(text: str, column: Column) -> tuple[str, str] | None:
    """Return why ``text`` does not fit, and what to write instead; None where it does."""
    if column.name == "cidr":
        return why_none(text) if text and parse_prefix(text) is None else None
    try:
        check_cell(text, column)
    except UnfitError as error:
        return error.reason, error.remedy
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


def _rows_of_parts(cells: pd.Series[str]) -> dict[str, tuple[int, int]]:
    """Return of each cell, and each item of one, the first row and the number of rows."""
    found: dict[str, tuple[int, int]] = {}
    for row, text in enumerate(cells.tolist()):
        for part in {text, *items(text)}:
            first, count = found.get(part, (row, 0))
            found[part] = first, count + 1
    return found


def _problem(
    sheet: Sheet, columns: Sequence[str], rows: tuple[int, int], text: str, why: tuple[str, str]
) -> InputProblem:
    first, count = rows
    often = f" ({count} rows)" if count > 1 else ""
    line = sheet.line(first)
    return InputProblem(sheet.file, line, ", ".join(columns), text, f"{why[0]}{often}", why[1])
