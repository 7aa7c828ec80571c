"""Renumbers IP addresses within their structure: prefixes that lie in one another still do.

Any two addresses share as many leading bits as before, so containment, overlaps and longest
prefixes stay. The first octet of IPv4 and the first two of IPv6 stay, and so do the blocks of
`BLOCKS`: a private address stays private.
"""

from __future__ import annotations

import hashlib
import ipaddress
import socket
from functools import cache

import numpy as np
from numpy.typing import NDArray

# First octet, the bits of the second one that belong to the block, and how many they are.
BLOCKS = {172: (16, 4), 192: (168, 8), 169: (254, 8), 100: (64, 2)}
KEPT = {4: 1, 16: 2}  # leading octets that stay, by the size of an address
_OCTETS = np.arange(256)


class AddressMap:
    """Renumbers addresses; the same ``key`` does it in the same way."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._octets = cache(self._octets_below)

    def prefix(self, text: str) -> str:
        """Return the network in ``text`` (``10.1.0.0/16``) renumbered."""
        network = ipaddress.ip_network(text)
        packed = self._packed(network.network_address.packed)
        return str(ipaddress.ip_network((packed, network.prefixlen), strict=False))

    def address(self, text: str) -> str:
        """Return the address in ``text`` renumbered; a scope (``%eth0``) goes."""
        family = socket.AF_INET6 if ":" in text else socket.AF_INET
        packed = socket.inet_pton(family, text.partition("%")[0])
        return socket.inet_ntop(family, self._packed(packed))

    def _packed(self, packed: bytes) -> bytes:
        size = len(packed)
        kept = KEPT[size]
        below = (self._octets(size, packed[:place])[packed[place]] for place in range(kept, size))
        return packed[:kept] + bytes(below)

    def _octets_below(self, size: int, before: bytes) -> bytes:
        """Return what each octet after the octets ``before`` becomes.

        Each bit is flipped or not, depending on all bits before it.
        """
        drawn = hashlib.blake2b(bytes([size]) + before, key=self._key, digest_size=32).digest()
        flips = np.unpackbits(np.frombuffer(drawn, np.uint8))
        if size == 4 and len(before) == 1 and before[0] in BLOCKS:
            block, bits = BLOCKS[before[0]]
            for depth in range(bits):
                flips[_node(depth, np.array(block))] = 0
        octets = np.zeros(256, dtype=np.int64)
        for depth in range(8):
            bit = _OCTETS >> (7 - depth) & 1
            octets |= (bit ^ flips[_node(depth, _OCTETS)]) << (7 - depth)
        return bytes(octets.astype(np.uint8))


def _node(depth: int, octet: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number, 1 to 255, of the node at the first ``depth`` bits of an octet."""
    return np.asarray((1 << depth) + (octet >> (8 - depth)))
