"""Tests by hand: what may be selected, what is guaranteed, and what no lists can avoid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from estates import estate

from models.estate import Estate
from models.week_plan import ListWishes, WeekFigures
from optimizer.eligibility.reachability import Network
from optimizer.eligibility.tasks import find_tasks
from optimizer.eligibility.tiers import compute_eligibility
from optimizer.lists.aim_bounds import aim_bounds, best_week
from optimizer.lists.bounds_context import BoundsContext, bounds_context
from optimizer.lists.certainty import guaranteed_jobs
from optimizer.lists.choice_rules import AllowedChoices, allowed_choices
from optimizer.simulation.candidate_sets import job_tasks

SERVERS = ["bs hq", "p east", "q east", "r west"]
STANDARD = {"license": {"type": "socket", "edition": "standard"}}
NOTHING = WeekFigures(*[0] * 11)


def allowed(read: Estate, **wishes: Any) -> AllowedChoices:
    """Return what the only job of the estate may select."""
    eligibility = compute_eligibility(read, Network(read))
    working = job_tasks(find_tasks(read), eligibility)
    (found,) = allowed_choices(read, working, eligibility, ListWishes(**wishes))
    return found


def names(read: Estate, mask: np.ndarray) -> str:
    return " ".join(read.servers["server"][mask])


@pytest.mark.parametrize(
    ("proxies", "wishes", "servers", "automatic"),
    [
        ("", {}, "bs p q r", True),
        ("p;r", {}, "p r", False),
        ("p;r", {"all_free": True}, "bs p q r", True),
        ("p;r", {"free": frozenset({"j"})}, "bs p q r", True),
        ("p;r", {"free": frozenset({"k"})}, "p r", False),
        ("", {"cross_sites": False}, "p q", True),
        ("r", {"cross_sites": False}, "", False),
        ("", {"keep": frozenset({"j"})}, "", False),
        ("", {"most_changes": 0}, "", False),
        ("", {"least_servers": 5}, "", True),
    ],
)
def test_what_may_be_set(
    tmp_path: Path, proxies: str, wishes: dict[str, Any], servers: str, automatic: bool
) -> None:
    read = estate(tmp_path, SERVERS, ["v east"], jobs=[f"j 22:00 60 proxies={proxies}"])
    found = allowed(read, **wishes)
    assert found.automatic == automatic
    assert names(read, found.servers) == servers or not found.may_set_list
    assert found.may_set_list == bool(servers)
    assert found.may_change == (automatic or bool(servers))
    assert names(read, found.today) == (proxies.replace(";", " ") or "bs p q r")


def test_lists_may_leave_sites_that_serve_nobody(tmp_path: Path) -> None:
    # p is in the site of v, but nothing leads from there to v's network.
    networks = ["hq hq", "east east", "lab east"]
    servers = ["bs hq", "p lab"]
    read = estate(tmp_path, servers, ["v east"], networks=networks, links=["hq > east"])
    assert names(read, allowed(read, cross_sites=False).servers) == "bs p"


@pytest.mark.parametrize("servers", [["bs hq", "p east"], ["bs hq", "p east excluded=yes"]])
def test_nothing_is_set_where_at_most_the_backup_server_may_serve(
    tmp_path: Path, servers: list[str]
) -> None:
    settings = STANDARD if "excluded" not in servers[1] else None
    read = estate(tmp_path, servers, ["v east"], settings=settings)
    assert not allowed(read).may_change


@pytest.mark.parametrize(
    ("chosen", "links", "sure"),
    [
        ("p r", ["west > east"], True),  # p is near
        ("r bs", ["west > east"], True),  # r is far, and connects
        ("r x", ["west > east"], False),  # x does not
        ("x", ["hq > east"], True),  # the backup server stands in
        ("x", [], True),  # always fails
        ("bs", ["hq > east"], True),
    ],
)
def test_what_is_guaranteed(tmp_path: Path, chosen: str, links: list[str], sure: bool) -> None:
    read = estate(tmp_path, [*SERVERS, "x lab"], ["v east"], links=links)
    eligibility = compute_eligibility(read, Network(read))
    listed = read.servers["server"].tolist()
    codes = tuple(listed.index(name) for name in chosen.split())
    working = job_tasks(find_tasks(read), eligibility)
    found = guaranteed_jobs(working, [codes], eligibility, read.backup_server)
    assert found.tolist() == [sure]


def context(read: Estate, **wishes: Any) -> BoundsContext:
    """Return the context of bounds of five weeks that are all as scheduled."""
    eligibility, tasks = compute_eligibility(read, Network(read)), find_tasks(read)
    working = job_tasks(tasks, eligibility)
    choices = allowed_choices(read, working, eligibility, ListWishes(**wishes))
    late = [np.zeros(len(read.jobs), dtype=np.int64)] * 5
    return bounds_context(read, tasks, eligibility, choices, late, wishes.get("most_changes"))


def test_what_finds_no_room_is_overload(tmp_path: Path) -> None:
    # Each night 5 tasks of east for an hour, and room for 2 on p (1 runs there anyway) and 1 on q;
    # r may serve them, too, in tier 3, and has room for 1.
    servers = [
        "bs hq max_tasks=1 excluded=yes running_tasks=1",
        "p east max_tasks=3 running_tasks=1",
        "q east max_tasks=1",
        "r west max_tasks=1",
    ]
    vms = [f"v{n} east" for n in range(5)]
    read = estate(tmp_path, servers, vms, links=["west > east"])
    found = context(read)
    assert best_week(found).overload_minutes == 7 * 60
    assert best_week(found).tier1 == 35
    # All in tier 1: two have no room. One night less of one task there: 60 minutes less.
    assert overload(found, tier1=5 * 35) == 5 * 7 * 60 * 2
    # 7 runs a week may be in tier 3; but all tasks of the job are in tier 1, or none is.
    assert overload(found, tier1=5 * 28, tier3=5 * 7) == 5 * 7 * 60 * 2
    # With none in tier 1 all may run on r: nothing is known but what holds everywhere.
    assert overload(found, tier1=0, tier3=5 * 35) == 5 * 7 * 60


def overload(found: BoundsContext, tier1: int, tier3: int = 0) -> int:
    values = [("failed", 0), ("tier1", tier1), ("tier2", 0), ("tier3", tier3), ("overload", 10**6)]
    return aim_bounds(found, values, [99] * 5, NOTHING, values)[-1].bound


def test_the_peak_is_that_of_the_fullest_servers(tmp_path: Path) -> None:
    # 7 tasks in east on p (2 run there anyway) and q: 9 on two servers; 4 tasks in west on r.
    servers = ["bs hq excluded=yes", "p east running_tasks=2", "q east", "r west"]
    vms = [*(f"v{n} east" for n in range(7)), *(f"w{n} west" for n in range(4))]
    read = estate(tmp_path, servers, vms)
    values = [("failed", 0), ("tier1", 5 * 7 * 11), ("tier2", 0), ("tier3", 0), ("overload", 0)]
    wanted = [*values, ("protected", 0), ("same_site", 0), ("peak", 100)]
    (*_, peak) = aim_bounds(context(read), wanted, [20] * 5, NOTHING, wanted)
    assert (peak.bound, best_week(context(read)).peak) == (5 * 5, 5)


def test_runs_over_sunday_night_count_on_monday(tmp_path: Path) -> None:
    read = estate(
        tmp_path,
        ["bs hq excluded=yes", "p east max_tasks=1"],
        ["v east"],
        jobs=["j 23:00 120 days=sun", "k 00:30 60 days=mon"],
        networks=["hq", "east"],
        links=[],
    )
    assert best_week(context(read)).overload_minutes == 30
    # In two weeks k is late.
    late = [np.array([0, minutes]) for minutes in (0, 0, 0, 10, 40)]
    eligibility, tasks = compute_eligibility(read, Network(read)), find_tasks(read)
    choices = allowed_choices(read, job_tasks(tasks, eligibility), eligibility, ListWishes())
    shifted = bounds_context(read, tasks, eligibility, choices, late)
    assert overload(shifted, tier1=10) == 3 * 30 + 20 + 0


def test_changes_are_counted_from_the_tiers_that_they_bring(tmp_path: Path) -> None:
    # j and k are far today, and near with one change each; two near runs a night need both.
    read = estate(
        tmp_path, SERVERS, ["v east"], jobs=["j 22:00 60 proxies=r", "k 22:00 60 proxies=r"]
    )
    found = context(read, all_free=True)
    for near, jobs in ((0, 0), (35, 1), (36, 2), (70, 2)):
        values = [("failed", 0), ("tier1", near), ("tier2", 0), ("tier3", 70 - near)]
        wanted = [*values, ("changed", 10)]
        assert aim_bounds(found, wanted, [9] * 5, NOTHING, wanted)[-1].bound == 5 * jobs
    assert best_week(context(read, all_free=True, most_changes=1)).tier1 == 14
    one = context(read, all_free=True, most_changes=1)
    values = [("failed", 0), ("tier1", 0)]
    assert aim_bounds(one, values, [9] * 5, NOTHING, values)[-1].bound == 35
