"""Fills what follows from a Hyper-V host: platform and host version of its VMs, its PowerShell.

Windows Server 2016 and later bring PowerShell 5.1, so that an empty version there is a gap of the
inventory and no lack of the machine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from models.diagnostics import Finding, counted
from models.ruleset import POWERSHELL_DIRECT_SINCE
from optimizer.files.text_table import items

HOST = "hyperv_host"
HYPERV = "hyperv"
BUILT_IN = "5.1"
_YEAR = re.compile(r"windows\s+server\b.*?\b(20\d\d)\b", re.IGNORECASE)


def hyperv_facts(
    tables: Mapping[str, pd.DataFrame], findings: list[Finding]
) -> dict[str, pd.DataFrame]:
    """Return rows of vms and servers whose cells follow from others, each kind told once.

    Only empty cells are filled. Servers get a version only where the estate has VMs of Hyper-V.
    """
    servers = tables["servers"].reindex(
        columns=["server", "os", "roles", "powershell_version"], fill_value=""
    )
    vms = tables["vms"].reindex(columns=["vm", "platform", "host", "host_version"], fill_value="")
    of_server = [_year(str(system)) for system in servers["os"]]
    years = dict(zip(servers["server"].tolist(), of_server, strict=True))
    of_host = pd.Series([years.get(host, "") for host in vms["host"]], vms.index, dtype="str")
    is_host = [HOST in items(str(roles).lower()) for roles in servers["roles"]]
    hosts = set(servers["server"][is_host])
    there = vms["host"].isin(hosts)
    platform = there & (vms["platform"] == "")
    version = there & (vms["host_version"] == "") & (of_host != "")
    filled = vms.assign(
        platform=vms["platform"].where(~platform, HYPERV),
        host_version=vms["host_version"].where(~version, of_host),
    )[platform | version]
    if len(filled):
        detail = (
            f"platform and host_version of {counted(len(filled), 'VM')} follow from their hosts, "
            "which are Hyper-V hosts among the servers"
        )
        findings.append(Finding("info", "hyperv_host", "vms", detail))
    recent = np.array([year >= str(POWERSHELL_DIRECT_SINCE) for year in of_server], np.bool_)
    lacking = servers[(servers["powershell_version"] == "") & recent]
    hyperv = bool(len(hosts)) or bool((vms["platform"].str.lower() == HYPERV).any())
    if not hyperv or lacking.empty:
        lacking = lacking.head(0)
    if len(lacking):
        some = ", ".join(lacking["server"].tolist()[:3]) + (", ..." if len(lacking) > 3 else "")
        detail = (
            f"powershell_version {BUILT_IN} is taken for {counted(len(lacking), 'server')} "
            f"({some}): Windows Server 2016 and later bring it; correct it where it was removed"
        )
        findings.append(Finding("info", "powershell_version", "servers", detail))
    return {
        "vms": filled[["vm", "platform", "host_version"]].reset_index(drop=True),
        "servers": lacking[["server"]].assign(powershell_version=BUILT_IN).reset_index(drop=True),
    }


def _year(system: str) -> str:
    found = _YEAR.search(system)
    return found[1] if found else ""
