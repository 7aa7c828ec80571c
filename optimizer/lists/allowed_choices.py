"""Allowed choices: what may be selected in each job, wishes and rules kept (S3, S8, S9, S13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.estate import Estate
from models.week_plan import ListWishes
from optimizer.eligibility.tiers import Eligibility
from optimizer.lists.server_classes import Mask, offered
from optimizer.simulation.candidate_sets import JobTasks


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
    made = []
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
        made.append(AllowedChoices(of, today, servers, least, automatic and least > 0))
    return made


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
