"""Says where guests are: by their addresses, or else by the names of their port groups."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
import pyarrow as pa

from models.diagnostics import Finding
from optimizer.inputs.estate_folder.prefix_lookup import OUTSIDE, PrefixTable
from optimizer.inputs.importers.ip_plan import listable, parse_prefix
from optimizer.inputs.importers.spreadsheets import Sheet

SHOWN = 20
UNKNOWN = frozenset({"", "unknown", "n/a", "none", "null", "-"})
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
# Nearly all items are such: the pattern knows them ten times as quickly as ipaddress.
_ORDINARY = re.compile(
    rf"(?!0\.|127\.|169\.254\.|22[4-9]\.|2[345]\d\.)(?:{_OCTET}\.){{3}}{_OCTET}", re.ASCII
)


def placing_addresses(items: Iterable[str]) -> list[str]:
    """Return the ``items`` without repetition that say where a guest is, in their order.

    Addresses lose their prefix length and scope; those that every link has (169.254.x.x, fe80::,
    127.x.x.x), those of no machine (0.x.x.x, 224.0.0.0 and above) and words for "unknown" go.
    What is no address stays: it may be a network's name.

    >>> placed(["169.254.3.4", "10.0.1.7/24", "unknown", "hq-servers", "10.0.1.7"])
    ['10.0.1.7', 'hq-servers']
    """
    cleaned = (_cleaned(item.strip()) for item in items)
    return list(dict.fromkeys(item for item in cleaned if item.lower() not in UNKNOWN))


def is_address(item: str) -> bool:
    """Return whether an item of `placing_addresses` is an address, and no name."""
    if _ORDINARY.fullmatch(item):
        return True
    try:
        ipaddress.ip_address(item)
    except ValueError:
        return False
    return True


def _cleaned(item: str) -> str:
    if _ORDINARY.fullmatch(item):
        return item
    try:
        at = ipaddress.ip_interface(item.partition("%")[0])
    except ValueError:
        return item
    address = at.ip
    if address == at.network.network_address and at.network.prefixlen < at.max_prefixlen:
        return item  # a prefix: many networks are called after theirs
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    nowhere = address.is_link_local or address.is_loopback or address.is_unspecified
    if isinstance(address, ipaddress.IPv4Address):
        nowhere = nowhere or not _ORDINARY.fullmatch(str(address))
    return "" if nowhere or address.is_multicast else str(address)


def unreadable(sheet: Sheet, columns: Mapping[str, pd.Series[str]]) -> list[Finding]:
    """Return a finding for each text in ``columns`` of addresses that has none, with its place."""
    findings = []
    for name, cells in columns.items():
        odd = [
            text
            for text in map(str, cells.unique())
            if any(not is_address(item) for item in placing_addresses(re.split(r"[\s,;|]+", text)))
        ]
        for text in odd[:SHOWN]:
            row = int((sheet.cells[name] == text).to_numpy().argmax())
            detail = f"{name}: {text[:80]!r} is not an address: left out"
            findings.append(Finding("warning", "unknown_value", sheet.place(row), detail))
        if len(odd) > SHOWN:
            detail = f"{name}: {len(odd) - SHOWN} more texts are no addresses: left out"
            findings.append(Finding("warning", "unknown_value", sheet.file, detail))
    return findings


def without_nil(ids: pd.Series[str]) -> pd.Series[str]:
    """Return ``ids`` without those that stand for none: UUIDs of zeros only, words for "unknown".

    >>> without_nil(pd.Series(["00000000-0000-0000-0000-000000000000", "n/a", "vm-7"])).tolist()
    ['', '', 'vm-7']
    """
    small = ids.str.lower()
    return ids.where(~small.str.fullmatch(r"[0{}-]+") & ~small.isin(UNKNOWN), "")


IPV6_PREFIX = 64
GUESSED = " (guessed)"  # behind the range, the name of a network that nobody listed


def addresses_of(texts: Sequence[str]) -> list[str]:
    """Return the addresses in cells that hold several, without repetition and in their order.

    >>> addresses_of(["169.254.86.198, 10.20.110.41", "unknown", "fe80::1"])
    ['10.20.110.41']
    """
    items = (item for text in texts for item in re.split(r"[\s,;|]+", text))
    return [item for item in placing_addresses(items) if is_address(item)]


def places(
    addresses: Sequence[str],
    port_groups: Sequence[str],
    names: frozenset[str],
    inside: frozenset[str],
) -> str:
    """Return the cell ``networks`` of a VM: its addresses, or else its port groups.

    The latter, those that have the name of a network, where no address is ``inside`` one.
    """
    groups = dict.fromkeys(map(listable, port_groups))
    known = [] if inside.intersection(addresses) else [name for name in groups if name in names]
    return "; ".join([*addresses, *known])


def codes_of(addresses: Iterable[str], networks: pd.DataFrame) -> dict[str, int]:
    """Return each distinct address with the code that `AddressBook.find` gives it."""
    cidrs = [parse_prefix(text) for text in networks["cidr"]]
    book = PrefixTable.of(networks["network"].tolist(), cidrs)
    distinct = pa.array(dict.fromkeys(addresses), pa.string())
    return dict(zip(distinct.to_pylist(), book.find_all(distinct).tolist(), strict=True))


def guess(
    addresses: Mapping[str, Sequence[str]],
    sites: Mapping[str, str],
    networks: pd.DataFrame,
    length: int,
    findings: list[Finding],
) -> pd.DataFrame:
    """Return networks of ``length``, /64 for IPv6, for addresses that are in none of ``networks``.

    ``addresses`` and ``sites`` are those of VMs. A guess is at the site that its VMs have in
    common, its name says that it is one; each is told in ``findings``.
    """
    owners: dict[str, str] = {}
    for vm, found in addresses.items():
        for item in found:
            owners.setdefault(item, vm)
    guessed: dict[tuple[int, int], list[str]] = defaultdict(list)
    for item, code in codes_of(owners, networks).items():
        if code == OUTSIDE:
            guessed[_leading(item, length)].append(item)
    rows = []
    for items in guessed.values():
        bits = IPV6_PREFIX if ":" in items[0] else length
        cidr = str(ipaddress.ip_network((items[0], bits), strict=False))
        at = {sites[owners[item]] for item in items}
        site = at.pop() if len(at) == 1 else ""
        where = f", site {site} by the datacenter" if site else ""
        more = f" and {len(items) - 1} more" if len(items) > 1 else ""
        detail = f"guessed for {items[0]}{more}{where}"
        findings.append(Finding("warning", "guessed_network", cidr, detail))
        rows.append((cidr + GUESSED, cidr, site))
    return pd.DataFrame(rows, columns=["network", "cidr", "site"], dtype="str")


def _leading(item: str, length: int) -> tuple[int, int]:
    """Return the version of an address and the bits that name its guessed network."""
    if ":" in item:
        value = int.from_bytes(socket.inet_pton(socket.AF_INET6, item))
        return 6, value >> (128 - IPV6_PREFIX)
    return 4, int.from_bytes(socket.inet_aton(item)) >> (32 - length)
