"""Says where guests are: by their addresses, or else by the names of their port groups."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
import pyarrow as pa

from models.finding import Finding
from optimizer.imports.guest_addresses import is_address, placed
from optimizer.imports.prefixes import listable, parse
from optimizer.sources.addresses import OUTSIDE, AddressBook

IPV6_PREFIX = 64


def addresses_of(texts: Sequence[str]) -> list[str]:
    """Return the addresses in cells that hold several, without repetition and in their order.

    >>> addresses_of(["169.254.86.198, 10.20.110.41", "unknown", "fe80::1"])
    ['10.20.110.41']
    """
    items = (item for text in texts for item in re.split(r"[\s,;|]+", text))
    return [item for item in placed(items) if is_address(item)]


def places(
    addresses: Sequence[str],
    port_groups: Sequence[str],
    names: frozenset[str],
    inside: frozenset[str],
) -> str:
    """Return the cell ``networks`` of a VM: its addresses, and where none is ``inside`` a network,
    its port groups that have the name of one.
    """
    groups = dict.fromkeys(map(listable, port_groups))
    known = [] if inside.intersection(addresses) else [name for name in groups if name in names]
    return "; ".join([*addresses, *known])


def codes_of(addresses: Iterable[str], networks: pd.DataFrame) -> dict[str, int]:
    """Return each distinct address with the code that `AddressBook.find` gives it."""
    cidrs = [parse(text) for text in networks["cidr"]]
    book = AddressBook.of(networks["network"].tolist(), cidrs)
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
    common; each is told in ``findings``.
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
        rows.append((cidr, cidr, site))
    return pd.DataFrame(rows, columns=["network", "cidr", "site"], dtype="str")


def _leading(item: str, length: int) -> tuple[int, int]:
    """Return the version of an address and the bits that name its guessed network."""
    if ":" in item:
        value = int.from_bytes(socket.inet_pton(socket.AF_INET6, item))
        return 6, value >> (128 - IPV6_PREFIX)
    return 4, int.from_bytes(socket.inet_aton(item)) >> (32 - length)
