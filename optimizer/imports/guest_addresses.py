"""Tells which addresses of a guest say where it is."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

UNKNOWN = frozenset({"", "unknown", "n/a", "none", "null", "-"})


def placed(items: Iterable[str]) -> list[str]:
    """Return the ``items`` without repetition that say where a guest is, in their order.

    Addresses lose their prefix length and scope; those that every link has (169.254.x.x, fe80::,
    127.x.x.x) and words for "unknown" go. What is no address stays: it may be a network's name.

    >>> placed(["169.254.3.4", "10.0.1.7/24", "unknown", "hq-servers", "10.0.1.7"])
    ['10.0.1.7', 'hq-servers']
    """
    cleaned = (_cleaned(item.strip()) for item in items)
    return list(dict.fromkeys(item for item in cleaned if item.lower() not in UNKNOWN))


def _cleaned(item: str) -> str:
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
