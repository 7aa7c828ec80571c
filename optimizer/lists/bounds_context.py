"""The context of bounds: where the tasks of all jobs may run, and when, gathered once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.assignment_problem import Counts
from models.estate import Estate
from models.plan import Tasks
from optimizer.eligibility.tiers import Eligibility
from optimizer.lists.choice_rules import AllowedChoices
from optimizer.lists.load_bounds import ServerLoads, server_loads
from optimizer.lists.placements import Placements, placements
from optimizer.lists.run_clock import RunClock, run_clock
from optimizer.lists.server_classes import server_views


@dataclass(frozen=True)
class BoundsContext:
    """What bounds look at: the placements of tasks, and the runs that count.

    Tasks may run in ``every`` allowed choice, or there in their ``best`` tier only.

    ``reach``, shape (jobs, 6), counts the runs of a week that can be in tier k or a better one,
    k = 1 to 4, protected, and in the same site; ``reach_today`` those with today's choices.
    ``runs`` counts the starts of each job in a week, ``total`` the runs of Windows tasks; jobs are
    all of the estate, by code. ``clocks`` has the distinct weeks, each with how many of the five
    are like it; ``week_of`` tells which of them each of the five is.
    """

    every: Placements
    best: Placements
    reach: Counts
    reach_today: Counts
    runs: Counts
    loads: ServerLoads
    clocks: tuple[tuple[RunClock, int], ...]
    week_of: tuple[int, ...]
    most_changes: int | None

    @property
    def total(self) -> int:
        """Return the runs of Windows tasks in a week."""
        return int((self.every.count * self.runs[self.every.job]).sum())


def bounds_context(
    estate: Estate,
    tasks: Tasks,
    eligibility: Eligibility,
    allowed: Sequence[AllowedChoices],
    late: Sequence[Counts],
    most_changes: int | None = None,
) -> BoundsContext:
    """Gather what bounds look at.

    ``late`` has, for each of the five weeks, by how many minutes the starts of each job (code) are
    late.
    """
    views, own = server_views(eligibility), estate.backup_server
    distinct = list({minutes.tobytes(): minutes for minutes in late}.values())
    week_of = [
        next(place for place, one in enumerate(distinct) if np.array_equal(one, minutes))
        for minutes in late
    ]
    clocks = [run_clock(estate, minutes) for minutes in distinct]
    runs = np.bincount(clocks[0].job, minlength=len(estate.jobs)).astype(np.int64)
    every = placements(allowed, eligibility, views, own, best_tier_only=False)
    kept = [choices.only_today() for choices in allowed]
    return BoundsContext(
        every=every,
        best=placements(allowed, eligibility, views, own, best_tier_only=True),
        reach=_reach(every, runs),
        reach_today=_reach(placements(kept, eligibility, views, own, best_tier_only=False), runs),
        runs=runs,
        loads=server_loads(estate, tasks, eligibility),
        clocks=tuple((clock, week_of.count(place)) for place, clock in enumerate(clocks)),
        week_of=tuple(week_of),
        most_changes=most_changes,
    )


def _reach(where: Placements, runs: Counts) -> Counts:
    """Return what the runs of each job in a week can reach, shape (jobs, 6)."""
    tasks = where.count * runs[where.job]
    reached = [where.rank <= tier for tier in (1, 2, 3, 4)]
    columns = [
        np.bincount(where.job, tasks * is_so, len(runs))
        for is_so in (*reached, where.protected, where.same_site)
    ]
    return np.stack(columns, axis=1).astype(np.int64)
