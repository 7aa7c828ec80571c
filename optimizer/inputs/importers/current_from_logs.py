"""Turns what logs say of used proxies into rows of ``current.csv``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import pandas as pd

from models.diagnostics import Finding


def current_table(
    used: pd.DataFrame, tables: Mapping[str, pd.DataFrame], findings: list[Finding]
) -> pd.DataFrame:
    """Return job, vm and proxy of each of the ``used`` (`Inventory`) whose VM is one of the job's.

    Logs call a VM by its name and a server by its name or host name. What is not one of the
    estate's, or could be two, is counted in ``findings``.
    """
    vms = tables["vms"]
    names = dict(zip(vms["vm"].tolist(), vms["name"].tolist(), strict=True))
    pairs = tables["job_vms"]
    members: dict[tuple[str, str], list[str]] = defaultdict(list)
    for job, vm in zip(pairs["job"].tolist(), pairs["vm"].tolist(), strict=True):
        members[job, (names.get(vm) or vm).lower()].append(vm)
    servers: dict[str, list[str]] = defaultdict(list)
    for server in tables["servers"]["server"]:
        for name in {server.lower(), server.lower().partition(".")[0]}:
            servers[name].append(server)
    rows, lost = [], []
    for job, name, proxy in used.itertuples(index=False):
        vm, server = members.get((job, name.lower()), []), servers.get(proxy.lower(), [])
        if len(vm) == len(server) == 1:
            rows.append((job, vm[0], server[0]))
        else:
            lost.append(f"{name!r} of {job!r} by {proxy!r}")
    if lost:
        detail = f"{len(lost)} runs of VMs or servers that are not known, the first {lost[0]}"
        findings.append(Finding("warning", "unknown_runs", "current.csv", detail))
    table = pd.DataFrame(rows, columns=["job", "vm", "proxy"], dtype="str")
    return table.drop_duplicates(["job", "vm"], ignore_index=True)
