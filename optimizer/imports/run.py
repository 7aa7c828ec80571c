"""From inventories to an estate's folder: read what is there, merge, write, put in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from models.errors import EstateError, Problem
from models.finding import Finding
from models.inventory import Inventory
from models.tables import TABLES, Table
from optimizer.imports.delimited import read_delimited
from optimizer.imports.merge import Counts, merge
from optimizer.imports.missing import missing
from optimizer.outputs.csv_file import write_csv
from optimizer.outputs.staging import staged
from optimizer.sources.table_file import ENDINGS

SOURCES = "sources.csv"
MISSING = "missing.csv"
SOURCE_COLUMNS = ("table", "rows", "file", "sha256", "when")


@dataclass(frozen=True, slots=True)
class Merged:
    """What an import did: rows per table, what a plan still lacks, and what to know."""

    counts: Mapping[str, Counts]
    missing: pd.DataFrame
    findings: tuple[Finding, ...]


def run(
    out: Path, inventories: Sequence[Inventory], replace: bool, step: Callable[[str], None]
) -> Merged:
    """Merge ``inventories``, one after the other, into the estate in ``out``.

    The folder is changed whole or not at all; a table to which nothing is added keeps its very
    bytes, one that a plan needs and that is not there begins as a header. Raises EstateError
    where a table that is there cannot be merged into, and OutputError.
    """
    step("reading the estate")
    tables = {table.name: _read(out, table) for table in TABLES}
    counts: dict[str, Counts] = {}
    findings: list[Finding] = []
    changed = {
        table.name
        for table in TABLES
        if table.required and not (out / f"{table.name}.csv").exists()
    }
    step("merging")
    for inventory in inventories:
        findings += inventory.findings
        for table in TABLES:
            new = inventory.tables.get(table.name)
            if new is None or new.empty:
                continue
            key = table.key or ("from", "to")
            tables[table.name], count = merge(tables[table.name], new, key, replace)
            counts[table.name] = counts.get(table.name, Counts()) + count
            if count.added or count.changed:
                changed.add(table.name)
            if count.differing:
                findings.append(_kept(table.name, count.differing, inventory))
    gaps = missing(tables)
    with staged(out, last=SOURCES) as folder:
        step("writing")
        for name in sorted(changed):
            _write(folder / f"{name}.csv", tables[name])
        _write(folder / MISSING, gaps)
        _write(folder / SOURCES, _sources(out / SOURCES, inventories))
    return Merged(counts, gaps, tuple(findings))


def _read(folder: Path, table: Table) -> pd.DataFrame:
    """Return a table as text with all its columns, the contract's first where it is new."""
    for ending in ENDINGS[1:]:
        path = folder / f"{table.name}{ending}"
        if path.exists():
            remedy = f"write it as {table.name}.csv and move this file away"
            reason = "can be read, but not be merged into"
            raise EstateError([Problem(path.name, None, None, None, reason, remedy)])
    path = folder / f"{table.name}.csv"
    names = [column.name for column in table.columns]
    if not path.exists():
        return pd.DataFrame({name: pd.Series(dtype="str") for name in names})
    cells = _cells(path)
    lacking = [name for name in table.key or ("from", "to") if name not in cells]
    if lacking:
        reason = f"has no column {lacking[0]!r}, by which rows are told apart"
        raise EstateError([Problem(path.name, 1, None, None, reason, "add the column")])
    return cells


def _cells(path: Path) -> pd.DataFrame:
    try:
        return read_delimited(path, None)[0]
    except OSError as error:
        why = error.strerror or str(error)
        raise EstateError([Problem(path.name, None, None, None, why, "check it")]) from error


def _sources(path: Path, inventories: Sequence[Inventory]) -> pd.DataFrame:
    """Return sources.csv as it is, and a row for each table and file of the inventories."""
    when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = [
        (name, str(len(table)), source.file, source.sha256, when)
        for inventory in inventories
        for name, table in inventory.tables.items()
        for source in inventory.files
    ]
    new = pd.DataFrame(rows, columns=SOURCE_COLUMNS, dtype="str")
    if not path.exists():
        return new
    old = _cells(path)
    names = [*old.columns, *(name for name in SOURCE_COLUMNS if name not in old.columns)]
    both = [table.reindex(columns=names, fill_value="") for table in (old, new)]
    return pd.concat(both, ignore_index=True)


def _kept(table: str, cells: int, inventory: Inventory) -> Finding:
    files = ", ".join(dict.fromkeys(source.file for source in inventory.files))
    detail = f"{cells} cells say something else than {files}: kept; --replace takes the new"
    return Finding("info", "kept_cells", f"{table}.csv", detail)


def _write(path: Path, table: pd.DataFrame) -> None:
    write_csv(path, {str(name): cells.tolist() for name, cells in table.items()})
