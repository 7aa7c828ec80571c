"""Tests of the choice of each job: by hand, against all choices, and as properties."""

from __future__ import annotations

import tempfile
from collections import Counter
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import list_estates
import pytest
import random_estates
from estates import estate
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from late_product import LateProduct

from models.estate import Estate
from models.week_aims import MAXIMISED_WEEK_AIMS, WEEK_AIMS
from models.week_plan import FIGURES, JobSplit, ListWishes, Servers, WeekFigures, WeekPlan
from optimizer.eligibility.reachability import Network
from optimizer.eligibility.tasks import find_tasks
from optimizer.eligibility.tiers import compute_eligibility
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.lists import compiled_descent, job_choices, list_search, load_descent
from optimizer.lists.list_search import ListSearch
from optimizer.lists.week_lists import choose_week
from optimizer.output.split_writer import find_job_vms, parts_of
from optimizer.planner import plan
from optimizer.solver.deadline import Deadline

plain = settings(deadline=None, suppress_health_check=list(HealthCheck))
plain = settings(parent=plain, max_examples=plain.max_examples // 8)
SHARED = Path(__file__).parents[3] / "shared" / "faults"
BRANCHES = Path(__file__).parents[2] / "data" / "branch-offices"
NOTHING = WeekFigures(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
ORDERS = st.sampled_from(["limits", "tiers"])


def read_spec(spec: dict[str, Any]) -> Estate:
    with tempfile.TemporaryDirectory() as folder:
        random_estates.write(spec, Path(folder))
        return read_estate(Path(folder))


def search_lists(
    read: Estate, wishes: ListWishes, deadline: Deadline | None = None
) -> tuple[WeekPlan, ListSearch]:
    eligibility = compute_eligibility(read, Network(read))
    return choose_week(plan(read), eligibility, wishes, NOTHING, None, deadline)


def names(read: Estate, servers: Servers) -> str:
    return " ".join(read.servers["server"].iloc[list(servers)])


def slow_key(spec: dict[str, Any], made: WeekPlan, choices: dict[str, list[str]]) -> list[int]:
    """Return the aims before `changed` of the five weeks, as the slow replay has them."""
    weeks = [_week_figures(LateProduct(spec, choices, number).figures()) for number in range(5)]
    return [
        sum(week.value(aim, made.plan) for week in weeks)
        * (-1 if aim in MAXIMISED_WEEK_AIMS else 1)
        for aim in WEEK_AIMS[made.first][:-1]
    ]


def written(read: Estate, made: WeekPlan) -> dict[str, list[str]]:
    """Return the lists of the jobs that are set, as names; automatic ones are empty."""
    jobs, servers = read.jobs["job"], read.servers["server"]
    return {
        jobs.iloc[choice.job]: [servers.iloc[code] for code in choice.servers]
        for choice in made.choices
        if choice.is_set
    }


@plain
@given(list_estates.EITHER, ORDERS)
def test_never_worse_than_today_and_no_change_is_idle(spec: dict[str, Any], first: Any) -> None:
    found = read_spec(spec)
    made, _ = search_lists(found, ListWishes(first=first))
    choices = written(found, made)
    value = slow_key(spec, made, choices)
    assert value <= slow_key(spec, made, {})
    for job in choices:
        reverted = {other: choice for other, choice in choices.items() if other != job}
        assert value < slow_key(spec, made, reverted)


@plain
@given(list_estates.EITHER, ORDERS, st.data())
def test_wishes_are_kept(spec: dict[str, Any], first: Any, data: Any) -> None:
    jobs = [row["job"] for row in spec["jobs"]]
    wishes = ListWishes(
        first=first,
        free=frozenset(data.draw(st.sets(st.sampled_from(jobs), max_size=2))),
        keep=frozenset(data.draw(st.sets(st.sampled_from(jobs), max_size=1))),
        most_changes=data.draw(st.sampled_from([None, 0, 1, 2])),
        least_servers=data.draw(st.sampled_from([1, 1, 2])),
        cross_sites=data.draw(st.booleans()),
    )
    found = read_spec(spec)
    made, _ = search_lists(found, wishes)
    usable = compute_eligibility(found, Network(found)).usable
    names_of, named = found.jobs["job"], found.jobs["proxy_codes"]
    for choice in (choice for choice in made.choices if choice.is_set):
        job = names_of.iloc[choice.job]
        assert job not in wishes.keep
        assert usable[list(choice.servers)].all()
        if named.iloc[choice.job] and job not in wishes.free:
            assert choice.servers
            assert set(choice.servers) <= set(named.iloc[choice.job])
        assert not choice.servers or len(choice.servers) >= wishes.least_servers
    most = wishes.most_changes
    assert most is None or sum(choice.is_set for choice in made.choices) <= most
    assert made.choices == search_lists(found, wishes)[0].choices


@plain
@given(list_estates.estates(), ORDERS)
def test_splits_lose_no_vm_and_gain_something(spec: dict[str, Any], first: Any) -> None:
    found = read_spec(spec)
    made, _ = search_lists(found, ListWishes(first=first))
    rows = found.job_vms
    for split in made.splits:
        vms = Counter(vm for part in vms_of_parts(found, split) for vm in part)
        assert vms == Counter(rows["vm_code"][rows["job_code"] == split.job].tolist())
        assert split.gains
    last = made.splits[-1].weeks if made.splits else made.lists
    assert made.lists_and_splits == last
    if made.splits:
        apart = split_spec(spec, found, made)
        choices = written(found, made)
        for split in made.splits:
            choices.pop(found.jobs["job"].iloc[split.job], None)
            for part in split.parts:
                choices[part.name] = names(found, part.servers).split()
        week = LateProduct(apart, choices, 0).figures()
        assert week == list(_figures(made.lists_and_splits.nominal))
        late = LateProduct(apart, choices, 4).figures()
        worst = made.lists_and_splits.worst
        assert late[8] <= worst.overload_minutes


def _figures(week: WeekFigures) -> list[int]:
    return [getattr(week, name) for name in FIGURES][:-1]


def _week_figures(figures: list[int]) -> WeekFigures:
    return WeekFigures(**dict(zip(FIGURES, [*figures, 0], strict=True)))


def vms_of_parts(found: Estate, split: JobSplit) -> list[list[int]]:
    """Return the VMs (codes) of each part, as job_splits.csv has them."""
    rows = find_job_vms(found, find_tasks(found), [split.job])
    part = parts_of(split, rows.task)
    return [rows.vm[part == number].tolist() for number in range(len(split.parts))]


def split_spec(spec: dict[str, Any], found: Estate, made: WeekPlan) -> dict[str, Any]:
    """Return the estate with its jobs split."""
    apart = dict(spec)
    jobs, rows = list(spec["jobs"]), list(spec["job_vms"])
    ids = found.vms["vm"]
    for split in made.splits:
        job = found.jobs["job"].iloc[split.job]
        row = next(row for row in jobs if row["job"] == job)
        jobs = [row for row in jobs if row["job"] != job]
        rows = [pair for pair in rows if pair["job"] != job]
        for part, vms in zip(split.parts, vms_of_parts(found, split), strict=True):
            jobs.append({**row, "job": part.name})
            rows += [{"job": part.name, "vm": ids.iloc[vm]} for vm in vms]
    return apart | {"jobs": jobs, "job_vms": rows}


@plain
@given(list_estates.EITHER, ORDERS)
def test_a_deadline_leaves_what_is_no_worse(spec: dict[str, Any], first: Any) -> None:
    found = read_spec(spec)
    made, search = search_lists(found, ListWishes(first=first), Deadline(0.0))
    assert search.best.aims <= search.today.aims
    assert len(made.choices) == len(search.best.weeks.choices)


def test_the_descent_on_load_ends_by_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    read, calls = read_estate(BRANCHES), list[bool]()

    def counted(*arguments: Any) -> None:
        calls.append(arguments[-1])
        compiled_descent.descend_loads(*arguments)

    monkeypatch.setattr(load_descent, "descend_loads", counted)
    made, _ = search_lists(read, ListWishes(first="limits"))
    assert (calls, bool(made.splits)) == ([True, False, False, False, False], True)
    calls.clear()
    made, _ = search_lists(read, ListWishes(first="limits"), Deadline(0.0))
    assert (calls, made.splits) == ([True, False], ())


@plain
@given(list_estates.EITHER, ORDERS)
def test_shortcuts_of_large_estates_come_to_an_end_and_are_no_worse(
    spec: dict[str, Any], first: Any
) -> None:
    found = read_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job_choices, "has_few_combinations", lambda choices: False)
        patch.setattr(list_search, "LARGE_WORK", 0)
        made, search = search_lists(found, ListWishes(first=first), Deadline(100.0))
    assert not search.late
    assert slow_key(spec, made, written(found, made)) <= slow_key(spec, made, {})


@plain
@given(list_estates.EITHER, ORDERS)
def test_few_choices_are_all_looked_at(spec: dict[str, Any], first: Any) -> None:
    found = read_spec(spec)
    _, search = search_lists(found, ListWishes(first=first))
    week, rules = search.evaluator, search.rules
    every = [rules.effects(week, week.servers, job) for job in range(len(week.jobs))]
    assume(search.enumerated and prod(map(len, every)) <= 300)
    keys = [search.evaluate(week.replay(choices)).key for choices in product(*every)]
    assert search.best.key == min(keys)


def test_two_equal_proxies_are_kept(tmp_path: Path) -> None:
    found = estate(tmp_path, ["bs hq", "p east", "q east"], ["a east", "b east"])
    made, _ = search_lists(found, ListWishes())
    assert [(choice.is_set, choice.servers) for choice in made.choices] == [(False, ())]


@pytest.mark.skipif(not SHARED.exists(), reason="the folder of shared faults is not there")
def test_the_split_of_nordwind_removes_all_overload() -> None:
    found = read_estate(SHARED / "nordwind")
    made, _ = search_lists(found, ListWishes())
    assert made.lists.nominal.overload_minutes == made.today.nominal.overload_minutes == 28_560
    (split,) = made.splits
    assert found.jobs["job"].iloc[split.job] == "HAM-Daily"
    assert made.lists_and_splits.worst.overload_minutes == 0
    assert made.lists.nominal.tier1 - made.lists_and_splits.nominal.tier1 == 119
    assert made.lists_and_splits.mean["failed"] == made.today.mean["failed"]


def test_a_job_may_choose_among_more_servers_than_a_float_has_powers_of_two(tmp_path: Path) -> None:
    servers = [f"p{number} hq max_tasks=1" for number in range(1100)]
    made, _ = search_lists(estate(tmp_path, ["bs hq", *servers], ["v hq", "w hq"]), ListWishes())
    assert made.lists.nominal.tier1 == 14
