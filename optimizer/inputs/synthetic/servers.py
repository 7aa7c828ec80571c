"""The backup server, the proxies at some of the sites, and a few machines that may not be one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from optimizer.inputs.synthetic.batches import rank_within, share_out
from optimizer.inputs.synthetic.networks import Networks
from optimizer.inputs.synthetic.options import Options
from optimizer.inputs.synthetic.population import Population
from optimizer.inputs.synthetic.topology import Topology

BACKUP_SERVER = "vbr-01"
BACKUP_SERVER_BUSY = 4
WITH_PROXIES = 0.6
HYPERV_SITES = 0.25
VERSIONS = (2012, 2016, 2019, 2022, 2025)
VERSION_SHARES = (0.04, 0.16, 0.35, 0.35, 0.1)
ROLES = ("", "backup_proxy", "repository", "backup_proxy;repository")
ROLE_SHARES = (0.6, 0.2, 0.1, 0.1)
# os, available, excluded: each breaks one rule for a candidate.
UNFIT = (
    ("Rocky Linux 9", "true", "false"),
    ("Microsoft Windows Server 2019 (64-bit)", "true", "true"),
    ("Microsoft Windows Server 2022 (64-bit)", "false", "false"),
    ("Microsoft Windows 11 (64-bit)", "true", "false"),
)
PROXIES_PER_UNFIT = 100


@dataclass(frozen=True)
class Limits:
    """``max_tasks`` of each proxy and of the backup server."""

    proxies: NDArray[np.int64]
    backup_server: int


@dataclass(frozen=True)
class Servers:
    """The proxies, by site: arrays with one element each.

    ``networks`` lists which networks a proxy is in; ``host`` tells whether it is a Hyper-V host,
    ``busy`` how many tasks of other roles it runs. ``centre`` is the backup server's site.
    """

    site: NDArray[np.int64]
    networks: tuple[tuple[int, ...], ...]
    version: NDArray[np.int64]
    role: NDArray[np.int64]
    busy: NDArray[np.int64]
    host: NDArray[np.bool_]
    powershell: NDArray[np.bool_]
    centre: int

    @property
    def names(self) -> list[str]:
        """Return the name of each proxy."""
        width = max(2, len(str(len(self.site))))
        return [f"gip-{number + 1:0{width}d}" for number in range(len(self.site))]

    def table(self, networks: Networks, limits: Limits) -> pa.Table:
        """Return ``servers``: the backup server, the proxies, then the unfit."""
        columns = (
            "server", "os", "roles", "networks", "max_tasks", "running_tasks", "available",
            "excluded", "powershell_version",
        )  # fmt: skip
        rows = list(self._rows(networks, limits))
        return pa.table({name: [row[at] for row in rows] for at, name in enumerate(columns)})

    def _rows(self, networks: Networks, limits: Limits) -> Iterator[tuple[str, ...]]:
        home = networks.names[networks.first[self.centre]]
        yield (
            BACKUP_SERVER, _os(2022), "backup_server", home, str(limits.backup_server),
            str(BACKUP_SERVER_BUSY), "true", "false", "5.1",
        )  # fmt: skip
        for at, name in enumerate(self.names):
            roles = [ROLES[self.role[at]], "hyperv_host" if self.host[at] else ""]
            yield (
                name, _os(self.version[at]), ";".join(filter(None, roles)),
                ";".join(networks.names[network] for network in self.networks[at]),
                str(limits.proxies[at]), str(self.busy[at]), "true", "false",
                "5.1" if self.powershell[at] else "",
            )  # fmt: skip
        for at in range(len(UNFIT) * math.ceil(len(self.site) / PROXIES_PER_UNFIT)):
            os, available, excluded = UNFIT[at % len(UNFIT)]
            place = networks.names[self.networks[at % len(self.site)][0]]
            yield f"srv-{at + 1:02d}", os, "", place, "20", "0", available, excluded, "5.1"


def _os(version: int) -> str:
    return f"Microsoft Windows Server {version}{' R2' if version == 2012 else ''} (64-bit)"


def place_servers(
    topology: Topology,
    people: Population,
    networks: Networks,
    options: Options,
    rng: np.random.Generator,
) -> Servers:
    """Put the proxies where the VMs are: several at the largest sites, none at the smallest.

    Together the proxies of a site are in all of its networks.
    """
    sites = len(topology.sites)
    count = options.server_count(sites)
    homes = np.argsort(-people.counts, kind="stable")[: min(count, math.ceil(sites * WITH_PROXIES))]
    per_site = np.zeros(sites, dtype=np.int64)
    per_site[homes] = 1 + share_out(count - len(homes), people.counts[homes])
    site = np.repeat(np.arange(sites), per_site)
    place = rank_within(site)
    role = rng.choice(len(ROLES), count, p=ROLE_SHARES)
    hyperv = np.zeros(sites, dtype=np.bool_)
    hyperv[rng.choice(homes, math.ceil(len(homes) * HYPERV_SITES), replace=False)] = True
    return Servers(
        site=site,
        networks=tuple(
            _cover(int(networks.shared[s]), int(networks.odd[s]), int(first), int(p), int(n))
            for s, first, p, n in zip(
                site, networks.first[site], place, per_site[site], strict=True
            )
        ),
        version=rng.choice(VERSIONS, count, p=VERSION_SHARES),
        role=role,
        busy=np.where(role > 0, rng.integers(2, 8, count, endpoint=True), 0),
        host=hyperv[site] & (place < (per_site[site] + 1) // 2),
        powershell=rng.random(count) < 0.97,
        centre=topology.centre,
    )


def _cover(shared: int, odd: int, first: int, place: int, count: int) -> tuple[int, ...]:
    """Return the networks of proxy ``place`` of the ``count`` at a site."""
    alike = range(place % shared, shared, count)
    unlike = range(place % odd, odd, count) if odd else ()
    return (
        *(first + network for network in alike),
        *(first + shared + network for network in unlike),
    )
