"""Resolves what tables say of each other: names to codes, addresses to networks."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

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
        if table.name in raw
        and all(
            column.name in raw[table.name].columns for column in table.columns if column.required
        )
    }
    _names(raw, frames, problems)
    if "servers" in whole:
        _backup_server(raw["servers"], frames["servers"], problems)
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
                codes = frames["job_vms"][f"{column}_code"].to_numpy()
                _unknown(raw["job_vms"], column, codes, raw[owner], problems)
    if {"jobs", "vms"} <= whole:
        for name in sorted({"job_vms", "current"} & whole):
            _repeated(raw[name], frames[name], problems)
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


def _names(raw: Raw, frames: Frames, problems: list[Problem]) -> None:
    """Add to each column that holds names, ``vm``, their codes, ``vm_code``."""
    for (owner, key), asking in NAMED_BY.items():
        if owner not in raw or key not in raw[owner].columns:
            continue
        names = raw[owner].columns[key]
        there = [(table, column) for table, column in asking if table in raw]
        cells = [raw[table].cells(column) for table, column in there]
        again, codes = look_up(names, cells)
        again = [row for row in again if raw[owner].text(key, row)]
        reason, remedy = "was there before", "names are unique, keep one row"
        complain(problems, raw[owner], key, again, reason, remedy)
        for (table, column), found in zip(there, codes, strict=True):
            frames[table][f"{column}_code"] = found


def look_up(names: pa.Array, asked: Sequence[pa.Array]) -> tuple[list[int], list[Codes]]:
    """Return the rows of ``names`` that were there before, and the first row of each name asked
    for, -1 where it is not there."""
    names = names.cast(pa.string())
    if len(names) < 2 or pc.all(pc.less(names[:-1], names[1:])).as_py():  # each name once
        return [], _places(names, asked)
    *found, own = _places(names, [*asked, names])
    return np.flatnonzero(own != np.arange(len(names))).tolist(), found


def _places(names: pa.Array, asked: Sequence[pa.Array]) -> list[Codes]:
    """Return the first place in ``names`` of each name asked for, -1 where it has none.

    All are asked for at once: it is the hashing of a million names that takes long.
    """
    texts = [cells.dictionary if pa.types.is_dictionary(cells.type) else cells for cells in asked]
    places = pc.fill_null(pc.index_in(pa.chunked_array(texts, pa.string()), names), -1).to_numpy()
    ends = np.cumsum([0, *map(len, texts)]).tolist()
    found = [places[begin:end] for begin, end in pairwise(ends)]
    return [
        part[cells.indices.to_numpy()] if pa.types.is_dictionary(cells.type) else part
        for part, cells in zip(found, asked, strict=True)
    ]


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
    hosts = vms["host"].cat
    gone = np.bincount(hosts.codes[vms["host_code"] < 0], minlength=len(hosts.categories))
    for host, count in sorted(zip(hosts.categories, gone.tolist(), strict=True)):
        if not host or not count:
            continue
        detail = f"host of {count} VMs is not in servers: no PowerShell Direct through it"
        findings.append(Finding("warning", "unknown_host", host, detail))


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
    raw: RawTable, column: str, codes: Codes, owner: RawTable, problems: list[Problem]
) -> None:
    """Complain about names in ``column``, none where it is empty, that ``owner`` does not have."""
    rows = [row for row in np.flatnonzero(codes < 0).tolist() if raw.text(column, row)]
    hints = Hints(owner.columns[column].to_pylist() if rows else ())
    reason = f"is not in {owner.file.partition('.')[0]}"
    for row in rows:
        remedy = f"add it there or remove this row{hints.of(raw.text(column, row))}"
        complain(problems, raw, column, [row], reason, remedy)


def _repeated(raw: RawTable, table: pd.DataFrame, problems: list[Problem]) -> None:
    """Complain about pairs of job and VM that were there before."""
    job, vm = table["job_code"].to_numpy(np.int64), table["vm_code"].to_numpy(np.int64)
    pairs = job << 32 | vm
    unknown = np.flatnonzero((job < 0) | (vm < 0))
    if not len(unknown) and (pairs[1:] > pairs[:-1]).all():  # in order, as tools write them
        return
    again = pd.Series(pairs).duplicated().to_numpy(copy=True)
    names = pd.DataFrame({key: raw.columns[key].take(unknown).to_pylist() for key in ("job", "vm")})
    again[unknown] = names.duplicated().to_numpy()
    reason, remedy = "is in this job already", "remove the repeated row"
    complain(problems, raw, "vm", np.flatnonzero(again).tolist(), reason, remedy)
