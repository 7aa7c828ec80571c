"""Weeks that the lists were not judged by: `python -m benchmarks.unseen_weeks ESTATE PLAN ...`.

Every job starts up to ten minutes late, by chance; VMs of a job come in any order; ties go up or
down. Prints, for each estate and its plan, the mean overload of the five weeks and of such ones, in
task-minutes, and the least of any choice per VM (nominal week).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from models.week import WEEK
from models.week_plan import WEEKS, Servers
from optimizer.eligibility.context import PlanningContext
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.plan_folder import read_plan
from optimizer.lists.compiled import OVERLOAD
from optimizer.lists.five_weeks import FiveWeeks
from optimizer.lists.week_jobs import LATEST, WeekEstate, WeekJob, describe_week

DRAWS = 2  # of five weeks each
COLUMNS = ("estate", "today", "today, unseen", "lists", "lists, unseen", "bound")


def unseen_overload(
    week: WeekEstate, choices: Sequence[Sequence[Servers]], seed: int = 0
) -> list[float]:
    """Return the mean overload of unseen weeks that follows from each of several ``choices``."""
    chance = np.random.default_rng(seed)
    totals = np.zeros(len(choices))
    for _ in range(DRAWS):
        jobs = [_by_chance(job, chance) for job in week.jobs]
        own_work = [_by_chance(job, chance) for job in week.own_work]
        evaluator = FiveWeeks(week.servers, jobs, own_work)
        for number, of_jobs in enumerate(choices):
            totals[number] += evaluator.replay(of_jobs).figures[:, OVERLOAD].sum()
    return [float(total) / (DRAWS * WEEKS) for total in totals]


def _by_chance(job: WeekJob, chance: np.random.Generator) -> WeekJob:
    """Let a job start late by chance in each week, and its VMs come in another order."""
    order = chance.permutation(len(job.tasks))
    late = chance.integers(LATEST, size=WEEKS).tolist()
    starts = tuple(
        tuple(sorted((start + minutes) % WEEK for start in job.starts[0])) for minutes in late
    )
    return replace(job, tasks=job.tasks[order], kind=job.kind[order], starts=starts)


def measure(estate_folder: Path, plan_folder: Path) -> tuple[Any, ...]:
    """Return the row of one estate (`COLUMNS`)."""
    estate = read_estate(estate_folder)
    context = PlanningContext.build(estate)
    week = describe_week(estate, context.tasks, context.eligibility, estate.settings.lists)
    lists = read_plan(estate, context.tasks, plan_folder).lists
    place = week.servers.place
    listed = [
        tuple(sorted(lists.get(job.name, today), key=lambda code: place[code]))
        for job, today in zip(week.jobs, week.today, strict=True)
    ]
    unseen = unseen_overload(week, [week.today, listed])
    record = json.loads((plan_folder / "plan.json").read_bytes())["week"]
    seen = [record[name]["mean"]["overload_minutes"] for name in ("today", "lists")]
    bound = record["bound"]["overload_minutes"]
    return estate_folder.name, seen[0], unseen[0], seen[1], unseen[1], bound


def main(folders: Sequence[str]) -> None:
    """Print the table of estates and their plans, named in turn."""
    print("|", " | ".join(COLUMNS), "|")
    print("|---" * len(COLUMNS) + "|")
    for estate, plan in zip(folders[::2], folders[1::2], strict=True):
        name, *figures = measure(Path(estate), Path(plan))
        print("|", " | ".join([name, *(f"{figure:,.0f}" for figure in figures)]), "|", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
