"""Draws the virtual machines, a column at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from optimizer.inputs.synthetic.batches import rank_within
from optimizer.inputs.synthetic.networks import FIRST_HOST, ODD_PAIRS, Networks
from optimizer.inputs.synthetic.population import Population
from optimizer.inputs.synthetic.servers import Servers

SYSTEMS = (
    ("Microsoft Windows Server 2022 (64-bit)", 0.22),
    ("Microsoft Windows Server 2019 (64-bit)", 0.26),
    ("Microsoft Windows Server 2016 (64-bit)", 0.18),
    ("Microsoft Windows Server 2012 R2 (64-bit)", 0.10),
    ("Microsoft Windows Server 2025 (64-bit)", 0.05),
    ("Microsoft Windows 11 (64-bit)", 0.05),
    ("Microsoft Windows 10 (64-bit)", 0.02),
    ("Red Hat Enterprise Linux 9 (64-bit)", 0.05),
    ("Ubuntu Linux (64-bit)", 0.04),
    ("Rocky Linux 9 (64-bit)", 0.02),
    ("", 0.01),
)
WINDOWS_SYSTEMS = 7
NETWORK_SHARES = (0.6, 0.3, 0.1)
TWO_NETWORKS = 0.03
NO_NETWORK = 0.01
NO_NETWORK_ON_HYPERV = 0.05
ON_HYPERV = 0.7
UNAVAILABLE = 0.02
PROCESSED = 0.05


@dataclass(frozen=True)
class Vms:
    """One element per VM; -1 where there is no network, no second one, or no host.

    ``processed`` tells whose jobs reach into the guest: all but most of the other systems.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    system: NDArray[np.int64]
    host: NDArray[np.int64]
    available: NDArray[np.bool_]
    processed: NDArray[np.bool_]

    @property
    def planned(self) -> NDArray[np.bool_]:
        """Tell which VMs make Windows tasks."""
        return (self.system < WINDOWS_SYSTEMS) & self.available

    @property
    def other(self) -> NDArray[np.bool_]:
        """Tell which VMs make tasks that are the backup server's own."""
        return _is_other(self.system) & self.processed & self.available

    def homes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return every membership as VM and network: all first networks, then the second ones."""
        networks = np.concatenate([self.first, self.second])
        vms = np.tile(np.arange(len(self.first)), 2)
        return vms[networks >= 0], networks[networks >= 0]

    def names(self) -> pa.Array:
        """Return the id of each VM."""
        numbers = pc.cast(pa.array(np.arange(1, len(self.first) + 1)), pa.string())
        width = max(4, len(str(len(self.first))))
        padded = pc.utf8_lpad(numbers, width=width, padding="0")
        return pc.binary_join_element_wise("vm-", padded, "")

    def table(self, networks: Networks, servers: Servers, addresses: bool) -> pa.Table:
        """Return ``vms``, their networks as names or as ``addresses``."""
        if addresses:
            items = self._addresses(networks)
        else:
            items = [pa.array(networks.names).take(_codes(n)) for n in (self.first, self.second)]
        # A row of nulls alone would be left out instead of left empty.
        items[0] = pc.fill_null(items[0], "")
        joined = pc.binary_join_element_wise(*items, ";", null_handling="skip")
        on_hyperv = self.host >= 0
        hosts = _codes(self.host)
        versions = pa.array([str(version) for version in servers.version])
        return pa.table(
            {
                "vm": self.names(),
                "os": pa.array([name for name, _ in SYSTEMS]).take(pa.array(self.system)),
                "networks": joined,
                "platform": pa.array(["vmware", "hyperv"]).take(pa.array(on_hyperv.astype(int))),
                "host": pc.fill_null(pa.array(servers.names).take(hosts), ""),
                "host_version": pc.fill_null(versions.take(hosts), ""),
                "available": pa.array(["false", "true"]).take(pa.array(self.available.astype(int))),
            }
        )

    def _addresses(self, networks: Networks) -> list[pa.Array]:
        vms, homes = self.homes()
        bases, _ = networks.ranges(homes)
        values = bases[homes] + FIRST_HOST + rank_within(homes)
        octets = [pc.cast(pa.array(values >> shift & 255), pa.string()) for shift in (24, 16, 8, 0)]
        texts = pc.binary_join_element_wise(*octets, ".")
        places = np.full((2, len(self.first)), -1, dtype=np.int64)
        firsts = int((self.first >= 0).sum())
        places[0, vms[:firsts]] = np.arange(firsts)
        places[1, vms[firsts:]] = np.arange(firsts, len(vms))
        return [texts.take(_codes(row)) for row in places]


def _is_other(system: NDArray[np.int64]) -> NDArray[np.bool_]:
    return (system >= WINDOWS_SYSTEMS) & (system < len(SYSTEMS) - 1)


def _codes(codes: NDArray[np.int64]) -> pa.Array:
    return pa.array(codes, mask=codes < 0)


def make_vms(
    people: Population, networks: Networks, servers: Servers, rng: np.random.Generator
) -> Vms:
    """Give every VM its networks, operating system and host."""
    count = len(people.site)
    shared = networks.shared[people.site]
    start = networks.first[people.site]
    # Networks: one of the site's shared ones by batch, for few a second, for some none.
    lot = rng.random((2, people.batches))[:, people.batch]
    share = np.searchsorted(np.cumsum(NETWORK_SHARES)[:-1], lot[0], side="right")
    place = np.minimum(share, shared - 1)
    second = np.where(lot[1] < TWO_NETWORKS, start + (place + 1) % shared, -1)
    host = _hosts(people, servers, rng)
    lost = rng.random(count) < np.where(host >= 0, NO_NETWORK_ON_HYPERV, NO_NETWORK)
    first = np.where(lost, -1, start + place)
    second[lost] = -1
    # Odd VMs: a pair of the site's odd networks that no other batch there has.
    odd = np.flatnonzero(people.odd)
    pairs = ODD_PAIRS[people.odd_rank % len(ODD_PAIRS)]
    first[odd] = (start + shared)[odd] + pairs[:, 0]
    second[odd] = (start + shared)[odd] + pairs[:, 1]
    system = rng.choice(len(SYSTEMS), count, p=[share for _, share in SYSTEMS])
    available = rng.random(count) >= UNAVAILABLE
    processed = ~_is_other(system) | (rng.random(count) < PROCESSED)
    return Vms(first, second, system, host, available, processed)


def _hosts(people: Population, servers: Servers, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the Hyper-V host of each VM: one of its site's, by turns."""
    hosts = np.flatnonzero(servers.host)
    sites = len(people.counts)
    per_site = np.bincount(servers.site[hosts], minlength=sites)
    first = np.cumsum(per_site) - per_site
    turn = np.arange(len(people.site)) % np.maximum(per_site, 1)[people.site]
    chosen = np.minimum(first[people.site] + turn, len(hosts) - 1)
    there = (per_site[people.site] > 0) & (rng.random(len(people.site)) < ON_HYPERV)
    return np.where(there, hosts[chosen], -1)
