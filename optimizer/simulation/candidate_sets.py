"""Candidate sets: the servers of the best tier that a job allows its tasks (S13, S14)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.estate import Codes, Estate
from models.plan import WINDOWS, Tasks
from optimizer.eligibility.tasks import byte_rank
from optimizer.eligibility.tiers import Eligibility, tiers_by_network

NOBODY = -1
Picks = NDArray[np.signedinteger[Any]]


@dataclass(frozen=True, slots=True)
class JobTasks:
    """The Windows tasks of one job: their places in all tasks, and the ``kind`` of each.

    A kind is one of the profiles of VM (`Eligibility`) in the job, ``profiles`` has it.
    """

    job: int
    tasks: Codes
    kind: NDArray[np.unsignedinteger[Any]]
    profiles: Codes


@dataclass(frozen=True, slots=True)
class JobCandidates:
    """The candidate sets of the Windows tasks of one job.

    ``places`` are the servers that they may pick and the backup server, in order of name, as
    places in that order; all else counts servers within ``places``. ``offered`` are those that
    some kind may pick. Per kind: ``offer`` is which of the distinct sets ``offers`` (sorted) it
    picks from, ``connects`` has a byte per server, 1 where that is in the offer and has a
    connection, ``stand_in`` is the backup server where that has one (S16), else `NOBODY`.
    """

    of: JobTasks
    places: NDArray[np.intp]
    offered: NDArray[np.intp]
    stand_in: Codes
    offer: tuple[int, ...]
    connects: tuple[bytes, ...]
    offers: tuple[NDArray[np.intp], ...]

    def server(self, picked: Picks) -> Picks:
        """Return who runs each task, given what each ``picked``: the backup server takes over."""
        return np.where(picked == NOBODY, self.stand_in[self.of.kind], picked)

    def count_started(self, picked: Picks) -> Counts:
        """Return how many tasks each server begins to run, given what each task ``picked``."""
        server = self.server(picked)
        return np.bincount(server[server != NOBODY], minlength=len(self.places))


def servers_by_name(estate: Estate) -> Codes:
    """Return the codes of the servers in order of name (bytes)."""
    return np.argsort(byte_rank(estate.servers["server"])).astype(np.int32)


def job_tasks(tasks: Tasks, eligibility: Eligibility) -> list[JobTasks]:
    """Return the Windows tasks of every job that has any, in order of the jobs' names."""
    ends = np.flatnonzero(tasks.job[1:] != tasks.job[:-1]) + 1
    found = []
    for begin, end in pairwise([0, *ends.tolist(), len(tasks)]):
        windows = np.flatnonzero(tasks.kind[begin:end] == WINDOWS)
        if len(windows):
            places = (windows + begin).astype(np.int32)
            profile = eligibility.profile[tasks.vm[places]]
            profiles, kind = np.unique(profile, return_inverse=True)
            small = kind.astype(np.min_scalar_type(len(profiles)))
            found.append(JobTasks(int(tasks.job[begin]), places, small, profiles))
    return found


def build_candidates(
    estate: Estate,
    working: Iterable[JobTasks],
    eligibility: Eligibility,
    lists: Mapping[str, tuple[int, ...]] | None,
    knows_connections: bool,
) -> list[JobCandidates]:
    """Build the candidate sets of each of the jobs ``working``."""
    order = servers_by_name(estate)
    own = int(np.flatnonzero(order == estate.backup_server)[0])
    names = estate.jobs["job"].tolist()
    named = estate.jobs["proxy_codes"].tolist()
    if lists is not None:
        named = [lists.get(name, own) for name, own in zip(names, named, strict=True)]
    found = []
    for of in working:
        tier = eligibility.tier[of.profiles][:, order]
        allowed = _allowed(eligibility, named[of.job])[order]
        found.append(
            build_job_candidates(of, np.arange(len(order)), tier, allowed, own, knows_connections)
        )
    return found


def _allowed(eligibility: Eligibility, named: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the candidates that a job may use that has servers ``named``; none are all (S13)."""
    if not named:
        return eligibility.usable
    allowed = np.zeros_like(eligibility.usable)
    allowed[list(named)] = eligibility.usable[list(named)]
    return allowed


def build_job_candidates(
    of: JobTasks,
    places: NDArray[np.intp],
    tier: NDArray[np.int8],
    allowed: NDArray[np.bool_],
    own: int,
    knows_connections: bool,
) -> JobCandidates:
    """Build the candidate sets of one job among servers, at ``places`` in the order of names.

    ``tier``, shape (kinds, servers), is 0 where there is no connection; ``allowed`` are those
    that the job may use; ``own`` is which of the servers the backup server is.
    """
    best = _best(tier, allowed, own, knows_connections)
    near = best.any(axis=0) | (np.arange(len(places)) == own)
    best, tier, own = best[:, near], tier[:, near], int(near[:own].sum())
    offers: dict[bytes, int] = {}
    return JobCandidates(
        of=of,
        places=places[near],
        offered=np.flatnonzero(best.any(axis=0)),
        stand_in=np.where(tier[:, own] > 0, own, NOBODY).astype(np.int32),
        offer=tuple(offers.setdefault(row.tobytes(), len(offers)) for row in best),
        connects=tuple(row.tobytes() for row in (tier > 0) & best),
        offers=tuple(np.flatnonzero(np.frombuffer(row, np.bool_)) for row in offers),
    )


def _best(
    tier: NDArray[np.int8], allowed: NDArray[np.bool_], own: int, knows_connections: bool
) -> NDArray[np.bool_]:
    """Return the servers of each kind's best tier (S14), shape (kinds, servers).

    The product picks before it connects, so networks alone decide, unless it
    ``knows_connections``. ``tier`` is 0 where there is none, less where it looks at no such server.
    """
    seen = allowed & ((tier > 0) if knows_connections else (tier >= 0))
    ranked = np.where(seen, network_tiers(tier, own), np.int8(5))
    return np.asarray(seen & (ranked == ranked.min(axis=1, keepdims=True)))


def network_tiers(tier: NDArray[np.int8], own: int) -> NDArray[np.int8]:
    """Return the tiers that the product sees before it connects: by networks alone (S14).

    ``tier``, shape (kinds, servers), is 0 where there is no connection; sharing a network is one.
    """
    near = (tier == 1) | (tier == 2)
    return tiers_by_network(np.ones_like(near), near, own)
