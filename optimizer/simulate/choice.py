"""What the tasks of each job choose among: the best tier that the job allows (S13, S14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.estate import Codes, Estate
from models.plan import WINDOWS, Tasks
from optimizer.eligibility import Eligibility, tiers
from optimizer.tasks import byte_rank

NOBODY = -1


@dataclass(frozen=True, slots=True)
class Choice:
    """What the Windows tasks of one job choose among; servers are numbered in order of name.

    Per task: ``tasks`` is its place in all tasks, ``kind`` its kind, ``stand_in`` the backup
    server where that has a connection (S16), else `NOBODY`. Per kind: ``offer`` is which of the
    distinct sets ``offers`` (sorted) it picks from, ``connects`` has a byte per server, 1 where
    that is in the offer and has a connection.
    """

    job: int
    tasks: Codes
    kind: Codes
    stand_in: Codes
    offer: tuple[int, ...]
    connects: tuple[bytes, ...]
    offers: tuple[NDArray[np.intp], ...]


def by_name(estate: Estate) -> Codes:
    """Return the codes of the servers in order of name (bytes)."""
    return np.argsort(byte_rank(estate.servers["server"])).astype(np.int32)


def choices(
    estate: Estate,
    tasks: Tasks,
    eligibility: Eligibility,
    lists: Mapping[str, tuple[int, ...]] | None,
    knows_connections: bool,
) -> list[Choice]:
    """Return the choice of every job with Windows tasks, in order of the jobs' names."""
    order = by_name(estate)
    own = int(np.flatnonzero(order == estate.backup_server)[0])
    windows = np.flatnonzero(tasks.kind == WINDOWS).astype(np.int32)
    starts = np.flatnonzero(np.diff(tasks.job[windows], prepend=-1))
    made = []
    alike: dict[bytes, bytes] = {}
    names = estate.jobs["job"].tolist()
    named = estate.jobs["proxy_codes"].tolist()
    if lists is not None:
        named = [lists.get(name, ()) for name in names]
    for block in np.split(windows, starts[1:]) if len(windows) else []:
        job = int(tasks.job[block[0]])
        profiles, kind = np.unique(eligibility.profile[tasks.vm[block]], return_inverse=True)
        tier = eligibility.tier[profiles][:, order]
        allowed = _allowed(eligibility, named[job])[order]
        made.append(chosen(job, block, kind, tier, allowed, own, knows_connections, alike))
    return made


def _allowed(eligibility: Eligibility, named: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the candidates that a job may use that has servers ``named``; none are all (S13)."""
    if not named:
        return eligibility.usable
    allowed = np.zeros_like(eligibility.usable)
    allowed[list(named)] = eligibility.usable[list(named)]
    return allowed


def chosen(
    job: int,
    tasks: Codes,
    kind: NDArray[np.signedinteger[Any]],
    tier: NDArray[np.int8],
    allowed: NDArray[np.bool_],
    own: int,
    knows_connections: bool,
    alike: dict[bytes, bytes],
) -> Choice:
    """Return the choice of one job's ``tasks``.

    ``tier``, shape (kinds, servers), is 0 where there is no connection; ``own`` is the backup
    server's place. ``alike`` keeps equal rows of all jobs only once.
    """
    best = _best(tier, allowed, own, knows_connections)
    offers: dict[bytes, int] = {}
    offer = tuple(offers.setdefault(row.tobytes(), len(offers)) for row in best)
    connects = (row.tobytes() for row in (tier > 0) & best)
    return Choice(
        job=job,
        tasks=tasks,
        kind=kind.astype(np.int32),
        stand_in=np.where(tier[kind, own] > 0, own, NOBODY).astype(np.int32),
        offer=offer,
        connects=tuple(alike.setdefault(row, row) for row in connects),
        offers=tuple(np.flatnonzero(np.frombuffer(row, np.bool_)) for row in offers),
    )


def _best(
    tier: NDArray[np.int8], allowed: NDArray[np.bool_], own: int, knows_connections: bool
) -> NDArray[np.bool_]:
    """Return the servers of each kind's best tier (S14), shape (kinds, servers).

    The product picks before it connects, so networks alone decide, unless it
    ``knows_connections``. ``tier`` is 0 where there is none; sharing a network is one.
    """
    seen = allowed & ((tier > 0) | (not knows_connections))
    ranked = tiers(seen, (tier == 1) | (tier == 2), own)
    best = np.where(seen, ranked, np.int8(5)).min(axis=1, keepdims=True)
    return np.asarray(seen & (ranked == best))
