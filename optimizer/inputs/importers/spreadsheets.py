"""Reads an export, xlsx or CSV, into sheets of text."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from models.diagnostics import Finding, counted
from models.errors import EstateError
from models.imported_tables import SourceFile
from optimizer.files.text_table import refuse_table
from optimizer.inputs.importers.csv_dialects import read_delimited
from optimizer.inputs.importers.error_cells import clear_errors
from optimizer.inputs.importers.xlsx_reader import read_workbook

LARGEST_FILE = 1 << 30
ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0"
Step = Callable[[str], None]


def silent(step: str) -> None:
    """Tell nobody that a step begins."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its header's names as columns of trimmed text, "" where a cell is empty.

    ``lines`` are the numbers that a spreadsheet or an editor gives the header and each row below. A
    name that comes again in the header has its turn behind it: ``Backup status (2)``. Columns
    without a name are left out. ``findings`` tell of its encoding, and of cells that hold errors.
    """

    file: str
    name: str
    cells: pd.DataFrame
    lines: Sequence[int]
    findings: tuple[Finding, ...] = ()

    def line(self, row: int) -> int:
        """Return the number of a row (0 = first below the header)."""
        return self.lines[row + 1]

    def place(self, row: int) -> str:
        """Return where a row (0 = first below the header) stands, as in ``vms.csv:2``."""
        where = self.file if self.name in self.file else f"{self.file}, sheet {self.name}"
        return f"{where}:{self.line(row)}"


def read_sheets(
    path: Path,
    encoding: str | None,
    wanted: re.Pattern[str] | None = None,
    step: Step = silent,
) -> list[Sheet]:
    """Return the sheets of an xlsx, or the one of a CSV, which is named by the file's stem.

    Of an xlsx only the sheets of a ``wanted`` name are read, all where None. Text in a CSV is
    UTF-8, or UTF-16 with its mark, or else of ``encoding``. Sheets without a header are left out.
    ``step`` is told which file and sheet is being read. Raises EstateError where a file cannot be
    read, is too large, or means harm.
    """
    step(f"reading {path.name}")
    start = _start(path)
    doubts: list[Finding] = []
    read: Iterable[tuple[str, pd.DataFrame, Sequence[int]]]
    if start.startswith(OLE):
        reason = "is an old xls file, or protected by a password"
        raise refuse_table(path.name, reason, "save it as xlsx without a password, or as CSV")
    if start.startswith(ZIP):
        read = read_workbook(path, wanted, step)
    elif path.suffix.lower() in (".xlsx", ".xlsm"):
        raise refuse_table(path.name, "is not an xlsx", "export it again, or give the CSV files")
    else:
        read = [(path.stem, *read_delimited(path, encoding, doubts))]
    sheets = []
    for name, cells, lines in read:
        findings = [*doubts]
        cells = clear_errors(path.name, cells, lines, findings)
        sheets.append(Sheet(path.name, name, cells, lines, tuple(findings)))
    return sheets


def nameless(sheet: Sheet, column: str) -> list[Finding]:
    """Say how many rows that are not blank have no name and are left out."""
    cells = sheet.cells
    rows = ((cells[column] == "") & (cells != "").any(axis=1)).to_numpy()
    if not rows.any():
        return []
    detail = f"{counted(int(rows.sum()), 'row')} without {column} left out"
    return [Finding("warning", "row_without_name", sheet.place(int(rows.argmax())), detail)]


def source_file(path: Path) -> SourceFile:
    """Return a file's name and SHA-256; EstateError where it cannot be read."""
    try:
        _check_kind(path)
        with path.open("rb") as file:
            return SourceFile(path.name, hashlib.file_digest(file, "sha256").hexdigest())
    except OSError as error:
        raise _unreadable(path, error) from error


def _start(path: Path) -> bytes:
    """Return a file's first bytes; EstateError where it cannot be read or is too large."""
    try:
        if _check_kind(path).st_size > LARGEST_FILE:
            remedy = "export fewer tabs, or one vCenter at a time"
            raise refuse_table(path.name, f"is larger than {LARGEST_FILE >> 20} MiB", remedy)
        with path.open("rb") as file:
            return file.read(len(ZIP))
    except OSError as error:
        raise _unreadable(path, error) from error


def _check_kind(path: Path) -> os.stat_result:
    """Return what the system says of a file; EstateError where it may never end, as a pipe."""
    told = path.stat()
    if not stat.S_ISREG(told.st_mode):
        is_folder = stat.S_ISDIR(told.st_mode)
        reason = "is a folder" if is_folder else "is no file, but a device or a pipe"
        raise refuse_table(path.name, reason, "name a file" if is_folder else "save it as a file")
    return told


def _unreadable(path: Path, error: OSError) -> EstateError:
    why = error.strerror or str(error)
    return refuse_table(str(path), why, "check the path")
