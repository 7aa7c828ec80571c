"""Reads VMs from a Live Optics workbook: its sheet ``VMs``."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from models.diagnostics import Finding, did_you_mean
from models.imported_tables import Inventory
from optimizer.files.text_table import refuse_table
from optimizer.inputs.importers.closed_sets import flags, read_closed
from optimizer.inputs.importers.guest_networks import (
    addresses_of,
    unreadable,
    without_nil,
)
from optimizer.inputs.importers.guest_systems import worded
from optimizer.inputs.importers.rvtools.columns import POWER
from optimizer.inputs.importers.rvtools.reader import VCLS
from optimizer.inputs.importers.spreadsheets import Sheet, nameless, read_sheets, source_file

SHEET = "VMs"
NEEDED = (
    "VM Name", "VM OS", "Guest IP1", "Power State", "MOB ID", "vCenter", "UUID", "Template",
)  # fmt: skip
ADDRESSES = ("Guest IP1", "Guest IP2", "Guest IP3", "Guest IP4")
COLUMNS = ["vm", "name", "os", "networks", "platform", "available"]
CLOSED = {
    "Power State": (POWER, "taken as powered on"),
    "Template": (flags("false"), "taken as no template"),
}


def read_liveoptics(path: Path, encoding: str | None) -> Inventory:
    """Return the VMs of a workbook, or of its sheet ``VMs`` as CSV.

    Templates are left out, and so are the VMs that vSphere keeps for its clusters. A VM's id is its
    UUID, else vCenter and MOB ID, else its name. One that is not powered on is not available.
    Raises EstateError where the sheet or a column is missing.
    """
    source = source_file(path)
    sheet = _sheet(path, encoding)
    findings = [*sheet.findings, *_lacking(sheet)]
    cells = sheet.cells.assign(
        **{
            name: read_closed(sheet, name, words, taken, findings)
            for name, (words, taken) in CLOSED.items()
        }
    )
    findings += nameless(sheet, "VM Name")
    idle = (cells["Template"] == "true") | cells["VM Name"].str.match(VCLS)
    if idle.any():
        detail = f"{int(idle.sum())} templates and cluster services: no job processes them"
        findings.append(Finding("info", "left_out", "vms", detail))
    vms = _table(sheet, cells[~idle & (cells["VM Name"] != "")], findings)
    again = vms["vm"].duplicated()
    findings += [
        Finding("warning", "repeated_vm", vm, "listed twice: the first one is taken")
        for vm in vms["vm"][again]
    ]
    tables = {"vms": vms[~again].reset_index(drop=True)}
    return Inventory(tables, (source,), tuple(findings))


def _sheet(path: Path, encoding: str | None) -> Sheet:
    sheets = read_sheets(path, encoding, wanted=re.compile(SHEET))
    if not sheets:
        reason, remedy = f"has no sheet {SHEET}", "give the workbook of a Live Optics project"
        raise refuse_table(path.name, reason, remedy)
    columns = sheets[0].cells.columns
    lacking = [name for name in NEEDED if name not in columns]
    if lacking:
        reason = f"has no column {', '.join(lacking)}"
        hints = [hint for name in lacking if (hint := did_you_mean(name, map(str, columns)))]
        remedy = f"export it again, or use `gip import table --into vms`{''.join(hints[:1])}"
        raise refuse_table(path.name, reason, remedy)
    return sheets[0]


def _lacking(sheet: Sheet) -> list[Finding]:
    lacking = [name for name in ADDRESSES if name not in sheet.cells.columns]
    detail = f"has no column {', '.join(lacking)}: further addresses of its VMs are not known"
    return [Finding("warning", "absent_columns", sheet.file, detail)] if lacking else []


def _table(sheet: Sheet, cells: pd.DataFrame, findings: list[Finding]) -> pd.DataFrame:
    found = [cells[name] for name in ADDRESSES if name in cells.columns]
    place = cells["vCenter"] + "/" + cells["MOB ID"]
    vm = without_nil(cells["UUID"]).str.lower().str.strip("{}")
    findings += unreadable(sheet, {str(column.name): column for column in found})
    vm = vm.where(vm != "", place.where((cells["vCenter"] != "") & (cells["MOB ID"] != ""), ""))
    rows = zip(
        vm.where(vm != "", cells["VM Name"]),
        cells["VM Name"],
        worded(cells["VM OS"]),
        (";".join(addresses_of(cell)) for cell in zip(*found, strict=True)),
        ("vmware" if server else "" for server in cells["vCenter"]),
        ({"on": "true", "off": "false"}.get(state, "") for state in cells["Power State"]),
        strict=True,
    )
    return pd.DataFrame(list(rows), columns=COLUMNS, dtype="str")
