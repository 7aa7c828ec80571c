"""Choice rules: what may be selected in each job, wishes and rules kept (S3, S8, S9, S13).

`AllowedChoices`, over all servers in the order of their codes, are what bounds and proofs count
with; `ChoiceRules`, over places of a week, are what the search obeys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from models.estate import Estate
from models.week_plan import AUTOMATIC, ListWishes, Servers
from optimizer.eligibility.tiers import Eligibility
from optimizer.lists.five_weeks import FiveWeeks
from optimizer.lists.server_classes import Mask, offered
from optimizer.lists.week_jobs import WeekEstate, WeekJob, WeekServers
from optimizer.simulation.candidate_sets import JobTasks

Row = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class AllowedChoices:
    """What one job may select: masks of all servers, in the order of their codes.

    ``today`` are the servers that today's choice offers, which may be none: then the backup server
    stands in. ``servers`` are those that a list may hold that is set, ``least`` how many at least,
    0 where nothing may be set. ``automatic`` tells whether automatic selection may be set: it
    offers all usable servers.
    """

    of: JobTasks
    today: Mask
    servers: Mask
    least: int
    automatic: bool

    @property
    def may_change(self) -> bool:
        """Tell whether anything but today's choice is allowed."""
        return self.automatic or self.may_set_list

    @property
    def may_set_list(self) -> bool:
        """Tell whether some list may be set."""
        return 0 < self.least <= int(self.servers.sum())

    def only_today(self) -> AllowedChoices:
        """Return the same job where it has to keep what it has."""
        return replace(self, least=0, automatic=False)


def allowed_choices(
    estate: Estate, working: Sequence[JobTasks], eligibility: Eligibility, wishes: ListWishes
) -> list[AllowedChoices]:
    """Return what each of the jobs ``working`` may select.

    A job that names servers may have some of these and no others, unless it is free. Under the
    licence gate (S3), and where no server is left, nothing may be set.
    """
    names, named = estate.jobs["job"].tolist(), estate.jobs["proxy_codes"].tolist()
    usable = eligibility.usable
    # Where at most the backup server may serve (S3), or nothing may change, every job keeps.
    others = usable & (np.arange(len(usable)) != estate.backup_server)
    gated = not others.any() or wishes.most_changes == 0
    found = []
    for of in working:
        own, today = named[of.job], usable
        if own:
            today = np.zeros_like(usable)
            today[list(own)] = usable[list(own)]
        bound = bool(own) and not (wishes.all_free or names[of.job] in wishes.free)
        servers, automatic = (today, False) if bound else (usable, True)
        servers = servers & ~eligibility.refused[of.profiles].any(axis=0)
        if not wishes.cross_sites:
            inside = eligibility.same_site[of.profiles].any(axis=0)
            serves = (eligibility.tier[of.profiles] > 0).any(axis=0)
            if (inside & serves & usable).any():
                servers = servers & inside
                automatic = automatic and bool(
                    (
                        offered(eligibility, estate.backup_server, of.profiles, usable) <= inside
                    ).all()
                )
        kept = gated or names[of.job] in wishes.keep or not servers.any()
        least = 0 if kept else wishes.least_servers
        found.append(AllowedChoices(of, today, servers, least, automatic and least > 0))
    return found


def choices_per_vm(
    estate: Estate, working: Sequence[JobTasks], eligibility: Eligibility, wishes: ListWishes
) -> list[AllowedChoices]:
    """Return what each job could offer if every VM had a choice of its own.

    Of the wishes only those count that free jobs; what is never to change could be best for a VM.
    """
    plain = ListWishes(free=wishes.free, all_free=wishes.all_free)
    found = allowed_choices(estate, working, eligibility, plain)
    named = estate.jobs["proxy_codes"].tolist()
    return [
        replace(choices, least=1, automatic=choices.automatic or not named[choices.of.job])
        if choices.servers.any()
        else choices
        for choices in found
    ]


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
    serves = job.connects[:, home].any()
    return home if serves else np.zeros_like(home)


def offered_servers(
    servers: WeekServers, job: WeekJob, allowed: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return the servers that a choice, the places ``allowed``, offers some task."""
    rank = np.where(job.near, 1, 3)
    rank[:, servers.own] += 1
    rank[:, ~allowed] = 5
    rank[~job.offerable] = 5
    best = rank.min(axis=1, initial=5)[:, None]
    return np.asarray(((rank == best) & (best < 5)).any(axis=0))
