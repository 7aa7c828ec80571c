"""Finds cells that hold an error of the spreadsheet, such as #N/A: they are unknown, not empty.

A workbook's reader gives them as empty cells, so their places are taken from the file itself.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import pandas as pd

from models.diagnostics import Finding, counted

ERROR = r"#(?:N/?A|NV|N/D|GETTING_DATA|[\w/]{2,12}[!?])"
NO_VALUE = "#FORMULA!"  # not Excel's: a formula that was saved without its value
Errors = dict[tuple[int, int], str]  # by row and column, from 1

_ERROR = re.compile(
    rb'<(?:\w+:)?c r="([A-Z]+)(\d+)"[^>]* t="e"[^>]*>'
    rb"(?:<(?:\w+:)?f[^>]*(?:/>|>[^<]*</(?:\w+:)?f>))?(?:<(?:\w+:)?v>([^<]{1,20})<)?"
)
_NO_VALUE = re.compile(
    rb'<(?:\w+:)?c r="([A-Z]+)(\d+)"[^>]*><(?:\w+:)?f[^>]*(?:/>|>[^<]*</(?:\w+:)?f>)</(?:\w+:)?c>'
)


def errors_in(piece: bytes) -> Errors:
    """Return the cells in a piece of a sheet's XML that hold an error, or a formula's no value.

    >>> errors_in(b'<c r="AB3" t="e"><f>NA()</f><v>#N/A</v></c>')
    {(3, 28): '#N/A'}
    """
    found: Errors = {}
    if b't="e"' in piece:
        for column, row, text in _ERROR.findall(piece):
            found[int(row), _number(column)] = text.decode(errors="replace") or NO_VALUE
    if b"</f></c>" in piece or b"/></c>" in piece:
        for column, row in _NO_VALUE.findall(piece):
            found.setdefault((int(row), _number(column)), NO_VALUE)
    return found


def sheet_parts(archive: zipfile.ZipFile) -> Mapping[str, str]:
    """Return the name of the sheet that each part of a workbook holds, by the part's name."""
    targets = {
        one.get("Id"): one.get("Target", "") for one in _root(archive, "xl/_rels/workbook.xml.rels")
    }
    names: dict[str, str] = {}
    for one in _root(archive, "xl/workbook.xml").iter():
        if one.tag.endswith("}sheet"):
            number = next((text for key, text in one.items() if key.endswith("}id")), "")
            target = targets.get(number, "")
            path = PurePosixPath(target.lstrip("/"))
            part = str(path if target.startswith("/") else "xl" / path)
            names[part] = one.get("name", "")
    return names


def clear_errors(
    file: str, cells: pd.DataFrame, lines: Sequence[int], findings: list[Finding]
) -> pd.DataFrame:
    """Return ``cells`` with "" for errors; each kind of a column is told, with its first place.

    ``lines`` are those of the header and of each row.
    """
    cleared = {}
    for name in map(str, cells):
        column = cells[name]
        if not column.str.startswith("#").any():
            continue
        wrong = column.str.fullmatch(ERROR, flags=re.IGNORECASE)
        for text, count in column[wrong].value_counts(sort=False).items():
            line = lines[1 + int((column == text).to_numpy().argmax())]
            what = "a formula saved without its value" if text == NO_VALUE else f"the error {text}"
            detail = f"{what} in {counted(count, 'cell')} of column {name}: taken as unknown"
            findings.append(Finding("warning", "error_cell", f"{file}:{line}", detail))
        if wrong.any():
            cleared[name] = column.where(~wrong, "")
    return cells.assign(**cleared) if cleared else cells


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _root(archive: zipfile.ZipFile, part: str) -> ET.Element:
    """Return a part of the workbook's frame; `bounds` has seen that it declares no entities."""
    try:
        return ET.fromstring(archive.read(part))  # noqa: S314
    except (KeyError, ET.ParseError):
        return ET.Element("none")
