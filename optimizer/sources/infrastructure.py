"""Resolves what the tables of servers, networks and jobs say of one another."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

import numpy as np
import pandas as pd

from models.errors import Problem
from models.finding import Finding
from models.tables import TABLES
from optimizer.sources.addresses import AddressBook, Network, overlaps
from optimizer.sources.cells import complain, items
from optimizer.sources.network_sets import NetworkSets
from optimizer.sources.raw_table import RawTable
from optimizer.sources.suggest import Hints

Raw = Mapping[str, RawTable]
Frames = dict[str, pd.DataFrame]


def complete(raw: Raw) -> set[str]:
    """Return the tables that are there with every column that they need."""
    return {
        table.name
        for table in TABLES
        if table.name in raw
        and all(
            column.name in raw[table.name].columns for column in table.columns if column.required
        )
    }


def settle(
    raw: Raw, frames: Frames, problems: list[Problem], findings: list[Finding]
) -> NetworkSets | None:
    """Resolve what servers, networks and jobs say of one another.

    Return the sets of networks that the servers are in, None where there are no networks.
    """
    whole = complete(raw)
    sets = None
    if "networks" in whole:
        sets = NetworkSets(_address_book(raw["networks"], frames["networks"], problems, findings))
    if "servers" in whole:
        servers = frames["servers"]
        _backup_server(raw["servers"], servers, problems)
        servers["networks"] = [items(cell) for cell in servers["networks"]]
        if sets is not None:
            servers["network_set"] = sets.resolve(raw["servers"], "server", problems, findings)
        if "jobs" in whole:
            _manual(raw["jobs"], frames["jobs"], servers, problems)
    return sets


def _backup_server(raw: RawTable, servers: pd.DataFrame, problems: list[Problem]) -> None:
    is_it = np.array(["backup_server" in roles for roles in servers["roles"]], dtype=np.bool_)
    servers["backup_server"] = is_it
    there = np.flatnonzero(is_it).tolist()
    unclear = any(p.file == raw.file and p.column == "roles" for p in problems)
    if not there and not unclear:
        reason = "names no backup_server among its roles"
        remedy = "give the role to the one server that is it"
        problems.append(Problem(raw.file, None, "roles", None, reason, remedy))
    for row in there[1:]:
        remedy = f"exactly one server is it; {servers['server'][there[0]]!r} has the role already"
        complain(problems, raw, "server", [row], "is a second backup_server", remedy)


def _address_book(
    raw: RawTable,
    networks: pd.DataFrame,
    problems: list[Problem],
    findings: list[Finding],
) -> AddressBook:
    cidrs: list[Network | None] = []
    for row, text in enumerate(networks["cidr"].tolist()):
        try:
            cidrs.append(ipaddress.ip_network(text) if text else None)
        except ValueError as error:
            cidrs.append(None)
            remedy = "write it as in 10.0.1.0/24 or 2001:db8:1::/64"
            complain(problems, raw, "cidr", [row], f"is not a network: {error}", remedy)
    names = networks["network"].tolist()
    sites = networks["site"].tolist()
    for outer, inner in overlaps(cidrs, sites):
        findings.append(
            Finding(
                "warning",
                "overlapping_cidr",
                names[inner],
                f"{cidrs[inner]} at {sites[inner]} overlaps {cidrs[outer]} of {names[outer]} "
                f"at {sites[outer]}: addresses may be taken for the other site's",
            )
        )
    return AddressBook.of(names, cidrs)


def _manual(
    raw: RawTable, jobs: pd.DataFrame, servers: pd.DataFrame, problems: list[Problem]
) -> None:
    known = {name: code for code, name in enumerate(servers["server"].tolist())}
    hints = Hints(known)
    chosen = [items(cell) for cell in jobs["proxies"].tolist()]
    for row, names in enumerate(chosen):
        for name in names:
            if name not in known:
                remedy = f"add it to servers or correct it{hints.of(name)}"
                complain(problems, raw, "proxies", [row], "is not in servers", remedy, name)
    jobs["proxies"] = chosen
    jobs["proxy_codes"] = [
        tuple(sorted({known[name] for name in names if name in known})) for names in chosen
    ]
