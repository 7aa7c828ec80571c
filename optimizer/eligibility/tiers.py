"""Eligibility: which server may serve which VM, in which tier and over which connection."""

from __future__ import annotations

from dataclasses import dataclass

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
from optimizer.eligibility.guest_rules import GuestRules, guest_rules, per_text
from optimizer.eligibility.reachability import Matrix, Network

NOT_OFFERED = np.int8(-1)


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Tier, connection and flags of each server for each *profile* of VM, (profiles, servers).

    A profile is all that decides it: the VM's network set, its host's where PowerShell Direct is
    possible, and its guest's rules. ``profile`` gives each VM's. ``tier`` is 0 where a server has
    no connection, `NOT_OFFERED` where the guest's rules keep it away; ``refused`` ones may be in no
    list of a job with such a VM; ``by_network`` tells network connections from PowerShell Direct.
    ``candidate`` and ``usable`` are per server: ``usable`` ones the licence lets serve (S3).
    """

    profile: Codes
    tier: NDArray[np.int8]
    refused: Matrix
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
    tier = np.where(same_network, np.int8(1), np.int8(3))
    tier[:, backup_server] += 1
    tier[~connected] = 0
    return tier


def compute_eligibility(estate: Estate, network: Network) -> Eligibility:
    """Compute which server may serve which VM: tiers, connections, protection, candidates."""
    guests = guest_rules(estate)
    profile, vm_sets, host_sets, rule = _profiles(estate, guests)
    server_sets = estate.servers["network_set"].to_numpy()
    own = estate.backup_server
    candidate = find_candidates(estate)
    # Each distinct set of networks once, VMs' and hosts'; then spread over the profiles.
    goals, goal = np.unique(vm_sets, return_inverse=True)
    hosts, host = np.unique(host_sets, return_inverse=True)
    permits = guests.permits[rule]
    by_network = network.reaches(server_sets, goals)[goal] & permits
    same_network = network.shares_network(server_sets, goals)[goal]
    direct = network.reaches(server_sets, hosts)[host] & _may_use_powershell(estate) & permits
    protected = network.protects(int(server_sets[own]), server_sets, goals)[goal]
    protected &= permits & permits[:, [own]]
    protected[:, own] = False
    tier = tiers_by_network(by_network | direct, same_network, own)
    tier[~permits] = NOT_OFFERED
    return Eligibility(
        profile=profile,
        tier=tier,
        refused=guests.refuses[rule],
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


def _profiles(estate: Estate, guests: GuestRules) -> tuple[Codes, Codes, Codes, Codes]:
    """Return each VM's profile, and each profile's network set, host's network set and rule.

    The host's is 0, the empty set, where PowerShell Direct is ruled out (S11).
    """
    vms = estate.vms
    direct = (
        (vms["platform"] == "hyperv")
        & (vms["host_version"] >= POWERSHELL_DIRECT_SINCE)
        & (vms["host_code"] >= 0)
        & per_text(vms["os"], guest_has_powershell_direct)
        & ~guests.by_account[guests.rule]
    ).to_numpy() & estate.settings.powershell_direct
    host_sets = np.zeros(len(vms), dtype=np.int64)
    server_sets = estate.servers["network_set"].to_numpy()
    host_sets[direct] = server_sets[vms["host_code"].to_numpy()[direct]]
    width, rules = len(estate.network_sets), max(1, len(guests.by_account))
    sets = vms["network_set"].to_numpy() * width + host_sets
    profile, triples = pd.factorize(sets * rules + guests.rule)
    sets, rule = np.divmod(triples, rules)
    found = (profile, *np.divmod(sets, width), rule)
    of_vm, vm_set, host_set, guest = (codes.astype(np.int32) for codes in found)
    return of_vm, vm_set, host_set, guest
