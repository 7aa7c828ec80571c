"""Reads an IP plan: its prefixes become networks, each with a name of its own."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from models.diagnostics import Finding, InputProblem, did_you_mean
from models.errors import EstateError
from optimizer.files.text_table import refuse_table
from optimizer.inputs.importers.csv_dialects import REMOVE_TITLE
from optimizer.inputs.importers.spreadsheets import Sheet, read_sheets

COLUMNS = ("network", "cidr", "site")
READ = ("network", "name", "cidr", "site", "vrf")
KNOWN = ("vlan", "description")  # of IP plans, and of no use here


def read_ip_plan(path: Path, encoding: str | None, findings: list[Finding]) -> pd.DataFrame:
    """Return networks, columns network, cidr and site; EstateError where a row cannot be one.

    A network's name is its ``network`` or ``name``, else its range, in a VRF ``vrf/range``.
    """
    sheet = next(iter(read_sheets(path, encoding)), None)
    cells = pd.DataFrame() if sheet is None else sheet.cells.rename(columns=str.lower)
    if sheet is None or "cidr" not in cells:
        remedy = (
            "give it the columns network,cidr,site or cidr,site,vrf,name, or leave it as it is and "
            "read it first: gip import table FILE --into networks --map COLUMN=cidr ..."
        )
        names = [] if sheet is None else [str(name) for name in sheet.cells]
        remedy = REMOVE_TITLE if len(names) == 1 else f"{remedy}{did_you_mean('cidr', names)}"
        raise refuse_table(path.name, "has no column 'cidr'", remedy, 1)
    told = cells.reindex(columns=list(READ), fill_value="")
    findings += [*sheet.findings, *_unread(sheet, cells)]
    told = told[(cells != "").any(axis=1)]
    told["network"] = told["network"].where(told["network"] != "", told["name"]).map(listable)
    _check(sheet, told)
    findings += of_host_bits(sheet.file, told["cidr"])
    told["cidr"] = told["cidr"].map(lambda text: str(parse_prefix(text) or "")).astype("str")
    free = told[told["network"] == ""]
    prefixes = [
        Prefix(cidr, site, vrf, vrf)
        for text, site, vrf in zip(free["cidr"], free["site"], free["vrf"], strict=True)
        if (cidr := parse_prefix(text)) is not None
    ]
    named_ = told.loc[told["network"] != "", list(COLUMNS)]
    both = [named_, networks_table(name_networks(prefixes, findings))]
    return pd.concat(both, ignore_index=True).drop_duplicates("network", ignore_index=True)


def _unread(sheet: Sheet, cells: pd.DataFrame) -> list[Finding]:
    """Say which columns are not there, and which are not read."""
    findings = []
    wanted = {"site": "its networks are at no site"}
    if "network" not in cells:
        wanted |= {"vrf": "all are in one address space", "name": "they are called by their range"}
    absent = [f"{name} ({assumed})" for name, assumed in wanted.items() if name not in cells]
    if absent:
        detail = f"has no column {', '.join(absent)}"
        findings.append(Finding("info", "absent_columns", sheet.file, detail))
    others = [name for name in map(str, cells) if name not in (*READ, *KNOWN)]
    if others:
        some = ", ".join(others[:8]) + (", ..." if len(others) > 8 else "")
        hint = next((hint for name in others if (hint := did_you_mean(name, READ))), "")
        detail = f"columns that are not read: {some}{hint}"
        findings.append(Finding("warning", "unknown_column", sheet.file, detail))
    return findings


def _check(sheet: Sheet, told: pd.DataFrame) -> None:
    problems = []
    again = told["network"].duplicated() & (told["network"] != "")
    for row, (name, text) in enumerate(zip(told["network"], told["cidr"], strict=True)):
        line = sheet.line(int(told.index[row]))
        if (text or not name) and parse_prefix(text) is None:
            problems.append(InputProblem(sheet.file, line, "cidr", text, *why_none(text)))
        if again.iloc[row]:
            reason = "is there already"
            problems.append(
                InputProblem(sheet.file, line, "network", name, reason, "name it otherwise")
            )
    if problems:
        raise EstateError(problems)


Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LEFT_OUT = ("container", "deprecated")


@dataclass(frozen=True, slots=True)
class Prefix:
    """A prefix as an IP plan has it; ``status`` is in small letters.

    Prefixes of two spaces are two networks however they overlap. ``space`` identifies a VRF or
    network view, "" is the global one, and ``vrf`` is what people call it.
    """

    cidr: Network
    site: str = ""
    vrf: str = ""
    space: str = ""
    tenant: str = ""
    status: str = "active"


def parse_prefix(text: str) -> Network | None:
    """Return the network that ``text`` writes as address/length, its host bits cut off.

    None where it is none, or where nothing but host bits is left: a mask that is 0 is a gap.
    """
    try:
        network = ipaddress.ip_network(text.strip(), strict=False) if "/" in text else None
    except ValueError:
        return None
    is_gap = network is not None and network.prefixlen == 0 and has_host_bits(text)
    return None if is_gap else network


def has_host_bits(text: str) -> bool:
    """Tell whether ``text`` is the address of a machine with the length of its network.

    >>> has_host_bits("10.0.1.7/24"), has_host_bits("10.0.1.0/255.255.255.0")
    (True, False)
    """
    try:
        at = ipaddress.ip_interface(text.strip())
    except ValueError:
        return False
    return "/" in text and at.ip != at.network.network_address


def of_host_bits(file: str, texts: Iterable[str]) -> list[Finding]:
    """Return a finding that counts the ``texts`` whose host bits are cut off, and shows one."""
    found = [text for text in texts if "/" in text and has_host_bits(text)]
    if not found:
        return []
    detail = f"{len(found)} are addresses in their network, first {found[0]}: taken as the network"
    return [Finding("info", "host_bits", file, detail)]


def why_none(text: str, what: str = "a network") -> tuple[str, str]:
    """Return why `parse_prefix` gives None for ``text``, and what to write: the same everywhere."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return f"is not {what}", "write it as in 10.0.1.0/24 or 2001:db8:1::/64"
    example = f"{address}/{24 if address.version == 4 else 64}"
    return "has no prefix length", f"write it as in {example}"


def name_networks(prefixes: Iterable[Prefix], findings: list[Finding]) -> dict[str, Prefix]:
    """Return the networks by name: the prefix, in a VRF ``vrf/prefix``.

    Where several are called so, all have their tenants in their names, then their sites, then
    their VRFs' ids, so that tenants stay apart who use the same addresses, whatever the order.
    Containers hold networks and no VMs, deprecated prefixes are on their way out: both are left
    out and told in ``findings``.
    """
    kept: dict[tuple[str, Network, str, str], Prefix] = {}
    containers = repeated = 0
    for prefix in prefixes:
        known = (prefix.space, prefix.cidr, prefix.tenant, prefix.site)
        if prefix.status == "container":
            containers += 1
        elif known in kept:
            repeated += 1
        else:
            findings += _doubts(_name(prefix), prefix.status)
            if prefix.status not in LEFT_OUT:
                kept[known] = prefix
    findings += _counted("containers", containers, "holds networks, no VM is in it itself")
    findings += _counted("repeated_prefixes", repeated, "was there already")
    return dict(zip(_names([*kept.values()]), kept.values(), strict=True))


def networks_table(networks: Mapping[str, Prefix]) -> pd.DataFrame:
    """Return the rows of ``networks.csv``."""
    rows = [(name, str(prefix.cidr), prefix.site) for name, prefix in networks.items()]
    return pd.DataFrame(rows, columns=["network", "cidr", "site"], dtype="str")


def _name(prefix: Prefix) -> str:
    vrf = listable(prefix.vrf)
    return f"{vrf}/{prefix.cidr}" if vrf else str(prefix.cidr)


def _names(prefixes: Sequence[Prefix]) -> list[str]:
    """Return a name of its own for each of distinct ``prefixes``, in any order the same."""
    names = [_name(prefix) for prefix in prefixes]
    tenants = [f" ({told})" if (told := listable(prefix.tenant)) else "" for prefix in prefixes]
    sites = [f" at {listable(prefix.site) or 'no site'}" for prefix in prefixes]
    spaces = [f" in VRF {listable(prefix.space) or 'none'}" for prefix in prefixes]
    for texts in (tenants, sites, spaces):
        kinds = Counter(name for name, _ in set(zip(names, texts, strict=True)))
        names = [
            f"{name}{text}" if kinds[name] > 1 else name
            for name, text in zip(names, texts, strict=True)
        ]
    taken: set[str] = set()
    for place in sorted(range(len(names)), key=lambda place: repr(prefixes[place])):
        while names[place] in taken:  # what tells them apart is blanks
            names[place] += " (2)"
        taken.add(names[place])
    return names


def listable(text: str) -> str:
    """Return ``text`` without what would end an item of a list cell.

    >>> listable(" Contoso;  east ")
    'Contoso, east'
    """
    return " ".join(text.replace(";", ",").split())


def _doubts(name: str, status: str) -> list[Finding]:
    if status == "deprecated":
        detail = "its status is deprecated: left out; add it to networks.csv if VMs are in it"
        return [Finding("warning", "deprecated_prefix", name, detail)]
    if status == "reserved":
        detail = "its status is reserved, not active: taken as a network in use"
        return [Finding("info", "reserved_prefix", name, detail)]
    return []


def _counted(code: str, count: int, why: str) -> list[Finding]:
    detail = f"{count} left out; each {why}"
    return [Finding("info", code, "networks", detail)] if count else []
