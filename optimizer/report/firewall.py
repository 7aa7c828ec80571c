"""Which ports must be open for a plan, from its proxies and from the backup server."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models.ports import LOGS, PORTS, Ends, PortUse
from models.report import Kind, PortRule
from models.ruleset import is_linux
from optimizer.report.facts import Facts
from optimizer.report.reached import Reached

Needs = dict[tuple[int, Kind, int], dict[bool, bool]]


def port_rules(facts: Facts) -> list[PortRule]:
    """Return the rules, by start, end and purpose: from the backup server to each proxy in use,
    from each to what it serves, and from the backup server to what it may take over."""
    return [*_to_proxies(facts), *_to_guests(facts), *_to_vsphere(facts)]


def _uses(facts: Facts, *ends: Ends) -> list[PortUse]:
    return [use for use in PORTS[facts.estate.settings.ruleset] if use.ends in ends]


def _used(facts: Facts) -> list[int]:
    """Return the servers that serve Windows tasks, by name in byte order."""
    codes = np.unique(facts.proxy[facts.assigned]).tolist()
    return sorted(codes, key=lambda code: facts.servers[code].encode())


def _to_proxies(facts: Facts) -> Iterator[PortRule]:
    own, servers, reached = facts.estate.backup_server, facts.estate.servers, Reached(facts)
    for code in _used(facts):
        if code == own:
            continue
        linux = is_linux(servers["os"].iloc[code])
        without = {"admin_credentials"} if linux else {"ssh"}
        if "hyperv_host" not in servers["roles"].iloc[code]:
            without.add("hyperv_host")
        for use in _uses(facts, "to_proxy"):
            if use.when not in without:
                yield PortRule(
                    start=facts.servers[own],
                    start_kind="server",
                    end=facts.servers[code],
                    end_kind="server",
                    cidr="",
                    ports=use.ports,
                    purpose=use.purpose,
                    when=use.when,
                    failover=False,
                    same_network=reached.share(own, code),
                )


def _to_guests(facts: Facts) -> Iterator[PortRule]:
    """Yield the rules of what each server reaches; a need that is not only failover comes first."""
    reached = Reached(facts)
    needs: Needs = {}
    for reach in reached.all():
        jobs = needs.setdefault((reach.server, reach.kind, reach.end), {})
        jobs[reach.logs] = jobs.get(reach.logs, True) and reach.failover
    names = {"server": facts.servers, "network": facts.estate.networks["network"].tolist()}
    cidrs = facts.estate.networks["cidr"].tolist()

    def place(need: tuple[int, Kind, int]) -> tuple[bytes, str, bytes]:
        server, kind, end = need
        return facts.servers[server].encode(), kind, names[kind][end].encode()

    for server, kind, end in sorted(needs, key=place):
        jobs = needs[server, kind, end]
        to_network = kind == "network"
        one: tuple[str, Kind] = facts.servers[server], "server"
        other: tuple[str, Kind] = names[kind][end], kind
        within = reached.shares(server, end) if to_network else reached.share(server, end)
        for use in _uses(facts, *(("to_guest", "from_guest") if to_network else ("to_host",))):
            if use.when in LOGS and True not in jobs:
                continue
            (start, start_kind), (goal, goal_kind) = (
                (other, one) if use.ends == "from_guest" else (one, other)
            )
            yield PortRule(
                start=start,
                start_kind=start_kind,
                end=goal,
                end_kind=goal_kind,
                cidr=cidrs[end] if to_network else "",
                ports=use.ports,
                purpose=use.purpose,
                when=use.when,
                failover=jobs[True] if use.when in LOGS else all(jobs.values()),
                same_network=within,
            )


def _to_vsphere(facts: Facts) -> Iterator[PortRule]:
    """Yield the rules for VMs on vSphere: for each proxy of one, and for the backup server where
    it may take one over."""
    estate = facts.estate
    vmware = (estate.vms["platform"] == "vmware").to_numpy()[facts.tasks.vm]
    serving = set(facts.proxy[facts.assigned & vmware].tolist())
    taking = {estate.backup_server} if (facts.failover & vmware).any() else set()
    for code in sorted(serving | taking, key=lambda code: facts.servers[code].encode()):
        for use in _uses(facts, "to_vsphere"):
            yield PortRule(
                start=facts.servers[code],
                start_kind="server",
                end="",
                end_kind="vsphere",
                cidr="",
                ports=use.ports,
                purpose=use.purpose,
                when=use.when,
                failover=code not in serving,
                same_network=False,
            )
