"""What a plan wants of one job, and how near the product comes to it inside a list of servers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.estate import Codes, Estate
from optimizer.eligibility.tiers import Eligibility
from optimizer.simulation.candidate_sets import (
    NOBODY,
    Choice,
    JobTasks,
    build_choice,
    network_tiers,
    servers_by_name,
)

NO_LIMIT = 2**40
Mask = NDArray[np.bool_]
Masks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class JobTarget:
    """A plan's wish for the Windows tasks of one job.

    ``places`` are the servers that the plan uses for it (``used``) and the backup server, in
    order of name; lists are masks of them. Per task: the planned ``proxy`` (a place in
    ``places``) and ``tier``, -1 and 0 where it has none. ``tiers``,
    shape (kinds, places), is 0 where there is no connection; in ``ranked`` there always is one, as
    the product sees it (S14). Per kind: ``takes_over`` where the backup server connects (S16), and
    how many tasks are ``planned`` in tier 0 to 4, none in 0. ``limit`` is on each server's load.
    """

    of: JobTasks
    proxy: NDArray[np.signedinteger[Any]]
    tier: NDArray[np.int8]
    places: NDArray[np.intp]
    used: Mask
    own: int
    tiers: NDArray[np.int8]
    ranked: NDArray[np.int8]
    takes_over: Mask
    planned: Counts
    limit: Counts

    def certain(self, listed: Mask) -> tuple[int, int]:
        """Return how many planned tasks are served, and in the planned tier, whatever the loads.

        A task is if nothing that it may pick lacks the connection, and served, too, if the backup
        server has one.
        """
        served, in_tier = self.certain_in(listed[None])[0].tolist()
        return served, in_tier

    def certain_in(self, masks: Masks) -> Counts:
        """Return the same for each of several lists, shape (lists, 2)."""
        tiers = np.broadcast_to(self.tiers, (len(masks), *self.tiers.shape))
        sure = np.where(self.offers(masks), tiers, 5).min(axis=2)
        served = ((sure > 0) | self.takes_over) @ self.planned.sum(axis=1)
        in_tier = self.planned[np.arange(len(self.planned)), sure].sum(axis=1)
        return np.column_stack([served, in_tier])

    def offers(self, masks: Masks) -> Masks:
        """Return what each kind picks from inside each list, shape (lists, kinds, places)."""
        ranked = np.where(masks[:, None, :], self.ranked, np.int8(5))
        return np.asarray(masks[:, None, :] & (ranked == ranked.min(axis=2, keepdims=True)))

    def choice(self, listed: Mask) -> Choice:
        """Return what the tasks choose among inside a list."""
        return build_choice(self.of, self.places, self.tiers, listed, self.own, False)


def job_targets(
    estate: Estate,
    working: list[JobTasks],
    eligibility: Eligibility,
    proxy: Codes,
    tier: NDArray[np.int8],
) -> list[JobTarget]:
    """Return what a plan (``proxy`` and ``tier`` per task) wants of each job that it serves."""
    order = servers_by_name(estate)
    place = np.argsort(order)
    backup_server = place[estate.backup_server]
    limit = estate.servers["max_tasks"].to_numpy()[order]
    limit = np.where(limit < 0, NO_LIMIT, limit)
    made = []
    for of in working:
        planned = tier[of.tasks] > 0
        wanted = np.where(planned, place[proxy[of.tasks]], NOBODY)
        used = np.unique(wanted[planned])
        if not len(used):
            continue
        places = np.union1d(used, backup_server)
        local = np.where(planned, np.searchsorted(places, wanted), NOBODY)
        own = int(np.searchsorted(places, backup_server))
        tiers = eligibility.tier[np.ix_(of.profiles, order[places])]
        kinds = of.kind[planned] * np.int64(5) + tier[of.tasks[planned]]
        made.append(
            JobTarget(
                of=of,
                proxy=local.astype(np.min_scalar_type(-len(places))),
                tier=tier[of.tasks],
                places=places,
                used=np.isin(places, used),
                own=own,
                tiers=tiers,
                ranked=network_tiers(tiers, own),
                takes_over=tiers[:, own] > 0,
                planned=np.bincount(kinds, minlength=5 * len(tiers)).reshape(-1, 5),
                limit=limit[places],
            )
        )
    return made
