"""Port rules, many to a line: what one server must reach, and through which ports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.report import Kind, PortRule

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
