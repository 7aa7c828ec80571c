"""Changes of a spec of `random_estates`: other names, each VM twice, the whole estate twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from random_estates import ADDRESSES, WINDOWS_SERVER

Spec = dict[str, Any]
Rename = Callable[[str], str]

NAMED = {
    "servers": ("server", "networks"),
    "networks": ("network", "site"),
    "links": ("from", "to"),
    "vms": ("vm", "networks", "host"),
    "jobs": ("job", "proxies"),
    "job_vms": ("job", "vm"),
    "current": ("job", "vm", "proxy"),
}
BETWEEN = "; "


def names(spec: Mapping[str, Any]) -> list[str]:
    """Return all names of ``spec`` in byte order."""
    cells = (
        item
        for table, columns in NAMED.items()
        for row in spec.get(table, ())
        for column in columns
        for item in row.get(column, "").split(BETWEEN)
    )
    return sorted(set(cells) - {"", *ADDRESSES}, key=str.encode)


def renamed(spec: Mapping[str, Any], rename: Rename) -> Spec:
    """Return ``spec`` with every name as ``rename`` has it."""
    mapping = {name: rename(name) for name in names(spec)}
    return dict(spec) | {
        table: [_renamed(row, columns, mapping) for row in spec[table]]
        for table, columns in NAMED.items()
        if table in spec
    }


def _renamed(
    row: Mapping[str, str], columns: tuple[str, ...], mapping: Mapping[str, str]
) -> dict[str, str]:
    cells = {column: row[column].split(BETWEEN) for column in columns if column in row}
    return dict(row) | {
        column: BETWEEN.join(mapping.get(item, item) for item in items)
        for column, items in cells.items()
    }


def twins(spec: Mapping[str, Any]) -> Spec:
    """Return ``spec`` with two of each VM and twice the room for them, and twice what runs."""
    made = dict(spec)
    for table in ("vms", "job_vms", "current"):
        if table in spec:
            other = [row | {"vm": f"{row['vm']} twin"} for row in spec[table]]
            made[table] = [*spec[table], *other]
    made["servers"] = [
        row | {name: _twice(row[name]) for name in ("max_tasks", "running_tasks") if name in row}
        for row in spec["servers"]
    ]
    failover = spec["settings"].get("failover", {})
    if "tasks" in failover:
        doubled = {"failover": failover | {"tasks": 2 * failover["tasks"]}}
        made["settings"] = spec["settings"] | doubled
    return made


def _twice(cell: str) -> str:
    return str(2 * int(cell)) if cell else cell


def alone(spec: Mapping[str, Any]) -> Spec:
    """Return ``spec`` without all that two estates under one backup server would share.

    That is what this server does itself, addresses that both have, a tolerance, which is a share of
    a sum, and networks that reach each other without a link.
    """
    made = {name: [dict(row) for row in spec[name]] for name in NAMED if name in spec}
    made.setdefault("links", [])
    for row in made["servers"]:
        row["excluded"] = "yes" if _is_backup_server(row) else row.get("excluded", "")
        if _is_backup_server(row) and "running_tasks" in row:
            row["running_tasks"] = ""
    for row in made["networks"]:
        row.pop("cidr", None)
    for row in made["vms"]:
        row["os"] = WINDOWS_SERVER
    settings = {**spec["settings"], "failover": {}}
    settings["planning"] = {**settings.get("planning", {})}
    settings["planning"].pop("tolerance", None)
    return made | {"settings": settings}


def side_by_side(spec: Mapping[str, Any]) -> Spec:
    """Return ``spec`` and a copy of it with other names under one backup server.

    That has a network wherever it had one, in both.
    """
    copy = renamed(spec, lambda name: f"copy of {name}")
    made = dict(spec)
    for table in NAMED:
        if table in spec:
            made[table] = [*spec[table], *copy[table]]
    at = next(place for place, row in enumerate(spec["servers"]) if _is_backup_server(row))
    original, other = spec["servers"][at], copy["servers"][at]
    both = BETWEEN.join(dict.fromkeys(f"{original['networks']}; {other['networks']}".split("; ")))
    made["servers"] = [row for row in made["servers"] if row is not other and row is not original]
    made["servers"].append(original | {"networks": both})
    for table, column in (("jobs", "proxies"), ("vms", "host"), ("current", "proxy")):
        if table in made:
            back = {other["server"]: original["server"]}
            made[table] = [_renamed(row, (column,), back) for row in made[table]]
    return made


def _is_backup_server(row: Mapping[str, str]) -> bool:
    return "backup_server" in row["roles"]
