"""Week plans made by hand, to write and read a plan's files without a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from models.plan import WINDOWS, Plan
from models.week_plan import (
    JobChoice,
    JobPart,
    JobSplit,
    Servers,
    WeekAim,
    WeekFigures,
    WeekPlan,
    summarise,
)

Gains = Sequence[tuple[str, int]]
WEEK = WeekFigures(
    failed=7, tier1=70, tier2=0, tier3=21, tier4=7, failed_over=7, protected=50, same_site=60,
    overload_minutes=1200, peak=9, jobs_changed=0,
)  # fmt: skip


def week_of(
    plan: Plan, changes: Mapping[str, tuple[Servers, Gains]] | None = None, parts: int = 0
) -> WeekPlan:
    """Return a week in which the jobs of ``changes`` are set, with what each gains.

    The first job with Windows tasks is split into ``parts``, each VM in turn. Its figures are
    those of `WEEK`, less overload with the lists, and none with the split.
    """
    changes = changes or {}
    jobs = plan.estate.jobs["job"].tolist()
    named = plan.estate.jobs["proxy_codes"].tolist()
    ours = np.unique(plan.tasks.job[plan.tasks.kind == WINDOWS]).tolist()
    choices = tuple(
        JobChoice(
            job=job,
            servers=changes[jobs[job]][0] if jobs[job] in changes else tuple(named[job]),
            is_set=jobs[job] in changes,
            runs=7, failed=0, tier1=7, tier2=0, tier3=0, tier4=0, failed_over=0,
            overload_minutes=0, certainty="likely",
            gains=tuple(changes[jobs[job]][1]) if jobs[job] in changes else (),
        )
        for job in ours
    )  # fmt: skip
    lists = replace(WEEK, overload_minutes=600, jobs_changed=len(changes))
    split = replace(lists, overload_minutes=0, tier1=75, tier3=16, same_site=59)
    worse = replace(lists, overload_minutes=900)
    weeks_of_lists = summarise([lists, worse, worse, lists, lists])
    weeks_of_split = summarise([split] * 5)
    splits = (_split(plan, ours[0], parts, weeks_of_split),) if parts else ()
    return WeekPlan(
        first="limits",
        plan=replace(WEEK, failed=0),
        today=summarise([WEEK] * 5),
        automatic=summarise([replace(WEEK, tier4=28, tier1=49)] * 5),
        lists=weeks_of_lists,
        lists_and_splits=weeks_of_split if parts else weeks_of_lists,
        bound=replace(WEEK, failed=0, overload_minutes=0),
        choices=choices,
        splits=splits,
        aims=(WeekAim("failed", 35, 35, True, "enumerated"),),
    )


def _split(plan: Plan, job: int, parts: int, weeks: object) -> JobSplit:
    tasks = np.flatnonzero((plan.tasks.job == job) & (plan.tasks.kind == WINDOWS)).astype(np.int32)
    name = plan.estate.jobs["job"].iloc[job]
    made = tuple(
        JobPart(f"{name} ({n + 1})", (n,) if n else (), tasks[n::parts], "number")
        for n in range(parts)
    )
    return JobSplit(job, 1, made, weeks, (("overload", 3600), ("tier1", 25)), (("same_site", 5),))  # type: ignore[arg-type]
