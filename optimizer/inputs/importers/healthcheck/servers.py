"""Reads veeam-healthcheck's servers as rows of ``servers.csv``."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from models.diagnostics import Finding, counted
from models.schema import ROLES
from optimizer.inputs.importers.closed_sets import flags, read_closed
from optimizer.inputs.importers.spreadsheets import Sheet, nameless

LOCAL, HYPERV = "local", "hvserver"
HOST = "hyperv_host"
MACHINES = (LOCAL, "windows", "linux", HYPERV)  # the others run no guest interaction proxy
HOLDERS = {
    "proxies": "backup_proxy",
    "hvproxy": "backup_proxy",
    "repositories": "repository",
    "sobrextents": "repository",
}
NOT_SAID = "localhost"
NO_HOST = "00000000-0000-0000-0000-000000000000"


def servers_table(sheets: Mapping[str, Sheet], host: str, findings: list[Finding]) -> pd.DataFrame:
    """Return a row for each machine of ``sheets["servers"]``.

    Roles come from the server's type, and from the proxies and repositories that name its id.
    The backup server is the one of type Local, or else the one that the files are called after,
    ``host``. Addresses are not in these files: ``networks`` is "".
    """
    sheet = sheets["servers"]
    away = read_closed(sheet, "IsUnavailable", flags("false"), "taken as available", findings)
    findings += nameless(sheet, "Name")
    servers = sheet.cells.assign(away=away)
    kinds = servers["Type"].str.lower()
    machines = servers[kinds.isin(MACHINES) & (servers["Name"] != "")]
    findings += _left_out(servers["Type"][~kinds.isin(MACHINES)])
    roles = _roles(machines, host, findings)
    for kind, role in HOLDERS.items():
        if kind in sheets:
            findings += _given(roles, role, sheets[kind].cells)
    table = pd.DataFrame({
        "server": machines["Name"],
        "os": machines["OSInfo"],
        "roles": [
            ";".join(role for role in ROLES if role in roles[number])
            for number in machines["Id"].str.lower()
        ],
        "networks": "",
        "managed": "true",
        "available": (machines["away"] != "true").map({True: "true", False: "false"}),
    })  # fmt: skip
    again = table["server"].duplicated()
    findings += [
        Finding("warning", "repeated_server", name, "listed twice: the first one is taken")
        for name in table["server"][again]
    ]
    return table[~again].reset_index(drop=True).astype("str")


def _roles(machines: pd.DataFrame, host: str, findings: list[Finding]) -> dict[str, set[str]]:
    """Return the roles that each server has by itself, by its id."""
    numbers, kinds = machines["Id"].str.lower(), machines["Type"].str.lower()
    roles: dict[str, set[str]] = {
        number: {HOST} if kind == HYPERV else set()
        for number, kind in zip(numbers, kinds, strict=True)
    }
    local = numbers[kinds == LOCAL]
    called = numbers[machines["Name"].map(_short) == _short(host)]
    candidates = local if len(local) or _short(host) == NOT_SAID else called
    if len(candidates) == 1:
        roles[candidates.iloc[0]].add("backup_server")
    else:
        detail = f"{len(candidates)} servers could be it; give one the role in servers.csv"
        findings.append(Finding("warning", "backup_server_unknown", host or "servers", detail))
    return roles


def _short(host: str) -> str:
    return host.lower().partition(".")[0]


def _given(roles: dict[str, set[str]], role: str, holders: pd.DataFrame) -> list[Finding]:
    """Add ``role`` to the servers that ``holders`` name; tell whose server is not there."""
    findings = []
    if nameless := int((holders["HostId"] == "").sum()):
        detail = f"HostId is empty in {counted(nameless, 'row')}: no server gets the role by them"
        findings.append(Finding("info", "role_without_server", role, detail))
    for number, host in zip(
        holders["HostId"].str.lower(),
        holders["Host"] if "Host" in holders.columns else holders["HostId"],
        strict=True,
    ):
        if number in roles:
            roles[number].add(role)
        elif number not in ("", NO_HOST):
            detail = (
                f"has the role {role}, but its HostId, {number!r}, is that of no machine among the "
                "servers"
            )
            findings.append(Finding("warning", "role_without_server", host, detail))
    return findings


def _left_out(types: pd.Series[str]) -> list[Finding]:
    if types.empty:
        return []
    counts = ", ".join(f"{count} {kind}" for kind, count in types.value_counts(sort=False).items())
    detail = f"left out, since they run no guest interaction proxy: {counts}"
    return [Finding("info", "other_servers", "servers", detail)]
