"""Signatures of VMs: all that decides how the product and a server stand to a Windows VM."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.estate import Estate
from optimizer.checker.assignments import Connections
from optimizer.checker.candidate_rules import licensed, why_no_candidate
from optimizer.checker.paths import Paths
from optimizer.checker.protection import pairs_on_one_link
from optimizer.checker.tasks import OTHER, WINDOWS
from optimizer.checker.week_roster import WeekRoster, set_shape

Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]
UNKNOWN = -1


@dataclass(frozen=True)
class Signatures:
    """What each server is to each signature; matrices have shape (signatures, servers).

    Servers are *places*, in byte order of their names; ``order`` has their codes, ``home`` is the
    place of the backup server. ``tier`` is the one of S14 by networks alone, ``by_network`` and
    ``connects`` tell who connects, ``usable`` which candidates the licence lets serve (S3).
    ``served`` tells who may serve the guest at all, ``listable`` who may be in a list with it.
    ``network_set`` is each signature's. What is known of S16 is kept in ``_protected``.
    """

    estate: Estate
    paths: Paths
    order: Whole
    home: int
    usable: Flags
    candidate: Flags
    network_set: Whole
    near: Flags
    by_network: Flags
    connects: Flags
    same_site: Flags
    served: Flags
    listable: Flags
    _protected: NDArray[np.int8] = field(repr=False)

    @property
    def tier(self) -> NDArray[np.int8]:
        """The tiers by networks alone (S14)."""
        tier = np.where(self.near, np.int8(1), np.int8(3))
        tier[:, self.home] += 1
        return tier

    def protected(self, signature: Whole, place: Whole) -> Flags:
        """Return whether servers are protected proxies of the signatures beside them (S16)."""
        open_to = (
            (place != self.home)
            & self.by_network[signature, place]
            & self.by_network[signature, self.home]
        )
        asked = np.flatnonzero(open_to & (self._protected[signature, place] == UNKNOWN))
        proxy_set = self.paths.server_set[self.order[place[asked]]]
        vm_set = self.network_set[signature[asked]]
        codes, pairs = pd.factorize(proxy_set * len(self.estate.network_sets) + vm_set)
        proxies, vms = np.divmod(pairs, len(self.estate.network_sets))
        alone = pairs_on_one_link(self.estate, self.paths, proxies.tolist(), vms.tolist())
        self._protected[signature[asked], place[asked]] = ~alone[codes]
        return np.asarray(open_to & (self._protected[signature, place] == 1))


@dataclass(frozen=True)
class JobRoster:
    """The tasks of one job (code).

    Of its Windows tasks, in byte order of their VMs' ids, the VM, the signature, and the server
    that is planned (code, -1 for none), and how many tasks are the backup server's own (S5).
    """

    job: int
    vm: Whole
    signature: Whole
    planned: Whole
    own: int

    @cached_property
    def distinct(self) -> tuple[Whole, Whole]:
        """The signatures of the job, ascending, and which of them each task has."""
        of_job, local = np.unique(self.signature, return_inverse=True)
        return of_job, local


def sign(
    estate: Estate, roster: WeekRoster, connections: Connections
) -> tuple[Signatures, dict[int, JobRoster]]:
    """Return the signatures of all Windows tasks, and the tasks of every job that has any."""
    windows = np.flatnonzero(roster.kind == WINDOWS)
    signature, pairs = pd.factorize(roster.sets[windows])
    of_vm = np.unravel_index(pairs, set_shape(estate))
    job, vm, planned = roster.job[windows], roster.vm[windows], roster.planned[windows]
    own = np.bincount(roster.job[roster.kind == OTHER], minlength=len(estate.jobs))
    ends = np.searchsorted(job, np.arange(len(estate.jobs) + 1))
    tasks = {
        code: JobRoster(
            code, vm[begin:end], signature[begin:end], planned[begin:end], int(own[code])
        )
        for code, (begin, end) in enumerate(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))
        if begin < end or own[code]
    }
    return _signatures(estate, connections, *of_vm), tasks


def _signatures(
    estate: Estate, connections: Connections, vm_set: Whole, host_set: Whole, guest: Whole
) -> Signatures:
    paths = connections.paths
    names = estate.servers["server"].tolist()
    order = np.array(sorted(range(len(names)), key=names.__getitem__), dtype=np.int64)
    reach, member, site = (_bits(columns) for columns in (paths.reach, paths.members, paths.sites))
    server_set = paths.server_set[order]
    # One row of servers per network or site: a signature takes those of its own together.
    reached = reach[:, order]
    guests = connections.guests
    served = guests.served[guest][:, order]
    by_network = served & _any(reached, [estate.network_sets[n] for n in vm_set.tolist()])
    by_host = _any(reached, [estate.network_sets[number] for number in host_set.tolist()])
    near = _any(member[:, server_set], [estate.network_sets[n] for n in vm_set.tolist()])
    sites = [np.flatnonzero(site[:, number]).tolist() for number in vm_set.tolist()]
    candidate = np.array([not reason for reason in why_no_candidate(estate)], dtype=np.bool_)
    return Signatures(
        estate=estate,
        paths=paths,
        order=order,
        home=int(np.flatnonzero(order == estate.backup_server)[0]),
        usable=(candidate & licensed(estate))[order],
        candidate=candidate[order],
        network_set=vm_set,
        near=near,
        by_network=by_network,
        connects=by_network | (served & by_host & connections.powershell_direct[order]),
        same_site=_any(site[:, server_set], sites),
        served=served,
        listable=guests.listable[guest][:, order],
        _protected=np.full(near.shape, UNKNOWN, dtype=np.int8),
    )


def _bits(columns: NDArray[np.uint64]) -> Flags:
    """Return columns of bits (words, columns) as truth values, shape (bits, columns)."""
    words = np.ascontiguousarray(columns.T).view(np.uint8)
    return np.unpackbits(words, axis=1, bitorder="little").T.astype(np.bool_)


def _any(rows: Flags, chosen: list[list[int]] | list[tuple[int, ...]]) -> Flags:
    """Return for each of ``chosen`` which columns have some of its ``rows``."""
    found = np.zeros((len(chosen), rows.shape[1]), dtype=np.bool_)
    for place, some in enumerate(chosen):
        found[place] = rows[list(some)].any(axis=0)
    return found
