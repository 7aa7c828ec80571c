"""Weeks of the product inside lists of servers, counted beside what a plan wants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.estate import Codes, Estate
from models.plan import Tasks
from models.problem import Counts
from optimizer.compare import Figures
from optimizer.eligibility import Eligibility, qualify
from optimizer.job_trial import improved
from optimizer.job_wish import Mask, Wish, wishes
from optimizer.network import Network
from optimizer.simulate.choice import NOBODY, Choice, by_name, choices, job_tasks
from optimizer.simulate.deal import Begun, Dealer
from optimizer.simulate.result import overload, peak, spans_of_week
from optimizer.simulate.weeks import replay, week_starts


@dataclass(frozen=True, slots=True)
class Week:
    """A week inside lists, one mask for each of ``wishes``.

    ``loads`` has, per wish, what its places run at each start, shape (starts, places);
    ``agreed``, shape (wishes, 3), the fields of `Agreement`. ``near`` says how near the week is to
    the plan: as for one job (`improved`).
    """

    wishes: list[Wish]
    masks: list[Mask]
    figures: Figures
    loads: list[Counts]
    agreed: Counts
    near: tuple[int, ...]

    def pairs(self) -> list[tuple[Wish, Mask]]:
        """Return each wish with its list."""
        return list(zip(self.wishes, self.masks, strict=True))

    def improved(self) -> list[Mask]:
        """Return each job's list, improved for the loads that it met."""
        return improved(self.wishes, self.masks, self.loads)


class Weeks:
    """Weeks of an estate inside lists, beside a plan (``proxy`` and ``tier`` per task)."""

    def __init__(self, estate: Estate, tasks: Tasks, proxy: Codes, tier: NDArray[np.int8]) -> None:
        self._estate, self._tasks = estate, tasks
        self._eligibility = qualify(estate, Network(estate))
        self._order = by_name(estate)
        self._working = job_tasks(tasks, self._eligibility)
        self.wishes = wishes(estate, self._working, self._eligibility, proxy, tier)
        served = {wish.of.job for wish in self.wishes}
        others = [of for of in self._working if of.job not in served]
        automatic = choices(estate, others, self._eligibility, {}, False)
        self._automatic = {choice.of.job: choice for choice in automatic}

    def inside(self, masks: list[Mask]) -> Week:
        """Return the week inside the lists."""
        pairs = list(zip(self.wishes, masks, strict=True))
        of_job = self._automatic | {wish.of.job: wish.choice(mask) for wish, mask in pairs}
        chosen = [of_job[of.job] for of in self._working]
        count = _Count(chosen, self.wishes, self._estate, self._eligibility)
        week = replay(self._estate, self._tasks, chosen, count, lambda step: None)
        spans = spans_of_week(self._estate, self._eligibility.candidate, week)
        above = sum(overload(self._estate, spans).values())
        failed, *tiers, failed_over, _, on_server, _ = count.total().sum(axis=0).tolist()
        figures = Figures(
            tiers=tuple(tiers),
            failed=failed,
            failed_over=failed_over,
            peak=peak(self._estate, self._eligibility.candidate, spans),
            overload=above,
        )
        certain = np.array([wish.certain(mask) for wish, mask in pairs]).reshape(-1, 2)
        near = (*certain.sum(axis=0).tolist(), -above, on_server)
        wished = [place for place, wish in enumerate(count.wishes) if wish]
        loads = [count.loads[place] for place in wished]
        return Week(self.wishes, masks, figures, loads, count.total()[wished, 6:], near)

    def name(self, wish: Wish) -> str:
        """Return the name of a wish's job."""
        return str(self._estate.jobs["job"].iloc[wish.of.job])

    def codes(self, wish: Wish, mask: Mask) -> tuple[int, ...]:
        """Return a list as codes of servers, in order of name."""
        return tuple(self._order[wish.places[mask]].tolist())


class _Count:
    """Begins jobs and counts what comes of it; keeps what the servers of a wish run before."""

    def __init__(
        self, choices: list[Choice], wishes: list[Wish], estate: Estate, eligibility: Eligibility
    ) -> None:
        wanted = {wish.of.job: wish for wish in wishes}
        starts = week_starts(estate)
        self.wishes = [wanted.get(choice.of.job) for choice in choices]
        self.loads = [
            np.zeros((len(starts[wish.of.job]), len(wish.places)) if wish else 0, dtype=np.int64)
            for wish in self.wishes
        ]
        self._choices, self._order, self._eligibility = choices, by_name(estate), eligibility
        self._deal = Dealer(choices, self._count)

    def __call__(self, place: int, number: int, load: Counts) -> Begun:
        wish = self.wishes[place]
        if wish:
            self.loads[place][number] = load[wish.places]
        return self._deal(place, number, load)

    def total(self) -> Counts:
        """Return what `_count` does for each job's starts in a week, shape (choices, 9)."""
        starts = (sum(told.values(), np.zeros(9, dtype=np.int64)) for told in self._deal.told)
        return np.array([*starts], dtype=np.int64).reshape(-1, 9)

    def _count(self, place: int, picked: Codes) -> Counts:
        """Return how many runs fail, are in tier 1 to 4, and are taken over; and of the planned
        ones how many there are, are on their server, and in their tier."""
        choice, wish = self._choices[place], self.wishes[place]
        servers, kind = self._order[choice.places], choice.of.kind
        server = choice.server(picked)
        tiers = self._eligibility.tier[np.ix_(choice.of.profiles, servers)]
        tier = np.where(server == NOBODY, 0, tiers[kind, server])
        found = [*np.bincount(tier, minlength=5), ((picked == NOBODY) & (tier > 0)).sum(), 0, 0, 0]
        if wish:
            planned = wish.tier > 0
            on_server = choice.places[server] == wish.places[wish.proxy]
            found[6:] = (planned.sum(), (planned & (tier > 0) & on_server).sum(),
                         (planned & (tier == wish.tier)).sum())  # fmt: skip
        return np.array(found, dtype=np.int64)
