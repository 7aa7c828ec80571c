"""Derives the ports to open for a plan: as rules, as lines for people, as firewall.csv."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.ports import LOGS, PORTS, SOURCES, WHEN, Ends, PortUse
from models.report_data import Kind, PortRule
from models.ruleset import PLATFORMS, is_linux
from optimizer.files.csv_writer import write_csv
from optimizer.output.report.facts import ReportFacts
from optimizer.output.report.reached import ReachTable

VSPHERE = "ESXi hosts and vCenter Server"
COLUMNS = (
    "from", "to", "to_kind", "cidr", "port", "protocol", "purpose", "when", "failover",
    "same_network", "source",
)  # fmt: skip
FLAGS = ("false", "true")


def write_firewall(rules: Sequence[PortRule], path: Path) -> None:
    """Write ``rules`` in their order, one row per port, with no port where none is known."""
    rows = firewall_rows(rules)
    columns = {name: [row[place] for row in rows] for place, name in enumerate(COLUMNS)}
    write_csv(path, columns)


def firewall_rows(rules: Sequence[PortRule]) -> list[tuple[str, ...]]:
    """Return the rows of ``rules``, cells in the order of `COLUMNS`."""
    return [_cells(rule, port) for rule in rules for port in rule.ports or ("",)]


def _cells(rule: PortRule, port: str) -> tuple[str, ...]:
    return (
        rule.start,
        VSPHERE if rule.end_kind == "vsphere" else rule.end,
        rule.end_kind,
        rule.cidr,
        port,
        "TCP" if port else "",
        rule.purpose,
        WHEN[rule.when],
        FLAGS[rule.failover],
        FLAGS[rule.same_network],
        SOURCES[rule.source],
    )


Needs = dict[tuple[int, Kind, int], dict[bool, bool]]


def port_rules(facts: ReportFacts) -> list[PortRule]:
    """Return the port rules of a plan, by start, end and purpose.

    They lead from the backup server to each proxy in use, from each to what it serves, and from
    the backup server to what it may take over.
    """
    return [*_to_proxies(facts), *_to_guests(facts), *_to_vsphere(facts)]


def _uses(facts: ReportFacts, *ends: Ends) -> list[PortUse]:
    return [use for use in PORTS[facts.estate.settings.ruleset] if use.ends in ends]


def _used(facts: ReportFacts) -> list[int]:
    """Return the servers that serve Windows tasks, by name in byte order."""
    codes = np.unique(facts.proxy[facts.assigned]).tolist()
    return sorted(codes, key=lambda code: facts.servers[code].encode())


def _to_proxies(facts: ReportFacts) -> Iterator[PortRule]:
    own, servers, reached = facts.estate.backup_server, facts.estate.servers, ReachTable(facts)
    others = ~facts.estate.vms["platform"].isin(["", *PLATFORMS]).to_numpy()
    of_plug_in = facts.assigned & others[facts.tasks.vm]
    for code in _used(facts):
        if code == own:
            continue
        linux = is_linux(servers["os"].iloc[code])
        without = {"admin_credentials"} if linux else {"ssh"}
        if "hyperv_host" not in servers["roles"].iloc[code]:
            without.add("hyperv_host")
        if not (of_plug_in & (facts.proxy == code)).any():
            without.add("plug_in")
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
                    source=use.source,
                    failover=False,
                    same_network=reached.share(own, code),
                )


def _to_guests(facts: ReportFacts) -> Iterator[PortRule]:
    """Yield the rules of what each server reaches; a need that is not only failover comes first."""
    reached = ReachTable(facts)
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
                source=use.source,
                failover=jobs[True] if use.when in LOGS else all(jobs.values()),
                same_network=within,
            )


def _to_vsphere(facts: ReportFacts) -> Iterator[PortRule]:
    """Yield the rules for VMs on vSphere, of each proxy of one.

    The backup server has them where it may take one over.
    """
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
                source=use.source,
                failover=code not in serving,
                same_network=False,
            )


Ports = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class End:
    """What a server reaches: a network, another server, or vSphere (``name`` is "")."""

    name: str
    kind: Kind
    cidr: str


@dataclass(frozen=True, slots=True)
class Opening:
    """From one server to all ends that need the same: ``ports`` there, ``back`` from there."""

    server: str
    failover: bool
    ports: Ports
    back: Ports
    purposes: tuple[str, ...]
    ends: tuple[End, ...]


def openings(rules: Sequence[PortRule]) -> list[Opening]:
    """Return the rules by server and by what is needed, in the rules' own order."""
    needs: dict[tuple[str, bool, End], list[PortRule]] = {}
    for rule in rules:
        server, end = _between(rule)
        needs.setdefault((server, rule.failover, end), []).append(rule)
    alike: dict[tuple[str, bool, Ports, Ports, tuple[str, ...]], list[End]] = {}
    for (server, failover, end), found in needs.items():
        there = [rule for rule in found if rule.start_kind == "server"]
        back = [rule for rule in found if rule.start_kind != "server"]
        ports, answers = _once(rule.ports for rule in there), _once(rule.ports for rule in back)
        purposes = tuple(dict.fromkeys(rule.purpose for rule in found))
        alike.setdefault((server, failover, ports, answers, purposes), []).append(end)
    return [Opening(*need, tuple(ends)) for need, ends in alike.items()]


def purposes(rules: Sequence[PortRule]) -> list[tuple[PortRule, int]]:
    """Return a rule for each purpose, case and ports, and how many there are of it."""
    counts: dict[tuple[str, str, Ports], list[PortRule]] = {}
    for rule in rules:
        counts.setdefault((rule.purpose, rule.when, rule.ports), []).append(rule)
    return [(alike[0], len(alike)) for alike in counts.values()]


def _between(rule: PortRule) -> tuple[str, End]:
    if rule.start_kind == "server":
        return rule.start, End(rule.end, rule.end_kind, rule.cidr)
    return rule.end, End(rule.start, rule.start_kind, rule.cidr)


def _once(ports: Iterable[Ports]) -> Ports:
    return tuple(dict.fromkeys(port for some in ports for port in some))
