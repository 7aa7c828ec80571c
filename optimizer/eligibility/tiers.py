"""Eligibility: which server may serve which VM, in which tier and over which connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.estate import Codes, Estate
from models.plan import NETWORK, NO_CONNECTION, POWERSHELL_DIRECT
from models.ruleset import (
    POWERSHELL_DIRECT_SINCE,
    POWERSHELL_NEEDED,
    RULESETS,
    guest_has_powershell_direct,
    is_linux,
)
from optimizer.eligibility.reachability import Matrix, Network


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Tier, connection and flags of each server for each *profile* of VM, (profiles, servers).

    A profile is all that decides it: the VM's network set, and its host's where PowerShell
    Direct is possible. ``profile`` gives each VM's. ``tier`` is 0 where a server has no
    connection, ``by_network`` tells network connections from PowerShell Direct.
    ``candidate`` and ``usable`` are per server: ``usable`` ones the licence lets serve (S3).
    """

    profile: Codes
    tier: NDArray[np.int8]
    by_network: Matrix
    protected: Matrix
    same_site: Matrix
    candidate: NDArray[np.bool_]
    usable: NDArray[np.bool_]

    def takeover(self, backup_server: int) -> NDArray[np.bool_]:
        """Return the profiles that the backup server can connect to (S16)."""
        return np.asarray(self.tier[:, backup_server] > 0)

    def connection(self, profile: Codes, server: Codes) -> NDArray[np.int8]:
        """Return how each of ``server`` connects to the ``profile`` beside it.

        An index of `CONNECTIONS`; a server of -1 is none.
        """
        how = np.where(self.by_network[profile, server], NETWORK, POWERSHELL_DIRECT)
        connected = (server >= 0) & (self.tier[profile, server] > 0)
        return np.where(connected, how, NO_CONNECTION).astype(np.int8)


def find_candidates(estate: Estate) -> NDArray[np.bool_]:
    """Return the servers that may be a proxy: right system (S8), managed (S9), online, wanted.

    Their other roles play no part (S12).
    """
    servers = estate.servers
    ruleset = RULESETS[estate.settings.ruleset]
    right_os = np.array([ruleset.may_be_proxy(os) for os in servers["os"]], dtype=np.bool_)
    wanted = servers["managed"] & servers["available"] & ~servers["excluded"]
    return np.asarray(right_os & wanted.to_numpy())


def find_licensed(estate: Estate) -> NDArray[np.bool_]:
    """Return the servers that the licence lets serve: below Enterprise the backup server (S3)."""
    if estate.settings.proxies_licensed:
        return np.ones(len(estate.servers), dtype=np.bool_)
    return estate.servers["backup_server"].to_numpy()


def tiers_by_network(
    connected: Matrix, same_network: Matrix, backup_server: int
) -> NDArray[np.int8]:
    """Return the tiers, the product's four priorities (S14); 0 where there is no connection."""
    tier = np.where(same_network, 1, 3).astype(np.int8)
    tier[:, backup_server] += 1
    tier[~connected] = 0
    return tier


def compute_eligibility(estate: Estate, network: Network) -> Eligibility:
    """Compute which server may serve which VM: tiers, connections, protection, candidates."""
    profile, vm_sets, host_sets = _profiles(estate)
    server_sets = estate.servers["network_set"].to_numpy()
    own = estate.backup_server
    candidate = find_candidates(estate)
    # Each distinct set of networks once, VMs' and hosts'; then spread over the profiles.
    goals, goal = np.unique(vm_sets, return_inverse=True)
    hosts, host = np.unique(host_sets, return_inverse=True)
    by_network = network.reaches(server_sets, goals)[goal]
    same_network = network.shares_network(server_sets, goals)[goal]
    direct = network.reaches(server_sets, hosts)[host] & _may_use_powershell(estate)
    protected = network.protects(int(server_sets[own]), server_sets, goals)[goal]
    protected[:, own] = False
    return Eligibility(
        profile=profile,
        tier=tiers_by_network(by_network | direct, same_network, own),
        by_network=by_network,
        protected=protected,
        same_site=network.shares_site(server_sets, goals)[goal],
        candidate=candidate,
        usable=candidate & find_licensed(estate),
    )


def _may_use_powershell(estate: Estate) -> NDArray[np.bool_]:
    """Return the servers with PowerShell 2.0 or later; Linux has no PowerShell Direct (S11)."""
    linux = np.array([is_linux(os) for os in estate.servers["os"]], dtype=np.bool_)
    version = estate.servers["powershell_version"].to_numpy()
    return np.asarray((version >= POWERSHELL_NEEDED) & ~linux)


def _profiles(estate: Estate) -> tuple[Codes, Codes, Codes]:
    """Return each VM's profile, and each profile's network set and host's network set.

    The host's is 0, the empty set, where PowerShell Direct is ruled out (S11).
    """
    vms = estate.vms
    direct = (
        (vms["platform"] == "hyperv")
        & (vms["host_version"] >= POWERSHELL_DIRECT_SINCE)
        & (vms["host_code"] >= 0)
        & _per_text(vms["os"], guest_has_powershell_direct)
    ).to_numpy() & estate.settings.powershell_direct
    host_sets = np.zeros(len(vms), dtype=np.int64)
    server_sets = estate.servers["network_set"].to_numpy()
    host_sets[direct] = server_sets[vms["host_code"].to_numpy()[direct]]
    width = len(estate.network_sets)
    profile, pairs = pd.factorize(vms["network_set"].to_numpy() * width + host_sets)
    vm_set, host_set = np.divmod(pairs, width)
    return profile.astype(np.int32), vm_set.astype(np.int32), host_set.astype(np.int32)


def _per_text(texts: pd.Series[Any], test: Any) -> NDArray[np.bool_]:
    return np.array([test(text) for text in texts.cat.categories], dtype=np.bool_)[texts.cat.codes]
