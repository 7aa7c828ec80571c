"""Resolves references between tables: names to codes, items of networks to sets."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from models.diagnostics import Diagnostics, Finding, Hints, InputProblem
from models.estate import Codes, Estate
from models.schema import TABLES
from models.settings import Settings
from models.week_plan import ListWishes
from optimizer.files.text_table import TextTable, items
from optimizer.inputs.estate_folder.column_parsers import complain
from optimizer.inputs.estate_folder.doubts import (
    alike_names,
    doubtful_routers,
    doubtful_servers,
    doubtful_systems,
    unknown_hosts,
    unknown_platforms,
    whole_space,
)
from optimizer.inputs.estate_folder.network_sets import NetworkSets
from optimizer.inputs.estate_folder.prefix_lookup import Network, PrefixTable, find_overlaps
from optimizer.inputs.estate_folder.settings_reader import FILE as SETTINGS_FILE

Raw = Mapping[str, TextTable]
Frames = dict[str, pd.DataFrame]


def complete_tables(raw: Raw) -> set[str]:
    """Return the tables that are there with every column that they need."""
    return {
        table.name
        for table in TABLES
        if table.name in raw
        and all(
            column.name in raw[table.name].columns for column in table.columns if column.required
        )
    }


def resolve_infrastructure(
    raw: Raw,
    frames: Frames,
    wishes: ListWishes,
    diagnostics: Diagnostics,
) -> NetworkSets | None:
    """Resolve what servers, networks and jobs say of one another.

    Return the sets of networks that the servers are in, None where there are no networks.
    """
    complete = complete_tables(raw)
    for name in ("servers", "networks", "jobs"):
        if name in complete:
            names = frames[name][name.removesuffix("s")].tolist()
            diagnostics.findings += alike_names(raw[name].file, names, name == "servers")
    if {"networks", "links"} <= complete:
        ends = (frames["links"][end].tolist() for end in ("from", "to"))
        known = frames["networks"]["network"].tolist()
        diagnostics.findings += doubtful_routers(raw["links"].file, known, *ends)
    sets = None
    if "networks" in complete:
        sets = NetworkSets(_prefix_table(raw["networks"], frames["networks"], diagnostics))
    if "servers" in complete:
        servers = frames["servers"]
        _backup_server(raw["servers"], servers, diagnostics.problems)
        found = doubtful_servers(servers["server"].tolist(), servers["os"].tolist())
        diagnostics.findings += found
        servers["networks"] = [items(cell) for cell in servers["networks"]]
        if sets is not None:
            servers["network_set"] = sets.resolve(raw["servers"], "server", diagnostics)
        if "jobs" in complete:
            _manual(raw["jobs"], frames["jobs"], servers, diagnostics.problems)
            _free_jobs(frames["jobs"], raw["jobs"].file, wishes, diagnostics.problems)
    return sets


def _backup_server(raw: TextTable, servers: pd.DataFrame, problems: list[InputProblem]) -> None:
    is_it = np.array(["backup_server" in roles for roles in servers["roles"]], dtype=np.bool_)
    servers["backup_server"] = is_it
    there = np.flatnonzero(is_it).tolist()
    there = [row for _, row in sorted(zip(raw.lines(there), there, strict=True))]
    unclear = any(p.file == raw.file and p.column == "roles" for p in problems)
    if not there and not unclear:
        reason = "names no backup_server among its roles"
        remedy = "give the role to the one server that is it"
        problems.append(InputProblem(raw.file, None, "roles", None, reason, remedy))
    for row in there[1:]:
        remedy = f"exactly one server is it; {servers['server'][there[0]]!r} has the role already"
        complain(problems, raw, "server", [row], "is a second backup_server", remedy)


def _prefix_table(raw: TextTable, networks: pd.DataFrame, diagnostics: Diagnostics) -> PrefixTable:
    cidrs: list[Network | None] = []
    for row, text in enumerate(networks["cidr"].tolist()):
        try:
            cidrs.append(ipaddress.ip_network(text) if text else None)
            if text and "/" not in text:
                cidrs[-1] = None
                remedy = f"write it as in {text}/{64 if ':' in text else 24}"
                complain(diagnostics.problems, raw, "cidr", [row], "has no prefix length", remedy)
        except ValueError as error:
            cidrs.append(None)
            reason = f"is not a network: {str(error).removeprefix(repr(text)).strip()}"
            remedy = "write it as in 10.0.1.0/24 or 2001:db8:1::/64"
            complain(diagnostics.problems, raw, "cidr", [row], reason, remedy)
    names = networks["network"].tolist()
    sites = networks["site"].tolist()
    for outer, inner in find_overlaps(cidrs, sites):
        diagnostics.findings.append(
            Finding(
                "warning",
                "overlapping_cidr",
                names[inner],
                f"{cidrs[inner]} at {sites[inner]} overlaps {cidrs[outer]} of {names[outer]} "
                f"at {sites[outer]}: addresses may be taken for the other site's",
            )
        )
    diagnostics.findings += whole_space(names, cidrs)
    return PrefixTable.of(names, cidrs)


def _manual(
    raw: TextTable, jobs: pd.DataFrame, servers: pd.DataFrame, problems: list[InputProblem]
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


def _free_jobs(
    jobs: pd.DataFrame, file: str, wishes: ListWishes, problems: list[InputProblem]
) -> None:
    """Tell which servers each job is bound to: none where it is free, whatever it names today."""
    names = jobs["job"].tolist()
    known = Hints(names)
    for key, wanted in (("lists.free", wishes.free), ("lists.keep", wishes.keep)):
        for name in sorted(wanted.difference(names)):
            remedy = f"correct it or leave it out{known.of(name)}"
            problems.append(
                InputProblem(SETTINGS_FILE, None, key, name, f"is not in {file}", remedy)
            )
    jobs["bound_codes"] = [
        () if wishes.all_free or name in wishes.free else codes
        for name, codes in zip(names, jobs["proxy_codes"], strict=True)
    ]


# whose names: which columns hold them
NAMED_BY = {
    ("servers", "server"): (("vms", "host"), ("current", "proxy")),
    ("networks", "network"): (),
    ("vms", "vm"): (("job_vms", "vm"), ("current", "vm")),
    ("jobs", "job"): (("job_vms", "job"), ("current", "job")),
}


def look_up_names(
    raw: Mapping[str, TextTable], frames: dict[str, pd.DataFrame], problems: list[InputProblem]
) -> None:
    """Add to each column that holds names, ``vm``, their codes, ``vm_code``."""
    for (owner, key), references in NAMED_BY.items():
        if owner not in raw or key not in raw[owner].columns:
            continue
        names = raw[owner].columns[key]
        there = [(table, column) for table, column in references if table in raw]
        cells = [raw[table].cells(column) for table, column in there]
        again, codes = look_up(names, cells)
        again = [row for row in again if raw[owner].text(key, row)]
        reason, remedy = "is there already", "names are unique, keep one row"
        complain(problems, raw[owner], key, again, reason, remedy)
        for (table, column), found in zip(there, codes, strict=True):
            by_name = owner == "vms" and (found < 0).any() and "name" in raw[owner].columns
            frames[table][f"{column}_code"] = (
                _by_name(raw[owner], raw[table].cells(column), found) if by_name else found
            )


def _by_name(vms: TextTable, cells: pa.Array, codes: Codes) -> Codes:
    """Return ``codes`` with those of VMs whose name, that of one VM only, stands for their id."""
    called = vms.columns["name"].to_pandas()
    alone = ~called.duplicated(keep=False) & (called != "")
    owner = pd.Series(np.flatnonzero(alone), index=called[alone], dtype="int64")
    unknown = np.flatnonzero(codes < 0)
    texts = cells.take(pa.array(unknown)).cast(pa.string()).to_pandas()
    found = codes.copy()
    found[unknown] = texts.map(owner).fillna(-1).to_numpy(dtype=np.int32)
    return found


def look_up(names: pa.Array, columns: Sequence[pa.Array]) -> tuple[list[int], list[Codes]]:
    """Look up the names in ``columns`` among ``names``.

    Return the rows of ``names`` that repeat an earlier one, and for each cell the first row that
    has its name, -1 where none has.
    """
    names = names.cast(pa.string())
    if len(names) < 2 or pc.all(pc.less(names[:-1], names[1:])).as_py():  # each name once
        return [], _name_codes(names, columns)
    *found, own = _name_codes(names, [*columns, names])
    return np.flatnonzero(own != np.arange(len(names))).tolist(), found


def _name_codes(names: pa.Array, columns: Sequence[pa.Array]) -> list[Codes]:
    """Return the first place in ``names`` of each cell's name, -1 where it has none.

    All columns at once: it is the hashing of a million names that takes long.
    """
    texts = [cells.dictionary if pa.types.is_dictionary(cells.type) else cells for cells in columns]
    places = pc.fill_null(pc.index_in(pa.chunked_array(texts, pa.string()), names), -1).to_numpy()
    ends = np.cumsum([0, *map(len, texts)]).tolist()
    found = [places[begin:end] for begin, end in pairwise(ends)]
    return [
        part[cells.indices.to_numpy()] if pa.types.is_dictionary(cells.type) else part
        for part, cells in zip(found, columns, strict=True)
    ]


def resolve_references(
    folder: Path,
    settings: Settings,
    raw: Raw,
    frames: Frames,
    inputs: dict[str, str],
    diagnostics: Diagnostics,
) -> Estate | None:
    """Return the estate; None where a table or a required column is missing.

    Whatever does not resolve is added to ``diagnostics``.
    """
    problems, findings = diagnostics.problems, diagnostics.findings
    complete = complete_tables(raw)
    look_up_names(raw, frames, problems)
    sets = resolve_infrastructure(raw, frames, settings.lists, diagnostics)
    if sets is not None and "vms" in complete:
        frames["vms"]["network_set"] = sets.resolve(raw["vms"], "vm", diagnostics)
    if {"servers", "vms"} <= complete:
        hosts = frames["vms"]["host"].cat
        unknown = hosts.codes[frames["vms"]["host_code"] < 0]
        gone = np.bincount(unknown, minlength=len(hosts.categories)).tolist()
        findings += unknown_hosts(dict(zip(hosts.categories, gone, strict=True)))
    if "vms" in complete:
        systems = frames["vms"]["os"].cat
        counts = np.bincount(systems.codes, minlength=len(systems.categories)).tolist()
        findings += doubtful_systems(dict(zip(systems.categories, counts, strict=True)))
        platforms = frames["vms"]["platform"].cat
        counts = np.bincount(platforms.codes, minlength=len(platforms.categories)).tolist()
        findings += unknown_platforms(dict(zip(platforms.categories, counts, strict=True)))
    if {"jobs", "vms", "job_vms"} <= complete:
        for column, owner in (("job", "jobs"), ("vm", "vms")):
            if not raw[owner].problems:  # else the row that could not be read may be the one meant
                codes = frames["job_vms"][f"{column}_code"].to_numpy()
                complain_of_unknown(raw["job_vms"], column, codes, raw[owner], problems)
    if {"jobs", "vms"} <= complete:
        for name in sorted({"job_vms", "current"} & complete):
            _repeated(raw[name], frames[name], problems)
    needed = {table.name for table in TABLES if table.required}
    if sets is None or problems or not needed <= complete:
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


def complain_of_unknown(
    raw: TextTable, column: str, codes: Codes, owner: TextTable, problems: list[InputProblem]
) -> None:
    """Complain about names in ``column``, none where it is empty, that ``owner`` does not have."""
    rows = [row for row in np.flatnonzero(codes < 0).tolist() if raw.text(column, row)]
    called = ("name",) if column == "vm" and "name" in owner.columns else ()
    hints = Hints(
        [name for key in (column, *called) for name in owner.columns[key].to_pylist() if name]
        if rows
        else ()
    )
    reason = f"is not in {owner.file.partition('.')[0]}"
    shared = _shared_names(owner) if rows and column == "vm" else {}
    for row in rows:
        text = raw.text(column, row)
        if text in shared:
            why = f"is the name of {shared[text][0]} VMs"
            complain(problems, raw, column, [row], why, f"write an id, such as {shared[text][1]}")
            continue
        remedy = f"add it there or remove this row{hints.of(text)}"
        complain(problems, raw, column, [row], reason, remedy)


def _shared_names(vms: TextTable) -> dict[str, tuple[int, str]]:
    """Return of each name that several VMs have how many, and the id of the first."""
    if "name" not in vms.columns:
        return {}
    table = pd.DataFrame({key: vms.columns[key].to_pandas() for key in ("vm", "name")})
    alike = table[table["name"].duplicated(keep=False) & (table["name"] != "")].groupby("name")
    return {str(name): (len(rows), rows["vm"].iloc[0]) for name, rows in alike}


def _repeated(raw: TextTable, table: pd.DataFrame, problems: list[InputProblem]) -> None:
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
