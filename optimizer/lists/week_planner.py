"""Plans the week: the choice of each job, searched, bounded and proven."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from models.assignment_problem import Counts
from models.plan import WINDOWS, Plan
from models.week_aims import First
from models.week_plan import JobChoice, ListWishes, Servers, WeekFigures, WeekPlan, aim_values
from optimizer.eligibility.context import PlanningContext
from optimizer.lists.aim_bounds import aim_bounds, best_week
from optimizer.lists.bounds_context import BoundsContext, bounds_context
from optimizer.lists.certainty import guaranteed_jobs
from optimizer.lists.choice_rules import allowed_choices, choices_per_vm
from optimizer.lists.enumeration import Enumeration
from optimizer.lists.five_weeks import week_figures
from optimizer.lists.job_tiers import find_tier_lists
from optimizer.lists.list_findings import find_in_lists
from optimizer.lists.list_search import ListSearch
from optimizer.lists.server_classes import server_views
from optimizer.lists.week_jobs import HASH_OF_DELAY, delay
from optimizer.lists.week_lists import choose_week
from optimizer.simulation.candidate_sets import JobTasks, job_tasks, servers_by_name
from optimizer.solver.deadline import Deadline

TIERS = (1, 2, 3)


def plan_week(
    context: PlanningContext,
    plan: Plan,
    deadline: Deadline | None = None,
    step: Callable[[str], None] = lambda step: None,
    first: First | None = None,
) -> WeekPlan:
    """Plan the choice of each job so that the week that follows is best; never worse than today.

    ``first`` puts the aims into another order than the estate's settings. After the ``deadline``
    the search ends with what it has; today's choices are always among it.
    """
    estate, eligibility = context.estate, context.eligibility
    began, deadline = time.monotonic(), deadline or Deadline()
    wishes = _wishes_of(context, first)
    working = job_tasks(context.tasks, eligibility)
    allowed = allowed_choices(estate, working, eligibility, wishes)
    names = estate.jobs["job"].tolist()
    late = [np.array([delay(name, number) for name in names]) for number in HASH_OF_DELAY]
    bounds = bounds_context(estate, context.tasks, eligibility, allowed, late, wishes.most_changes)
    best_lists = find_tier_lists(
        allowed,
        server_views(eligibility),
        estate.backup_server,
        servers_by_name(estate),
        wishes.first,
        _planned_tiers(plan, working),
    )
    # What each job gains and the bounds of aims take about as long as all up to here.
    still = min(time.monotonic() - began, deadline.remaining() / 2)
    order = servers_by_name(estate)
    numbers = order.astype(object)
    lists = [tuple(numbers[listed[order]]) for listed in best_lists]
    week, search = choose_week(
        plan,
        eligibility,
        wishes,
        _best_week(context, working, wishes, bounds),
        lists,
        deadline.earlier(still),
        step,
    )
    step("bounds")

    def evaluate(choices: Sequence[Servers]) -> Sequence[WeekFigures]:
        return week_figures(search.evaluator.replay(choices), search.rules.changed(tuple(choices)))

    trying = Enumeration(estate, eligibility, allowed, bounds.every, wishes.most_changes, evaluate)
    written = search.best.weeks.choices
    five = week_figures(search.best.weeks, search.rules.changed(written))
    values = aim_values(wishes.first, five, week.plan)
    aims = aim_bounds(
        bounds,
        values,
        [figures.peak for figures in five],
        week.plan,
        aim_values(wishes.first, week_figures(search.today.weeks, 0), week.plan),
        lambda: trying.bounds(written, values, week.plan),
    )
    choices = _with_certainty(context, working, week.choices, search)
    findings = find_in_lists(context, working, choices, wishes)
    return replace(week, aims=aims, choices=choices, findings=findings)


def _best_week(
    context: PlanningContext, working: Sequence[JobTasks], wishes: ListWishes, bounds: BoundsContext
) -> WeekFigures:
    """Return the best of any choice per VM, nominal week; wishes that restrict play no part."""
    estate, eligibility = context.estate, context.eligibility
    restricted = wishes.keep or wishes.least_servers > 1 or not wishes.cross_sites
    gated = not np.delete(eligibility.usable, estate.backup_server).any()
    if not restricted and wishes.most_changes is None and not gated:
        return best_week(bounds)
    per_vm = choices_per_vm(estate, working, eligibility, wishes)
    on_time = np.zeros(len(estate.jobs), dtype=np.int64)
    return best_week(
        bounds_context(estate, context.tasks, eligibility, per_vm, [on_time] * len(HASH_OF_DELAY))
    )


def _wishes_of(context: PlanningContext, first: First | None) -> ListWishes:
    """Return the wishes, with the jobs that an earlier plan freed (`--after`) free, too."""
    jobs, wishes = context.estate.jobs, context.estate.settings.lists
    rows = zip(jobs["job"], jobs["proxy_codes"], jobs["bound_codes"], strict=True)
    freed = {job for job, named, bound in rows if named and not bound}
    return replace(wishes, free=wishes.free | freed, first=first or wishes.first)


def _planned_tiers(plan: Plan, working: Sequence[JobTasks]) -> Counts:
    """Count each job's tasks as planned in tier 1 to k, shape (jobs, 3)."""
    tasks, windows = plan.tasks, plan.tasks.kind == WINDOWS
    counts = np.zeros((int(tasks.job.max(initial=-1)) + 1, 5), dtype=np.int64)
    np.add.at(counts, (tasks.job[windows], plan.tier[windows]), tasks.count[windows])
    planned = counts[[of.job for of in working]] if working else counts[:0]
    return np.cumsum(planned[:, list(TIERS)], axis=1)


def _with_certainty(
    context: PlanningContext,
    working: Sequence[JobTasks],
    choices: Sequence[JobChoice],
    search: ListSearch,
) -> tuple[JobChoice, ...]:
    """Say of which jobs failures and tiers are guaranteed, whatever loads and ties are."""
    written = search.best.weeks.choices
    own = context.estate.backup_server
    sure = guaranteed_jobs(working, written, context.eligibility, own).tolist()
    return tuple(
        replace(choice, certainty="guaranteed") if is_sure else choice
        for choice, is_sure in zip(choices, sure, strict=True)
    )
