"""Resolves what tables say of each other: names to codes, addresses to networks."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.errors import Problem
from models.estate import Estate, NetworkSet
from models.finding import Finding
from models.settings import Settings
from models.tables import TABLES
from optimizer.sources.addresses import AMBIGUOUS, AddressBook, Network, overlaps
from optimizer.sources.cells import complain
from optimizer.sources.suggest import did_you_mean
from optimizer.sources.table_file import RawTable

Raw = Mapping[str, RawTable]
Frames = dict[str, pd.DataFrame]


def resolve(
    folder: Path,
    settings: Settings,
    raw: Raw,
    frames: Frames,
    inputs: dict[str, str],
    problems: list[Problem],
    findings: list[Finding],
) -> Estate | None:
    """Return the estate; None where a table or a required column is missing.

    Whatever does not resolve is added to ``problems`` or ``findings``, as estate.md has it.
    """
    whole = {
        table.name
        for table in TABLES
        if table.name in frames and len(frames[table.name].columns) == len(table.columns)
    }
    sets = _NetworkSets()
    if "servers" in whole:
        _backup_server(raw["servers"], frames["servers"], problems)
    if "networks" in whole:
        book = _address_book(raw["networks"], frames["networks"], problems, findings)
        for name in sorted({"servers", "vms"} & whole):
            sets.resolve(raw[name], frames[name], book, name[:-1], problems, findings)
    if {"servers", "vms"} <= whole:
        _hosts(frames["vms"], frames["servers"], findings)
    if {"servers", "jobs"} <= whole:
        _manual(raw["jobs"], frames["jobs"], frames["servers"], problems)
    if {"jobs", "vms", "job_vms"} <= whole:
        unread = {name for name in ("jobs", "vms") if raw[name].problems}
        _job_vms(raw["job_vms"], frames, unread, problems)
    if {"jobs", "vms", "servers", "current"} <= whole:
        frames["current"] = _current(raw["current"], frames, problems)
    if not {table.name for table in TABLES if table.required} <= whole or problems:
        return None
    return Estate(
        folder=folder,
        settings=settings,
        servers=frames["servers"],
        networks=frames["networks"],
        links=frames.get("links"),
        vms=frames["vms"],
        jobs=frames["jobs"],
        job_vms=frames["job_vms"][["job_code", "vm_code"]],
        current=frames.get("current"),
        network_sets=sets.members,
        inputs=dict(sorted(inputs.items())),
        findings=tuple(findings),
    )


def codes_of(values: Any, names: Any) -> NDArray[np.int32]:
    """Return the position of each of ``values`` in ``names``, -1 where it is not there."""
    found = pc.index_in(pa.array(values, pa.string()), pa.array(names, pa.string()))
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), dtype=np.int32)


def _backup_server(raw: RawTable, servers: pd.DataFrame, problems: list[Problem]) -> None:
    is_it = np.array(["backup_server" in roles for roles in servers["roles"]], dtype=np.bool_)
    servers["backup_server"] = is_it
    there = np.flatnonzero(is_it).tolist()
    unclear = any(p.file == raw.file and p.column == "roles" for p in problems)
    if not there and not unclear:
        reason = "names no backup_server among its roles"
        remedy = "give the role to the one server that is it"
        problems.append(Problem(raw.file, None, "roles", None, reason, remedy))
    complain(
        problems, raw, "server", there[1:], "is a second backup_server",
        f"exactly one server is it; {servers['server'][there[0]]!r} has the role already"
        if there else "", raw.columns["server"],
    )  # fmt: skip


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
            complain(
                problems, raw, "cidr", [row], f"is not a network: {error}", remedy,
                raw.columns["cidr"],
            )  # fmt: skip
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


class _NetworkSets:
    """Numbers the distinct sets of networks, in the order in which they are met."""

    def __init__(self) -> None:
        self.members: list[NetworkSet] = [()]
        self._numbers: dict[NetworkSet, int] = {(): 0}

    def resolve(
        self,
        raw: RawTable,
        frame: pd.DataFrame,
        book: AddressBook,
        kind: str,
        problems: list[Problem],
        findings: list[Finding],
    ) -> None:
        """Add ``network_set`` to a table that has ``networks``."""
        cells, distinct = pd.factorize(frame["networks"])
        numbers = np.zeros(len(distinct), dtype=np.int32)
        unknown: dict[str, int] = {}
        for place, cell in enumerate(distinct):
            found = {item: book.find(item) for item in cell}
            networks = {code for code in found.values() if code is not None and code >= 0}
            numbers[place] = self._number(tuple(sorted(networks)))
            for item, code in found.items():
                if code is None:
                    rows = np.flatnonzero(cells == place).tolist()
                    reason = f"names {item!r}, neither a network nor an address"
                    remedy = f"add it to networks.csv or correct it{did_you_mean(item, book.names)}"
                    complain(problems, raw, "networks", rows, reason, remedy)
                elif code < 0:
                    unknown[item] = place
        for item, place in sorted(unknown.items()):
            ambiguous = book.find(item) == AMBIGUOUS
            owner = frame[frame.columns[0]].iloc[int(np.argmax(cells == place))]
            detail = "is in two networks of the same prefix" if ambiguous else "is in no network"
            findings.append(
                Finding(
                    "warning",
                    "ambiguous_address" if ambiguous else "unknown_address",
                    item,
                    f"{raw.file}: {detail}; counts as unknown, first at {kind} {owner}",
                )
            )
        frame["network_set"] = numbers[cells]

    def _number(self, networks: NetworkSet) -> int:
        number = self._numbers.setdefault(networks, len(self.members))
        if number == len(self.members):
            self.members.append(networks)
        return number


def _hosts(vms: pd.DataFrame, servers: pd.DataFrame, findings: list[Finding]) -> None:
    vms["host_code"] = codes_of(vms["host"], servers["server"])
    gone = vms.loc[(vms["host"] != "") & (vms["host_code"] < 0), "host"]
    for host, count in gone.value_counts().sort_index().items():
        detail = f"host of {count} VMs is not in servers: no PowerShell Direct through it"
        findings.append(Finding("warning", "unknown_host", str(host), detail))


def _manual(
    raw: RawTable, jobs: pd.DataFrame, servers: pd.DataFrame, problems: list[Problem]
) -> None:
    known = {name: code for code, name in enumerate(servers["server"].tolist())}
    for row, names in enumerate(jobs["proxies"]):
        for name in names:
            if name not in known:
                remedy = f"add it to servers or correct it{did_you_mean(name, known)}"
                complain(problems, raw, "proxies", [row], f"names {name!r}, not in servers", remedy)
    jobs["proxy_codes"] = [
        tuple(sorted({known[name] for name in names if name in known})) for names in jobs["proxies"]
    ]


def _job_vms(raw: RawTable, frames: Frames, unread: set[str], problems: list[Problem]) -> None:
    table = frames["job_vms"]
    for column, owner in (("job", "jobs"), ("vm", "vms")):
        names = frames[owner][column]
        table[f"{column}_code"] = codes_of(table[column], names)
        if owner in unread:  # the row that could not be read may be the one meant
            continue
        unknown = np.flatnonzero(((table[f"{column}_code"] < 0) & (table[column] != "")).to_numpy())
        for row in unknown.tolist():
            remedy = f"add it there or remove this row{_hint(table[column][row], names, unknown)}"
            complain(
                problems, raw, column, [row], f"is not in {owner}", remedy, raw.columns[column]
            )
    pairs = table["job_code"].to_numpy(np.int64) * len(frames["vms"]) + table["vm_code"]
    known = (table["job_code"] >= 0) & (table["vm_code"] >= 0)
    again = np.flatnonzero((pairs.duplicated() & known).to_numpy()).tolist()
    complain(
        problems, raw, "vm", again, "is in this job already", "remove the repeated row",
        raw.columns["vm"],
    )  # fmt: skip


def _hint(name: str, names: Iterable[str], unknown: NDArray[np.int64]) -> str:
    return did_you_mean(name, names) if len(unknown) <= 20 else ""


def _current(raw: RawTable, frames: Frames, problems: list[Problem]) -> pd.DataFrame:
    current = frames["current"]
    again = np.flatnonzero(current.duplicated(["job", "vm"]).to_numpy()).tolist()
    complain(
        problems, raw, "vm", again, "is in this job already", "remove the repeated row",
        raw.columns["vm"],
    )  # fmt: skip
    return pd.DataFrame(
        {
            "job_code": codes_of(current["job"], frames["jobs"]["job"]),
            "vm_code": codes_of(current["vm"], frames["vms"]["vm"]),
            "proxy_code": codes_of(current["proxy"], frames["servers"]["server"]),
            "proxy": current["proxy"],
        }
    )
