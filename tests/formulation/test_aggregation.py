"""Thousands of proxies planned as a few: as good as one by one, and every task placed."""

from __future__ import annotations

import json
import tempfile
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
from optimizer.formulation import aggregation
from optimizer.formulation.aggregation import aggregate
from optimizer.formulation.dealing_out import Dealing, deal_out
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
    monkeypatch.setattr(aggregation, "SPARED", 1)


def with_more(row: dict[str, str], tasks: int) -> dict[str, str]:
    known = {key: row[key] for key in ("max_tasks", "running_tasks") if row.get(key)}
    return {key: str(int(figure) + tasks) for key, figure in known.items()}


def with_copies(spec: dict[str, Any], copies: int) -> dict[str, Any]:
    """Return the spec where every server but the backup server is there several times.

    Each copy runs one task more, and has a limit of one more, where it has any.
    """
    servers = [
        row | {"server": f"{row['server']}{'x' * copy}"} | with_more(row, copy)
        for row in spec["servers"]
        for copy in range(1 if "backup_server" in row["roles"] else copies)
    ]
    names = [row["server"] for row in servers]
    assert len(set(names)) == len(names)
    return spec | {"servers": servers}


@eighth
@given(spec=random_estates.estates(most_servers=4, most_tasks=20), copies=st.sampled_from([2, 3]))
def test_servers_alike_as_one_are_as_good_as_one_by_one(spec: dict[str, Any], copies: int) -> None:
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
    few = aggregate(problem, read.settings)
    assert few is not None
    assert sorted(np.bincount(few.of).tolist()) == [1, 6]
    assert few.problem.limit.max() == 18
    made = plan(read)
    assert sorted(load(made).values()) == [1, 1, 1, 1, 2, 2]
    assert values(made)["balance"] == 4 * 1 + 2 * 4


@pytest.mark.parametrize(
    ("different", "classes"),
    [
        ("max_tasks=4", [1, 7]),
        ("max_tasks=3 running_tasks=1", [1, 7]),
        ("max_tasks=3 running_tasks=3", [1, 1, 6]),
        ("max_tasks=3 available=false", [1, 1, 6]),
    ],
)
def test_limits_may_differ_in_a_class(tmp_path: Path, different: str, classes: list[int]) -> None:
    read = estate(tmp_path, ["bs far", "q hq " + different, *EQUAL], VMS)
    problem, _ = group_tasks(PlanningContext.build(read))
    few = aggregate(problem, read.settings)
    assert few is not None
    assert sorted(np.bincount(few.of).tolist()) == classes


def test_members_are_filled_up_evenly(tmp_path: Path) -> None:
    busy = ["p hq max_tasks=9 running_tasks=2", "q hq max_tasks=1", "r hq", "s hq max_tasks=4"]
    made = plan(estate(tmp_path, ["bs far", *busy], VMS))
    assert load(made) == {"p": 1, "q": 1, "r": 3, "s": 3}
    assert values(made)["balance"] == 9 + 1 + 9 + 9
    assert all(aim.proven for aim in made.aims)


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
    assert aggregate(problem, read.settings) is None


def dealing(active: Any, tasks: list[int], share: list[int], room: int, stays: Any = ()) -> Dealing:
    """Return the dealing of a group for each activity to members with these shares."""
    at = np.array(share)
    group, member, count = np.array(stays, dtype=np.int64).reshape(-1, 3).T
    activity = np.arange(len(tasks))
    rooms = np.full(len(share), room)
    return Dealing(active, activity, np.array(tasks), at, at, at, rooms, (group, member, count))


def dealt(question: Dealing) -> tuple[Any, int]:
    """Return how many tasks of each group are on each member, and how many are left out."""
    group, member, count = deal_out(question, EFFORT)
    table = np.zeros((len(question.count), len(question.share) + 1), dtype=np.int64)
    np.add.at(table, (group, member), count)
    assert (table.sum(axis=1) == question.count).all()
    return table[:, :-1], int(table[:, -1].sum())


def test_windows_in_time_are_dealt_out_within_the_shares() -> None:
    # Four windows one after another, each overlapping the next.
    active = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]], dtype=np.bool_)
    table, left = dealt(dealing(active, [3, 2, 3, 2], [3, 2], 9))
    assert left == 0
    assert (active @ table).max(axis=0).tolist() == [3, 2]


def test_windows_that_no_share_holds_are_over_by_least() -> None:
    # Three windows of which any two meet, but never all: two at once, and three servers of one.
    active = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]], dtype=np.bool_)
    for room in (9, 2):
        table, left = dealt(dealing(active, [1, 1, 1], [1, 1], room))
        assert left == 0
        assert (active @ table).max(axis=0).sum() == 3
    assert dealt(dealing(active, [1, 1, 1], [1, 1], 1))[1] == 1


def test_those_stay_that_the_shares_let_stay() -> None:
    active = np.array([[1, 1, 0], [0, 1, 1]], dtype=np.bool_)
    # Of the windows, the second is in both moments: those of the others may stay in its stead.
    stays = [(0, 0, 2), (1, 0, 2), (2, 0, 2), (1, 1, 1)]
    question = dealing(active, [2, 2, 2], [2, 2], 9, stays)
    table, left = dealt(question)
    assert left == 0
    assert (active @ table <= 2).all()
    assert table.tolist() == [[2, 0], [0, 2], [2, 0]]


def one_is_left(question: Dealing, effort: SearchLimits) -> Any:
    group, member, count = deal_out(question, effort)
    if len(question.share) == len(EQUAL):
        member = np.where(np.arange(len(count)) == np.argmin(count), -1, member)
    return group, member, count


def test_what_limits_leave_out_goes_where_it_is_as_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [f"q{number} hq max_tasks=2" for number in range(4)]
    read = estate(tmp_path, ["bs far", *EQUAL, *others], VMS, settings=BALANCE_LAST)
    expected = values(plan(read))
    monkeypatch.setattr(aggregation, "deal_out", one_is_left)
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
    monkeypatch.setattr(aggregation, "deal_out", one_is_left)
    monkeypatch.setattr(aggregation, "_placed_elsewhere", lambda problem, arcs, left: arcs)
    assert values(plan(read)) == expected


def test_an_uneven_plan_says_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def uneven(question: Dealing, effort: SearchLimits) -> Any:
        return np.zeros(3, dtype=np.int64), np.arange(3), np.array([3, 3, 2])

    monkeypatch.setattr(aggregation, "deal_out", uneven)
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
    assert aggregate(problem, read.settings) is None
