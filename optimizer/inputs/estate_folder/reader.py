"""Reads an estate folder: all tables, all problems in one go."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd

from models.diagnostics import Diagnostics, Finding, InputProblem, did_you_mean
from models.errors import EstateError
from models.estate import Estate
from models.schema import CURRENT, JOB_VMS, LINKS, TABLES, VMS, Table
from models.settings import Settings
from optimizer.files.reading import read_bytes
from optimizer.files.replacement import recover
from optimizer.files.table_reader import ENDINGS, read_table
from optimizer.files.text_table import TextTable
from optimizer.inputs.estate_folder import references
from optimizer.inputs.estate_folder.column_parsers import complain_of_empty, read_column
from optimizer.inputs.estate_folder.settings_reader import FILE, read_settings

PER_VM = (VMS, JOB_VMS, CURRENT)  # large, and of these the order of rows plays no part
MOST_LINKS = 300_000  # seconds of work on graphs; networks and sites have far fewer


@dataclass
class _TableRead:
    """The result of reading one table; ``raw`` is None where there is none."""

    raw: TextTable | None = None
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)
    diagnostics: Diagnostics = field(default_factory=Diagnostics)


@dataclass(frozen=True, slots=True)
class EstateTables:
    """Tables as text and typed, by name, the settings, and what is to be said of them all."""

    settings: Settings
    raw: dict[str, TextTable]
    frames: dict[str, pd.DataFrame]
    inputs: dict[str, str]
    diagnostics: Diagnostics


def read_estate(folder: Path) -> Estate:
    """Read the estate in ``folder``; raise EstateError with every problem it has."""
    read = read_tables(folder, TABLES)
    estate = references.resolve_references(
        folder, read.settings, read.raw, read.frames, read.inputs, read.diagnostics
    )
    if estate is None or read.diagnostics.problems:
        raise EstateError(read.diagnostics.problems)
    return estate


def read_tables(folder: Path, tables: Sequence[Table]) -> EstateTables:
    """Read the settings and some of the tables, each by itself.

    Raises EstateError where there is no folder, OutputError where it is half replaced and cannot
    be recovered; other problems are in the result.
    """
    diagnostics = Diagnostics()
    inputs: dict[str, str] = {}
    recover(folder)
    if not folder.is_dir():
        reason = "is not a folder" if folder.exists() else "does not exist"
        raise EstateError(
            [InputProblem(str(folder), None, None, None, reason, "`gip init` makes a template")]
        )
    settings = _settings(folder, inputs, diagnostics.problems)
    with ThreadPoolExecutor() as pool:  # pyarrow and hashlib let go of Python's lock
        reads = dict(zip(tables, pool.map(partial(_table, folder), tables), strict=True))
    raw = {table.name: read.raw for table, read in reads.items() if read.raw is not None}
    frames = {table.name: reads[table].frame for table in tables if table.name in raw}
    for read in reads.values():
        diagnostics.extend(read.diagnostics)
    inputs |= {table.file: table.sha256 for table in raw.values()}
    return EstateTables(settings, raw, frames, inputs, diagnostics)


def _settings(folder: Path, inputs: dict[str, str], problems: list[InputProblem]) -> Settings:
    path = folder / FILE
    if not path.exists():
        return Settings()
    try:
        content = read_bytes(path)
    except OSError as error:
        problems.append(
            InputProblem(
                FILE, None, None, None, f"cannot be read: {error.strerror or error}", "check it"
            )
        )
        return Settings()
    inputs[FILE] = hashlib.sha256(content).hexdigest()
    return read_settings(content, problems)


def _table(folder: Path, table: Table) -> _TableRead:
    """Read one table: first as text, then its columns."""
    read = _TableRead()
    problems = read.diagnostics.problems
    path = table_path(folder, table, problems)
    if path is not None:
        try:
            columns = [column.name for column in table.columns]
            raw = read_table(path, columns)
            read.raw = raw if table in PER_VM else raw.sorted_by(*(table.key or columns))
        except EstateError as error:
            problems += error.problems
    if read.raw is not None and table == LINKS and len(read.raw) > MOST_LINKS:
        reason = f"has {len(read.raw)} rows, more than {MOST_LINKS}"
        remedy = "leave out what no path needs, such as links inside a site"
        problems.append(InputProblem(read.raw.file, None, None, None, reason, remedy))
        read.raw = None
    if read.raw is not None:
        problems += read.raw.problems
        read.frame = parse_columns(table, read.raw, read.diagnostics)
    return read


def table_path(folder: Path, table: Table, problems: list[InputProblem]) -> Path | None:
    """Return the table's one file; None, with the reason among ``problems``, if it must be."""
    found = [path for end in ENDINGS if (path := folder / (table.name + end)).exists()]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        reason = f"is there more than once: {names}"
        problems.append(InputProblem(table.name, None, None, None, reason, "keep one of them"))
        return None
    if not found and table.required:
        hint = did_you_mean(f"{table.name}.csv", sorted(path.name for path in folder.iterdir()))
        remedy = f"add it to {folder}, `gip init` writes a template{hint}"
        problems.append(InputProblem(f"{table.name}.csv", None, None, None, "is missing", remedy))
    return found[0] if found else None


def unknown_columns(table: Table, file: str, names: Collection[str]) -> list[Finding]:
    """Return a finding for each of a file's columns that its table does not have."""
    known = [column.name for column in table.columns]
    absent = [name for name in known if name not in names]
    return [
        Finding(
            "warning",
            "unknown_column",
            name,
            f"a column of {file} that is not read{did_you_mean(name, absent)}",
        )
        for name in names
        if name not in known
    ]


def parse_columns(table: Table, raw: TextTable, diagnostics: Diagnostics) -> pd.DataFrame:
    """Return the typed columns of one table; a missing required column is left out.

    So are the columns of a key of two: they name rows of other tables, whose codes come instead.
    """
    absent = [column.name for column in table.columns if column.name not in raw.columns]
    diagnostics.findings += unknown_columns(table, raw.file, (*raw.columns, *raw.unknown))
    frame: dict[str, object] = {}
    for column in table.columns:
        if column.required and column.name in absent:
            reason = f"has no column {column.name!r}"
            remedy = f"add it: {column.meaning}{did_you_mean(column.name, raw.unknown)}"
            diagnostics.problems.append(InputProblem(raw.file, 1, None, None, reason, remedy))
        elif len(table.key) > 1 and column.name in table.key:
            complain_of_empty(raw, column, diagnostics.problems)
        elif (table.name, column.name) != ("vms", "networks"):  # the same, by numbers of sets
            frame[column.name] = read_column(raw, column, diagnostics.problems)
    return pd.DataFrame(frame)
