"""Small random estates that use every column and every setting, and their files."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

Names = tuple[str, ...]
Pairs = tuple[tuple[str, str], ...]
Rows = st.SearchStrategy[dict[str, str]]

MOST_PAIRS = 60
COLUMNS = {
    "servers": ("server", "os", "roles", "networks", "max_tasks", "running_tasks", "managed",
                "available", "excluded", "powershell_version", "domain"),
    "networks": ("network", "cidr", "site"),
    "links": ("from", "to", "both_ways", "up", "latency_ms"),
    "vms": ("vm", "os", "networks", "name", "platform", "host", "host_version", "available",
            "gmsa_domain", "vss"),
    "jobs": ("job", "start", "duration_minutes", "type", "enabled", "application_aware",
             "indexing", "log_processing", "days", "proxies"),
    "job_vms": ("job", "vm"),
    "current": ("job", "vm", "proxy"),
}  # fmt: skip
OPTIONAL = {
    "servers": ("max_tasks", "running_tasks", "managed", "available", "excluded",
                "powershell_version", "domain"),
    "networks": ("cidr", "site"),
    "links": ("both_ways", "up", "latency_ms"),
    "vms": ("name", "platform", "host", "host_version", "available", "gmsa_domain", "vss"),
    "jobs": ("type", "enabled", "indexing", "log_processing", "days", "proxies"),
}  # fmt: skip
FIRST_AIMS = ["coverage", "tier1", "tier2", "tier3"]
LATER_AIMS = ["protected", "same_site", "peak", "balance", "moves"]

WINDOWS_SERVER = "Microsoft Windows Server 2022 (64-bit)"
SERVER_OS = (
    "Windows Server 2012 R2", "windows  SERVER 2019", "Windows 11", "Rocky Linux 9",
    "Red Hat Enterprise Linux 9 (64-bit)", "RHEL 8.8", "Ubuntu Linux (64-bit)",
)  # fmt: skip
GUEST_OS = (
    "Windows 10", "Microsoft Windows 11 (64-bit)", "microsoft windows server 2016 (64-bit)",
    "Windows Server 2012 R2", "Windows 8.1", "Windows Server", "Ubuntu Linux (64-bit)",
    "Red Hat Enterprise Linux 9", "",
)  # fmt: skip
CIDRS = (
    "10.0.0.0/24", "10.0.0.0/24", "10.0.1.0/24", "10.0.0.0/16", "2001:db8:1::/64", "2001:db8::/32",
)  # fmt: skip
ADDRESSES = ("10.0.0.7", "10.0.1.7", "10.0.9.9", "2001:db8:1::7", "2001:db8:2::7", "192.0.2.1")
SITES = ("hq", "east", "west", "")
YES = ("", "true", "yes", "1", "TRUE")
NO = ("false", "no", "0", "False")


def write(spec: Mapping[str, Any], folder: Path) -> None:
    """Write ``spec`` as CSV files and ``estate.toml``; files that it does not have are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in COLUMNS.items():
        (folder / f"{name}.csv").unlink(missing_ok=True)
        if name not in spec:
            continue
        rows = spec[name]
        there = [column for column in columns if not rows or column in rows[0]]
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, there)
            table.writeheader()
            table.writerows(rows)
    (folder / "estate.toml").unlink(missing_ok=True)
    if spec["settings"]:
        lines = _toml(spec["settings"])
        (folder / "estate.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(table: Mapping[str, Any], path: str = "") -> list[str]:
    """Return the lines of ``table``; tolerances are decimal text and stay as they are written."""
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    raw = path == "planning.tolerance"
    lines = [f"{key} = {value if raw else json.dumps(value)}" for key, value in plain.items()]
    for key in [key for key in table if key not in plain]:
        inner = f"{path}.{key}" if path else key
        lines += [f"[{inner}]", *_toml(table[key], inner)]
    return lines


@st.composite
def estates(draw: st.DrawFn, most_servers: int = 6, most_tasks: int = 32) -> dict[str, Any]:
    """Return the spec of an estate, at most `MOST_PAIRS` tasks times servers in size."""
    servers = _names(draw, "s", [n for n in (1, 2, 2, 3, 3, 3, 4, 4, 5, 6) if n <= most_servers])
    networks = _names(draw, "n", [1, 2, 2, 3, 3, 4, 5, 6])
    vms = _names(draw, "v", [3, 4, 5, 6, 7, 8] * 5 + [0, 1, 2])
    jobs = _names(draw, "j", [1, 2, 2, 3, 4])
    pairs = tuple(product(jobs, vms))
    spec: dict[str, Any] = {
        "servers": _rows(draw, "server", servers, _server(networks)),
        "networks": _rows(draw, "network", networks, _network()),
        "vms": _rows(draw, "vm", vms, _vm(networks, servers)),
        "jobs": _rows(draw, "job", jobs, _job(servers)),
        "job_vms": draw(_job_vms(pairs, min(most_tasks, MOST_PAIRS // len(servers)))),
        "settings": draw(_settings()),
    }
    backup_server = draw(st.sampled_from(range(len(servers))))
    spec["servers"][backup_server]["roles"] += "; backup_server"
    links = draw(st.sampled_from(["absent", "absent", "absent", "some", "some", "some", "empty"]))
    if links != "absent":
        spec["links"] = draw(_links(networks)) if links == "some" else []
    if draw(st.sampled_from([True, True, False])):
        there = tuple((row["job"], row["vm"]) for row in spec["job_vms"])
        spec["current"] = draw(_current(there, servers))
    for name, columns in OPTIONAL.items():
        left_out = draw(st.sampled_from([(), (), (), (), columns, columns[:1], columns[1:]]))
        for row in spec.get(name, ()):
            for column in left_out:
                del row[column]
    return spec


@st.composite
def side_by_side(draw: st.DrawFn) -> dict[str, Any]:
    """Return the spec of 2 or 3 small estates under one backup server.

    It has a network in each, or reaches into each, or only some of this; and nothing else ties
    them, but for sites that they share now and then.
    """
    tenants = draw(st.sampled_from([2, 2, 3]))
    drawn = [draw(_tenant(f"t{number}")) for number in range(tenants)]
    spec: dict[str, Any] = {
        name: [row for tenant in drawn for row in tenant[name]] for name in drawn[0]
    }
    if draw(st.sampled_from([True, True, False])):
        for number, tenant in enumerate(drawn):
            tenant["networks"] = [
                {**row, "site": row["site"] and f"{row['site']} {number}"}
                for row in tenant["networks"]
            ]
    homes = ["hq", *(draw(st.sampled_from(["", "", f"t{n}n0"])) for n in range(tenants))]
    reach = [draw(st.booleans()) for _ in range(tenants)]
    spec["networks"].append({"network": "hq", "cidr": "", "site": draw(st.sampled_from(SITES))})
    spec["links"] += [
        {"from": "hq", "to": f"t{n}n0", "both_ways": "no", "up": "", "latency_ms": ""}
        for n in range(tenants)
        if reach[n]
    ]
    backup_server = draw(_server(("hq",)))
    backup_server["networks"] = "; ".join(filter(None, homes))
    backup_server["roles"] = "backup_server"
    if draw(st.booleans()):
        backup_server["max_tasks"] = draw(st.sampled_from(["", "6", "12"]))
    spec["servers"].append({"server": "bs", **backup_server})
    spec["settings"] = draw(_settings())
    if draw(st.sampled_from([True, True, True, False])):
        spec["settings"].get("planning", {}).pop("tolerance", None)
    if draw(st.sampled_from([True, True, False])):
        there = tuple((row["job"], row["vm"]) for row in spec["job_vms"])
        servers = tuple(row["server"] for row in spec["servers"])
        spec["current"] = draw(_current(there, servers))
    return spec


def _tenant(name: str) -> st.SearchStrategy[dict[str, Any]]:
    servers, networks, vms, jobs = (
        tuple(f"{name}{letter}{number}" for number in range(most))
        for letter, most in (("s", 2), ("n", 2), ("v", 5), ("j", 2))
    )
    links = [{"from": networks[0], "to": networks[1], "both_ways": "", "up": "", "latency_ms": ""}]
    tables = {
        "servers": _table_of("server", servers, _server(networks)),
        "networks": _table_of("network", networks, _network()),
        "links": st.sampled_from([links, links, []]),
        "vms": _table_of("vm", vms, _vm(networks, servers)),
        "jobs": _table_of("job", jobs, _job(servers)),
        "job_vms": _job_vms(tuple(product(jobs, vms)), 7),
    }
    return st.fixed_dictionaries(tables)


def _table_of(key: str, names: Names, others: Rows) -> st.SearchStrategy[list[dict[str, str]]]:
    rows = st.tuples(*[others] * len(names))
    return rows.map(lambda drawn: [{key: n, **row} for n, row in zip(names, drawn, strict=True)])


def _names(draw: st.DrawFn, prefix: str, sizes: list[int]) -> Names:
    return tuple(f"{prefix}{number}" for number in range(draw(st.sampled_from(sizes))))


def _rows(draw: st.DrawFn, key: str, names: Names, others: Rows) -> list[dict[str, str]]:
    return [{key: name, **draw(others)} for name in names]


def _mostly(usual: str, *others: str, of: int = 10) -> st.SearchStrategy[str]:
    """Return a cell that is ``usual`` all but once in ``of`` times."""
    return st.sampled_from([usual] * (of - 1) * len(others) + list(others))


def _boolean(usual: bool, of: int = 12) -> st.SearchStrategy[str]:
    """Return a cell that mostly says ``usual``, in any of the ways to say it."""
    often, seldom = (YES, NO) if usual else (NO, YES)
    return st.sampled_from([*often * (of - 1), *seldom])


def _items(usual: Names, others: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    """Return a list cell, mostly of one item, mostly of the ``usual`` ones."""
    item = st.sampled_from([*usual * (8 * len(others) // len(usual) + 1), *others])
    several = st.lists(item, min_size=2, max_size=3).map("; ".join)
    return st.one_of(item, item, item, several)


@cache
def _server(networks: Names) -> Rows:
    roles = ("backup_proxy", "repository", "wan_accelerator; hyperv_host")
    return st.fixed_dictionaries(
        {
            "os": _mostly(WINDOWS_SERVER, *SERVER_OS, of=6),
            "roles": _mostly("", *roles, of=2),
            "networks": _items(networks, ADDRESSES),
            "max_tasks": st.sampled_from(["", "1", "1", "2", "2", "3", "4"]),
            "running_tasks": _mostly("", "0", "1", "1", "2", "3", "5", of=2),
            "managed": _boolean(True),
            "available": _boolean(True),
            "excluded": _boolean(False),
            "powershell_version": _mostly("5.1", "", "1.0", "2", "7.4.1", of=3),
            "domain": st.sampled_from(["", "corp.test", "Corp.Test", "dmz.test"]),
        }
    )


@cache
def _network() -> Rows:
    return st.fixed_dictionaries(
        {
            "cidr": _mostly("", *CIDRS, of=3),
            "site": st.sampled_from(SITES),
        }
    )


@cache
def _links(networks: Names) -> st.SearchStrategy[list[dict[str, str]]]:
    end = st.sampled_from([*networks, *networks, "r1", "r2"])
    link = st.fixed_dictionaries(
        {
            "from": end,
            "to": end,
            "both_ways": _boolean(True, of=4),
            "up": _boolean(True, of=6),
            "latency_ms": st.sampled_from(["", "4", "0.5"]),
        }
    )
    return st.lists(link, min_size=len(networks) - 1 or 1, max_size=9)


@cache
def _vm(networks: Names, servers: Names) -> Rows:
    common = {
        "os": _mostly(WINDOWS_SERVER, *GUEST_OS, of=4),
        "name": st.sampled_from(["", "payroll"]),
        "available": _boolean(True),
        "gmsa_domain": _mostly("", "corp.test", "CORP.test", "gone.test", of=8),
        "vss": st.sampled_from(["", "require_success", "ignore_failures"]),
    }
    plain = {
        "networks": st.one_of(_items(networks, ADDRESSES), _mostly(networks[-1], "", of=6)),
        "platform": st.sampled_from(["", "vmware", "hyperv", "VMware", "proxmox", "Nutanix"]),
        "host": _mostly("", servers[0], of=3),
        "host_version": _mostly("", "2016", of=3),
    }
    hyperv = {
        "networks": st.one_of(st.just(""), _items(networks, ADDRESSES)),
        "platform": _mostly("hyperv", "Hyperv", "vmware", ""),
        "host": st.sampled_from([*servers * 3, "gone"]),
        "host_version": _mostly("2019", "2016", "2012 R2", "2022", "", of=2),
    }
    return st.one_of(*(st.fixed_dictionaries(common | kind) for kind in (plain, plain, hyperv)))


@cache
def _job(servers: Names) -> Rows:
    return st.fixed_dictionaries(
        {
            "start": st.sampled_from(["22:00", "23:00", "00:00", "23:59", "12:30"]),
            "duration_minutes": st.sampled_from(["60", "1", "120", "480", "1500", "4000", "10080"]),
            "type": st.sampled_from(["", "backup", "replication"]),
            "enabled": _boolean(True),
            "application_aware": _mostly("true", "yes", "1", "", "no", of=3),
            "indexing": _boolean(False, of=4),
            "log_processing": _boolean(False, of=4),
            "days": st.sampled_from(["", "daily", "sun", "mon; wed", "Sat;sun", "sun;sun"]),
            "proxies": st.one_of(st.just(""), st.just(""), st.just(""), _items(servers)),
        }
    )


@cache
def _job_vms(pairs: Pairs, most: int) -> st.SearchStrategy[list[dict[str, str]]]:
    if not pairs:
        return st.just([])
    most = min(most, len(pairs))
    rows = st.lists(st.sampled_from(pairs), min_size=most // 2, max_size=most, unique=True)
    return rows.map(lambda rows: [{"job": job, "vm": vm} for job, vm in rows])


@cache
def _current(there: Pairs, servers: Names) -> st.SearchStrategy[list[dict[str, str]]]:
    pair = st.sampled_from([*there * 2, ("j0", "gone"), ("gone", "v0"), ("j0", "v7")])
    proxy = st.sampled_from([*servers * 3, "gone"])
    rows = st.lists(st.tuples(pair, proxy), max_size=10, unique_by=lambda row: row[0])
    return rows.map(lambda rows: [{"job": j, "vm": v, "proxy": p} for (j, v), p in rows])


@cache
def _settings() -> st.SearchStrategy[dict[str, Any]]:
    """Return settings as nested tables; every key may be left out."""
    later = st.tuples(st.permutations(LATER_AIMS), st.sampled_from([0, 0, 0, 1, 2, 5]))
    shares = st.sampled_from(["0.5", "1", "0.34", "0.1", "0"])
    tolerance = st.dictionaries(
        st.sampled_from(FIRST_AIMS + LATER_AIMS), shares, min_size=1, max_size=4
    )
    failover = _table(
        capacity=st.sampled_from(["enforce", "enforce", "report"]),
        survive=st.sampled_from(["server", "site"]),
        tasks=st.integers(0, 5),
    )
    planning = _table(
        balance=st.sampled_from(["tasks", "utilisation"]),
        objectives=later.map(lambda drawn: FIRST_AIMS + drawn[0][drawn[1] :]),
        tolerance=tolerance,
    )
    licence = _table(
        type=st.sampled_from(["vul", "socket"]),
        edition=st.sampled_from(["enterprise", "enterprise_plus", "standard"]),
    )
    return _table(
        format=st.just(1),
        name=st.sampled_from(["", 'the "estate"']),
        ruleset=st.sampled_from(["v12", "v13"]),
        license=licence,
        connections=_table(powershell_direct=st.sampled_from([True, True, False])),
        failover=failover,
        planning=planning,
    )


def _table(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a table in which each key is missing now and then."""
    absent = st.sampled_from([False, False, False, True])
    maybe = {key: st.tuples(absent, value) for key, value in keys.items()}
    return st.fixed_dictionaries(maybe).map(
        lambda drawn: {key: value for key, (left_out, value) in drawn.items() if not left_out}
    )
