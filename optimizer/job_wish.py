"""What a plan wants of one job, and how near the product comes to it inside a list of servers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.estate import Codes, Estate
from models.problem import Counts
from optimizer.eligibility import Eligibility
from optimizer.simulate.choice import NOBODY, Choice, JobTasks, by_name, chosen
from optimizer.simulate.deal import deal

NO_LIMIT = 2**40
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Wish:
    """A plan's wish for the Windows tasks of one job.

    ``places`` are the servers that the plan uses for it (``used``) and the backup server, in
    order of name; lists are masks of them. Per task: the planned ``proxy`` (a place in
    ``places``) and ``tier``, -1 and 0 where it has none. ``tiers``,
    shape (kinds, places), is 0 where there is no connection. ``limit`` is on each server's load.
    """

    of: JobTasks
    proxy: NDArray[np.signedinteger[Any]]
    tier: NDArray[np.int8]
    places: NDArray[np.intp]
    used: Mask
    own: int
    tiers: NDArray[np.int8]
    limit: Counts

    def certain(self, listed: Mask) -> tuple[int, int]:
        """Return how many planned tasks are served, and in the planned tier, whatever the loads.

        A task is if nothing that it may pick lacks the connection, and served, too, if the backup
        server has one.
        """
        return self._certain(self.choice(listed))

    def improved(self, listed: Mask, loads: Counts) -> Mask:
        """Return a list at least as near to the plan, adding or leaving out one server at a time.

        ``loads``, shape (starts, places), are what the servers run as the job starts. Nearer is
        what is certain to serve more tasks, then more in their tier, then what overloads less,
        then what has more on their server. Servers that the plan does not use for the job would
        only draw tasks away.
        """
        if self.used.sum() < 2:
            return listed
        distinct, times = np.unique(loads, axis=0, return_counts=True)
        best = self._nearness(listed, distinct, times)
        while True:
            changed = listed ^ np.eye(len(self.places), dtype=np.bool_)[self.used]
            hopeful = [m for m in changed if m.any() and self.certain(m) >= best[:2]]
            found = [self._nearness(mask, distinct, times) for mask in hopeful]
            if max(found, default=best) <= best:
                return listed
            best = max(found)
            listed = hopeful[found.index(best)]

    def choice(self, listed: Mask) -> Choice:
        """Return what the tasks choose among inside a list."""
        return chosen(self.of, self.places, self.tiers, listed, self.own, False)

    def _certain(self, choice: Choice) -> tuple[int, int]:
        here = self.tiers[:, np.isin(self.places, choice.places)]
        lowest = [here[kind, choice.offers[offer]].min() for kind, offer in enumerate(choice.offer)]
        sure = np.array(lowest)[self.of.kind]
        planned = self.tier > 0
        served = planned & ((sure > 0) | (choice.stand_in[self.of.kind] != NOBODY))
        return int(served.sum()), int((planned & (sure == self.tier)).sum())

    def _nearness(self, listed: Mask, loads: Counts, times: Counts) -> tuple[int, ...]:
        choice = self.choice(listed)
        in_tier = overload = on_server = 0
        planned = self.tier > 0
        here = np.flatnonzero(np.isin(self.places, choice.places))
        for load, number in zip(loads, times.tolist(), strict=True):
            picked = deal(choice, load[here])
            server = choice.server(picked)
            ran = server != NOBODY
            after = load.copy()
            after[here] += choice.begun(picked)
            alike = planned & ran & (self.tiers[self.of.kind, here[server]] == self.tier)
            in_tier += number * int(alike.sum())
            overload += number * int(np.maximum(after - self.limit, 0).sum())
            on_server += number * int((planned & ran & (here[server] == self.proxy)).sum())
        return (*self._certain(choice), in_tier, -overload, on_server)


def wishes(
    estate: Estate,
    working: list[JobTasks],
    eligibility: Eligibility,
    proxy: Codes,
    tier: NDArray[np.int8],
) -> list[Wish]:
    """Return what a plan (``proxy`` and ``tier`` per task) wants of each job that it serves."""
    order = by_name(estate)
    place = np.argsort(order)
    limit = estate.servers["max_tasks"].to_numpy()[order]
    limit = np.where(limit < 0, NO_LIMIT, limit)
    made = []
    for of in working:
        planned = tier[of.tasks] > 0
        wanted = np.where(planned, place[proxy[of.tasks]], NOBODY)
        used = np.unique(wanted[planned])
        if not len(used):
            continue
        places = np.union1d(used, place[estate.backup_server])
        local = np.where(planned, np.searchsorted(places, wanted), NOBODY)
        made.append(
            Wish(
                of=of,
                proxy=local.astype(np.min_scalar_type(-len(places))),
                tier=tier[of.tasks],
                places=places,
                used=np.isin(places, used),
                own=int(np.searchsorted(places, place[estate.backup_server])),
                tiers=eligibility.tier[np.ix_(of.profiles, order[places])],
                limit=limit[places],
            )
        )
    return made
