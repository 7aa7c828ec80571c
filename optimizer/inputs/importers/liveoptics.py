"""Reads VMs from a Live Optics workbook: its sheet ``VMs``."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from models.diagnostics import Finding
from models.imported_tables import Inventory
from optimizer.files.text_table import refuse_table
from optimizer.inputs.importers.guest_networks import placing_addresses
from optimizer.inputs.importers.rvtools.reader import VCLS
from optimizer.inputs.importers.spreadsheets import read_sheets, source_file

SHEET = "VMs"
NEEDED = (
    "VM Name", "VM OS", "Guest IP1", "Power State", "MOB ID", "vCenter", "UUID", "Template",
)  # fmt: skip
ADDRESSES = ("Guest IP1", "Guest IP2", "Guest IP3", "Guest IP4")
COLUMNS = ["vm", "name", "os", "networks", "platform", "available"]
ON = "poweredon"


def read_liveoptics(path: Path, encoding: str | None) -> Inventory:
    """Return the VMs of a workbook, or of its sheet ``VMs`` as CSV; templates are left out,
    and so are the VMs that vSphere keeps for its clusters.

    A VM's id is its UUID, else vCenter and MOB ID, else its name. One that is not powered on is
    not available. Raises EstateError where the sheet or a column is missing.
    """
    source = source_file(path)
    cells = _cells(path, encoding)
    findings: list[Finding] = []
    idle = (cells["Template"].str.lower() == "true") | cells["VM Name"].str.match(VCLS)
    if idle.any():
        detail = f"{int(idle.sum())} templates and cluster services: no job processes them"
        findings.append(Finding("info", "left_out", "vms", detail))
    vms = _table(cells[~idle & (cells["VM Name"] != "")])
    again = vms["vm"].duplicated()
    findings += [
        Finding("warning", "repeated_vm", vm, "listed twice: the first one is taken")
        for vm in vms["vm"][again]
    ]
    tables = {"vms": vms[~again].reset_index(drop=True)}
    return Inventory(tables, (source,), tuple(findings))


def _cells(path: Path, encoding: str | None) -> pd.DataFrame:
    sheets = read_sheets(path, encoding, wanted=[SHEET])
    cells = sheets[0].cells if sheets else None
    if cells is None:
        reason, remedy = f"has no sheet {SHEET}", "give the workbook of a Live Optics project"
        raise refuse_table(path.name, reason, remedy)
    lacking = [name for name in NEEDED if name not in cells.columns]
    if lacking:
        reason = f"has no column {', '.join(lacking)}"
        remedy = "export it again, or use `gip import table --into vms`"
        raise refuse_table(path.name, reason, remedy)
    return cells


def _table(cells: pd.DataFrame) -> pd.DataFrame:
    found = [cells[name] for name in ADDRESSES if name in cells.columns]
    place = cells["vCenter"] + "/" + cells["MOB ID"]
    vm = cells["UUID"].str.lower()
    vm = vm.where(vm != "", place.where((cells["vCenter"] != "") & (cells["MOB ID"] != ""), ""))
    rows = zip(
        vm.where(vm != "", cells["VM Name"]),
        cells["VM Name"],
        cells["VM OS"],
        (";".join(placing_addresses(addresses)) for addresses in zip(*found, strict=True)),
        ("vmware" if server else "" for server in cells["vCenter"]),
        (_available(state) for state in cells["Power State"]),
        strict=True,
    )
    return pd.DataFrame(list(rows), columns=COLUMNS, dtype="str")


def _available(state: str) -> str:
    letters = "".join(state.lower().split())
    return "" if not letters else "true" if letters == ON else "false"
