"""The servers to select in each job, so that the product by itself comes closest to a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.estate import Codes, Estate
from models.plan import Plan, Tasks
from models.problem import Counts
from optimizer.deadline import Deadline
from optimizer.eligibility import qualify
from optimizer.job_split import split
from optimizer.job_wish import Mask, Wish, wishes
from optimizer.network import Network
from optimizer.simulate.agreement import Agreement, agreement, agreement_by_job
from optimizer.simulate.choice import Choice, by_name, choices
from optimizer.simulate.deal import Dealer
from optimizer.simulate.result import Simulation, outcome
from optimizer.simulate.weeks import replay

ROUNDS = 2
UNLIMITED = Deadline(None)


@dataclass(frozen=True, slots=True)
class JobPart:
    """Tasks of a job (places in all tasks) that could be a job of their own, and its servers."""

    tasks: Codes
    servers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class JobLists:
    """What to select in each job, and what the product then does.

    ``lists`` has each job with planned tasks, by name: server codes in order of name.
    ``simulation`` is the week inside them; ``agreement`` says how far it follows the plan,
    ``by_job`` for each job. ``splits`` has the jobs whose VMs pull in different directions, so
    that no list suits them all, and parts that would: each of them inside its own list is sure of
    the planned tiers.
    """

    lists: Mapping[str, tuple[int, ...]]
    simulation: Simulation
    agreement: Agreement
    by_job: pd.DataFrame
    splits: Mapping[str, list[JobPart]]


def job_lists(
    plan: Plan,
    deadline: Deadline = UNLIMITED,
    step: Callable[[str], None] = lambda step: None,
) -> JobLists:
    """Return the lists for ``plan``; after the ``deadline`` they are not improved any more."""
    proxy = np.where(plan.tier > 0, plan.proxy, -1).astype(np.int32)
    return choose_lists(plan.estate, plan.tasks, proxy, plan.tier, deadline, step)


def choose_lists(
    estate: Estate,
    tasks: Tasks,
    proxy: Codes,
    tier: NDArray[np.int8],
    deadline: Deadline = UNLIMITED,
    step: Callable[[str], None] = lambda step: None,
) -> JobLists:
    """Return the lists for a plan, given as each task's ``proxy`` and ``tier`` (-1, 0 for none).

    First every job has all servers that the plan uses for it. Then, a few times, all jobs' lists
    are improved for the loads that the jobs met; of these weeks the nearest to the plan counts.
    """
    weeks = _Weeks(estate, tasks, proxy, tier)
    week = best = weeks.inside([wish.used for wish in weeks.wishes])
    for number in range(1, ROUNDS + 1):
        if deadline.remaining() <= 0:
            break
        step(f"lists, round {number} of {ROUNDS}")
        week = weeks.inside(week.improved())
        if week.near > best.near:
            best = week
    return JobLists(
        lists=weeks.lists(best.masks),
        simulation=best.simulation,
        agreement=agreement(best.simulation.runs, proxy, tier),
        by_job=agreement_by_job(best.simulation, proxy, tier),
        splits=weeks.splits(best.masks),
    )


@dataclass(frozen=True, slots=True)
class _Week:
    """A week inside lists, and how near it is to the plan: as for one job (`Wish.improved`)."""

    wishes: list[Wish]
    masks: list[Mask]
    simulation: Simulation
    met: _Met
    near: tuple[int, ...]

    def improved(self) -> list[Mask]:
        """Return each job's list, improved for the loads that it met."""
        pairs = zip(self.wishes, self.masks, strict=True)
        return [wish.improved(mask, self.met.loads(wish)) for wish, mask in pairs]


class _Weeks:
    """Weeks of the product inside lists, one for each of ``wishes``."""

    def __init__(self, estate: Estate, tasks: Tasks, proxy: Codes, tier: NDArray[np.int8]) -> None:
        self._estate, self._tasks, self._plan = estate, tasks, (proxy, tier)
        self._eligibility = qualify(estate, Network(estate))
        self._order = by_name(estate)
        automatic = choices(estate, tasks, self._eligibility, {}, False)
        self.wishes = wishes(estate, tasks, self._eligibility, automatic, proxy, tier)

    def inside(self, masks: list[Mask]) -> _Week:
        """Return the week inside the lists."""
        chosen = choices(self._estate, self._tasks, self._eligibility, self.lists(masks), False)
        met = _Met(self.wishes)
        week = replay(self._estate, self._tasks, chosen, lambda step: None, met)
        found = outcome(self._estate, self._tasks, self._eligibility, chosen, week, False)
        certain = np.array([wish.certain(mask) for wish, mask in self._pairs(masks)])
        near = (
            *certain.reshape(-1, 2).sum(axis=0).tolist(),
            -sum(found.overload.values()),
            agreement(found.runs, *self._plan).on_planned_server,
        )
        return _Week(self.wishes, masks, found, met, near)

    def lists(self, masks: list[Mask]) -> dict[str, tuple[int, ...]]:
        """Return the lists as codes, by the jobs' names."""
        return {self._name(wish): self._codes(wish, mask) for wish, mask in self._pairs(masks)}

    def splits(self, masks: list[Mask]) -> dict[str, list[JobPart]]:
        """Return the parts of each job that is not sure of its tiers inside its list."""
        return {
            self._name(wish): [
                JobPart(wish.tasks[part.tasks], self._codes(wish, part.listed))
                for part in split(wish)
            ]
            for wish, mask in self._pairs(masks)
            if wish.certain(mask)[1] < (wish.tier > 0).sum()
        }

    def _pairs(self, masks: list[Mask]) -> list[tuple[Wish, Mask]]:
        return list(zip(self.wishes, masks, strict=True))

    def _name(self, wish: Wish) -> str:
        return str(self._estate.jobs["job"].iloc[wish.job])

    def _codes(self, wish: Wish, mask: Mask) -> tuple[int, ...]:
        return tuple(self._order[wish.places[mask]].tolist())


class _Met:
    """Deals, and keeps what the servers that a job may be given run at each of its starts."""

    def __init__(self, wanted: list[Wish]) -> None:
        self._places = {wish.job: wish.places for wish in wanted}
        self._loads: dict[int, list[Counts]] = {wish.job: [] for wish in wanted}
        self._deal = Dealer()

    def __call__(self, choice: Choice, load: Counts) -> Codes:
        if choice.job in self._places:
            self._loads[choice.job].append(load[self._places[choice.job]])
        return self._deal(choice, load)

    def loads(self, wish: Wish) -> Counts:
        """Return the loads at each start of the second week, shape (starts, places)."""
        loads = self._loads[wish.job]
        return np.array(loads[len(loads) // 2 :])
