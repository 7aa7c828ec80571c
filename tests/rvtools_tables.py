"""Tabs of RVTools, made up."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from models.imported_tables import Inventory

VCENTER = "vc-1"
Row = Mapping[str, Any]
INFO = (
    "VM", "Powerstate", "Template", "SRM Placeholder", "Primary IP Address", "Network #1",
    "Annotation", "Connection state", "Datacenter", "Cluster", "Host", "Folder",
    "OS according to the configuration file",
    "OS according to the VMware Tools", "VM ID", "VM UUID", "VI SDK Server", "VI SDK UUID",
)  # fmt: skip
NETWORK = (
    "VM", "Powerstate", "NIC label", "Network", "IPv4 Address", "IPv6 Address", "Annotation",
    "Datacenter", "VM ID", "VM UUID", "VI SDK UUID",
)  # fmt: skip


def vm(number: int, name: str = "", **cells: str) -> dict[str, str]:
    """Return a row as RVTools has it: of vInfo and vNetwork what both tabs say of a VM."""
    row = {
        "VM": name or f"vm{number}", "Powerstate": "poweredOn", "Template": "False",
        "VM ID": f"vm-{number}", "VM UUID": f"4202-{number}", "VI SDK UUID": VCENTER,
        "OS according to the configuration file": "Microsoft Windows Server 2016 (64-bit)",
    }  # fmt: skip
    return row | {key.replace("_", " "): cell for key, cell in cells.items()}


def table(header: Sequence[str], rows: Sequence[Row], sign: str = ",") -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, restval="", extrasaction="ignore", delimiter=sign)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def info(folder: Path, *rows: Row, header: Sequence[str] = INFO) -> Path:
    return write(folder / "RVTools_tabvInfo.csv", table(header, rows))


def network(folder: Path, *rows: Row, header: Sequence[str] = NETWORK) -> Path:
    return write(folder / "RVTools_tabvNetwork.csv", table(header, rows))


def write(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def workbook(path: Path, tabs: Mapping[str, Sequence[Sequence[object]]], blank: int = 0) -> Path:
    """Write an xlsx; ``blank`` rows at the end of each tab have a format and no content."""
    book = xlsxwriter.Workbook(path)
    bold = book.add_format({"bold": True})
    for name, rows in tabs.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        for number in range(len(rows), len(rows) + blank):
            sheet.write_blank(number, 0, None, bold)
    book.close()
    return path


def vms(inventory: Inventory, *columns: str) -> list[Any]:
    rows = inventory.tables["vms"][list(columns)].to_numpy().tolist()
    return [row[0] for row in rows] if len(columns) == 1 else rows


def codes(inventory: Inventory) -> list[str]:
    return [finding.code for finding in inventory.findings]
