"""Placements: the servers that may run each group of tasks, in some allowed choice.

A bound looks at what any lists could do: a task may run on any server that some allowed choice
offers it and that connects, and on the backup server where that may stand in (S16). Tasks whose
servers are the same ones are a *row*, whichever job they are in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from optimizer.eligibility.tiers import Eligibility
from optimizer.lists.choice_rules import AllowedChoices
from optimizer.lists.server_classes import (
    CONNECTS,
    NEAR,
    PROTECTED,
    SAME_SITE,
    Mask,
    Views,
    offered,
)
from optimizer.lists.tier_outcomes import FAILED, Ranks


@dataclass(frozen=True, slots=True)
class Placements:
    """Groups of tasks and where they may run, arrays aligned.

    ``job`` (code), ``row`` of ``servers``, ``count`` tasks at each start of the job, ``rank`` of
    the best server among them (a tier, `FAILED` for none), ``protected`` and ``same_site``, whether
    one of them has that label; those that ``may_fail`` are left without any by some choice.

    ``servers`` are the distinct sets of servers, shape (rows, servers).
    """

    job: NDArray[np.int64]
    row: NDArray[np.int64]
    count: Counts
    rank: Ranks
    protected: NDArray[np.bool_]
    same_site: NDArray[np.bool_]
    may_fail: NDArray[np.bool_]
    servers: Mask

    def of_groups(self, groups: NDArray[np.bool_]) -> Placements:
        """Return only some of the ``groups`` (a mask)."""
        return replace(
            self,
            job=self.job[groups],
            row=self.row[groups],
            count=self.count[groups],
            rank=self.rank[groups],
            protected=self.protected[groups],
            same_site=self.same_site[groups],
            may_fail=self.may_fail[groups],
        )

    def weight(self, rows: NDArray[np.bool_], jobs: int) -> Counts:
        """Count the tasks of each of ``jobs`` that are in one of ``rows`` (a mask)."""
        mine = rows[self.row]
        sums = np.bincount(self.job[mine], self.count[mine], minlength=jobs)
        return sums.astype(np.int64)


def placements(
    allowed: Sequence[AllowedChoices],
    eligibility: Eligibility,
    views: Views,
    own: int,
    best_tier_only: bool,
) -> Placements:
    """Return where the tasks of all jobs may run; with ``best_tier_only`` in their best tier."""
    alike: defaultdict[tuple[bytes, bytes, int, bool], list[AllowedChoices]] = defaultdict(list)
    for choices in allowed:
        masks = choices.today.tobytes(), choices.servers.tobytes()
        alike[(*masks, choices.may_set_list, choices.automatic)].append(choices)
    rank_of = _ranks(views, own)
    job, row, count, rank, label, fails, tables = [], [], [], [], [], [], []
    rows = 0
    for several in alike.values():
        profiles = np.unique(np.concatenate([choices.of.profiles for choices in several]))
        servers, may_fail = _placed(several[0], profiles, eligibility, views, own)
        ranked = np.where(servers, rank_of[profiles], np.int8(FAILED))
        best = ranked.min(axis=1)
        if best_tier_only:
            servers &= ranked == best[:, None]
        labels = np.bitwise_or.reduce(np.where(servers, views[profiles], 0), axis=1)
        for choices in several:
            place = np.searchsorted(profiles, choices.of.profiles)
            job.append(np.full(len(place), choices.of.job))
            row.append(rows + place)
            count.append(np.bincount(choices.of.kind, minlength=len(place)))
            rank.append(best[place])
            label.append(labels[place])
            fails.append(may_fail[place])
        tables.append(servers)
        rows += len(profiles)
    distinct, place_of = _distinct(
        np.concatenate([np.zeros((0, views.shape[1]), dtype=np.bool_), *tables])
    )
    labels = _concatenate(label)
    return Placements(
        job=_concatenate(job),
        row=place_of[_concatenate(row)],
        count=_concatenate(count),
        rank=_concatenate(rank).astype(np.int8),
        protected=(labels & PROTECTED) > 0,
        same_site=(labels & SAME_SITE) > 0,
        may_fail=_concatenate(fails) > 0,
        servers=distinct,
    )


def _concatenate(parts: list[NDArray[Any]]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts]).astype(np.int64)


def mixed(best: Placements, every: Placements, stays: NDArray[np.bool_]) -> Placements:
    """Return ``every`` placement of the groups, but only the ``best`` of some.

    ``stays`` (a mask of groups) tells which.
    """
    row = np.where(stays, best.row, every.row + len(best.servers))
    used, place = np.unique(row, return_inverse=True)
    return replace(
        every,
        row=place.astype(np.int64),
        protected=np.where(stays, best.protected, every.protected),
        same_site=np.where(stays, best.same_site, every.same_site),
        may_fail=every.may_fail & ~stays,
        servers=np.concatenate([best.servers, every.servers])[used],
    )


def staying_near(best: Placements, runs: Counts, missing: int) -> NDArray[np.bool_]:
    """Tell which groups are in tier 1 in all choices that miss at most so many of their runs there.

    At most so many runs of these groups are ``missing`` there in a week; ``runs`` are the starts of
    each job in a week. A list without a near server for one group has none for all groups of the
    job whose near servers are among those: these are missing together, or not at all.
    """
    near = best.rank == 1
    weight = best.count * runs[best.job]
    stays = np.asarray(near & (weight > missing))
    if missing <= 0:
        return stays
    total = np.bincount(best.job, weight * near, len(runs))
    order = np.flatnonzero(near)[np.argsort(best.job[near], kind="stable")]
    ends = np.cumsum(np.bincount(best.job[near], minlength=len(runs)))
    for job in np.flatnonzero(total > missing).tolist():
        groups = order[ends[job - 1] if job else 0 : ends[job]]
        rows, place = np.unique(best.row[groups], return_inverse=True)
        servers = best.servers[rows].astype(np.float32)
        inside = servers @ servers.T >= servers.sum(axis=1)  # shape (of these, in those)
        lost = np.bincount(place, weight[groups], len(rows)) @ inside.T
        stays[groups] |= (lost > missing)[place]
    return stays


def _ranks(views: Views, own: int) -> Ranks:
    """Return the tier of each server to each profile, `FAILED` without a connection."""
    near = (views & NEAR) > 0
    ranks = np.where(near, 1, 3).astype(np.int8)
    ranks[:, own] += 1
    ranks[(views & CONNECTS) == 0] = FAILED
    return ranks


def _placed(
    choices: AllowedChoices,
    profiles: NDArray[np.integer],
    eligibility: Eligibility,
    views: Views,
    own: int,
) -> tuple[Mask, NDArray[np.bool_]]:
    """Return where tasks may run in some allowed choice, and which may fail.

    The former has shape (``profiles``, servers).
    """
    connects = (views[profiles] & CONNECTS) > 0
    # Today's choice, automatic selection and, where some list may be set, any server that it holds.
    offers = [offered(eligibility, own, profiles, choices.today)]
    if choices.automatic:
        offers.append(offered(eligibility, own, profiles, eligibility.usable))
    nobody = np.any([~offer.any(axis=1) for offer in offers], axis=0)
    if choices.may_change:
        offers.append(np.broadcast_to(choices.servers, connects.shape))
    shown = np.any(offers, axis=0)
    stands_in = (shown & ~connects).any(axis=1) | nobody
    servers = shown & connects
    servers[:, own] |= stands_in & connects[:, own]
    return np.asarray(servers), np.asarray(stands_in & ~connects[:, own])


def _distinct(rows: Mask) -> tuple[Mask, NDArray[np.int64]]:
    """Return the distinct ``rows``, and which of them each row is."""
    packed = np.ascontiguousarray(np.packbits(rows, axis=1))
    keys = packed.view(np.dtype((np.void, packed.shape[1])))[:, 0]
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return rows[first], inverse.astype(np.int64)
