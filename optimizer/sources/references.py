"""Resolves what tables say of each other: names to codes, addresses to networks."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from models.errors import Problem
from models.estate import Codes, Estate
from models.finding import Finding
from models.settings import Settings
from models.tables import TABLES
from optimizer.sources.addresses import AddressBook, Network, overlaps
from optimizer.sources.cells import complain, items
from optimizer.sources.network_sets import NetworkSets
from optimizer.sources.raw_table import RawTable
from optimizer.sources.suggest import Hints

Raw = Mapping[str, RawTable]
Frames = dict[str, pd.DataFrame]

# whose names: which columns hold them
NAMED_BY = {
    ("servers", "server"): (("vms", "host"), ("current", "proxy")),
    ("networks", "network"): (),
    ("vms", "vm"): (("job_vms", "vm"), ("current", "vm")),
    ("jobs", "job"): (("job_vms", "job"), ("current", "job")),
}


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
    _names(raw, frames, problems)
    if "servers" in whole:
        _backup_server(raw["servers"], frames["servers"], problems)
        # Those of VMs stay text: no table holds an object per VM.
        frames["servers"]["networks"] = [items(cell) for cell in frames["servers"]["networks"]]
    if "networks" in whole:
        sets = NetworkSets(_address_book(raw["networks"], frames["networks"], problems, findings))
        for name in sorted({"servers", "vms"} & whole):
            numbers = sets.resolve(raw[name], name[:-1], problems, findings)
            frames[name]["network_set"] = numbers
    if {"servers", "vms"} <= whole:
        _hosts(frames["vms"], findings)
    if {"servers", "jobs"} <= whole:
        _manual(raw["jobs"], frames["jobs"], frames["servers"], problems)
    if {"jobs", "vms", "job_vms"} <= whole:
        for column, owner in (("job", "jobs"), ("vm", "vms")):
            if not raw[owner].problems:  # else the row that could not be read may be the one meant
                _unknown(raw["job_vms"], frames["job_vms"], column, raw[owner], problems)
    if {"jobs", "vms"} <= whole:
        for name in sorted({"job_vms", "current"} & whole):
            _repeated(raw[name], frames[name], problems)
    if not {table.name for table in TABLES if table.required} <= whole or problems:
        return None
    current = frames.get("current")
    return Estate(
        folder=folder,
        settings=settings,
        servers=frames["servers"],
        networks=frames["networks"],
        links=frames.get("links"),
        vms=frames["vms"],
        jobs=frames["jobs"],
        job_vms=frames["job_vms"][["job_code", "vm_code"]],
        current=None if current is None else current.drop(columns=["job", "vm"]),
        network_sets=sets.members,
        inputs=dict(sorted(inputs.items())),
        findings=tuple(findings),
    )


def _names(raw: Raw, frames: Frames, problems: list[Problem]) -> None:
    """Add to each column that holds names, ``vm``, their codes, ``vm_code``."""
    for (owner, key), asking in NAMED_BY.items():
        if owner not in raw or key not in raw[owner].columns:
            continue
        names = raw[owner].columns[key]
        there = [(table, column) for table, column in asking if table in raw]
        cells = [raw[table].cells(column) for table, column in there]
        again, codes = look_up(names, cells)
        again = [row for row in again if names[row].as_py()]
        reason, remedy = "was there before", "names are unique, keep one row"
        complain(problems, raw[owner], key, again, reason, remedy)
        for (table, column), found in zip(there, codes, strict=True):
            frames[table][f"{column}_code"] = found


def look_up(names: pa.Array, asked: Sequence[pa.Array]) -> tuple[list[int], list[Codes]]:
    """Return the rows of ``names`` that were there before, and the row of each name asked for.

    -1 stands for a name that is not there. All texts go through one dictionary: a million names
    are hashed once.
    """
    encoded = pa.chunked_array([names, *asked], pa.string()).dictionary_encode().chunks
    numbers = [np.zeros(0, dtype=np.int32), *(chunk.indices.to_numpy() for chunk in encoded)]
    ends = np.cumsum([len(names), *map(len, asked)])[:-1]
    own, *others = np.split(np.concatenate(numbers), ends)
    rows = np.arange(len(names), dtype=np.int32)
    first = np.full(len(encoded[0].dictionary) if encoded else 0, -1, dtype=np.int32)
    first[own[::-1]] = rows[::-1]
    return np.flatnonzero(first[own] != rows).tolist(), [first[other] for other in others]


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


def _hosts(vms: pd.DataFrame, findings: list[Finding]) -> None:
    gone = vms.loc[(vms["host_code"] < 0) & (vms["host"] != ""), "host"]
    for host, count in gone.value_counts().sort_index().items():
        detail = f"host of {count} VMs is not in servers: no PowerShell Direct through it"
        findings.append(Finding("warning", "unknown_host", str(host), detail))


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


def _unknown(
    raw: RawTable, table: pd.DataFrame, column: str, owner: RawTable, problems: list[Problem]
) -> None:
    """Complain about names in ``column`` that ``owner`` does not have."""
    rows = np.flatnonzero(((table[f"{column}_code"] < 0) & (table[column] != "")).to_numpy())
    hints = Hints(owner.columns[column].to_pylist() if len(rows) else ())
    reason = f"is not in {owner.file.partition('.')[0]}"
    for row in rows.tolist():
        remedy = f"add it there or remove this row{hints.of(table[column][row])}"
        complain(problems, raw, column, [row], reason, remedy)


def _repeated(raw: RawTable, table: pd.DataFrame, problems: list[Problem]) -> None:
    """Complain about pairs of job and VM that were there before."""
    job, vm = table["job_code"].to_numpy(np.int64), table["vm_code"].to_numpy(np.int64)
    pairs = job << 32 | vm
    unknown = np.flatnonzero((job < 0) | (vm < 0))
    if not len(unknown) and (pairs[1:] > pairs[:-1]).all():  # in order, as tools write them
        return
    again = pd.Series(pairs).duplicated().to_numpy(copy=True)
    again[unknown] = table.iloc[unknown].duplicated(["job", "vm"]).to_numpy()
    reason, remedy = "is in this job already", "remove the repeated row"
    complain(problems, raw, "vm", np.flatnonzero(again).tolist(), reason, remedy)
