"""Splits: jobs that serve better as several jobs, each with a list of its own.

The plan's proxy per task is the guide. Whatever is proposed is evaluated by the five weeks of the
estate so split: one estate has all jobs and all parts, of which those in question are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.estate import Codes
from models.week_aims import LABELS, PEAK, TIER_AIMS, WEEK_AIMS
from models.week_plan import JobPart, JobSplit, ListWishes, Servers, WeekFigures, summarise
from optimizer.lists.choice_rules import ChoiceRules
from optimizer.lists.divisions import (
    DividedJob,
    Division,
    add_parts,
    nameable,
    propose_divisions,
)
from optimizer.lists.five_weeks import AWAY, FiveWeeks, week_figures
from optimizer.lists.list_neighbourhoods import LocalNeighbourhood
from optimizer.lists.list_search import Evaluated, ListSearch
from optimizer.lists.week_jobs import WeekEstate
from optimizer.solver.deadline import Deadline

MOST_JOBS = 6
MOST_SPLITS = 6
PART_WORK = 10_000
POLISH_WORK = 100_000
POLISH_ROUNDS = 2
SPLIT_WORK = 600_000
MINOR_AIMS = len((*LABELS, PEAK))  # the last before `changed`: for them alone no job is split


@dataclass(frozen=True, slots=True)
class _Split:
    """A job that is divided, and the best weeks found with it."""

    divided: DividedJob
    evaluated: Evaluated

    @property
    def job(self) -> int:
        """Return the job (code)."""
        return self.divided.division.job


def find_splits(
    week: WeekEstate,
    best: ListSearch,
    wishes: ListWishes,
    planned: WeekFigures,
    proxy: Codes,
    changed: frozenset[int],
    deadline: Deadline,
) -> tuple[JobSplit, ...]:
    """Return the splits that gain something in tiers or overload, the best first.

    ``best`` is the search that found the lists, ``proxy`` each task's in the plan; ``changed`` are
    the jobs (codes) whose choice is set.
    """
    if deadline.remaining() <= 0:
        return ()
    written = replace(week, today=best.best.weeks.choices)
    divisions = [
        division
        for number in promising(written, best, proxy)
        if _is_splittable(written, number, wishes)
        for division in propose_divisions(written, week.jobs[number], proxy)
    ]
    if not divisions or best.first_work > SPLIT_WORK:
        return ()
    trials = _Trials(written, divisions, wishes, planned, proxy, deadline)
    found: list[JobSplit] = []
    now, candidates = trials.search.best, trials.divided
    while candidates and len(found) < MOST_SPLITS:
        splits = trials.split_each(now, candidates)
        gains = [split for split in splits if trials.is_gain(split, now)]
        if not gains:
            break
        chosen = min(
            gains,
            key=lambda split: (split.evaluated.aims, split.divided.division.kind == "number"),
        )
        polished = trials.polish(chosen)
        chosen = polished if trials.is_gain(polished, now) else chosen
        changed |= {chosen.job}
        found.append(trials.describe(chosen, now, len(found) + 1, len(changed)))
        now = chosen.evaluated
        helped = {split.job for split in gains} - {chosen.job}
        taken = set(chosen.divided.division.names)
        candidates = [
            divided
            for divided in candidates
            if divided.division.job in helped and not taken.intersection(divided.division.names)
        ]
    return tuple(found)


def _is_splittable(week: WeekEstate, number: int, wishes: ListWishes) -> bool:
    """Tell whether a job may be split.

    Not one to keep, nor one that names servers of which none may serve: its parts could not name
    them.
    """
    names_usable = not week.today[number] or nameable(week, number)
    is_free = week.jobs[number].name not in wishes.keep and week.allowed[number].any()
    return bool(is_free and names_usable)


def promising(week: WeekEstate, best: ListSearch, proxy: Codes) -> list[int]:
    """Return the jobs (places) that are worth a try, those first that have most to gain.

    They are those on overloaded servers, or with fewer runs in good tiers than planned.
    """
    weeks = best.best.weeks
    place, own = week.servers.place, week.servers.own
    overload = best.evaluator.overload_by_place(weeks)
    over = [
        sum(
            best.evaluator.tasks_of(group) * float(overload[best.evaluator.servers_of(group)].sum())
            for group in offering.groups
        )
        for offering in weeks.offerings
    ]
    outcomes = best.evaluator.outcomes_by_job(weeks)[0]
    missing = np.zeros(len(week.jobs))
    for number, of in enumerate(week.jobs):
        of_task = proxy[of.tasks]
        there = of_task >= 0
        tier = of.tier(own)[of.kind[there], place[of_task[there]]]
        wanted = np.bincount(tier, minlength=5)
        runs = len(of.starts[0])
        reached = outcomes[number, 1:4].cumsum()
        missing[number] = np.maximum(wanted[1:4].cumsum() * runs - reached, 0).sum()
    order = np.lexsort((-missing, -np.array(over)))
    several = [job for job in order.tolist() if len(week.jobs[job].tasks) > 1]
    chosen = [job for job in several if over[job] > 0][:MOST_JOBS]
    chosen += [job for job in several if missing[job] > 0 and job not in chosen][:MOST_JOBS]
    return chosen


class _Trials:
    """Splits jobs of an estate in one way after another, and searches lists for the parts.

    All parts of all ``divisions`` are jobs of one estate, most of them away.
    """

    def __init__(
        self,
        week: WeekEstate,
        divisions: Sequence[Division],
        wishes: ListWishes,
        planned: WeekFigures,
        proxy: Codes,
        deadline: Deadline,
    ) -> None:
        self._week, self.divided = add_parts(week, divisions)
        parts = frozenset(part for divided in self.divided for part in divided.parts)
        rules = ChoiceRules(self._week, replace(wishes, most_changes=None))
        choices = [
            AWAY if number in parts else today for number, today in enumerate(self._week.today)
        ]
        evaluator = FiveWeeks(week.servers, self._week.jobs, week.own_work)
        self.search = ListSearch(
            evaluator, rules, wishes.first, planned, PART_WORK, deadline, choices
        )
        self._neighbourhood = LocalNeighbourhood(self._week, rules, proxy, None, parts)

    def split_each(self, now: Evaluated, candidates: Sequence[DividedJob]) -> Iterator[_Split]:
        """Yield each of the candidates with the best lists found, as far as the work goes."""
        for divided in candidates:
            if self.search.evaluator.work > SPLIT_WORK or self.search.late:
                return
            yield self._split(now, divided)

    def _split(self, now: Evaluated, divided: DividedJob) -> _Split:
        search, rules, parts = self.search, self.search.rules, divided.parts
        today = {part: rules.today[part] for part in parts}
        search.restart(search.evaluate_moves(now, {divided.whole: AWAY, **today}), PART_WORK)
        lists = {part: self._planned(part) for part in parts}
        search.best_of([lists, *({part: lists[part]} for part in parts)])
        search.descend(parts, self._neighbourhood)
        return _Split(divided, search.best)

    def polish(self, split: _Split) -> _Split:
        """Return a split with better lists for its parts, if there are any near its own."""
        self.search.restart(split.evaluated, POLISH_WORK)
        for _ in range(POLISH_ROUNDS):
            if not self.search.descend(split.divided.parts, self._neighbourhood):
                break
        return _Split(split.divided, self.search.best)

    def _planned(self, part: int) -> Servers:
        planned = self._neighbourhood.planned_list(part)
        return planned if self.search.rules.allows(part, planned) else self._week.today[part]

    def is_gain(self, split: _Split, before: Evaluated) -> bool:
        """Tell whether a split gains in the main aims, and not only by chance.

        Parts have names of their own, so that they start late by other minutes. In the nominal
        week, where all are on time, nothing may get worse for that.
        """
        main, nominal = slice(-MINOR_AIMS), self.search.nominal
        better = split.evaluated.aims[main] < before.aims[main]
        return better and nominal(split.evaluated)[main] <= nominal(before)[main]

    def describe(self, split: _Split, before: Evaluated, rank: int, changed: int) -> JobSplit:
        """Return the split as it is written, with so many jobs ``changed``."""
        jobs, weeks = self._week.jobs, split.evaluated.weeks
        kind = split.divided.division.kind
        parts = tuple(
            JobPart(
                jobs[part].name,
                weeks.choices[part],
                jobs[part].tasks,
                kind,  # type: ignore[arg-type]
            )
            for part in split.divided.parts
        )
        aims = WEEK_AIMS[self.search.first]
        better, worse = [], []
        reached = 0
        for aim, old, new in zip(aims, before.aims, split.evaluated.aims, strict=False):
            gain = old - new
            if aim in TIER_AIMS:  # a run that moves to a worse tier is no gain of that tier
                reached += gain
                gain = max(0, min(gain, reached)) if gain > 0 else min(0, max(gain, reached))
            if gain > 0:
                better.append((aim, gain))
            elif gain < 0:
                worse.append((aim, -gain))
        summary = summarise(week_figures(weeks, changed))
        return JobSplit(split.job, rank, parts, summary, tuple(better), tuple(worse))
