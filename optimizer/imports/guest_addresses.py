"""Tells which addresses of a guest say where it is."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

UNKNOWN = frozenset({"", "unknown", "n/a", "none", "null", "-"})
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
# Nearly all items are such: the pattern knows them ten times as quickly as ipaddress.
_ORDINARY = re.compile(
    rf"(?!0\.0\.0\.0$|127\.|169\.254\.|22[4-9]\.|23\d\.)(?:{_OCTET}\.){{3}}{_OCTET}", re.ASCII
)


def placed(items: Iterable[str]) -> list[str]:
    """Return the ``items`` without repetition that say where a guest is, in their order.

    Addresses lose their prefix length and scope; those that every link has (169.254.x.x, fe80::,
    127.x.x.x) and words for "unknown" go. What is no address stays: it may be a network's name.

    >>> placed(["169.254.3.4", "10.0.1.7/24", "unknown", "hq-servers", "10.0.1.7"])
    ['10.0.1.7', 'hq-servers']
    """
    cleaned = (_cleaned(item.strip()) for item in items)
    return list(dict.fromkeys(item for item in cleaned if item.lower() not in UNKNOWN))


def is_address(item: str) -> bool:
    """Return whether an item of `placed` is an address, and no name."""
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
    return "" if nowhere or address.is_multicast else str(address)
