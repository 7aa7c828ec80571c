"""The week as planned: every run on the proxy that `assignments.csv` has for its task."""

from __future__ import annotations

import numpy as np

from models.assignment_problem import Counts
from models.plan import OTHER, WINDOWS, Plan
from models.week import WEEK
from models.week_plan import WeekFigures
from optimizer.eligibility.tiers import Eligibility
from optimizer.simulation.week_replay import week_starts


def week_as_planned(plan: Plan, eligibility: Eligibility) -> WeekFigures:
    """Return the figures of the week in which every task has a list of its own.

    Runs count, as in every week: a job that lasts longer than a day runs twice at once, though
    the plan's aims count its tasks once.
    """
    estate, tasks = plan.estate, plan.tasks
    starts = estate.jobs["days"].map(len).to_numpy(dtype=np.int64)[tasks.job]
    windows = tasks.kind == WINDOWS
    served = windows & (plan.proxy >= 0)
    runs = starts * tasks.count
    of_tier = np.bincount(plan.tier[windows], weights=runs[windows], minlength=5)
    failed, one, two, three, four = of_tier.astype(int).tolist()
    profile, proxy = eligibility.profile[tasks.vm], plan.proxy
    overload, peak = _overload_and_peak(plan)
    return WeekFigures(
        failed=failed,
        tier1=one,
        tier2=two,
        tier3=three,
        tier4=four,
        failed_over=0,
        protected=int(runs[served & plan.protected].sum()),
        same_site=int(runs[served & eligibility.same_site[profile, proxy]].sum()),
        overload_minutes=overload,
        peak=peak,
        jobs_changed=0,
    )


def _overload_and_peak(plan: Plan) -> tuple[int, int]:
    """Return the task-minutes above ``max_tasks``, and the peak of the busiest candidate."""
    estate, tasks = plan.estate, plan.tasks
    own, jobs = estate.backup_server, len(estate.jobs)
    busy = (plan.proxy >= 0) & ((tasks.kind == WINDOWS) | (tasks.kind == OTHER))
    pairs, place = np.unique(
        plan.proxy[busy].astype(np.int64) * jobs + tasks.job[busy], return_inverse=True
    )
    count = np.bincount(place, tasks.count[busy], len(pairs)).astype(np.int64)
    server, job = np.divmod(pairs, max(1, jobs))
    begins, duration = week_starts(estate), estate.jobs["duration_minutes"].tolist()
    running = estate.servers["running_tasks"].tolist()
    limit = estate.servers["max_tasks"].tolist()
    overload = peak = 0
    for code in np.flatnonzero(plan.candidate | (np.arange(len(limit)) == own)).tolist():
        here = np.flatnonzero(server == code)
        load = running[code] + _in_progress(job[here], count[here], begins, duration)
        if limit[code] >= 0:
            overload += int(np.maximum(load - limit[code], 0).sum())
        if plan.candidate[code]:
            peak = max(peak, int(load.max()))
    return overload, peak


def _in_progress(
    jobs: Counts, count: Counts, begins: list[list[int]], duration: list[int]
) -> Counts:
    """Return how many runs are in progress in each minute of a week like all others, (WEEK,)."""
    change = np.zeros(2 * WEEK + 1, dtype=np.int64)
    for job, tasks in zip(jobs.tolist(), count.tolist(), strict=True):
        for begin in begins[job]:
            change[begin] += tasks
            change[begin + duration[job]] -= tasks
    running = np.cumsum(change)
    return np.asarray(running[:WEEK] + running[WEEK:-1])
