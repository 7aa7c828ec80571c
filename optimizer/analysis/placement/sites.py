"""The machines that could become proxies: one in each network with tasks, or those of a file."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from models.aims import AIMS
from models.diagnostics import Diagnostics, InputProblem
from models.errors import EstateError
from models.estate import Estate, NetworkSet
from models.plan import WINDOWS, Tasks
from models.schema import SERVERS, Column, Table
from optimizer.files.table_reader import read_table
from optimizer.files.text_table import TextTable
from optimizer.inputs.estate_folder.network_sets import NetworkSets
from optimizer.inputs.estate_folder.prefix_lookup import PrefixTable
from optimizer.inputs.estate_folder.reader import parse_columns

OS = "Microsoft Windows Server"
POWERSHELL = "5.1"  # comes with every Windows Server since 2016


def _column(column: Column) -> Column:
    defaults = {"os": "", "roles": "", "powershell_version": POWERSHELL}
    if column.name not in defaults:
        return column
    return replace(column, required=False, default=defaults[column.name])


MACHINES = Table(
    "candidates",
    "machines that could become proxies",
    # load of other roles would count before one is a proxy: a lower max_tasks says the same
    tuple(_column(column) for column in SERVERS.columns if column.name != "running_tasks"),
    SERVERS.key,
)


def machine_per_network(estate: Estate, tasks: Tasks, capacity: int | None, each: int) -> Estate:
    """Return ``estate`` with ``each`` new servers in every network that a Windows task's VM is in.

    They may run ``capacity`` tasks at once, None for any number.
    """
    sets = estate.vms["network_set"].to_numpy()[tasks.vm[tasks.kind == WINDOWS]]
    networks = sorted({n for code in np.unique(sets) for n in estate.network_sets[code]})
    taken = Counter(estate.servers["server"])
    names, members = [], []
    for network in networks:
        base = f"new in {estate.networks['network'].iloc[network]}"
        for turn in range(1, each + 1):
            name = base if turn == 1 else f"{base} ({turn})"
            while taken[name]:
                name += "*"
            taken[name] += 1
            names.append(name)
            members.append((network,))
    rows = pd.DataFrame({"server": names})
    limit = -1 if capacity is None else capacity
    rows = rows.assign(
        os=OS, roles="", networks="", max_tasks=limit, running_tasks=0, managed=True,
        available=True, excluded=False, powershell_version=float(POWERSHELL), domain="",
    )  # fmt: skip
    return _with(estate, rows, members)


def machines_from_file(estate: Estate, path: Path) -> Estate:
    """Return ``estate`` with the machines of a file, written as rows of servers.csv are.

    ``server`` and ``networks`` are enough; ``running_tasks`` play no part. What should be known
    of the file is added to the estate's findings. Raises EstateError with every problem.
    """
    diagnostics = Diagnostics()
    problems = diagnostics.problems
    raw = read_table(path, [column.name for column in MACHINES.columns])
    problems += raw.problems
    rows = parse_columns(MACHINES, raw, diagnostics)
    if {"server", "networks"} <= set(rows.columns):
        _check(estate, raw, rows, problems)
        sets = NetworkSets(_prefixes(estate), estate.network_sets)
        numbers = sets.resolve(raw, "server", diagnostics)
        members = [sets.members[number] for number in numbers.tolist()]
    if problems:
        raise EstateError(problems)
    warned = replace(estate, findings=(*estate.findings, *diagnostics.findings))
    os = rows["os"].astype("str").replace("", OS)
    return _with(warned, rows.assign(os=os, running_tasks=0), members)


def _check(
    estate: Estate, raw: TextTable, rows: pd.DataFrame, problems: list[InputProblem]
) -> None:
    met = set(estate.servers["server"])
    for row, name in enumerate(rows["server"].tolist()):
        (line,) = raw.lines([row])
        if name in met:
            reason, remedy = "is there already", "give every machine a name of its own"
            problems.append(InputProblem(raw.file, line, "server", name, reason, remedy))
        if "backup_server" in rows["roles"].iloc[row]:
            reason, remedy = "there is one backup server already", "take the role out"
            problems.append(InputProblem(raw.file, line, "roles", None, reason, remedy))
        met.add(name)


def _prefixes(estate: Estate) -> PrefixTable:
    cidrs = [ipaddress.ip_network(text) if text else None for text in estate.networks["cidr"]]
    return PrefixTable.of(estate.networks["network"].tolist(), cidrs)


def _with(estate: Estate, rows: pd.DataFrame, members: Sequence[NetworkSet]) -> Estate:
    """Return ``estate`` with more servers at the end, and nothing known of today."""
    sets = list(estate.network_sets)
    number = {networks: place for place, networks in enumerate(sets)}
    for networks in members:
        if networks not in number:
            number[networks] = len(sets)
            sets.append(networks)
    rows = rows.assign(
        networks=pd.Series([[]] * len(members), dtype=object),
        backup_server=False,
        network_set=np.array([number[networks] for networks in members], dtype=np.int32),
    )
    rows = rows[estate.servers.columns].astype(object)
    servers = pd.concat([estate.servers.astype(object), rows], ignore_index=True)
    kinds = {name: kind for name, kind in estate.servers.dtypes.items() if kind != "category"}
    aims = tuple(aim for aim in estate.settings.objectives if not AIMS[aim].needs_current)
    return replace(
        estate,
        servers=servers.astype(kinds),
        network_sets=sets,
        settings=replace(estate.settings, objectives=aims),
        current=None,
    )
