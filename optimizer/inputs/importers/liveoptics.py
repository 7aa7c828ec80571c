"""Reads VMs from a Live Optics workbook: its sheet ``VMs``."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
from optimizer.inputs.importers.rvtools.vm_ids import distinct_vms
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

    Templates are left out, and so are the VMs that vSphere keeps for its clusters. A VM's id is
    what `distinct_vms` makes of UUID, vCenter and MOB ID. One that is not powered on is not
    available.
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
    addresses = [name for name in ADDRESSES if name in cells]
    findings += unreadable(sheet, {name: cells[name] for name in addresses})
    vms = _identified(cells[~idle & (cells["VM Name"] != "")], findings)
    placed = vms[(vms["vcenter"] != "") | (vms["number"] != "")].reset_index(drop=True)
    places = placed[["vm", "vcenter", "number"]].rename(columns={"number": "object"})
    tables = {"vms": _table(vms, addresses), "vm_places": places}
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


def _identified(cells: pd.DataFrame, findings: list[Finding]) -> pd.DataFrame:
    """Return the rows of VMs, each once, with its id as ``vm``."""
    known = {
        "name": cells["VM Name"],
        "uuid": without_nil(cells["UUID"]).str.lower().str.strip("{}"),
        "number": without_nil(cells["MOB ID"]),
        "vcenter": without_nil(cells["vCenter"]),
    }
    return distinct_vms(cells.assign(**known).reset_index(drop=True), findings)


def _table(vms: pd.DataFrame, addresses: Sequence[str]) -> pd.DataFrame:
    rows = zip(
        vms["vm"],
        vms["name"],
        worded(vms["VM OS"]),
        (";".join(addresses_of(cell)) for cell in vms[[*addresses]].itertuples(index=False)),
        ("vmware" if server else "" for server in vms["vcenter"]),
        ({"on": "true", "off": "false"}.get(state, "") for state in vms["Power State"]),
        strict=True,
    )
    return pd.DataFrame(list(rows), columns=COLUMNS, dtype="str")
