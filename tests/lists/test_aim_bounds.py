"""Tests of the bounds on the week's aims: each against all choices of small random estates."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import random_estates
from estates import estate, write
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from models.assignment_problem import Counts
from models.estate import Estate
from models.week import WEEK
from models.week_aims import MAXIMISED_WEEK_AIMS, First
from models.week_plan import WEEKS, ListWishes, WeekAim, WeekFigures, aim_values, lexicographic_key
from optimizer.checker import judge
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.reachability import Network
from optimizer.eligibility.tasks import find_tasks
from optimizer.eligibility.tiers import compute_eligibility
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.lists.aim_bounds import _carried_over, aim_bounds, best_week
from optimizer.lists.bounds_context import bounds_context
from optimizer.lists.choice_rules import allowed_choices
from optimizer.lists.enumeration import Enumeration
from optimizer.planner import plan
from optimizer.simulation import simulate_tasks
from optimizer.simulation.candidate_sets import job_tasks

MOST_CHOICES = 150
Choice = tuple[int, ...] | None  # None keeps
plain = settings(deadline=None, suppress_health_check=list(HealthCheck))
plain = settings(parent=plain, max_examples=max(10, plain.max_examples // 8))


class Case:
    """An estate with all choices of its jobs, each replayed in weeks with late starts."""

    def __init__(self, spec: dict[str, Any], wishes: ListWishes, late: Sequence[int]) -> None:
        self.wishes = wishes
        with tempfile.TemporaryDirectory() as folder:
            random_estates.write(spec, Path(folder))
            self.estate = read_estate(Path(folder))
        self.tasks = find_tasks(self.estate)
        self.eligibility = compute_eligibility(self.estate, Network(self.estate))
        self.working = job_tasks(self.tasks, self.eligibility)
        self.allowed = allowed_choices(self.estate, self.working, self.eligibility, wishes)
        jobs = len(self.estate.jobs)
        delays = np.resize(np.array(late, dtype=np.int64), (2, jobs))
        self.known: dict[tuple[tuple[int, ...], ...], list[WeekFigures]] = {}
        self.late = [np.zeros(jobs, dtype=np.int64)] * 3 + list(delays)

    @cached_property
    def choices(self) -> list[tuple[Choice, ...]] | None:
        """Return all choices of all jobs; None where these are too many."""
        options: list[list[Choice]] = []
        for allowed in self.allowed:
            codes = np.flatnonzero(allowed.servers).tolist()
            sizes = range(allowed.least, len(codes) + 1) if allowed.least else ()
            lists = [listed for size in sizes for listed in combinations(codes, size)]
            options.append([None, *([()] if allowed.automatic else []), *lists])
        if np.prod([len(of_job) for of_job in options], dtype=float) > MOST_CHOICES:
            return None
        most = self.wishes.most_changes
        return [
            chosen
            for chosen in product(*options)
            if most is None or sum(choice is not None for choice in chosen) <= most
        ]

    def weeks(self, chosen: Sequence[Choice]) -> list[WeekFigures]:
        """Return the five weeks that follow from a choice of each job."""
        changed = sum(choice is not None for choice in chosen)
        key = self.selected(chosen)
        if key not in self.known:
            nominal = self.week(key, self.late[0])
            self.known[key] = [nominal] * 3 + [self.week(key, late) for late in self.late[3:]]
        return [replace(week, jobs_changed=changed) for week in self.known[key]]

    def selected(self, chosen: Sequence[Choice]) -> tuple[tuple[int, ...], ...]:
        """Return the servers that each job has, those of today where it keeps them."""
        named = self.estate.jobs["proxy_codes"].tolist()
        return tuple(
            tuple(named[allowed.of.job]) if choice is None else choice
            for allowed, choice in zip(self.allowed, chosen, strict=True)
        )

    def week(self, selected: Sequence[tuple[int, ...]], late: Counts) -> WeekFigures:
        estate = shifted(self.estate, late)
        names = estate.jobs["job"].tolist()
        jobs = [names[allowed.of.job] for allowed in self.allowed]
        lists = dict(zip(jobs, selected, strict=True))
        context = PlanningContext(estate, self.tasks, self.eligibility)
        found = simulate_tasks(context, lists, False, lambda step: None)
        runs = found.runs
        profile, ran = self.eligibility.profile[self.tasks.vm[runs.task]], runs.proxy >= 0
        return WeekFigures(
            failed=found.failed,
            tier1=found.tiers[0],
            tier2=found.tiers[1],
            tier3=found.tiers[2],
            tier4=found.tiers[3],
            failed_over=found.failed_over,
            protected=int((ran & self.eligibility.protected[profile, runs.proxy]).sum()),
            same_site=int((ran & self.eligibility.same_site[profile, runs.proxy]).sum()),
            overload_minutes=sum(found.overload.values()),
            peak=found.peak,
            jobs_changed=0,
        )

    def bounds(
        self, place: int, planned: WeekFigures, first: First, evaluations: int
    ) -> tuple[WeekAim, ...]:
        """Return the bounds with the choices at ``place`` as written."""
        assert self.choices is not None
        written, today = self.choices[place], self.choices[0]
        context = bounds_context(
            self.estate,
            self.tasks,
            self.eligibility,
            self.allowed,
            self.late,
            self.wishes.most_changes,
        )
        weeks = self.weeks(written)
        values = aim_values(first, weeks, planned)
        trying = Enumeration(
            self.estate,
            self.eligibility,
            self.allowed,
            context.every,
            self.wishes.most_changes,
            self.weeks,
            evaluations,
        )
        return aim_bounds(
            context,
            values,
            [week.peak for week in weeks],
            planned,
            aim_values(first, self.weeks(today), planned),
            lambda: trying.bounds(self.selected(written), values, planned),
        )


def shifted(estate: Estate, late: Counts) -> Estate:
    """Return the estate with the starts of its jobs so many minutes late, its peak in tasks."""
    start = estate.jobs["start"].to_numpy() + late
    days = [
        tuple(sorted((day + begin // 1440) % 7 for day in of_job))
        for of_job, begin in zip(estate.jobs["days"].tolist(), start.tolist(), strict=True)
    ]
    shown = pd.Series(days, estate.jobs.index, dtype=object)
    return replace(
        estate,
        jobs=estate.jobs.assign(start=start % 1440, days=shown),
        settings=replace(estate.settings, balance="tasks"),
    )


def check(
    case: Case, planned: WeekFigures, first: First, pick: int, evaluations: int
) -> list[WeekAim]:
    """Hold the bounds to all choices, with some choices and with the best ones as written."""
    assert case.choices is not None
    values = [aim_values(first, case.weeks(chosen), planned) for chosen in case.choices]
    best = min(range(len(values)), key=lambda place: lexicographic_key(values[place]))
    check_best_week(case)
    aims: tuple[WeekAim, ...] = ()
    for written in (pick % len(values), best):
        aims = case.bounds(written, planned, first, evaluations)
        assert [(aim.aim, aim.value) for aim in aims] == list(values[written])
        for place, aim in enumerate(aims):
            alike = [other for other in values if other[:place] == values[written][:place]]
            reached = [other[place][1] for other in alike]
            if aim.aim in MAXIMISED_WEEK_AIMS:
                assert max(reached) <= aim.bound, (aim, max(reached))
            else:
                assert min(reached) >= aim.bound, (aim, min(reached))
            assert not aim.proven or aim.value == aim.bound
    return list(aims)


def check_best_week(case: Case) -> None:
    """Hold the best week of any choice per VM to the nominal weeks of all choices."""
    assert case.choices is not None
    context = bounds_context(case.estate, case.tasks, case.eligibility, case.allowed, case.late)
    bound = best_week(context)
    for chosen in case.choices:
        week = case.weeks(chosen)[0]
        assert week.failed >= bound.failed
        assert all(week.reached(tier) <= bound.reached(tier) for tier in (1, 2, 3))
        assert week.protected <= bound.protected
        assert week.same_site <= bound.same_site
        assert week.overload_minutes >= bound.overload_minutes
        assert week.peak >= bound.peak


WISHES = st.builds(
    ListWishes,
    all_free=st.booleans(),
    most_changes=st.sampled_from([None, None, None, 0, 1]),
    least_servers=st.sampled_from([1, 1, 1, 2]),
    cross_sites=st.sampled_from([True, True, False]),
    keep=st.sampled_from([frozenset(), frozenset(), frozenset({"j0"})]),
)
FIGURES = st.lists(st.integers(0, 40), min_size=3, max_size=3)


@plain
@given(
    spec=random_estates.estates(most_servers=4),
    wishes=WISHES,
    late=st.lists(st.integers(0, 10), min_size=1, max_size=4),
    tiers=FIGURES,
    first=st.sampled_from(["limits", "tiers"]),
    pick=st.integers(0, 10**6),
    evaluations=st.sampled_from([0, 2000]),
)
def test_no_choices_better_a_bound(
    spec: dict[str, Any],
    wishes: ListWishes,
    late: list[int],
    tiers: list[int],
    first: First,
    pick: int,
    evaluations: int,
) -> None:
    case = Case(spec, wishes, late)
    assume(case.working and case.choices is not None)
    check(case, as_planned(tiers), first, pick, evaluations)


def as_planned(tiers: list[int]) -> WeekFigures:
    return WeekFigures(0, *tiers, *[0] * 7)


def test_a_run_carried_over_may_be_elsewhere_than_this_week_s(tmp_path: Path) -> None:
    # k runs for a week. Its task v is on p or on another server, week by week in turn: the
    # run of the week before, of which this week's aims say nothing, leaves room on p until Sunday.
    made = plan(
        estate(
            tmp_path,
            ["bs hq running_tasks=1", "r lab powershell_version=5.1",
             "q den powershell_version=5.1 running_tasks=5",
             "p east powershell_version=5.1 max_tasks=2"],
            ["a lab", "b lab", "c lab", "v north", "w east", "x east"],
            networks=["lab hq", "den hq", "east hq", "north hq", "hq far"],
            links=["lab - den", "east - north"],
            jobs=["i 22:00 10080 days=sun", "k 12:30 10080 days=sun", "l 12:30 120 days=mon;wed"],
            job_vms=["i a", "i b", "i c", "k v", "k w", "k x", "l v"],
        )
    )  # fmt: skip
    week = write(made, tmp_path)
    (overload,) = (aim for aim in week.aims if aim.aim == "overload")
    assert overload.value > 0
    assert overload.bound <= overload.value
    assert judge(made.estate, tmp_path).violations == ()


def test_what_is_carried_over_counts_until_it_ends(tmp_path: Path) -> None:
    read = estate(
        tmp_path, ["bs hq"], ["a hq", "b hq"],
        jobs=["k 12:30 10080 days=sun", "l 23:00 120 days=sun"], job_vms=["k a", "l b"],
    )  # fmt: skip
    tasks, eligibility = find_tasks(read), compute_eligibility(read, Network(read))
    allowed = allowed_choices(read, job_tasks(tasks, eligibility), eligibility, ListWishes())
    on_time = [np.zeros(len(read.jobs), dtype=np.int64)] * WEEKS
    context = bounds_context(read, tasks, eligibility, allowed, on_time)
    (clock, _), *_ = context.clocks
    sunday_noon = 6 * 24 * 60 + 12 * 60 + 30
    carried = [2] * 60 + [1] * (sunday_noon - 60) + [0] * (WEEK - sunday_noon)
    assert _carried_over(context, context.every, clock).tolist() == carried
