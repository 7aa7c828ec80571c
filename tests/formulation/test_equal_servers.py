"""Thousands of equal proxies planned as a few: as good as one by one, and every task placed."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pytest
import random_estates
from estates import FIRST, estate, load, values, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimizer.checker import judge
from optimizer.eligibility.context import PlanningContext
from optimizer.formulation import equal_servers
from optimizer.formulation.dealing_out import deal_out
from optimizer.formulation.equal_servers import aggregate_equal_servers
from optimizer.formulation.grouping import group_tasks
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.pipeline import run_plan
from optimizer.planner import plan
from optimizer.solver.cp_sat import SearchLimits
from optimizer.solver.deadline import Deadline

plain = settings(deadline=None, suppress_health_check=list(HealthCheck))
eighth = settings(parent=plain, max_examples=plain.max_examples // 8)
EFFORT = SearchLimits(1.0, Deadline(), 0)
EQUAL = [f"p{number} hq max_tasks=3" for number in range(6)]
BALANCE_LAST = {"planning": {"objectives": [*FIRST, "balance"]}}
VMS = [f"v{number} hq" for number in range(8)]


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equal_servers, "SPARED", 1)


def with_copies(spec: dict[str, Any], copies: int) -> dict[str, Any]:
    """Return the spec where every server but the backup server is there several times."""
    servers = [
        row | {"server": f"{row['server']}{'x' * copy}"}
        for row in spec["servers"]
        for copy in range(1 if "backup_server" in row["roles"] else copies)
    ]
    names = [row["server"] for row in servers]
    assert len(set(names)) == len(names)
    return spec | {"servers": servers}


@eighth
@given(spec=random_estates.estates(most_servers=4, most_tasks=20), copies=st.sampled_from([2, 3]))
def test_equal_servers_as_one_are_as_good_as_one_by_one(spec: dict[str, Any], copies: int) -> None:
    spec = with_copies(spec, copies)
    truth = oracle.solve(spec)
    with tempfile.TemporaryDirectory() as folder:
        random_estates.write(spec, Path(folder))
        read = read_estate(Path(folder))
        made = plan(read)
        write(made, Path(folder))
        judgement = judge(read, Path(folder))
    assert judgement.violations == ()
    assert {aim.aim: aim.value for aim in made.aims} == judgement.values
    for aim in made.aims:
        if aim.proven and not aim.conditional:
            assert aim.best == truth.best[aim.aim]


def test_tasks_are_shared_evenly(tmp_path: Path) -> None:
    read = estate(tmp_path, ["bs far", *EQUAL], VMS)
    problem, _ = group_tasks(PlanningContext.build(read))
    few = aggregate_equal_servers(problem, read.settings)
    assert few is not None
    assert sorted(few.problem.multiplicity.tolist()) == [1, 6]
    assert few.problem.limit.max() == 18
    made = plan(read)
    assert sorted(load(made).values()) == [1, 1, 1, 1, 2, 2]
    assert values(made)["balance"] == 4 * 1 + 2 * 4


@pytest.mark.parametrize(
    "different",
    ["max_tasks=4", "max_tasks=3 running_tasks=1", "max_tasks=3 available=false"],
)
def test_servers_that_differ_stay_apart(tmp_path: Path, different: str) -> None:
    read = estate(tmp_path, ["bs far", "q hq " + different, *EQUAL], VMS)
    problem, _ = group_tasks(PlanningContext.build(read))
    few = aggregate_equal_servers(problem, read.settings)
    assert few is not None
    assert sorted(few.problem.multiplicity.tolist()) == [1, 1, 6]


@pytest.mark.parametrize(
    "table",
    [
        {"planning": {"balance": "utilisation"}},
        {"failover": {"capacity": "enforce", "tasks": 5}},
    ],
)
def test_where_it_would_not_be_exact_servers_stay_as_they_are(
    tmp_path: Path, table: dict[str, Any]
) -> None:
    read = estate(tmp_path, ["bs far", *EQUAL], VMS, settings=table)
    problem, _ = group_tasks(PlanningContext.build(read))
    assert aggregate_equal_servers(problem, read.settings) is None


def test_windows_in_time_are_dealt_out_within_the_shares() -> None:
    # Four windows one after another, each overlapping the next.
    active = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]], dtype=np.bool_)
    dealt = deal_out(active, np.array([3, 2, 3, 2]), 2, None, EFFORT)
    assert dealt.even
    assert (active @ dealt.count).max(axis=0).tolist() == [3, 2]


def test_windows_that_no_share_holds_are_over_by_least() -> None:
    # Three windows of which any two meet, but never all: two at once, and three servers of one.
    active = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]], dtype=np.bool_)
    tasks = np.array([1, 1, 1])
    for most, over in ((None, 1), (2, 1)):
        dealt = deal_out(active, tasks, 2, most, EFFORT)
        assert not dealt.even
        assert (dealt.count.sum(axis=1) == tasks).all()
        assert (active @ dealt.count).max(axis=0).sum() == 2 + over
    assert deal_out(active, tasks, 2, 1, EFFORT).count.sum() == 2


def one_is_left(active: Any, tasks: Any, servers: int, *others: Any) -> Any:
    dealt = deal_out(active, tasks, servers, *others)
    if servers < len(EQUAL):
        return dealt
    count = dealt.count.copy()
    count[0, 0] -= 1
    return replace(dealt, count=count, even=False)


def test_what_limits_leave_out_goes_where_it_is_as_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [f"q{number} hq max_tasks=2" for number in range(4)]
    read = estate(tmp_path, ["bs far", *EQUAL, *others], VMS, settings=BALANCE_LAST)
    expected = values(plan(read))
    monkeypatch.setattr(equal_servers, "deal_out", one_is_left)
    found = {aim.aim: aim.value for aim in plan(read).aims}
    balance = found.pop("balance")
    assert found | {"balance": expected["balance"]} == expected
    assert balance >= expected["balance"]


def test_where_nothing_is_as_good_servers_are_planned_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = [f"{proxy.split()[0]} hq max_tasks=1" for proxy in EQUAL]
    read = estate(tmp_path, ["bs far", *full], VMS)
    expected = values(plan(read))
    monkeypatch.setattr(equal_servers, "deal_out", one_is_left)
    monkeypatch.setattr(equal_servers, "_placed_elsewhere", lambda problem, arcs, left: arcs)
    assert values(plan(read)) == expected


def test_an_uneven_plan_says_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def uneven(*arguments: Any) -> Any:
        dealt = deal_out(*arguments)
        count = np.zeros_like(dealt.count)
        count[:, : -(-8 // 3)] = [[3, 3, 2]]
        return type(dealt)(count, even=False)

    monkeypatch.setattr(equal_servers, "deal_out", uneven)
    made = plan(estate(tmp_path, ["bs far", *EQUAL], VMS))
    aims = {aim.aim: (aim.value, aim.bound, aim.proven) for aim in made.aims}
    assert aims["peak"] == (3, 2, False)
    value, bound, proven = aims["balance"]  # with that peak less than 12 might be possible
    assert (value, proven) == (22, False)
    assert bound <= 12
    assert sorted(load(made).values()) == [2, 3, 3]


def test_the_certificate_is_one_of_few_servers(tmp_path: Path) -> None:
    estate(tmp_path / "estate", ["bs far", *EQUAL], VMS)
    certificate = tmp_path / "plan.cert"
    made = run_plan(
        tmp_path / "estate", tmp_path / "plan", None, 1, 0, lambda step: None,
        certificate=certificate,
    )  # fmt: skip
    assert len(made.certified) == len(made.plan.aims)
    assert certificate.read_text(encoding="ascii").count("\ncolumn ") < 12
    aims = json.loads((tmp_path / "plan" / "plan.json").read_bytes())["aims"]
    assert all(aim["proven"] for aim in aims)


def test_far_fewer_servers_than_that_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    read = estate(tmp_path, ["bs far", *EQUAL], VMS)
    problem, _ = group_tasks(PlanningContext.build(read))
    assert aggregate_equal_servers(problem, read.settings) is None
