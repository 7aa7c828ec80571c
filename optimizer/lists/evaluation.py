"""Weeks of the product inside lists of servers, counted beside what a plan wants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.estate import Codes, Estate
from models.plan import Tasks
from optimizer.eligibility.reachability import Network
from optimizer.eligibility.tiers import compute_eligibility
from optimizer.lists.local_search import improve_lists
from optimizer.lists.targets import JobTarget, Mask, job_targets
from optimizer.simulation.candidate_sets import (
    NOBODY,
    Choice,
    Picks,
    build_choices,
    job_tasks,
    servers_by_name,
)
from optimizer.simulation.dispatch import CachedDispatcher, Started
from optimizer.simulation.results import busiest_candidate, overload_minutes, spans_of_week
from optimizer.simulation.week_figures import Figures
from optimizer.simulation.week_replay import replay_week, week_starts


@dataclass(frozen=True, slots=True)
class SimulatedWeek:
    """A week inside lists, one mask for each of ``wishes``.

    ``loads`` has, per wish, what its places run at each start, shape (starts, places);
    ``agreed``, shape (wishes, 3), the fields of `Agreement`. ``near`` says how near the week is to
    the plan: as for one job (`improve_lists`).
    """

    wishes: list[JobTarget]
    masks: list[Mask]
    figures: Figures
    loads: list[Counts]
    agreed: Counts
    near: tuple[int, ...]

    def pairs(self) -> list[tuple[JobTarget, Mask]]:
        """Return each wish with its list."""
        return list(zip(self.wishes, self.masks, strict=True))

    def improved(self) -> list[Mask]:
        """Return each job's list, improved for the loads that it met."""
        return improve_lists(self.wishes, self.masks, self.loads)


class ListSimulator:
    """Weeks of an estate inside lists, beside a plan (``proxy`` and ``tier`` per task)."""

    def __init__(self, estate: Estate, tasks: Tasks, proxy: Codes, tier: NDArray[np.int8]) -> None:
        self._estate, self._tasks = estate, tasks
        self._eligibility = compute_eligibility(estate, Network(estate))
        self._order = servers_by_name(estate)
        self._working = job_tasks(tasks, self._eligibility)
        self.wishes = job_targets(estate, self._working, self._eligibility, proxy, tier)
        self._wish = {wish.of.job: wish for wish in self.wishes}
        self._starts = [len(starts) for starts in week_starts(estate)]
        others = [of for of in self._working if of.job not in self._wish]
        automatic = build_choices(estate, others, self._eligibility, {}, False)
        self._automatic = {choice.of.job: choice for choice in automatic}

    def inside(self, masks: list[Mask]) -> SimulatedWeek:
        """Return the week inside the lists."""
        pairs = list(zip(self.wishes, masks, strict=True))
        of_job = self._automatic | {wish.of.job: wish.choice(mask) for wish, mask in pairs}
        chosen = [of_job[of.job] for of in self._working]
        dealer = CachedDispatcher(chosen, self._counted)
        loads: dict[int, Counts] = {
            wish.of.job: np.zeros((self._starts[wish.of.job], len(wish.places)), dtype=np.int64)
            for wish in self.wishes
        }

        def begin(place: int, number: int, load: Counts) -> Started:
            job = self._working[place].job
            if job in loads:
                loads[job][number] = load[self._wish[job].places]
            return dealer(place, number, load)

        week = replay_week(self._estate, self._tasks, chosen, begin, lambda step: None)
        spans = spans_of_week(self._estate, self._eligibility.candidate, week)
        above = sum(overload_minutes(self._estate, spans).values())
        total = np.array([sum(told.values()) for told in dealer.told], dtype=np.int64).reshape(
            -1, 9
        )
        failed, *tiers, failed_over, _, on_server, _ = total.sum(axis=0).tolist()
        figures = Figures(
            tiers=tuple(tiers),
            failed=failed,
            failed_over=failed_over,
            peak=busiest_candidate(self._estate, self._eligibility.candidate, spans),
            overload=above,
        )
        certain = np.array([wish.certain(mask) for wish, mask in pairs]).reshape(-1, 2)
        near = (*certain.sum(axis=0).tolist(), -above, on_server)
        agreed = total[[of.job in loads for of in self._working], 6:]
        return SimulatedWeek(self.wishes, masks, figures, list(loads.values()), agreed, near)

    def _counted(self, choice: Choice, picked: Picks) -> Counts:
        """Return how many runs fail, are in tier 1 to 4, and are taken over; and of the planned
        ones how many there are, are on their server, and in their tier."""
        servers, kind = self._order[choice.places], choice.of.kind
        server = choice.server(picked)
        tiers = self._eligibility.tier[np.ix_(choice.of.profiles, servers)]
        tier = np.where(server == NOBODY, 0, tiers[kind, server])
        found = [*np.bincount(tier, minlength=5), ((picked == NOBODY) & (tier > 0)).sum(), 0, 0, 0]
        if wish := self._wish.get(choice.of.job):
            planned = wish.tier > 0
            on_server = (tier > 0) & (choice.places[server] == wish.places[wish.proxy])
            in_tier = tier == wish.tier
            found[6:] = (int((planned & so).sum()) for so in (planned, on_server, in_tier))
        return np.array(found, dtype=np.int64)

    def name(self, wish: JobTarget) -> str:
        """Return the name of a wish's job."""
        return str(self._estate.jobs["job"].iloc[wish.of.job])

    def codes(self, wish: JobTarget, mask: Mask) -> tuple[int, ...]:
        """Return a list as codes of servers, in order of name."""
        return tuple(self._order[wish.places[mask]].tolist())
