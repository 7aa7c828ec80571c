"""Reads an estate's folder: all tables, all problems in one go."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from models.errors import EstateError, Problem
from models.estate import Estate
from models.finding import Finding
from models.settings import Settings
from models.tables import TABLES, Table
from optimizer.sources import references
from optimizer.sources.cells import complain, read_column
from optimizer.sources.settings_file import FILE, read_settings
from optimizer.sources.suggest import did_you_mean
from optimizer.sources.table_file import ENDINGS, RawTable, read_table


def read_estate(folder: Path) -> Estate:
    """Return the estate in ``folder``; raise EstateError with every problem it has."""
    problems: list[Problem] = []
    findings: list[Finding] = []
    inputs: dict[str, str] = {}
    if not folder.is_dir():
        reason = "is not a folder" if folder.exists() else "does not exist"
        raise EstateError(
            [Problem(str(folder), None, None, None, reason, "`gip init` makes a template")]
        )
    settings = _settings(folder, inputs, problems, findings)
    raw = {
        table.name: whole
        for table in TABLES
        if (whole := _raw(folder, table, problems)) is not None
    }
    inputs |= {table.file: table.sha256 for table in raw.values()}
    frames = {
        table.name: _frame(table, raw[table.name], problems, findings)
        for table in TABLES
        if table.name in raw
    }
    estate = references.resolve(folder, settings, raw, frames, inputs, problems, findings)
    if estate is None or problems:
        raise EstateError(problems)
    return estate


def _settings(
    folder: Path, inputs: dict[str, str], problems: list[Problem], findings: list[Finding]
) -> Settings:
    path = folder / FILE
    if not path.exists():
        return Settings()
    try:
        content = path.read_bytes()
    except OSError as error:
        problems.append(Problem(FILE, None, None, None, f"cannot be read: {error}", "check it"))
        return Settings()
    inputs[FILE] = hashlib.sha256(content).hexdigest()
    return read_settings(content, problems, findings)


def _raw(folder: Path, table: Table, problems: list[Problem]) -> RawTable | None:
    """Return the table as text; None, with the reason among ``problems``, where there is none."""
    found = [path for end in ENDINGS if (path := folder / (table.name + end)).exists()]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        reason = f"is there more than once: {names}"
        problems.append(Problem(table.name, None, None, None, reason, "keep one of them"))
        return None
    if not found:
        if table.required:
            names_there = sorted(path.name for path in folder.iterdir())
            hint = did_you_mean(f"{table.name}.csv", names_there)
            remedy = f"add it to {folder}, `gip init` writes a template{hint}"
            problems.append(Problem(f"{table.name}.csv", None, None, None, "is missing", remedy))
        return None
    try:
        whole = read_table(found[0])
    except EstateError as error:
        problems.extend(error.problems)
        return None
    problems.extend(whole.problems)
    return whole


def _frame(
    table: Table, raw: RawTable, problems: list[Problem], findings: list[Finding]
) -> pd.DataFrame:
    """Return the typed columns of one table; a missing required column is left out."""
    known = {column.name for column in table.columns}
    for name in raw.columns:
        if name not in known:
            hint = did_you_mean(name, [column for column in known if column not in raw.columns])
            findings.append(
                Finding("warning", "unknown_column", name, f"{raw.file}: not read{hint}")
            )
    frame: dict[str, object] = {}
    rows = len(next(iter(raw.columns.values()))) if raw.columns else 0
    for column in table.columns:
        if column.name in raw.columns:
            frame[column.name] = read_column(raw, column, problems)
        elif column.required:
            hint = did_you_mean(column.name, [name for name in raw.columns if name not in known])
            reason = f"has no column {column.name!r}"
            problems.append(
                Problem(raw.file, 1, None, None, reason, f"add it: {column.meaning}{hint}")
            )
        else:
            empty = RawTable(raw.file, "", {column.name: pc.cast([""] * rows, "string")}, raw.lines)
            frame[column.name] = read_column(empty, column, problems)
    result = pd.DataFrame(frame)
    _unique(table, raw, result, problems)
    return result


def _unique(table: Table, raw: RawTable, frame: pd.DataFrame, problems: list[Problem]) -> None:
    """Complain about rows whose key was there before."""
    if len(table.key) != 1 or table.key[0] not in frame:
        return
    names = frame[table.key[0]]
    again = np.flatnonzero((names.duplicated() & (names != "")).to_numpy()).tolist()
    complain(
        problems, raw, table.key[0], again, "was there before", "names are unique, keep one row",
        raw.columns[table.key[0]],
    )  # fmt: skip
