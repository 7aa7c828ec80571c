"""The servers to select in each job, so that the product by itself comes closest to a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.estate import Codes, Estate
from models.plan import Plan, Tasks
from optimizer.lists.evaluation import ListSimulator
from optimizer.lists.splitting import split_job
from optimizer.simulation.results import Agreement
from optimizer.simulation.week_figures import Figures
from optimizer.solver.deadline import Deadline

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
    ``figures`` are those of the week inside them; ``agreement`` says how far it follows the plan,
    ``by_job`` for each job: ``job`` and the fields of `Agreement`. ``splits`` has the jobs whose
    VMs pull in different directions, so that no list suits them all, and parts that would: each of
    them inside its own list is sure of the planned tiers.
    """

    lists: Mapping[str, tuple[int, ...]]
    figures: Figures
    agreement: Agreement
    by_job: pd.DataFrame
    splits: Mapping[str, list[JobPart]]


def job_lists(
    plan: Plan,
    deadline: Deadline = UNLIMITED,
    step: Callable[[str], None] = lambda step: None,
) -> JobLists:
    """Return the lists for ``plan``; after the ``deadline`` they are not improved any more."""
    return choose_lists(plan.estate, plan.tasks, plan.proxy, plan.tier, deadline, step)


def choose_lists(
    estate: Estate,
    tasks: Tasks,
    proxy: Codes,
    tier: NDArray[np.int8],
    deadline: Deadline = UNLIMITED,
    step: Callable[[str], None] = lambda step: None,
) -> JobLists:
    """Return the lists for a plan, given as each task's ``proxy`` and ``tier`` (0 for none).

    First every job has all servers that the plan uses for it. Then, a few times, all jobs' lists
    are improved for the loads that the jobs met; of these weeks the nearest to the plan counts.
    """
    weeks = ListSimulator(estate, tasks, proxy, tier)
    week = best = weeks.inside([wish.used for wish in weeks.wishes])
    for number in range(1, ROUNDS + 1):
        if deadline.remaining() <= 0:
            break
        step(f"lists, round {number} of {ROUNDS}")
        week = weeks.inside(week.improved())
        if week.near > best.near:
            best = week
    return JobLists(
        lists={weeks.name(wish): weeks.codes(wish, mask) for wish, mask in best.pairs()},
        figures=best.figures,
        agreement=Agreement(*best.agreed.sum(axis=0).tolist()),
        by_job=pd.DataFrame(
            {"job": np.array([weeks.name(wish) for wish in weeks.wishes], dtype=object)}
            | dict(zip(Agreement.__slots__, best.agreed.T, strict=True))
        ),
        splits={
            weeks.name(wish): [
                JobPart(wish.of.tasks[part.tasks], weeks.codes(wish, part.listed))
                for part in split_job(wish)
            ]
            for wish, mask in best.pairs()
            if wish.certain(mask)[1] < (wish.tier > 0).sum()
        },
    )
