"""From inventories to an estate's folder: read what is there, merge, write, put in place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from models.diagnostics import Finding, InputProblem, counted
from models.errors import EstateError
from models.imported_tables import SIDE_TABLES, Inventory
from models.schema import TABLES, Table
from optimizer.files.atomic_folder import write_atomically
from optimizer.files.csv_writer import write_csv
from optimizer.files.formulas import unguard_frame
from optimizer.files.reading import text_of_name
from optimizer.files.table_reader import ENDINGS
from optimizer.inputs.estate_folder.doubts import (
    alike_names,
    doubtful_servers,
    doubtful_systems,
    unknown_platforms,
)
from optimizer.inputs.importers.completeness import list_missing
from optimizer.inputs.importers.csv_dialects import read_delimited
from optimizer.inputs.importers.current_from_logs import current_table
from optimizer.inputs.importers.hyperv_facts import hyperv_facts
from optimizer.inputs.importers.ip_plan import Network
from optimizer.inputs.importers.job_membership import resolve_members
from optimizer.inputs.importers.managers import read_aliases, with_aliases
from optimizer.inputs.importers.network_identity import recognise_networks
from optimizer.inputs.importers.servers_from_vms import servers_as_guests
from optimizer.inputs.importers.settings_merge import SETTINGS, merge_settings
from optimizer.inputs.importers.shared_addresses import read_prefixes, without_idle
from optimizer.inputs.importers.table_merge import MergeCounts, merge_table
from optimizer.inputs.importers.vm_identity import recognise_vms
from optimizer.inputs.importers.vm_names import (
    REFERRING,
    VmNames,
    ambiguous_names,
    resolved,
    with_ids,
)

SOURCES = "sources.csv"
MISSING = "missing.csv"
SOURCE_COLUMNS = ("table", "rows", "file", "sha256", "when")
ALL_TABLES = (*TABLES, *SIDE_TABLES)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did: rows per table, what a plan still lacks, and what to know."""

    counts: Mapping[str, MergeCounts]
    missing: pd.DataFrame
    findings: tuple[Finding, ...]


def run_import(
    out: Path,
    inventories: Sequence[Inventory],
    replace: bool,
    step: Callable[[str], None],
    same: Sequence[str] = (),
    leave_out: Sequence[str] = (),
) -> ImportResult:
    """Merge ``inventories``, one after the other, into the estate in ``out``.

    The folder is changed whole or not at all; a table to which nothing is added keeps its very
    bytes, one that a plan needs and that is not there begins as a header. ``same`` has texts
    ``name=other`` for servers that manage VMs and have two names; addresses in the prefixes to
    ``leave_out`` are not taken in. Raises EstateError where a
    table that is there cannot be merged into, and OutputError.
    """
    aliases, prefixes = read_aliases(same), read_prefixes(leave_out)
    with write_atomically(out, last=SOURCES) as folder:
        step("reading the estate")
        state = _State({table.name: _read(out, table) for table in ALL_TABLES})
        gaps = state.add(inventories, replace, aliases, prefixes, step)
        step("writing")
        for table in ALL_TABLES:
            new = table.required and not (out / f"{table.name}.csv").exists()
            if new or table.name in state.changed:
                _write(folder / f"{table.name}.csv", state.tables[table.name])
        text = merge_settings(out / SETTINGS, state.keys, replace, state.findings)
        if text is not None:
            (folder / SETTINGS).write_bytes(text.encode())
        _write(folder / MISSING, gaps)
        _write(folder / SOURCES, _sources(out / SOURCES, inventories))
    return ImportResult(state.counts, gaps, tuple(state.findings))


@dataclass
class _State:
    """The estate's tables while inventories are merged into them."""

    tables: dict[str, pd.DataFrame]
    counts: dict[str, MergeCounts] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)

    def add(
        self,
        inventories: Sequence[Inventory],
        replace: bool,
        aliases: Mapping[str, str],
        prefixes: Sequence[Network],
        step: Callable[[str], None],
    ) -> pd.DataFrame:
        """Merge all inventories, and what follows from them; return what a plan still lacks."""
        self.rename_managers(aliases)
        step("merging")
        for inventory in inventories:
            _refuse_nul(inventory)
            self.findings += [*inventory.findings, *_of_no_rows(inventory)]
            self.keys |= inventory.settings
            named = with_aliases(inventory.tables, aliases)
            named, estate = recognise_networks(named, self.tables, self.findings)
            self.take(estate)
            known = dataclasses.replace(inventory, tables=named)
            known = recognise_vms(known, self.tables, self.findings)
            known = with_ids(known, self.tables, self.findings)
            self.merge(without_idle(known, self.tables, prefixes, self.findings), replace)
        self.resolve_names()
        found = resolve_members(self.tables, self.findings)
        self.fill_gaps(found.tables)
        self.leave_out(found.excluded, replace)
        for inventory in inventories:
            if inventory.used is not None:
                rows = current_table(inventory.used, self.tables, self.findings)
                self.merge(dataclasses.replace(inventory, tables={"current": rows}), replace)
        self.fill_gaps({"servers": servers_as_guests(self.tables, self.findings)})
        self.fill_gaps(hyperv_facts(self.tables, self.findings))
        if "vms" in self.changed:
            systems = self.tables["vms"].reindex(columns=["os"], fill_value="")["os"]
            counts = systems.value_counts().items()
            self.findings += doubtful_systems({str(os): int(number) for os, number in counts})
            platforms = self.tables["vms"].reindex(columns=["platform"], fill_value="")["platform"]
            told = {one.subject.lower() for one in self.findings if one.code == "unknown_platform"}
            counts = platforms.str.lower().value_counts().items()
            self.findings += unknown_platforms(
                {str(name): int(number) for name, number in counts if name not in told}
            )
        if "servers" in self.changed:
            servers = self.tables["servers"].reindex(columns=["server", "os"], fill_value="")
            names = servers["server"].tolist()
            self.findings += doubtful_servers(names, servers["os"].tolist())
            self.findings += alike_names("servers.csv", names, hosts=True)
        return list_missing(self.tables, found.gaps)

    def merge(self, inventory: Inventory, replace: bool) -> None:
        """Merge the tables of ``inventory``, and tell what differs and was kept."""
        for name, count in self._merged(inventory.tables, replace, inventory.emptied).items():
            if count.differing:
                self.findings.append(_kept(name, count.differing, inventory))

    def rename_managers(self, aliases: Mapping[str, str]) -> None:
        """Give servers that manage VMs their other name where the user says so."""
        self.take(with_aliases(self.tables, aliases))

    def take(self, tables: dict[str, pd.DataFrame]) -> None:
        """Go on with ``tables``, of which those that are the same have not changed."""
        self.changed |= {name for name in tables if tables[name] is not self.tables[name]}
        self.tables = tables

    def resolve_names(self) -> None:
        """Put ids in place of names that were written before their VMs were known."""
        pairs = self.tables["vms"].reindex(columns=["vm", "name"], fill_value="")
        names = VmNames(pairs.itertuples(index=False, name=None))
        for name in REFERRING:
            table = resolved(self.tables[name], names)
            places = self.tables["vm_places"]
            self.findings += ambiguous_names(table, names, f"{name}.csv", places)
            if table is not self.tables[name]:
                self.tables[name] = table
                self.changed.add(name)
        self.findings = list(dict.fromkeys(self.findings))

    def leave_out(self, excluded: Collection[tuple[str, str]], replace: bool) -> None:
        """Take VMs out of jobs that exclude them by now, or say that they stay."""
        rows = self.tables["job_vms"]
        pairs = zip(rows["job"].tolist(), rows["vm"].tolist(), strict=True)
        out = np.array([pair in excluded for pair in pairs], dtype=np.bool_)
        for job, count in rows["job"][out].value_counts(sort=False).items():
            way = "left out" if replace else "kept; --replace leaves out what a job excludes"
            detail = f"excludes {counted(int(count), 'VM')} that job_vms.csv has: {way}"
            self.findings.append(Finding("warning", "excluded_vms", str(job), detail))
        if replace and out.any():
            self.tables["job_vms"] = rows[~out].reset_index(drop=True)
            self.changed.add("job_vms")

    def fill_gaps(self, tables: Mapping[str, pd.DataFrame]) -> None:
        """Fill gaps with what follows from the tables themselves."""
        self._merged(tables, replace=False)

    def _merged(
        self,
        tables: Mapping[str, pd.DataFrame],
        replace: bool,
        emptied: Collection[tuple[str, str]] = (),
    ) -> dict[str, MergeCounts]:
        counts = {}
        for table in ALL_TABLES:
            new = tables.get(table.name)
            if new is None or new.empty:
                continue
            key = table.key or ("from", "to")
            empty = [column for name, column in emptied if name == table.name]
            self.tables[table.name], count = merge_table(
                self.tables[table.name], new, key, replace, empty
            )
            counts[table.name] = count
            self.counts[table.name] = self.counts.get(table.name, MergeCounts()) + count
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
            raise EstateError([InputProblem(path.name, None, None, None, reason, remedy)])
    path = folder / f"{table.name}.csv"
    names = [column.name for column in table.columns]
    if not path.exists():
        return pd.DataFrame({name: pd.Series(dtype="str") for name in names})
    cells = _cells(path)
    lacking = [name for name in table.key or ("from", "to") if name not in cells]
    if lacking:
        reason = f"has no column {lacking[0]!r}, by which rows are told apart"
        raise EstateError([InputProblem(path.name, 1, None, None, reason, "add the column")])
    return cells


def _cells(path: Path) -> pd.DataFrame:
    try:
        return unguard_frame(read_delimited(path, None)[0])
    except OSError as error:
        why = error.strerror or str(error)
        raise EstateError([InputProblem(path.name, None, None, None, why, "check it")]) from error


def _of_no_rows(inventory: Inventory) -> list[Finding]:
    """Say that nothing was read, which may be all right, or another file than was meant."""
    if inventory.settings or any(map(len, inventory.tables.values())):
        return []
    files = ", ".join(dict.fromkeys(source.file for source in inventory.files))
    detail = "holds nothing that an estate has: no row was read"
    return [Finding("warning", "no_rows", files, detail)]


def _refuse_nul(inventory: Inventory) -> None:
    """Raise EstateError where a cell holds a NUL character, as JSON and workbooks can have it."""
    files = ", ".join(dict.fromkeys(source.file for source in inventory.files))
    problems = [
        InputProblem(files, None, str(column), cells[cells.str.contains("\0", regex=False)].iloc[0],
                "holds a NUL character", "remove it: no name and no address has any")
        for table in inventory.tables.values()
        for column, cells in table.items()
        if cells.str.contains("\0", regex=False).any()
    ]  # fmt: skip
    if problems:
        raise EstateError(problems)


def _sources(path: Path, inventories: Sequence[Inventory]) -> pd.DataFrame:
    """Return sources.csv as it is, and a row for each table and file of the inventories."""
    when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = [
        (name, str(len(table)), text_of_name(source.file), source.sha256, when)
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
    differ = f"{counted(cells, 'cell')} that differ{'s' * (cells == 1)} from {files}"
    detail = f"{differ}: kept; --replace takes the new"
    return Finding("info", "kept_cells", f"{table}.csv", detail)


def _write(path: Path, table: pd.DataFrame) -> None:
    write_csv(path, {str(name): cells.tolist() for name, cells in table.items()})
