"""Choice rules: what may be set in each job, and what tells one choice from another."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from models.week_plan import AUTOMATIC, ListWishes, Servers
from optimizer.lists.five_weeks import FiveWeeks
from optimizer.lists.week_jobs import WeekEstate, WeekJob, WeekServers

Row = tuple[bytes, bytes]


class ChoiceRules:
    """What the wishes and rules let be set in each job; today's choice is always allowed.

    Per job: ``allowed`` are the places that a list may hold, ``automatic`` tells whether automatic
    selection may be set.
    """

    def __init__(self, week: WeekEstate, wishes: ListWishes) -> None:
        self.today, self.least = week.today, wishes.least_servers
        self.most_changes = wishes.most_changes
        self._names = [name.encode() for name in week.estate.servers["server"]]
        self._place = week.servers.place
        self.allowed: list[NDArray[np.bool_]] = []
        self.automatic: list[bool] = []
        for job, allowed, bound in zip(week.jobs, week.allowed, week.bound, strict=True):
            automatic = not bound and bool(allowed.any())
            if not wishes.cross_sites and (home := sites_that_serve(week.servers, job)).any():
                offered = offered_servers(week.servers, job, week.servers.usable)
                automatic = automatic and not (offered & ~home).any()
                allowed = allowed & home
            self.allowed.append(allowed)
            self.automatic.append(automatic)

    def allows(self, job: int, choice: Servers) -> bool:
        """Tell whether a job may have this choice."""
        if choice == self.today[job]:
            return True
        if choice == AUTOMATIC:
            return self.automatic[job]
        inside = bool(self.allowed[job][self._place[list(choice)]].all())
        return inside and len(choice) >= self.least

    def changed(self, choices: tuple[Servers, ...]) -> int:
        """Return how many jobs are changed."""
        return sum(map(tuple.__ne__, choices, self.today))

    def row(self, choice: Servers) -> Row:
        """Return a choice as it is written, to compare by bytes."""
        names = b";".join(self._names[code] for code in choice)
        return (b"list", names) if choice else (b"automatic", b"")

    def effects(self, evaluator: FiveWeeks, servers: WeekServers, job: int) -> list[Servers]:
        """Return all choices of a job that differ in their effect, of each kind the preferred.

        Preferred is today's choice, then one that offers more, then the first by bytes; servers
        that no task is offered are listed only where a list would be too short.
        """
        places = np.flatnonzero(self.allowed[job])
        codes = servers.code[places].tolist()
        choices = [
            subset
            for size in range(max(1, self.least), len(codes) + 1)
            for subset in combinations(codes, size)
        ]
        if self.automatic[job]:
            choices.append(AUTOMATIC)
        found: dict[object, tuple[tuple[bool, int, int, Row], Servers]] = {}
        for choice in [self.today[job], *choices]:
            offering = evaluator.offering(job, choice)
            kept = choice == self.today[job]
            rank = (
                not kept,
                -offering.offered,
                self._idle(evaluator, job, choice),
                self.row(choice),
            )
            effect = offering.effect
            if effect not in found or rank < found[effect][0]:
                found[effect] = rank, choice
        return [choice for _, choice in found.values()]

    def _idle(self, evaluator: FiveWeeks, job: int, choice: Servers) -> int:
        """Return how many listed servers no task is offered, beyond those that must be there."""
        offered = evaluator.offering(job, choice).servers
        return max(0, len(choice) - max(self.least, offered))


def sites_that_serve(servers: WeekServers, job: WeekJob) -> NDArray[np.bool_]:
    """Return the usable servers in the sites of the job's VMs, if one of them serves one."""
    home = job.same_site.any(axis=0) & servers.usable
    serves = (job.tier[:, home] > 0).any()
    return home if serves else np.zeros_like(home)


def offered_servers(
    servers: WeekServers, job: WeekJob, allowed: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return the servers that a choice, the places ``allowed``, offers some task."""
    near = (job.tier == 1) | (job.tier == 2)
    rank = np.where(near, 1, 3)
    rank[:, servers.own] += 1
    rank[:, ~allowed] = 5
    rank[job.tier < 0] = 5
    best = rank.min(axis=1, initial=5)[:, None]
    return np.asarray(((rank == best) & (best < 5)).any(axis=0))
