"""Networks, routers and links.

Each site has two or three networks that many VMs share, and, where VMs are like no other, a
dozen more: an odd VM is in two of these, and every pair of them is one more way to be odd.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from optimizer.inputs.synthetic.population import Population
from optimizer.inputs.synthetic.topology import Topology

ODD_NETWORKS = 12
ODD_PAIRS = np.array(list(combinations(range(ODD_NETWORKS), 2)), dtype=np.int64)
FIRST_ADDRESS = 10 << 24
FIRST_HOST = 16
SMALLEST = 256


@dataclass(frozen=True)
class Networks:
    """Networks by site, shared ones first, then odd ones: ``tokyo-a``, ``tokyo-x01``.

    ``names`` and ``site`` have one element per network; ``shared`` and ``odd`` count them per
    site, ``first`` is the number of a site's first one.
    """

    names: tuple[str, ...]
    site: NDArray[np.int64]
    shared: NDArray[np.int64]
    odd: NDArray[np.int64]
    first: NDArray[np.int64]

    def table(self, topology: Topology, homes: NDArray[np.int64]) -> pa.Table:
        """Return ``networks``; ``homes`` is the network of every membership of a VM."""
        bases, lengths = self.ranges(homes)
        cidrs = [
            ".".join(str(base >> shift & 255) for shift in (24, 16, 8, 0)) + f"/{length}"
            for base, length in zip(bases.tolist(), lengths.tolist(), strict=True)
        ]
        sites = [topology.sites[site] for site in self.site]
        return pa.table({"network": self.names, "cidr": cidrs, "site": sites})

    def ranges(self, homes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return first address and prefix length of each network, large enough for ``homes``."""
        needed = FIRST_HOST + np.bincount(homes, minlength=len(self.site)) + 1
        bits = np.ceil(np.log2(np.maximum(needed, SMALLEST))).astype(np.int64)
        # The largest first: then every range begins at a multiple of its size.
        order = np.argsort(-bits, kind="stable")
        sizes = 1 << bits[order]
        bases = np.empty_like(bits)
        bases[order] = FIRST_ADDRESS + np.cumsum(sizes) - sizes
        return bases, 32 - bits

    def links(self, topology: Topology) -> pa.Table:
        """Return ``links``: each network to its site's router, routers as the topology has it."""
        routers = [f"rtr-{site}" for site in topology.sites]
        inside = list(zip(self.names, (routers[s] for s in self.site), strict=True))
        between = [(routers[a], routers[b]) for a, b in topology.links]
        return pa.table(
            {
                "from": [start for start, _ in inside + between],
                "to": [end for _, end in inside + between],
                "both_ways": pa.array(["true"] * (len(inside) + len(between))),
                "latency_ms": [
                    "" if ms is None else f"{ms:g}"
                    for ms in [0.2] * len(inside) + list(topology.latency_ms)
                ],
            }
        )


def lay_networks(topology: Topology, people: Population, rng: np.random.Generator) -> Networks:
    """Return the networks of every site."""
    shared = rng.integers(2, 3, len(people.counts), endpoint=True)
    odd = np.where(people.odd_counts > 0, ODD_NETWORKS, 0)
    names = [
        f"{site}-{suffix}"
        for site, alike, unlike in zip(topology.sites, shared, odd, strict=True)
        for suffix in [*"abc"[:alike], *(f"x{number:02d}" for number in range(1, unlike + 1))]
    ]
    sizes = shared + odd
    site = np.repeat(np.arange(len(sizes)), sizes)
    return Networks(tuple(names), site, shared, odd, np.cumsum(sizes) - sizes)
