"""Exports whose columns were removed, renamed, translated, moved or retyped, one by one.

Whatever is done to a file, the estate that it gives is the same, or the change is told: by an
error, or by a finding that names the column or the value. Nothing differs without a word.
"""

from __future__ import annotations

import copy
import csv
import io
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from changed_inputs import JOB, SERVER, paths, rows_and_messages

from models.imported_tables import Inventory
from models.schema import CURRENT, JOB_VMS, JOBS, NETWORKS, SERVERS, VMS, Table
from optimizer.inputs.importers.generic_table import read_generic_table
from optimizer.inputs.importers.healthcheck.reader import read_healthcheck
from optimizer.inputs.importers.infoblox import read_infoblox
from optimizer.inputs.importers.liveoptics import read_liveoptics
from optimizer.inputs.importers.netbox.reader import read_netbox
from optimizer.inputs.importers.netbox.sources import read_saved_netbox as saved_listing
from optimizer.inputs.importers.rvtools.reader import read_rvtools
from optimizer.inputs.importers.veeam.reader import read_veeam
from optimizer.veeam.responses import read_saved_veeam

WINDOWS = "Microsoft Windows Server 2022 (64-bit)"
UUID = "42101001-aaaa-bbbb-cccc-00000000100"
Cells = list[dict[str, str]]

INFO: Cells = [
    {
        "VM": f"vm{n}", "Powerstate": state, "Template": template, "SRM Placeholder": "False",
        "Connection state": connection, "Primary IP Address": f"10.1.1.{n}",
        "OS according to the configuration file": "Microsoft Windows Server 2016 (64-bit)",
        "OS according to the VMware Tools": WINDOWS if n != 2 else "",
        "Datacenter": "dc", "Cluster": "cl", "Host": "esx", "Folder": "dc/vm/a", "VM ID": f"vm-{n}",
        "VM UUID": f"{UUID}{n}", "VI SDK Server": "vc",
    }
    for n, state, template, connection in (
        (1, "poweredOn", "False", "connected"), (2, "poweredOff", "False", "connected"),
        (3, "poweredOn", "True", "connected"), (4, "poweredOn", "False", "disconnected"),
    )
]  # fmt: skip
NICS: Cells = [
    {"VM": f"vm{n}", "Network": "lan", "IPv4 Address": f"10.1.2.{n}", "IPv6 Address": f"fd00::{n}",
     "VM UUID": f"{UUID}{n}"}
    for n in (1, 2, 4)
]  # fmt: skip
OPTICS: Cells = [
    {
        "VM Name": f"vm{n}", "VM OS": WINDOWS, "Guest IP1": f"10.1.1.{n}",
        "Guest IP2": f"10.1.2.{n}", "Guest IP3": f"10.1.3.{n}", "Guest IP4": f"10.1.4.{n}",
        "Power State": "Powered On" if n == 1 else "poweredOff",
        "MOB ID": f"vm-{n}", "vCenter": "vc", "UUID": f"{UUID}{n}",
        "Template": "False" if n < 3 else "True",
    }
    for n in (1, 2, 3)
]  # fmt: skip
MACHINES: Cells = [
    {"Id": "a1", "Name": "vbr", "IsUnavailable": "False", "Type": "Local", "OSInfo": WINDOWS},
    {"Id": "b2", "Name": "gip", "IsUnavailable": "True", "Type": "Windows", "OSInfo": WINDOWS},
]
AT_TEN = "Start time: [1/15/2026 10:00:00 PM], Next run time: [1/16/2026 10:00:00 PM]"
JOB_ROWS: Cells = [
    {
        "Name": f"j{n}", "JobType": "Backup", "ScheduleOptions": AT_TEN, "IndexingType": "None",
        "AAIPEnabled": "True", "GuestFSIndexingEnabled": "True", "IsJobEnabled": "True",
        "IsScheduleDisabled": "True" if n else "False",
    }
    for n in (0, 1)
]  # fmt: skip
PREFIXES: Cells = [
    {"prefix": "10.1.0.0/16", "status": "container", "site": "hq", "vrf": "", "tenant": ""},
    {"prefix": "10.1.1.0/24", "status": "active", "site": "hq", "vrf": "red", "tenant": "x"},
    {"prefix": "10.1.1.0/24", "status": "active", "site": "hq", "vrf": "red", "tenant": "y"},
]
PLAN: Cells = [
    {"cidr": "10.1.1.0/24", "site": "hq", "vrf": "red", "name": "lan"},
    {"cidr": "10.1.2.0/24", "site": "hq", "vrf": "red", "name": ""},
]
BLOX: Cells = [
    {"IP Address": f"10.1.1.{n}", "Type": kind, "Site": "hq"}
    for n, kind in ((0, "Network"), (7, "Host"), (255, "Broadcast"))
]
EXPORTED: Cells = [
    {"address*": f"10.1.{n}.0", "netmask*": "255.255.255.0",
     "network_view": view, "EA-Site": "hq", "comment": ""}
    for n, view in ((1, "default"), (2, "lab"))
]  # fmt: skip
SHEET: Cells = [
    {"server": "v", "os": WINDOWS, "roles": "backup_server", "networks": "10.1.1.9",
     "max_tasks": "40", "managed": "yes", "powershell_version": "5.1", "running_tasks": "2",
     "available": "no", "excluded": "yes", "domain": "corp.example"},
]  # fmt: skip
TIMES: Cells = [
    {"job": "j", "start": "22:00", "duration_minutes": "60", "type": "backup", "enabled": "yes",
     "days": "mon;tue", "application_aware": "no", "indexing": "yes", "log_processing": "yes",
     "proxies": "v"},
]  # fmt: skip
LANS: Cells = [{"network": "lan", "cidr": "10.1.1.0/24", "site": "hq"}]
GUESTS: Cells = [
    {"vm": "a1", "os": WINDOWS, "networks": "10.1.1.9", "name": "a", "platform": "hyperv",
     "host": "hv", "host_version": "2019", "available": "no", "gmsa_domain": "corp.example",
     "vss": "require_success"},
]  # fmt: skip
MEMBERS: Cells = [{"job": "j", "vm": "a1"}, {"job": "j", "vm": "a2"}]
TODAY: Cells = [{"job": "j", "vm": "a1", "proxy": "v"}]
HOLDERS: Cells = [
    {"HostId": f"{letter}{n}", "Host": host, "Name": f"of {host}"}
    for letter, n, host in (("a", 1, "vbr"), ("b", 2, "gip"))
]


def written(path: Path, rows: Cells) -> Path:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def info(folder: Path, rows: Cells) -> Inventory:
    return read_rvtools([written(folder / "RVTools_tabvInfo.csv", rows)])


def nics(folder: Path, rows: Cells) -> Inventory:
    files = [
        written(folder / "RVTools_tabvInfo.csv", INFO),
        written(folder / "tabvNetwork.csv", rows),
    ]
    return read_rvtools(files)


def networks(folder: Path, rows: Cells) -> Inventory:
    plain = written(folder / "RVTools_tabvInfo.csv", INFO)
    return read_rvtools([plain], written(folder / "plan.csv", rows))


def mapped(table: Table, whole: Cells) -> Callable[[Path, Cells], Inventory]:
    mapping = [f"{name}={name}" for name in whole[0]]

    def read(folder: Path, rows: Cells) -> Inventory:
        return read_generic_table(written(folder / "t.csv", rows), table, mapping, "", None)

    return read


def exported(path: Path, rows: Cells) -> Path:
    """Write networks as Infoblox does: the kind of each line stands before it."""
    header, *lines = written(path, rows).read_text(encoding="utf-8").splitlines()
    text = "\n".join([f"header-network,{header}", *(f"network,{line}" for line in lines), ""])
    path.write_text(text, encoding="utf-8")
    return path


def holders(kind: str) -> Callable[[Path, Cells], Inventory]:
    def read(folder: Path, rows: Cells) -> Inventory:
        files = [written(folder / "x_Servers.csv", MACHINES)]
        return read_healthcheck([*files, written(folder / f"x_{kind}.csv", rows)], None)

    return read


TARGETS = {
    SERVERS: SHEET, JOBS: TIMES, NETWORKS: LANS, VMS: GUESTS, JOB_VMS: MEMBERS, CURRENT: TODAY,
}  # fmt: skip
KINDS: dict[str, tuple[Cells, Callable[[Path, Cells], Inventory]]] = {
    "rvtools vInfo": (INFO, info),
    "rvtools vNetwork": (NICS, nics),
    "liveoptics": (OPTICS, lambda f, rows: read_liveoptics(written(f / "VMs.csv", rows), None)),
    "healthcheck servers": (
        MACHINES, lambda f, rows: read_healthcheck([written(f / "x_Servers.csv", rows)], None)),
    "healthcheck jobs": (
        JOB_ROWS, lambda f, rows: read_healthcheck([written(f / "x_Jobs.csv", rows)], None)),
    "netbox export": (
        PREFIXES, lambda f, rows: read_netbox([saved_listing(written(f / "p.csv", rows), None)])),
    "ip plan": (PLAN, networks),
    "infoblox list": (BLOX, lambda f, rows: read_infoblox(written(f / "i.csv", rows), None)),
    "infoblox export": (
        EXPORTED, lambda f, rows: read_infoblox(exported(f / "i.csv", rows), None)),
    **{f"table {table.name}": (rows, mapped(table, rows)) for table, rows in TARGETS.items()},
    **{
        f"healthcheck {kind}": (HOLDERS, holders(kind))
        for kind in ("Proxies", "HvProxy", "Repositories", "SOBRExtents")
    },
}  # fmt: skip
RETYPED = ("vielleicht", "-1", "1900-01-01", "#N/A", "[]", "None of these")
SAME_MEANING = {
    "VM UUID",
    "UUID",
    "VM",
    "VM Name",
    "Name",
    "name",
    "job",
    "server",
    "site",
    "Site",
    "vrf",
    "tenant",
    "Folder",
    "Cluster",
    "Host",
    "Datacenter",
    "VM ID",
    "MOB ID",
    "vCenter",
    "VI SDK Server",
    "networks",
    "Id",
    "OSInfo",
    "VM OS",
    "os",
    "Network",
    "OS according to the configuration file",
    "OS according to the VMware Tools",
    "network",
    "vm",
    "host",
    "proxy",
    "proxies",
    "domain",
    "gmsa_domain",
    "network_view",
    "EA-Site",
}
# Free text: another one is another estate, as it should be.


def changed(rows: Cells, column: str) -> Iterator[tuple[str, Cells, str]]:
    """Yield what was done to ``column``, the rows, and what a message has to name."""
    without = [{name: cell for name, cell in row.items() if name != column} for row in rows]
    yield "removed", without, column
    for new in (f"{column}_", f"Meine {column}", "Spalte"):
        renamed = [{(new if name == column else name): cell for name, cell in row.items()}
                   for row in rows]  # fmt: skip
        yield f"renamed {new}", renamed, column
    yield "moved", [{column: row[column], **row} for row in rows], column
    yield (
        "last",
        [{**plain, column: row[column]} for plain, row in zip(without, rows, strict=True)],
        column,
    )
    if column not in SAME_MEANING:
        for text in RETYPED:
            yield f"retyped {text}", [row | {column: text} for row in rows], text


CASES = [
    pytest.param(kind, column, id=f"{kind}: {column}")
    for kind, (rows, _) in KINDS.items()
    for column in rows[0]
]


@pytest.mark.parametrize(("kind", "column"), CASES)
def test_no_change_of_a_column_goes_without_a_word(tmp_path: Path, kind: str, column: str) -> None:
    rows, read = KINDS[kind]
    whole, before = rows_and_messages(lambda: read(tmp_path, rows))
    assert whole, before
    for what, other, named in changed(rows, column):
        found, after = rows_and_messages(partial(read, tmp_path, other))
        if found != whole:
            news = "\n".join(line for line in after.splitlines() if line not in before)
            assert named.lower() in news.lower() or column.lower() in news.lower(), (
                f"{what} {column}: {found} is not {whole}, told is {after}"
            )


# --- JSON

WRONG: tuple[Any, ...] = ("text", 7, 1.5, True, [], ["x"], {}, {"x": 1})


def with_value(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    found = copy.deepcopy(document)
    at = found
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return found


def answers(folder: Path, job: Any, server: Any) -> Callable[[], Inventory]:
    (folder / "jobs.json").write_text(json.dumps({"data": [job]}), encoding="utf-8")
    (folder / "managedServers.json").write_text(json.dumps({"data": [server]}), encoding="utf-8")
    return lambda: read_veeam(read_saved_veeam(folder, []), 60)


@pytest.mark.parametrize("path", list(paths(JOB)), ids=lambda path: ".".join(map(str, path)))
def test_a_field_of_a_job_of_another_type_is_refused_with_its_path(
    tmp_path: Path, path: tuple[Any, ...]
) -> None:
    _typed(tmp_path, path, lambda value: answers(tmp_path, with_value(JOB, path, value), SERVER))


@pytest.mark.parametrize("path", list(paths(SERVER)), ids=lambda path: ".".join(map(str, path)))
def test_a_field_of_a_server_of_another_type_is_refused_with_its_path(
    tmp_path: Path, path: tuple[Any, ...]
) -> None:
    _typed(tmp_path, path, lambda value: answers(tmp_path, JOB, with_value(SERVER, path, value)))


def _typed(
    folder: Path, path: tuple[Any, ...], read: Callable[[Any], Callable[[], Inventory]]
) -> None:
    old: Any = JOB if path[0] in JOB and path[0] not in ("id", "name", "type") else SERVER
    for key in path:
        old = old[key] if isinstance(old, list) or key in old else ""
    whole, before = rows_and_messages(read(old))
    for value in WRONG:
        kinds = {type(old), type(value)} - {bool} or {str}
        if kinds in ({str}, {str, int}, {int}, {dict}, {list}):
            continue  # the same type, or a number for a text
        found, after = rows_and_messages(read(value))
        key = next(str(key) for key in reversed(path) if isinstance(key, str))
        news = "\n".join(line for line in after.splitlines() if line not in before)
        assert found == whole or key in news, f"{path} {value!r}: {found}, told is {after}"
