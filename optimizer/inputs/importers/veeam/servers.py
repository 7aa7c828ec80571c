"""Reads the managed servers as rows of ``servers.csv``, with the roles that others give them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from models.diagnostics import Finding, counted
from models.schema import ROLES
from optimizer.veeam.api_revisions import revision_of_build
from optimizer.veeam.job_catalog import has_component
from optimizer.veeam.response_fields import OTHER_SERVERS
from optimizer.veeam.responses import Item, Responses, named, text, truth

MACHINES = {"windowshost": "", "linuxhost": "", "hvserver": "hyperv_host"}
HOLDERS = {
    "proxies": ("backup_proxy", ("server", "hostId")),
    "repositories": ("repository", ("hostId",)),
    "wanAccelerators": ("wan_accelerator", ("server", "hostId")),
}
STATES = {"available": "true", "unavailable": "false"}
THIS = "this server"
COLUMNS = ["server", "os", "roles", "networks", "managed", "available", "excluded"]


def servers_table(answers: Responses, findings: list[Finding]) -> pd.DataFrame:
    """Return a row for each Windows, Linux and Hyper-V machine among the managed servers.

    The interface tells no addresses, and of the operating system only whether a guest
    interaction proxy is installed: other cells of ``os`` and ``networks`` are "". Where a job's
    list may hold registered servers only, the others are excluded.
    """
    known = server_names(answers)
    machines = [(name, item) for name, item in known.items() if _kind(item) in MACHINES]
    roles = _roles(machines, answers, findings)
    barred = _unregistered(machines, answers, findings)
    rows = [
        (
            name,
            _os(item),
            ";".join(role for role in ROLES if role in roles[_id(item)]),
            "",
            "true",
            STATES.get(text(item, "status").lower(), ""),
            "true" if name in barred else "",
        )
        for name, item in machines
    ]
    states = Counter(text(item, "status") for _, item in machines)
    for state, count in states.items():
        if state.lower() not in ("", *STATES):
            servers = counted(count, "server")
            detail = f"status of {servers}, neither Available nor Unavailable: taken as online"
            findings.append(Finding("warning", "unknown_value", state, detail))
    others = Counter(text(item, "type") for item in known.values() if _kind(item) not in MACHINES)
    for kind in [kind for kind in others if kind.lower() not in OTHER_SERVERS]:
        detail = f"{others.pop(kind)} of this type, which is not known here, left out"
        findings.append(Finding("warning", "unknown_server_type", kind or "no type", detail))
    if others:
        counts = ", ".join(f"{count} {kind}" for kind, count in others.items())
        detail = f"left out, since they run no guest interaction proxy: {counts}"
        findings.append(Finding("info", "other_servers", "servers", detail))
    return pd.DataFrame(rows, columns=COLUMNS, dtype="str")


def server_names(answers: Responses) -> dict[str, Item]:
    """Return the managed servers by a name of their own."""
    return dict(named(answers.items["managedServers"]))


def _kind(item: Item) -> str:
    return text(item, "type").lower()


def _id(item: Item) -> str:
    return text(item, "id").lower()


def _unregistered(
    machines: Sequence[tuple[str, Item]], answers: Responses, findings: list[Finding]
) -> set[str]:
    """Return the servers that no list of a job may hold, because they have no component."""
    revision = revision_of_build(text(answers.documents.get("serverInfo"), "buildVersion"))
    if revision is None or not revision.registered_only:
        return set()
    barred = [name for name, item in machines if not has_component(item)]
    for name in barred:
        detail = (
            "has no component GuestInteractionProxy, which a job's list asks for since 13.1: "
            "excluded; install it there and clear excluded, if it is to be a proxy"
        )
        findings.append(Finding("warning", "server_not_registered", name, detail))
    return set(barred)


def _os(item: Item) -> str:
    """Return what a server that may be a proxy must run, "" where nothing shows that it may."""
    installed = has_component(item)
    if _kind(item) != "linuxhost":
        return "Microsoft Windows Server" if installed else ""
    return "Linux (RHEL or Rocky)" if installed else "Linux"


def _roles(
    machines: Sequence[tuple[str, Item]], answers: Responses, findings: list[Finding]
) -> dict[str, set[str]]:
    """Return the roles of each server, by its id."""
    roles = {_id(item): {MACHINES[_kind(item)]} - {""} for _, item in machines}
    for kind, (role, path) in HOLDERS.items():
        for holder in answers.items[kind]:
            host = text(holder, *path).lower()
            if host in roles:
                roles[host].add(role)
    server = _backup_server(machines, answers.documents.get("serverInfo", {}))
    if server is None:
        detail = "the interface does not say which server it is; give one the role in servers.csv"
        findings.append(Finding("warning", "backup_server_unknown", "servers", detail))
    else:
        roles[server].add("backup_server")
    return roles


def _backup_server(machines: Sequence[tuple[str, Item]], info: Mapping[str, object]) -> str | None:
    """Return the id of the backup server: flagged since 1.3, else the one that is named so."""
    flagged = [_id(item) for _, item in machines if truth(item, "isBackupServer")]
    host = text(info, "name").lower()
    exact = [_id(item) for name, item in machines if name.lower() in (host, THIS)]
    short = [_id(item) for name, item in machines if _short(name) == _short(host)]
    for found in (flagged, exact, short):
        if len(found) == 1:
            return found[0]
    return None


def _short(host: str) -> str:
    return host.lower().partition(".")[0]
