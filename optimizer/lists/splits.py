"""Splits: jobs that serve better as several jobs, each with a list of its own.

The plan's proxy per task is the guide; parts are few, and named by network or site where that
tells them apart. Whatever is proposed is evaluated by the five weeks of the estate so split.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.estate import Codes
from models.week_aims import LABELS, PEAK, TIER_AIMS, WEEK_AIMS
from models.week_plan import JobPart, JobSplit, ListWishes, Servers, WeekFigures, summarise
from optimizer.lists.choice_rules import ChoiceRules
from optimizer.lists.five_weeks import FiveWeeks, week_figures
from optimizer.lists.list_neighbourhoods import LocalNeighbourhood
from optimizer.lists.list_search import Evaluated, ListSearch
from optimizer.lists.week_jobs import WeekEstate, WeekJob, week_job
from optimizer.solver.deadline import Deadline

MOST_PARTS = 4
MOST_JOBS = 3
MOST_SPLITS = 6
PART_WORK = 100_000
SPLIT_WORK = 1_000_000
MINOR_AIMS = len((*LABELS, PEAK))  # the last before `changed`: for them alone no job is split


@dataclass(frozen=True, slots=True)
class Division:
    """A way to split a job: the ``part`` of each of its tasks.

    ``names`` has a name for each part, ``kind`` what these are taken from.
    """

    part: NDArray[np.intp]
    names: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class _Split:
    """An estate in which some jobs are split, searched: ``parts`` are places of the last one's."""

    week: WeekEstate
    search: ListSearch
    evaluated: Evaluated
    parts: tuple[int, ...]
    division: Division


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
    written = replace(week, today=best.best.weeks.choices)
    found: list[JobSplit] = []
    now, weeks = written, best.best
    splittable = _splittable(written, wishes)
    candidates = [job for job in promising(written, best, proxy) if job in splittable]
    left = SPLIT_WORK
    while (
        candidates
        and len(found) < MOST_SPLITS
        and left > best.first_work
        and deadline.remaining() > 0
    ):
        tried: list[_Split] = []
        for job in candidates:
            for split in _try_divisions(now, job, wishes, planned, proxy, deadline):
                tried.append(split)
                left -= split.search.evaluator.work
                if left < split.search.evaluator.work:
                    break
            if left < best.first_work:
                break
        gains = [split for split in tried if _is_gain(split, weeks)]
        if not gains:
            break
        best_split = min(
            gains, key=lambda split: (split.evaluated.aims, split.division.kind == "number")
        )
        job = best_split.week.jobs[best_split.parts[0]].job
        changed = changed | {job}
        found.append(_describe(best_split, weeks, len(found) + 1, wishes, len(changed)))
        choices = best_split.evaluated.weeks.choices
        now, weeks = replace(best_split.week, today=choices), best_split.evaluated
        helped = {split.week.jobs[split.parts[0]].job for split in gains} - {job}
        candidates = [other for other in candidates if other in helped]
    return tuple(found)


def _splittable(week: WeekEstate, wishes: ListWishes) -> set[int]:
    """Return the jobs (codes) that may be split.

    Not those to keep, nor those that name servers of which none may serve: their parts could not
    name them.
    """
    names = week.estate.jobs["job"].tolist()
    return {
        of.job
        for place, of in enumerate(week.jobs)
        if names[of.job] not in wishes.keep
        and week.allowed[place].any()
        and (not week.today[place] or _nameable(week, place))
    }


def _nameable(week: WeekEstate, number: int) -> Servers:
    """Return which servers of today's choice of a job its parts may name."""
    allowed, place = week.allowed[number], week.servers.place
    return tuple(code for code in week.today[number] if allowed[place[code]])


def _is_gain(split: _Split, before: Evaluated) -> bool:
    """Tell whether a split gains in the main aims, and not only by chance.

    Parts have names of their own, so that they start late by other minutes. In the nominal week,
    where all are on time, nothing may get worse for that.
    """
    main, nominal = slice(-MINOR_AIMS), split.search.nominal
    better = split.evaluated.aims[main] < before.aims[main]
    return better and nominal(split.evaluated)[main] <= nominal(before)[main]


def promising(week: WeekEstate, best: ListSearch, proxy: Codes) -> list[int]:
    """Return the jobs (codes) that are worth a try, those first that have most to gain.

    They are those of overloaded components, or with fewer runs in good tiers than planned.
    """
    weeks = best.best.weeks
    place, tier = week.servers.place, [job.tier for job in week.jobs]
    over = np.zeros(len(week.jobs))
    for component in weeks.components:
        if component.overload:
            for group in component.groups.tolist():
                if (week.servers.limit[best.evaluator.servers_of(group)] >= 0).any():
                    over[best.evaluator.job_of(group)] += (
                        component.overload * best.evaluator.tasks_of(group)
                    )
    outcomes = best.evaluator.outcomes_by_job(weeks)[0]
    missing = np.zeros(len(week.jobs))
    for number, of in enumerate(week.jobs):
        of_task = proxy[of.tasks]
        there = of_task >= 0
        wanted = np.bincount(tier[number][of.kind[there], place[of_task[there]]], minlength=5)
        runs = len(of.starts[0])
        reached = outcomes[number, 1:4].cumsum()
        missing[number] = np.maximum(wanted[1:4].cumsum() * runs - reached, 0).sum()
    order = np.lexsort((-missing, -over))
    several = [job for job in order.tolist() if len(week.jobs[job].tasks) > 1]
    chosen = [job for job in several if over[job] > 0][:MOST_JOBS]
    chosen += [job for job in several if missing[job] > 0 and job not in chosen][:MOST_JOBS]
    return [week.jobs[job].job for job in chosen]


def _try_divisions(
    week: WeekEstate,
    job: int,
    wishes: ListWishes,
    planned: WeekFigures,
    proxy: Codes,
    deadline: Deadline,
) -> Iterator[_Split]:
    """Yield the job (code) split in each way that is worth a try, with the best lists found."""
    number = next((place for place, of in enumerate(week.jobs) if of.job == job), None)
    if number is None:
        return
    for division in propose_divisions(week, week.jobs[number], proxy):
        if deadline.remaining() <= 0:
            return
        divided, parts = divide(week, number, division)
        evaluator = FiveWeeks(divided.servers, divided.jobs, divided.own_work)
        rules = ChoiceRules(divided, replace(wishes, most_changes=None))
        search = ListSearch(evaluator, rules, wishes.first, planned, PART_WORK, deadline)
        neighbourhood = LocalNeighbourhood(divided, rules, proxy, None)
        lists = {part: _planned(neighbourhood, rules, part) for part in parts}
        search.best_of([lists, *({part: lists[part]} for part in parts)])
        if search.descend(parts, neighbourhood):
            search.descend(parts, neighbourhood)
        yield _Split(divided, search, search.best, parts, division)


def _planned(neighbourhood: LocalNeighbourhood, rules: ChoiceRules, part: int) -> Servers:
    planned = neighbourhood.planned_list(part)
    return planned if rules.allows(part, planned) else rules.today[part]


def divide(week: WeekEstate, number: int, division: Division) -> tuple[WeekEstate, tuple[int, ...]]:
    """Return the estate with one job in parts, and the places of these among its jobs."""
    job = week.jobs[number]
    sizes = np.bincount(division.part, minlength=len(division.names)).tolist()
    names = division.names
    # Of equals the first in order of name, as where the parts are written.
    largest = min(range(len(names)), key=lambda part: (-sizes[part], names[part].encode()))
    part_jobs = []
    for part, name in enumerate(names):
        inside = division.part == part
        part_jobs.append(
            week_job(
                name,
                job.job,
                job.tasks[inside],
                *_kinds_of(job, inside),
                week.servers.usable,
                week.servers.own,
                job.duration,
                week.starts(job.job),
                job.own_tasks if part == largest else 0,
            )
        )
    rest = [place for place in range(len(week.jobs)) if place != number]
    jobs = [week.jobs[place] for place in rest] + part_jobs
    source = [*rest, *[number] * len(part_jobs)]
    order = sorted(range(len(jobs)), key=lambda place: jobs[place].name.encode())
    divided = replace(
        week,
        jobs=tuple(jobs[place] for place in order),
        today=tuple(
            week.today[source[place]] if place < len(rest) else _nameable(week, number)
            for place in order
        ),
        allowed=tuple(week.allowed[source[place]] for place in order),
        bound=tuple(week.bound[source[place]] for place in order),
    )
    return divided, tuple(place for place, was in enumerate(order) if was >= len(rest))


def _kinds_of(
    job: WeekJob, inside: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], list[NDArray[np.generic]]]:
    """Return the kinds of some tasks of a job, and their rows of tiers and labels."""
    kinds, kind = np.unique(job.kind[inside], return_inverse=True)
    return kind, [job.tier[kinds], job.protected[kinds], job.same_site[kinds]]


def propose_divisions(week: WeekEstate, job: WeekJob, proxy: Codes) -> list[Division]:
    """Propose ways to split a job: by network, by site, by tier and by server as planned."""
    estate = week.estate
    of_task = proxy[job.tasks]
    there = of_task >= 0
    place = np.where(there, week.servers.place[of_task], -1)
    tier = np.where(there, job.tier[job.kind, place], 0)
    network_set = estate.vms["network_set"].to_numpy()[week.tasks.vm[job.tasks]]
    networks = estate.networks["network"].tolist()
    sites = estate.networks["site"].tolist()
    by_network = np.array(
        ["+".join(networks[net] for net in estate.network_sets[code]) for code in network_set]
    )
    by_site = np.array(
        ["+".join(sorted({sites[net] for net in estate.network_sets[code]} - {""}))
         for code in network_set]
    )  # fmt: skip
    found = []
    for kind, labels in (("network", by_network), ("site", by_site)):
        found += _by_label(job.name, kind, labels, place)
    taken = {of.name for of in week.jobs} | set(estate.jobs["job"])
    for value in (np.where(tier == 1, 0, 1), _few(place)):
        _, part = np.unique(value, return_inverse=True)
        if 2 <= part.max(initial=0) + 1 <= MOST_PARTS:
            part = _by_size(part)
            names = tuple(f"{job.name} ({number + 1})" for number in range(part.max() + 1))
            found.append(Division(part, names, "number"))
    distinct: dict[bytes, Division] = {}
    for division in found:
        if not taken.intersection(division.names):
            distinct.setdefault(_by_size(division.part).tobytes(), division)
    return list(distinct.values())


def _by_label(
    name: str, kind: str, labels: NDArray[np.str_], place: NDArray[np.integer]
) -> list[Division]:
    """Return divisions whose parts are labels: each, or those together that are planned alike."""
    values, value = np.unique(labels, return_inverse=True)
    found = []
    if 2 <= len(values) <= MOST_PARTS and "" not in values:
        part = _by_size(value)
        order = [values[value[np.argmax(part == number)]] for number in range(len(values))]
        found.append(Division(part, tuple(f"{name} {label}" for label in order), kind))
    if len(values) > 2:
        main = np.array(
            [np.bincount(place[value == number] + 1).argmax() for number in range(len(values))]
        )
        leader = np.bincount(main[value]).argmax()
        part = (main[value] != leader).astype(np.intp)
        if part.any():
            lone = np.unique(labels[part == 1])
            first = f"{name} {lone[0]}" if len(lone) == 1 and lone[0] else f"{name} (2)"
            shown = kind if not first.endswith("(2)") else "number"
            found.append(Division(part, (f"{name} (1)", first), shown))
    return found


def _few(place: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return planned servers, all but the most used as one."""
    count = np.bincount(place + 1)
    top = np.argsort(-count, kind="stable")[: MOST_PARTS - 1] - 1
    return np.where(np.isin(place, top), place, -2)


def _by_size(part: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return parts numbered by size, the largest first."""
    order = np.argsort(-np.bincount(part), kind="stable")
    return np.asarray(np.argsort(order)[part])


def _describe(
    split: _Split, before: Evaluated, rank: int, wishes: ListWishes, changed: int
) -> JobSplit:
    """Return the split as it is written."""
    week, weeks = split.week, split.evaluated.weeks
    job = week.jobs[split.parts[0]].job
    kind = split.division.kind
    parts = tuple(
        JobPart(
            week.jobs[part].name,
            weeks.choices[part],
            week.jobs[part].tasks,
            kind,  # type: ignore[arg-type]
        )
        for part in split.parts
    )
    aims = WEEK_AIMS[wishes.first]
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
    return JobSplit(job, rank, parts, summary, tuple(better), tuple(worse))
