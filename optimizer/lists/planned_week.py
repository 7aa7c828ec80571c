"""The week as planned: every run on the proxy that `assignments.csv` has for its task."""

from __future__ import annotations

import numpy as np

from models.plan import WINDOWS, Plan
from models.week_plan import WeekFigures
from optimizer.eligibility.tiers import Eligibility
from optimizer.simulation.week_figures import figures_of_plan


def week_as_planned(plan: Plan, eligibility: Eligibility) -> WeekFigures:
    """Return the figures of the week in which every task has a list of its own."""
    estate, tasks = plan.estate, plan.tasks
    figures = figures_of_plan(plan)
    starts = estate.jobs["days"].map(len).to_numpy(dtype=np.int64)[tasks.job]
    served = (tasks.kind == WINDOWS) & (plan.proxy >= 0)
    profile, proxy = eligibility.profile[tasks.vm], plan.proxy
    same_site = served & eligibility.same_site[profile, proxy]
    one, two, three, four = figures.tiers
    return WeekFigures(
        failed=figures.failed,
        tier1=one,
        tier2=two,
        tier3=three,
        tier4=four,
        failed_over=0,
        protected=int(starts[served & plan.protected].sum()),
        same_site=int(starts[same_site].sum()),
        overload_minutes=figures.overload,
        peak=figures.peak,
        jobs_changed=0,
    )
