"""Answers of the backup server's interface, made up, and the inventory read from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from models.imported_tables import Inventory
from optimizer.inputs.importers.import_pipeline import ImportResult, run_import
from optimizer.inputs.importers.veeam.reader import read_veeam
from optimizer.veeam.responses import DOCUMENTS, Responses

ID = "00000000-0000-4000-8000-0000000000{:02}"
Json = dict[str, Any]


def answers(**kinds: Any) -> Responses:
    found = Responses()
    for kind, value in kinds.items():
        document = value if kind in DOCUMENTS else {"data": value}
        found.add(kind, f"{kind}.json", json.dumps(document).encode())
    return found


def read(**kinds: Any) -> Inventory:
    return read_veeam(answers(**kinds), 60)


def rows(inventory: Inventory, table: str, *columns: str) -> list[tuple[str, ...]]:
    return list(inventory.tables[table][list(columns)].itertuples(index=False, name=None))


def findings_of(inventory: Inventory, code: str) -> list[tuple[str, str]]:
    return [(each.subject, each.detail) for each in inventory.findings if each.code == code]


def server(number: int, name: str, kind: str = "WindowsHost", **more: Any) -> Json:
    return {"id": ID.format(number), "name": name, "type": kind, "description": "", **more}


def vm(name: str, number: str = "", manager: str = "vc", **more: Any) -> Json:
    found = {"type": "VirtualMachine", "hostName": manager, "name": name, "objectId": number}
    return found | {"platform": "VSphere"} | more


def job(name: str, *includes: Json, **more: Any) -> Json:
    daily = {"isEnabled": True, "localTime": "22:00", "dailyKind": "Everyday"}
    base: Json = {
        "id": ID.format(90),
        "name": name,
        "type": "VSphereBackup",
        "isDisabled": False,
        "virtualMachines": {"includes": list(includes), "excludes": {"vms": []}},
        "guestProcessing": {
            "appAwareProcessing": {"isEnabled": True},
            "guestFSIndexing": {"isEnabled": False},
            "guestInteractionProxies": {"autoSelectEnabled": True, "proxyIds": []},
        },
        "schedule": {"runAutomatically": True, "daily": daily},
    }
    return base | more


def guest(**more: Any) -> Json:
    return {"guestProcessing": job("x")["guestProcessing"] | more}


def imported(out: Path, *inventories: Inventory, replace: bool = False) -> ImportResult:
    return run_import(out, inventories, replace, lambda step: None)


def text(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")


def pairs(folder: Path) -> set[tuple[str, str]]:
    lines = text(folder / "job_vms.csv").splitlines()[1:]
    return {(job_, vm_) for job_, vm_ in (line.split(",") for line in lines)}
