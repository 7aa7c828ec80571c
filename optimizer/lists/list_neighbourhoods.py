"""Neighbourhoods: the choices to try in a job of a large estate, and the choices to start from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.estate import Codes
from models.week import WEEK
from models.week_plan import AUTOMATIC, Servers
from optimizer.lists.choice_rules import ChoiceRules
from optimizer.lists.five_weeks import AWAY
from optimizer.lists.list_search import Evaluated, Neighbourhood
from optimizer.lists.week_jobs import WeekEstate

Mask = NDArray[np.bool_]
RELEVANT = 16
COPIES = 4
ROOMY = 8
QUARTER = 15  # minutes


class LocalNeighbourhood(Neighbourhood):
    """A server more or less, one for another, the lists of like jobs, and some of all jobs.

    Only servers count that are near a task of the job, in its site, or planned for it, and at most
    `RELEVANT` of these; where some are not near, `ROOMY` ones that have most room while it runs.
    ``proxy`` is each task's in the plan, ``tier_lists`` the lists of all jobs that are best in
    tiers; ``parts`` (places) are of jobs that are there, too, and run nothing more than these.
    """

    exact = False

    def __init__(
        self,
        week: WeekEstate,
        rules: ChoiceRules,
        proxy: Codes,
        tier_lists: Sequence[Servers] | None,
        parts: Collection[int] = (),
    ) -> None:
        self._week, self._rules, self._tier_lists = week, rules, tier_lists
        servers = week.servers
        self.planned: list[Mask] = []
        self.near: list[Mask] = []
        self.relevant: list[list[int]] = []
        like: dict[bytes, list[int]] = {}
        every = [
            np.bincount(servers.place[of_task[of_task >= 0]], minlength=len(servers.code))
            for of_task in (proxy[job.tasks] for job in week.jobs)
        ]
        room = _room_as_planned(
            week, [0 * used if job in parts else used for job, used in enumerate(every)]
        )
        jobs = zip(week.jobs, rules.allowed, every, strict=True)
        for number, (job, allowed, used) in enumerate(jobs):
            serves = job.connects & allowed
            near = np.asarray((job.near & allowed).any(axis=0))
            near[servers.own] = False  # it is in tier 2 where others are in 1
            home = (job.same_site & serves).any(axis=0)
            count = job.count @ serves
            weight = count * (near | home | (used > 0)) * 4 + used
            if allowed.sum() <= RELEVANT:
                weight = count * 4 + used
            order = np.argsort(-weight, kind="stable")[:RELEVANT]
            relevant = order[weight[order] > 0]
            if not len(relevant) or not near[relevant].all():
                # Where no server is near, any that connects is as good: those that have room.
                free = np.where(count == count.max(), room[number], 0)
                free[relevant] = 0
                far = np.argsort(-free, kind="stable")[: min(ROOMY, RELEVANT - len(relevant))]
                relevant = np.append(relevant, far[free[far] > 0])
            self.relevant.append(relevant.tolist())
            self.planned.append((used > 0) & allowed)
            self.near.append(near)
            like.setdefault((near | home).tobytes(), []).append(number)
        self._likes = {number: jobs for jobs in like.values() for number in jobs}

    def bases(self, job: int) -> list[Servers]:
        """Return choices that do not depend on what other jobs have, today's first."""
        servers, of = self._week.servers, self._week.jobs[job]
        allowed, today = self._rules.allowed[job], self._rules.today[job]
        near, planned = self.near[job], self.planned[job]
        serves_all = of.connects.all(axis=0) & allowed
        home = of.same_site.any(axis=0) & allowed
        masks = (near | planned, planned, near, near | (home & serves_all), serves_all, home)
        lists = [servers.choice(mask) if mask.any() else today for mask in masks]
        tiers = [] if self._tier_lists is None else [self._tier_lists[job]]
        return [
            choice if self._rules.allows(job, choice) else today
            for choice in (today, *tiers, lists[0], AUTOMATIC, *lists[1:])
        ]

    def sure_list(self, job: int) -> Servers:
        """Return the choice of a job that is best in tiers whatever the loads are, if known."""
        return self.bases(job)[0 if self._tier_lists is None else 1]

    def planned_list(self, job: int) -> Servers:
        """Return the servers that the plan uses for a job."""
        return self._week.servers.choice(self.planned[job])

    def of(self, job: int, base: Evaluated) -> Iterator[Servers]:
        """Yield choices of a job: those that do not depend on others, then others near its own."""
        yield from self.bases(job)
        servers = self._week.servers
        choices = base.weeks.choices
        likes = [other for other in self._likes[job] if other != job and choices[other] != AWAY]
        for other in likes[:COPIES]:
            yield choices[other]
        choice = choices[job]
        listed = servers.mask(choice) & self._rules.allowed[job]
        relevant = self.relevant[job]
        if listed.sum() > 2 * RELEVANT:
            listed = listed & np.isin(np.arange(len(listed)), relevant)
        for place in relevant:
            changed = listed.copy()
            changed[place] ^= True
            if changed.any():
                yield servers.choice(changed)
        for place in relevant:
            alone = np.zeros_like(listed)
            alone[place] = True
            yield servers.choice(alone)
        inside = [place for place in np.flatnonzero(listed).tolist() if place in relevant]
        for leaves in inside:
            for comes in relevant:
                if not listed[comes]:
                    swapped = listed.copy()
                    swapped[[leaves, comes]] = False, True
                    yield servers.choice(swapped)


def _room_as_planned(week: WeekEstate, used: Sequence[Counts]) -> list[Counts]:
    """Return for each job how many tasks more each place has room for while it runs, as planned.

    ``used`` counts the tasks of each job that are planned at each place. To the quarter of an hour.
    """
    servers, quarters = week.servers, WEEK // QUARTER
    change = np.zeros((2 * quarters + 1, len(servers.code)), dtype=np.int64)
    for job, tasks in zip(week.jobs, used, strict=True):
        for start in job.starts[0]:
            change[start // QUARTER] += tasks
            change[-(-(start + job.duration) // QUARTER)] -= tasks
    load = change.cumsum(axis=0)
    limit = np.where(servers.limit < 0, WEEK, servers.limit)
    room = limit - servers.running - load[:quarters] - load[quarters:-1]
    known: dict[tuple[int, ...], Counts] = {}  # by the times of jobs
    for job in week.jobs:
        times = job.duration, *job.starts[0]
        if times not in known:
            inside = [
                np.arange(start // QUARTER, -(-(start + job.duration) // QUARTER)) % quarters
                for start in job.starts[0]
            ]
            known[times] = room[np.unique(np.concatenate(inside))].min(axis=0)
    return [known[job.duration, *job.starts[0]] for job in week.jobs]
