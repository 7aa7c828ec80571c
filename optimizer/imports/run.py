"""From inventories to an estate's folder: read what is there, merge, write, put in place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from models.errors import EstateError, Problem
from models.finding import Finding
from models.inventory import SIDE_TABLES, Inventory
from models.tables import TABLES, Table
from optimizer.imports.delimited import read_delimited
from optimizer.imports.identity import recognised
from optimizer.imports.members import members
from optimizer.imports.merge import Counts, merge
from optimizer.imports.missing import missing
from optimizer.imports.server_guests import servers_as_guests
from optimizer.imports.settings_merge import SETTINGS, merge_settings
from optimizer.imports.used_proxies import current_table
from optimizer.outputs.csv_file import write_csv
from optimizer.outputs.staging import staged
from optimizer.sources.table_file import ENDINGS

SOURCES = "sources.csv"
MISSING = "missing.csv"
SOURCE_COLUMNS = ("table", "rows", "file", "sha256", "when")
ALL_TABLES = (*TABLES, *SIDE_TABLES)


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
    state = _State({table.name: _read(out, table) for table in ALL_TABLES})
    keys: dict[str, str] = {}
    step("merging")
    for inventory in inventories:
        state.findings += inventory.findings
        keys |= inventory.settings
        state.merge(recognised(inventory, state.tables), replace)
    found = members(state.tables)
    state.fill(found.tables)
    for inventory in inventories:
        if inventory.used is not None:
            rows = current_table(inventory.used, state.tables, state.findings)
            state.merge(dataclasses.replace(inventory, tables={"current": rows}), replace)
    state.fill({"servers": servers_as_guests(state.tables, state.findings)})
    gaps = missing(state.tables, found.gaps)
    with staged(out, last=SOURCES) as folder:
        step("writing")
        for table in ALL_TABLES:
            new = table.required and not (out / f"{table.name}.csv").exists()
            if new or table.name in state.changed:
                _write(folder / f"{table.name}.csv", state.tables[table.name])
        text = merge_settings(out / SETTINGS, keys, replace, state.findings)
        if text is not None:
            (folder / SETTINGS).write_bytes(text.encode())
        _write(folder / MISSING, gaps)
        _write(folder / SOURCES, _sources(out / SOURCES, inventories))
    return Merged(state.counts, gaps, tuple(state.findings))


@dataclass
class _State:
    """The estate's tables while inventories are merged into them."""

    tables: dict[str, pd.DataFrame]
    counts: dict[str, Counts] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    def merge(self, inventory: Inventory, replace: bool) -> None:
        """Merge the tables of ``inventory``, and tell what differs and was kept."""
        for name, count in self._merged(inventory.tables, replace).items():
            if count.differing:
                self.findings.append(_kept(name, count.differing, inventory))

    def fill(self, tables: Mapping[str, pd.DataFrame]) -> None:
        """Fill gaps with what follows from the tables themselves."""
        self._merged(tables, replace=False)

    def _merged(self, tables: Mapping[str, pd.DataFrame], replace: bool) -> dict[str, Counts]:
        counts = {}
        for table in ALL_TABLES:
            new = tables.get(table.name)
            if new is None or new.empty:
                continue
            key = table.key or ("from", "to")
            self.tables[table.name], count = merge(self.tables[table.name], new, key, replace)
            counts[table.name] = count
            self.counts[table.name] = self.counts.get(table.name, Counts()) + count
            if count.added or count.changed:
                self.changed.add(table.name)
        return counts


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
