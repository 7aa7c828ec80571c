"""Resolves what tables say of each other: names to codes, addresses to networks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from models.errors import Problem
from models.estate import Codes, Estate
from models.finding import Finding
from models.settings import Settings
from models.tables import TABLES
from optimizer.sources.cells import complain
from optimizer.sources.infrastructure import complete, settle
from optimizer.sources.names import look_up_names
from optimizer.sources.raw_table import RawTable
from optimizer.sources.suggest import Hints

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
    whole = complete(raw)
    look_up_names(raw, frames, problems)
    sets = settle(raw, frames, problems, findings)
    if sets is not None and "vms" in whole:
        frames["vms"]["network_set"] = sets.resolve(raw["vms"], "vm", problems, findings)
    if {"servers", "vms"} <= whole:
        hosts = frames["vms"]["host"].cat
        unknown = hosts.codes[frames["vms"]["host_code"] < 0]
        gone = np.bincount(unknown, minlength=len(hosts.categories)).tolist()
        findings += unknown_hosts(dict(zip(hosts.categories, gone, strict=True)))
    if {"jobs", "vms", "job_vms"} <= whole:
        for column, owner in (("job", "jobs"), ("vm", "vms")):
            if not raw[owner].problems:  # else the row that could not be read may be the one meant
                codes = frames["job_vms"][f"{column}_code"].to_numpy()
                complain_of_unknown(raw["job_vms"], column, codes, raw[owner], problems)
    if {"jobs", "vms"} <= whole:
        for name in sorted({"job_vms", "current"} & whole):
            _repeated(raw[name], frames[name], problems)
    needed = {table.name for table in TABLES if table.required}
    if sets is None or problems or not needed <= whole:
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


def unknown_hosts(vms: Mapping[str, int]) -> list[Finding]:
    """Return a finding for each host, with how many ``vms`` it has, that is not in servers."""
    return [
        Finding(
            "warning",
            "unknown_host",
            host,
            f"host of {count} VMs is not in servers: no PowerShell Direct through it",
        )
        for host, count in sorted(vms.items())
        if host and count
    ]


def complain_of_unknown(
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
