"""Resolves the items of ``networks`` cells: network names, or addresses by longest prefix."""

from __future__ import annotations

import ipaddress
import socket
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
AMBIGUOUS = -2
OUTSIDE = -1
_BITS = {4: 32, 16: 128}


@dataclass
class AddressBook:
    """The networks by name and by prefix; answers which one an item of a cell means.

    ``prefixes`` maps bytes of an address, then prefix length (longest first), then leading bits
    to a network's code, which is `AMBIGUOUS` where two networks have the same prefix.
    """

    names: dict[str, int]
    prefixes: dict[int, dict[int, dict[int, int]]] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Sequence[str], cidrs: Sequence[Network | None]) -> AddressBook:
        """Return the book of ``names`` and their ``cidrs``, in the order of the table."""
        prefixes: dict[int, dict[int, dict[int, int]]] = defaultdict(lambda: defaultdict(dict))
        for code, cidr in enumerate(cidrs):
            if cidr is None:
                continue
            width = cidr.max_prefixlen
            leading = int(cidr.network_address) >> (width - cidr.prefixlen)
            same = prefixes[width // 8][cidr.prefixlen]
            same[leading] = AMBIGUOUS if leading in same else code
        ordered = {
            size: dict(sorted(lengths.items(), reverse=True)) for size, lengths in prefixes.items()
        }
        return cls({name: code for code, name in enumerate(names)}, ordered)

    def find(self, item: str) -> int | None:
        """Return the code of the network that ``item`` means.

        `OUTSIDE` where it is an address in no network, `AMBIGUOUS` where it is in two of equal
        prefix length, None where it is neither a network's name nor an address.
        """
        code = self.names.get(item)
        if code is not None:
            return code
        packed = _packed(item)
        if packed is None:
            return None
        value = int.from_bytes(packed)
        width = _BITS[len(packed)]
        for length, networks in self.prefixes.get(len(packed), {}).items():
            code = networks.get(value >> (width - length))
            if code is not None:
                return code
        return OUTSIDE


def _packed(item: str) -> bytes | None:
    """Return an address as bytes; None where ``item`` is none. A scope (``%eth0``) is dropped."""
    try:
        if ":" in item:
            return socket.inet_pton(socket.AF_INET6, item.partition("%")[0])
        return socket.inet_pton(socket.AF_INET, item)
    except (OSError, ValueError):
        return None


def overlaps(cidrs: Sequence[Network | None], sites: Sequence[str]) -> list[tuple[int, int]]:
    """Return pairs (outer, inner) of networks at two sites of which one lies in the other.

    Each inner network stands in one pair at most, however many it lies in.
    """
    ranges = sorted(
        (cidr.version, int(cidr.network_address), -int(cidr.broadcast_address), code)
        for code, cidr in enumerate(cidrs)
        if cidr is not None and sites[code]
    )
    pairs: list[tuple[int, int]] = []
    around: list[tuple[int, int, int]] = []
    for version, first, minus_last, code in ranges:
        while around and around[-1][:2] < (version, first):
            around.pop()
        elsewhere = (outer for *_, outer in around if sites[outer] != sites[code])
        pairs += [(outer, code) for outer in [next(elsewhere, None)] if outer is not None]
        around.append((version, -minus_last, code))
    return pairs
