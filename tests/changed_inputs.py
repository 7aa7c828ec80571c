"""Answers of a backup server, the paths of their values, and what reading something tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from models.errors import EstateError
from models.imported_tables import Inventory

JOB: dict[str, Any] = {
    "id": "1", "name": "j", "type": "VSphereBackup", "isDisabled": True,
    "virtualMachines": {
        "includes": [{"platform": "HyperV", "type": "VirtualMachine", "hostName": "vc",
                      "name": "a", "objectId": "vm-1"}],
        "excludes": {"vms": [{"platform": "VSphere", "type": "VirtualMachine", "hostName": "vc",
                              "name": "b", "objectId": "vm-2"}]},
    },
    "guestProcessing": {
        "appAwareProcessing": {"isEnabled": True, "appSettings": [
            {"vss": "RequireSuccess", "sql": {"logsProcessing": "Backup"}}]},
        "guestFSIndexing": {"isEnabled": True},
        "guestInteractionProxies": {"autoSelectEnabled": False, "proxyIds": ["s1"]},
    },
    "schedule": {"runAutomatically": True, "daily": {
        "isEnabled": True, "localTime": "22:00", "dailyKind": "SelectedDays", "days": ["Monday"]}},
}  # fmt: skip
SERVER: dict[str, Any] = {
    "id": "s1",
    "name": "s",
    "type": "WindowsHost",
    "isBackupServer": True,
    "status": "Unavailable",
    "networkSettings": {"components": [{"componentName": "GuestInteractionProxy", "port": 6190}]},
}


def rows_and_messages(read: Callable[[], Inventory]) -> tuple[dict[str, Any], str]:
    """Return the estate's rows, none where it was refused, and all that was told."""
    try:
        found = read()
    except EstateError as error:
        return {}, str(error)
    tables = {name: table.to_dict("list") for name, table in found.tables.items() if len(table)}
    return tables, "\n".join(f"{each.subject} {each.detail}" for each in found.findings)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value in an answer."""
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in pairs:
        yield (*path, key)
        yield from paths(inner, (*path, key))
