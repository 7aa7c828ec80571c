"""Finds the tabs of RVTools exports and their columns, by name, in any of their forms.

Column names differ: `Primary IP Address` is `vInfoPrimaryIPAddress` with -DBColumnNames. So names
are compared without case, signs and the tab's name. Customers' own columns may stand anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from models.diagnostics import Finding
from optimizer.inputs.importers.rvtools.backup_notes import BACKUP_NOTE
from optimizer.inputs.importers.spreadsheets import Sheet, Step, read_sheets

TABS = ("vInfo", "vNetwork")
SHEETS = {*TABS, *(f"tab{tab}" for tab in TABS)}
FIELDS: Mapping[str, tuple[str, ...]] = {
    "name": ("vm", "vmname"),
    "uuid": ("vmuuid", "uuid"),
    "number": ("vmid", "objectid"),
    "vcenter": ("visdkuuid", "visdkserver"),
    "power": ("powerstate",),
    "connection": ("connectionstate",),
    "template": ("template",),
    "placeholder": ("srmplaceholder",),
    "tools_os": ("osaccordingtothevmwaretools", "ostools"),
    "config_os": ("osaccordingtotheconfigurationfile", "os"),
    "datacenter": ("datacenter",),
    "manager": ("visdkserver",),
    "cluster": ("cluster",),
    "host": ("host",),
    "folder": ("folder",),
    "pool": ("resourcepool",),
}
ADDRESSES = {
    "vInfo": ("primaryipaddress",),
    "vNetwork": ("ipv4address", "ip4address", "ipaddress", "ipv6address", "ip6address"),
}
PORT_GROUPS = {
    "vInfo": tuple(f"network{number}" for number in range(1, 9)),
    "vNetwork": ("network", "name"),
}
MARKS = {
    "vNetwork": {"ipv4address", "ip4address", "niclabel"},
    "vInfo": {"primaryipaddress", "nics"},
}
BETWEEN = "\n"


@dataclass(frozen=True, slots=True)
class Tabs:
    """The rows of all vInfo tabs, and those of all vNetwork tabs.

    Columns are `FIELDS`, and ``addresses``, ``port_groups`` and ``notes`` on backups, several of
    them in lines.
    """

    info: pd.DataFrame
    network: pd.DataFrame


def read_tabs(
    files: Sequence[Path], encoding: str | None, findings: list[Finding], step: Step
) -> Tabs:
    """Return the tabs in ``files``; a file without one is told in ``findings``."""
    rows: dict[str, list[pd.DataFrame]] = {tab: [] for tab in TABS}
    for path in files:
        found = list(_tabs(read_sheets(path, encoding, SHEETS, step)))
        for tab, sheet in found:
            rows[tab].append(_rows(tab, sheet.cells))
        if not found:
            detail = "not read: it holds neither of the tabs vInfo and vNetwork"
            findings.append(Finding("info", "no_tab", path.name, detail))
    empty = pd.DataFrame(columns=[*FIELDS, "addresses", "port_groups", "notes"], dtype="str")
    info, network = (
        pd.concat(rows[tab], ignore_index=True) if rows[tab] else empty for tab in TABS
    )
    return Tabs(info, network)


def _tabs(sheets: Sequence[Sheet]) -> Iterator[tuple[str, Sheet]]:
    """Yield the sheets that are a tab: by their name, else by the columns that only it has."""
    for sheet in sheets:
        called = next((tab for tab in TABS if sheet.name.lower().endswith(tab.lower())), None)
        like = (
            tab for tab, marks in MARKS.items()
            if {"vm"} < {_plain(tab, str(name)) for name in sheet.cells} & {"vm", *marks}
        )  # fmt: skip
        tab = called or next(like, None)
        if tab is not None:
            yield tab, sheet


def _plain(tab: str, name: str) -> str:
    """Return a column's name as `FIELDS` has it.

    >>> _plain("vInfo", "Primary IP Address"), _plain("vInfo", "vInfoPrimaryIPAddress")
    ('primaryipaddress', 'primaryipaddress')
    """
    plain = re.sub(r"[\W_]", "", name).lower().removeprefix(tab.lower())
    return "vm" if plain == "vmname" else plain


def _rows(tab: str, cells: pd.DataFrame) -> pd.DataFrame:
    names: dict[str, str] = {}
    for name in map(str, cells):
        names.setdefault(_plain(tab, name), name)
    told = {field: _first(cells, names, aliases) for field, aliases in FIELDS.items()}
    notes = [
        name for name in map(str, cells) if cells[name].str.contains("Job: [", regex=False).any()
    ]
    notes = [name for name in notes if cells[name].str.contains(BACKUP_NOTE).any()]
    told["addresses"] = _join_texts(
        cells, [names[name] for name in ADDRESSES[tab] if name in names]
    )
    told["port_groups"] = _join_texts(
        cells, [names[name] for name in PORT_GROUPS[tab] if name in names]
    )
    told["notes"] = _join_texts(cells, notes)
    return pd.DataFrame(told)


def _first(cells: pd.DataFrame, names: Mapping[str, str], aliases: Sequence[str]) -> pd.Series[str]:
    """Return the cells of the first of several columns that has one, "" where none has."""
    found = pd.Series("", cells.index, dtype="str")
    for alias in aliases:
        if alias in names:
            found = found.where(found != "", cells[names[alias]])
    return found


def _join_texts(cells: pd.DataFrame, names: Sequence[str]) -> pd.Series[str]:
    texts = pd.Series("", cells.index, dtype="str")
    for name in names:
        texts = texts + BETWEEN + cells[name]
    return texts.str.strip(BETWEEN)
