"""Looks up the items of ``networks`` cells: network names, or addresses by longest prefix."""

from __future__ import annotations

import ipaddress
import socket
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from models.estate import Codes

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
AMBIGUOUS = -2
OUTSIDE = -1
NEITHER = -3
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = rf"^(?:{_OCTET}\.){{3}}{_OCTET}$"


@dataclass
class PrefixTable:
    """The networks by name and by prefix; answers which one an item of a cell means.

    ``prefixes`` maps bytes of an address, then prefix length (longest first), then leading bits
    to a network's code, which is `AMBIGUOUS` where two networks have the same prefix.
    """

    names: dict[str, int]
    prefixes: dict[int, dict[int, dict[int, int]]] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Sequence[str], cidrs: Sequence[Network | None]) -> PrefixTable:
        """Build the table of ``names`` and their ``cidrs``, in the order of networks.csv."""
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

    def find(self, item: str) -> int:
        """Return the code of the network that ``item`` means.

        `OUTSIDE` where it is an address in no network, `AMBIGUOUS` where it is in two of equal
        prefix length, `NEITHER` where it is neither a network's name nor an address.
        """
        code = self.names.get(item)
        if code is not None:
            return code
        packed = _packed(item)
        return NEITHER if packed is None else self._longest(int.from_bytes(packed), len(packed))

    def find_all(self, items: pa.Array) -> Codes:
        """Return `find` of each of ``items``; IPv4 addresses all at once."""
        named = pc.is_in(items, pa.array(self.names, pa.string()))
        ipv4 = pc.and_not(pc.match_substring_regex(items, _IPV4), named)
        others = items.filter(pc.invert(ipv4)).to_pylist()
        at_once = ipv4.to_numpy(zero_copy_only=False)
        codes = np.empty(len(items), dtype=np.int32)
        codes[~at_once] = [self.find(item) for item in others]
        if at_once.any():
            firsts, found = self._spans
            values = _values(items.filter(ipv4))
            codes[at_once] = found[np.searchsorted(firsts, values, side="right") - 1]
        return codes

    @cached_property
    def _spans(self) -> tuple[NDArray[np.int64], Codes]:
        """Return the first addresses of spans of IPv4 in which `find` has one answer, and it."""
        firsts = {0}
        for length, networks in self.prefixes.get(4, {}).items():
            for leading in networks:
                firsts |= {leading << (32 - length), (leading + 1) << (32 - length)}
        ordered = sorted(firsts)
        found = [self._longest(first, 4) for first in ordered]
        return np.array(ordered, dtype=np.int64), np.array(found, dtype=np.int32)

    def _longest(self, address: int, size: int) -> int:
        """Return the network of the longest prefix of an address of ``size`` bytes."""
        for length, networks in self.prefixes.get(size, {}).items():
            code = networks.get(address >> (8 * size - length))
            if code is not None:
                return code
        return OUTSIDE


def _values(texts: pa.Array) -> NDArray[np.int64]:
    """Return IPv4 addresses as numbers: to a CSV reader they are rows of four cells."""
    lines = pc.binary_join(pa.ListArray.from_arrays([0, len(texts)], texts), "\n")
    octets = pacsv.read_csv(
        pa.BufferReader(lines[0].as_buffer()),
        pacsv.ReadOptions(column_names=list("abcd")),
        pacsv.ParseOptions(delimiter="."),
        pacsv.ConvertOptions(column_types=dict.fromkeys("abcd", pa.int64())),
    )
    a, b, c, d = (column.to_numpy() for column in octets.columns)
    return np.asarray(a << 24 | b << 16 | c << 8 | d, dtype=np.int64)


def _packed(item: str) -> bytes | None:
    """Return an address as bytes; None where ``item`` is none. A scope (``%eth0``) is dropped."""
    try:
        if ":" in item:
            return socket.inet_pton(socket.AF_INET6, item.partition("%")[0])
        return socket.inet_pton(socket.AF_INET, item)
    except (OSError, ValueError):
        return None


def find_overlaps(cidrs: Sequence[Network | None], sites: Sequence[str]) -> list[tuple[int, int]]:
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
