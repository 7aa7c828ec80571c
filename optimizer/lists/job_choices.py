"""Job choices: the search for what to select in each job, from start to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np

from models.estate import Codes
from models.week_plan import ListWishes, Servers, WeekFigures
from optimizer.lists.choice_rules import ChoiceRules
from optimizer.lists.five_weeks import FiveWeeks
from optimizer.lists.list_neighbourhoods import LocalNeighbourhood
from optimizer.lists.list_search import (
    FixedNeighbourhood,
    ListSearch,
    Neighbourhood,
    has_few_combinations,
)
from optimizer.lists.load_descent import LoadDescent
from optimizer.lists.week_jobs import WeekEstate
from optimizer.solver.deadline import Deadline

ALL_LISTS = 1024
WORK = 700_000
WORK_PER_TASK = 1
ROUNDS = 8
START_SHARE = 0.4


def choose(
    week: WeekEstate,
    evaluator: FiveWeeks,
    wishes: ListWishes,
    planned: WeekFigures,
    proxy: Codes,
    tier_lists: Sequence[Servers] | None = None,
    deadline: Deadline | None = None,
    step: Callable[[str], None] = lambda step: None,
) -> ListSearch:
    """Search the choices of all jobs of ``week``; the search's ``best`` has them.

    ``planned`` is the week as planned, ``proxy`` each task's there; ``tier_lists`` are, per job,
    the list that is best in tiers.
    """
    rules = ChoiceRules(week, wishes)
    tasks = sum(len(job.tasks) for job in week.jobs)
    budget = WORK + WORK_PER_TASK * tasks
    search = ListSearch(evaluator, rules, wishes.first, planned, budget, deadline or Deadline())
    lists = sum(2 ** int(allowed.sum()) for allowed in rules.allowed)  # a float ends at 2 ** 1023
    local = LocalNeighbourhood(week, rules, proxy, tier_lists)
    if lists <= ALL_LISTS:
        every = [rules.effects(evaluator, week.servers, job) for job in range(len(week.jobs))]
        if has_few_combinations(every):
            search.enumerate(every)
            return search
        _search_locally(search, FixedNeighbourhood(every, exact=True), local, week, planned, step)
        while not search.over and search.descend_in_pairs(every):
            search.descend(range(len(every)), FixedNeighbourhood(every, exact=True))
    else:
        _search_locally(search, local, local, week, planned, step)
    prune_and_widen(search, week)
    return search


def _search_locally(
    search: ListSearch,
    neighbourhood: Neighbourhood,
    local: LocalNeighbourhood,
    week: WeekEstate,
    planned: WeekFigures,
    step: Callable[[str], None],
) -> None:
    """Improve the best of several starts, job by job, as long as that helps."""
    bases = [local.bases(job) for job in range(len(week.jobs))]
    descent = LoadDescent(week, search.rules, local.relevant, bases)
    proposed = descent.propose(search.first, planned, search.deadline)
    starts = chain(proposed, zip(*bases, strict=True))
    for number, choices in enumerate(starts):
        step(f"lists, start {number + 1}")
        found = search.evaluate(search.evaluator.replay(choices))
        search.consider(found)
        missed = np.flatnonzero(search.evaluator.missed_by_job(found.weeks)).tolist()
        if missed and not search.late:
            sure = {job: local.sure_list(job) for job in missed}
            search.consider(search.evaluate_moves(found, sure))
        if search.late or search.spent > START_SHARE:
            break
    for number in range(ROUNDS):
        step(f"lists, round {number + 1}")
        if not search.descend(order_jobs(search, neighbourhood.exact), neighbourhood):
            break
    if not neighbourhood.exact:
        search.descend(order_jobs(search, every=True), FixedNeighbourhood(bases, exact=False))


def order_jobs(search: ListSearch, every: bool) -> list[int]:
    """Return the jobs, those first that miss servers, then those on servers with most overload.

    Without ``every`` job, only those.
    """
    evaluator, weeks = search.evaluator, search.best.weeks
    overload = evaluator.overload_by_place(weeks)
    weight = np.array(
        [
            sum(float(overload[evaluator.servers_of(group)].sum()) for group in offering.groups)
            for offering in weeks.offerings
        ]
    )
    missed = evaluator.missed_by_job(weeks)
    jobs = np.lexsort((-weight, -missed)).tolist()
    return [job for job in jobs if every or missed[job] or weight[job]]


def prune_and_widen(search: ListSearch, week: WeekEstate) -> None:
    """Let jobs keep what they have where that is as good, and widen the lists of the others."""
    search.prune()
    pruned = search.best
    search.widen(week.servers)
    if search.best is not pruned:
        search.prune()
