"""Week lists: from a plan to what to select in each job, what follows, and what to split."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.plan import Plan
from models.week_aims import WEEK_AIMS
from models.week_plan import (
    AUTOMATIC,
    JobChoice,
    ListWishes,
    Servers,
    WeekFigures,
    WeekPlan,
    summarise,
)
from optimizer.eligibility.tiers import Eligibility
from optimizer.lists.choice_rules import offered_servers
from optimizer.lists.compiled import FAILED_OVER, OVERLOAD
from optimizer.lists.five_weeks import FiveWeeks, week_figures
from optimizer.lists.job_choices import choose
from optimizer.lists.job_overload import overload_of_jobs
from optimizer.lists.list_search import AFTER_AIMS, Key, ListSearch
from optimizer.lists.planned_week import week_as_planned
from optimizer.lists.splits import find_splits
from optimizer.lists.week_jobs import WeekEstate, describe_week
from optimizer.solver.deadline import Deadline

GAIN_WORK = 200_000


def choose_week(
    plan: Plan,
    eligibility: Eligibility,
    wishes: ListWishes,
    bound: WeekFigures,
    tier_lists: Sequence[Servers] | None = None,
    deadline: Deadline | None = None,
    step: Callable[[str], None] = lambda step: None,
) -> tuple[WeekPlan, ListSearch]:
    """Plan the choice of each job, and return it with the search that found it.

    ``bound`` is the best of any choice per VM; ``tier_lists`` are, per job with Windows tasks in
    order of name, the servers that are best in tiers. Aims and their bounds are left to be added.
    """
    deadline = deadline or Deadline()
    week = describe_week(plan.estate, plan.tasks, eligibility, wishes)
    evaluator = FiveWeeks(week.servers, week.jobs, week.own_work)
    planned = week_as_planned(plan, eligibility)
    found = choose(
        week, evaluator, wishes, planned, plan.proxy, tier_lists, deadline.share(0.7), step
    )
    weeks, today = found.best.weeks, found.today.weeks
    changed = found.rules.changed(weeks.choices)
    lists = summarise(week_figures(weeks, changed))
    step("splits")
    is_set = frozenset(
        job.job
        for job, choice, now in zip(week.jobs, weeks.choices, week.today, strict=True)
        if choice != now
    )
    splits = find_splits(week, found, wishes, planned, plan.proxy, is_set, deadline)
    automatic = evaluator.replay([AUTOMATIC] * len(week.jobs))
    freed = sum(1 for now in week.today if now)
    made = WeekPlan(
        first=wishes.first,
        plan=planned,
        today=summarise(week_figures(today, 0)),
        automatic=summarise(week_figures(automatic, freed)),
        lists=lists,
        lists_and_splits=splits[-1].weeks if splits else lists,
        bound=bound,
        choices=_job_choices(week, found, wishes),
        splits=splits,
    )
    return made, found


def _job_choices(week: WeekEstate, found: ListSearch, wishes: ListWishes) -> tuple[JobChoice, ...]:
    """Return the choice of each job and what it comes to in the nominal week."""
    weeks = found.best.weeks
    outcomes = found.evaluator.outcomes_by_job(weeks)
    same = (outcomes[:, :, : FAILED_OVER + 1] == outcomes[0, :, : FAILED_OVER + 1]).all(axis=(0, 2))
    overload = np.zeros(len(week.estate.jobs), dtype=np.int64)
    if weeks.figures[0, OVERLOAD]:
        overload = overload_of_jobs(week, found.evaluator, weeks)
    gains = _gains(found, wishes)
    sited = _jobs_with_sites(week)
    named = week.estate.jobs["proxy_codes"].tolist()
    made = []
    for number, (job, choice) in enumerate(zip(week.jobs, weeks.choices, strict=True)):
        failed, tier1, tier2, tier3, tier4, over = outcomes[0, number, : FAILED_OVER + 1].tolist()
        is_set = choice != week.today[number]
        offered = offered_servers(week.servers, job, week.servers.mask(choice))
        made.append(
            JobChoice(
                job=job.job,
                servers=_trim(choice, offered[week.servers.place], wishes)
                if is_set
                else tuple(named[job.job]),
                is_set=is_set,
                runs=job.runs,
                failed=failed,
                tier1=tier1,
                tier2=tier2,
                tier3=tier3,
                tier4=tier4,
                failed_over=over,
                overload_minutes=int(overload[job.job]),
                certainty="likely" if same[number] else "depends",
                gains=gains.get(number, ()),
                leaves_site=bool(sited[number]) and not (offered & job.same_site.any(axis=0)).any(),
            )
        )
    return tuple(made)


def _trim(choice: Servers, offered: NDArray[np.bool_], wishes: ListWishes) -> Servers:
    """Return the choice without servers that no task is offered; ``offered`` is by code.

    They would only make a person wonder. A list keeps as many as are wished at least.
    """
    trimmed = tuple(code for code in choice if offered[code])
    return trimmed if len(trimmed) >= max(1, wishes.least_servers) else choice


def _gains(found: ListSearch, wishes: ListWishes) -> dict[int, tuple[tuple[str, int], ...]]:
    """Return what each change makes better: what reverting it alone would cost."""
    best, rules = found.best, found.rules
    changed = [job for job, choice in enumerate(best.weeks.choices) if choice != rules.today[job]]
    gains = {}
    last = found.evaluator.work + GAIN_WORK
    for job in changed:
        if found.evaluator.work > last:
            break
        key = found.key(best, {job: rules.today[job]})
        gains[job] = better(wishes, key, best.key)
    return gains


def better(wishes: ListWishes, before: Key, after: Key) -> tuple[tuple[str, int], ...]:
    """Return the aims in which ``after`` is better, in order, and by how much."""
    aims = zip(WEEK_AIMS[wishes.first], before[:-AFTER_AIMS], after[:-AFTER_AIMS], strict=False)
    return tuple((aim, old - new) for aim, old, new in aims if new < old)


def _jobs_with_sites(week: WeekEstate) -> list[bool]:
    """Return which jobs have a VM of which the site is known."""
    sites = week.estate.networks["site"].tolist()
    of_set = np.array([any(sites[net] for net in nets) for nets in week.estate.network_sets])
    network_set = week.estate.vms["network_set"].to_numpy()
    return [bool(of_set[network_set[week.tasks.vm[job.tasks]]].any()) for job in week.jobs]
