"""Computes the labels that each Windows task with a proxy should have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.estate import Estate
from models.plan import CONNECTIONS
from optimizer.checker.candidate_rules import Guests, compute_guests, speaks_powershell_direct
from optimizer.checker.paths import Paths
from optimizer.checker.protection import pairs_on_one_link
from optimizer.checker.tasks import WINDOWS, TaskRows

Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]
NETWORK, POWERSHELL_DIRECT, NONE = (
    CONNECTIONS.index(name) for name in ("network", "powershell_direct", "")
)


@dataclass(frozen=True)
class Service:
    """The Windows tasks that the files give a server, with their labels by the contract.

    All arrays have one element per such task: ``task`` of the roster, server code ``proxy``,
    ``connection`` (of `CONNECTIONS`), ``tier`` 1 to 4 and 0 where the proxy does not connect,
    and whether it is ``protected``, at the ``same_site``, and open to ``takeover`` (the backup
    server connects to the VM, however).
    """

    task: Whole
    proxy: Whole
    connection: Whole
    tier: Whole
    protected: Flags
    same_site: Flags
    takeover: Flags


@dataclass(frozen=True)
class Connections:
    """The connections of servers to VMs; arguments broadcast."""

    paths: Paths
    powershell_direct: Flags
    guests: Guests

    def kind(self, servers: Whole, network_sets: Whole, host_sets: Whole, guests: Whole) -> Whole:
        """Return indices of `CONNECTIONS`: the network where it can, else S11, else none."""
        way = np.where(self.paths.by_network(servers, network_sets), NETWORK, NONE)
        if host_sets.any():
            host = self.powershell_direct[servers] & self.paths.by_network(servers, host_sets)
            way[(way == NONE) & host] = POWERSHELL_DIRECT
        return np.where(self.guests.served[guests, servers], way, NONE)


def compute_connections(estate: Estate, paths: Paths) -> Connections:
    """Compute how the servers of an estate connect to VMs."""
    return Connections(paths, speaks_powershell_direct(estate), compute_guests(estate))


def compute_service(
    estate: Estate, roster: TaskRows, server: Whole, connections: Connections
) -> Service:
    """Compute the labels of all Windows tasks that have a proxy in ``server``, shape (tasks,)."""
    task = np.flatnonzero((roster.kind == WINDOWS) & (server >= 0))
    sets = len(estate.network_sets)
    # Few combinations of server, VM networks, host networks and guest stand for very many tasks.
    shape = (len(estate.servers), sets, sets, len(connections.guests.served))
    columns = server[task], roster.network_set[task], roster.host_set[task], roster.guest[task]
    back, combined = pd.factorize(np.ravel_multi_index(columns, shape))
    proxy, vm, host, guest = np.unravel_index(combined, shape)
    paths, home = connections.paths, np.array(estate.backup_server)
    connection = connections.kind(proxy, vm, host, guest)
    # Tier (S14), then takeover and protection (S16), per combination.
    same = paths.same_network(proxy, vm)
    at_home = proxy == home
    tier = np.where(same, 1, 3) + at_home
    tier[connection == NONE] = 0
    takeover = connections.kind(home, vm, host, guest)
    protected = (connection == NETWORK) & ~at_home & (takeover == NETWORK)
    protected[protected] = ~_on_one_link(estate, paths, proxy[protected], vm[protected])
    return Service(
        task,
        server[task],
        connection[back],
        tier[back],
        protected[back],
        paths.same_site(proxy, vm)[back],
        (takeover != NONE)[back],
    )


def _on_one_link(estate: Estate, paths: Paths, proxy: Whole, vm: Whole) -> Flags:
    sets = len(estate.network_sets)
    pairs, back = np.unique(paths.server_set[proxy] * sets + vm, return_inverse=True)
    alone = pairs_on_one_link(estate, paths, (pairs // sets).tolist(), (pairs % sets).tolist())
    return alone[back]
