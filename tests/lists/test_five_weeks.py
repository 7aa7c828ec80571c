"""Tests of the five weeks: figures as the slow replay has them, changes as a whole replay."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import list_estates
import numpy as np
import random_estates
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from late_product import LateProduct
from slow_weeks import WEEKS, Lists

from models.week_plan import ListWishes, Servers
from optimizer.eligibility.reachability import Network
from optimizer.eligibility.tasks import find_tasks
from optimizer.eligibility.tiers import compute_eligibility
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.lists.compiled import COUNTLESS, FAILED, FAILED_OVER, OUTCOMES, OVERLOAD, PEAK
from optimizer.lists.five_weeks import FiveWeeks
from optimizer.lists.job_overload import overload_of_jobs
from optimizer.lists.week_jobs import WeekEstate, describe_week

plain = settings(deadline=None, suppress_health_check=list(HealthCheck))
plain = settings(parent=plain, max_examples=plain.max_examples // 4)
COLUMNS = [*range(OUTCOMES - 1), OVERLOAD, PEAK]


def described(spec: dict[str, Any], wishes: ListWishes = ListWishes()) -> WeekEstate:  # noqa: B008
    list_folder = tempfile.TemporaryDirectory()
    with list_folder as folder:
        random_estates.write(spec, Path(folder))
        estate = read_estate(Path(folder))
    return describe_week(
        estate, find_tasks(estate), compute_eligibility(estate, Network(estate)), wishes
    )


def five_weeks(week: WeekEstate) -> FiveWeeks:
    return FiveWeeks(week.servers, week.jobs, week.own_work)


def drawn_choices(draw: Any, week: WeekEstate) -> list[Servers]:
    """Return some choice of each job: that of today, any list, or automatic."""
    subset = st.lists(st.sampled_from(week.servers.code.tolist()), max_size=4, unique=True)
    place = week.servers.place
    lists = subset.map(lambda codes: tuple(sorted(codes, key=lambda code: place[code])))
    return [draw(st.one_of(st.just(today), lists)) for today in week.today]


@plain
@given(list_estates.EITHER, st.data())
def test_five_weeks_are_as_the_slow_replay_has_them(spec: dict[str, Any], data: Any) -> None:
    week = described(spec)
    choices = drawn_choices(data.draw, week)
    names = week.estate.servers["server"].tolist()
    lists = {
        job.name: [names[code] for code in choice]
        for job, choice in zip(week.jobs, choices, strict=True)
    }
    found = five_weeks(week).replay(choices)
    expected = [LateProduct(spec, lists, number).figures() for number in range(5)]
    assert found.figures[:, COLUMNS].tolist() == expected


def test_passes_that_differ_are_told_apart() -> None:
    # An odd number of picks a week between one that connects and one that does not, over days.
    windows = {"os": "Windows Server 2022", "running_tasks": "0"}
    spec: dict[str, Any] = {
        "servers": [
            {"server": "bs", **windows, "roles": "backup_server", "networks": "n1",
             "max_tasks": "1", "running_tasks": "4"},
            {"server": "g1", **windows, "roles": "", "networks": "n1", "max_tasks": "3"},
            {"server": "g2", **windows, "roles": "", "networks": "n0", "max_tasks": "1"},
        ],
        "networks": [{"network": f"n{number}", "site": f"s{number}"} for number in range(3)],
        "links": [{"from": "n1", "to": "n2"}],
        "vms": [{"vm": "v", "os": "Windows Server 2019", "networks": "n2"}],
        "jobs": [{"job": "j", "start": "10:00", "duration_minutes": "5000", "proxies": "g1;g2",
                  "application_aware": "true", "days": ""}],
        "job_vms": [{"job": "j", "vm": "v"}],
        "settings": {},
    }  # fmt: skip
    week = described(spec)
    found = five_weeks(week).replay(week.today).figures
    expected = [LateProduct(spec, {"j": ["g1", "g2"]}, number).figures() for number in range(5)]
    assert found[:, COLUMNS].tolist() == expected
    assert found[:, FAILED_OVER].min() > 0  # some fail over


@plain
@given(list_estates.EITHER, st.sampled_from(["60", "1500", "5000", "10080"]), st.data())
def test_overload_of_each_job_is_as_the_slow_replay_has_it(
    spec: dict[str, Any], duration: str, data: Any
) -> None:
    # Runs of days: those that were in progress as the week began may be on another server.
    spec = {**spec, "jobs": [row | {"duration_minutes": duration} for row in spec["jobs"]]}
    week = described(spec)
    choices = drawn_choices(data.draw, week)
    evaluator = five_weeks(week)
    found = overload_of_jobs(week, evaluator, evaluator.replay(choices))
    names = week.estate.servers["server"].tolist()
    slow = Lists(spec)
    by_job = {
        job.name: tuple(names[code] for code in choice)
        for job, choice in zip(week.jobs, choices, strict=True)
    }
    nominal = slow.replay(slow.units(by_job), WEEKS[0])
    expected = {job: slow.row_overload(job, nominal) for job in by_job}
    assert {job.name: found[job.job] for job in week.jobs} == expected


@plain
@given(list_estates.EITHER, st.data())
def test_a_change_is_as_a_whole_replay(spec: dict[str, Any], data: Any) -> None:
    week = described(spec)
    evaluator = five_weeks(week)
    weeks = evaluator.replay(week.today)
    for _ in range(3):
        if week.jobs:
            moved = data.draw(st.sets(st.integers(0, len(week.jobs) - 1), max_size=2))
            choices = drawn_choices(data.draw, week)
            weeks = evaluator.change(weeks, {job: choices[job] for job in moved})
        whole = five_weeks(week).replay(weeks.choices)
        assert np.array_equal(weeks.figures, whole.figures)
        by_job = evaluator.outcomes_by_job(weeks).sum(axis=1)
        assert np.array_equal(by_job[:, : OUTCOMES - 1], weeks.figures[:, : OUTCOMES - 1])


@plain
@given(list_estates.EITHER, st.data())
def test_figures_after_a_change_are_those_of_the_change(spec: dict[str, Any], data: Any) -> None:
    week = described(spec)
    evaluator = five_weeks(week)
    weeks = evaluator.replay(drawn_choices(data.draw, week))
    for _ in range(data.draw(st.integers(1, 5)) if week.jobs else 0):
        moved = data.draw(st.sets(st.integers(0, len(week.jobs) - 1), max_size=2))
        choices = drawn_choices(data.draw, week)
        move = {job: choices[job] for job in moved}
        found = evaluator.figures_after(weeks, move)
        assert np.array_equal(found, evaluator.change(weeks, move).figures)


@plain
@given(list_estates.EITHER, st.data())
def test_only_weeks_with_more_overload_are_left_off(spec: dict[str, Any], data: Any) -> None:
    week = described(spec)
    evaluator = five_weeks(week)
    weeks = evaluator.replay(drawn_choices(data.draw, week))
    moves = dict(enumerate(drawn_choices(data.draw, week)))
    whole = evaluator.figures_after(weeks, moves)
    found = evaluator.figures_after(weeks, moves, if_no_worse=True)
    left_off = found[:, FAILED] >= COUNTLESS
    assert (whole[left_off, OVERLOAD] > weeks.figures[left_off, OVERLOAD]).all()
    assert np.array_equal(found[~left_off], whole[~left_off])
