"""Finds what an estate says and probably does not mean: names, systems, platforms, routers."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from models.diagnostics import Finding, Hints, counted, did_you_mean
from models.ruleset import (
    OTHER_PLATFORMS,
    PLATFORMS,
    is_maybe_windows,
    is_maybe_windows_server,
)
from optimizer.inputs.estate_folder.prefix_lookup import Network

SHORTEST = 4  # of names that may be a misspelt one


def unknown_hosts(vms: Mapping[str, int]) -> list[Finding]:
    """Return a finding for each host, with how many ``vms`` it has, that is not in servers."""
    return [
        Finding(
            "warning",
            "unknown_host",
            host,
            f"host of {count} VM{'s' * (count > 1)}, not in servers.csv: "
            "no PowerShell Direct through it",
        )
        for host, count in sorted(vms.items())
        if host and count
    ]


def doubtful_systems(vms: Mapping[str, int]) -> list[Finding]:
    """Find systems that may be Windows and are not written so: their VMs are not planned.

    ``vms`` has how many VMs run each system.
    """
    return [
        Finding(
            "warning",
            "unrecognised_system",
            system,
            f"the os of {count} VM{'s' if count != 1 else ''}: looks like Windows, or like no "
            "system; not planned, but counted as the backup server's own work; write it in "
            "vms.csv as in 'Windows Server 2022'",
        )
        for system, count in sorted(vms.items())
        if count and is_maybe_windows(system)
    ]


def doubtful_servers(names: Sequence[str], systems: Sequence[str]) -> list[Finding]:
    """Find servers whose system looks like Windows Server and is not written so: no candidates."""
    return [
        Finding(
            "warning",
            "unrecognised_system",
            name,
            f"its os {system!r} is not written as Windows Server: no candidate; write it as in "
            "'Windows Server 2022'",
        )
        for name, system in zip(names, systems, strict=True)
        if is_maybe_windows_server(system)
    ]


def unknown_platforms(vms: Mapping[str, int]) -> list[Finding]:
    """Return a finding for each platform, with how many ``vms`` it has, that has no rules here."""
    known = (*PLATFORMS, *OTHER_PLATFORMS)
    return [
        Finding(
            "warning",
            "unknown_platform",
            platform,
            f"a platform of {counted(count, 'VM')} that is not known: taken as neither VMware nor "
            f"Hyper-V{did_you_mean(platform, known)}; known are {', '.join(known)}",
        )
        for platform, count in sorted(vms.items())
        if platform and count and platform not in known
    ]


def alike_names(file: str, names: Sequence[str], hosts: bool) -> list[Finding]:
    """Find names of one table that people take for one.

    They differ in capital letters or signs that nobody sees, or, of ``hosts``, in the domain.
    """
    findings = []
    first: dict[str, str] = {}
    for name in sorted(names):
        other = first.setdefault(_seen(name), name)
        if other != name:
            detail = f"{file}: looks like {other!r}, too; if both are one, keep one row"
            findings.append(Finding("warning", "alike_names", name, detail))
    for seen, name in first.items() if hosts else ():
        short = seen.partition(".")[0]
        if short != seen and short in first:
            detail = f"{file}: may be {first[short]!r}, too; if both are one, keep one row"
            findings.append(Finding("warning", "alike_names", name, detail))
    return findings


def _seen(name: str) -> str:
    """Return a name as people tell names apart."""
    shown = "".join(sign for sign in name if sign.isprintable())
    return " ".join(unicodedata.normalize("NFKC", shown).casefold().split())


def doubtful_routers(
    file: str, networks: Sequence[str], starts: Sequence[str], ends: Sequence[str]
) -> list[Finding]:
    """Find names in links that are taken for routers and were probably meant as networks.

    They look like a network's name; a router of one link leads nowhere, so there a similar name
    is enough, if more than a number tells them apart.
    """
    known = set(networks)
    links = Counter(name for pair in zip(starts, ends, strict=True) for name in {*pair} - known)
    seen = {_seen(network): network for network in networks}
    numbered = {_unnumbered(network) for network in networks}
    hints = Hints(networks)
    findings = []
    for name, count in sorted(links.items()):
        alike = seen.get(_seen(name))
        is_odd = count == 1 and len(name) >= SHORTEST and _unnumbered(name) not in numbered
        hint = f"; did you mean {alike!r}?" if alike else hints.of(name) if is_odd else ""
        if hint:
            detail = f"{file}: is no network, so it counts as a router{hint}"
            findings.append(Finding("warning", "doubtful_router", name, detail))
    return findings


def _unnumbered(name: str) -> str:
    return re.sub(r"\d+", "", name)


def whole_space(names: Sequence[str], cidrs: Sequence[Network | None]) -> list[Finding]:
    """Find networks of every address there is: none is unknown any more."""
    return [
        Finding(
            "warning", "whole_space", name,
            f"{cidr} holds every IPv{cidr.version} address: none of them is unknown any more",
        )
        for name, cidr in zip(names, cidrs, strict=True)
        if cidr is not None and cidr.prefixlen == 0
    ]  # fmt: skip
