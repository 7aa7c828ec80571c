"""What makes a plan better (docs/aims.md): every aim, their order, and what they give back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from estates import FIRST, load, planned, proxies, values

EAST = ["e0 east", "e1 east", "e2 east", "e3 east"]


def planning(*objectives: str, **tolerance: str) -> dict[str, Any]:
    return {"planning": {"objectives": [*FIRST, *objectives], "tolerance": tolerance}}


def test_coverage_is_worth_any_tier(tmp_path: Path) -> None:
    # One place each, and h may go to p only. So e leaves p for bs: tier 3 and tier 4 instead of
    # tier 1 alone.
    plan = planned(
        tmp_path,
        ["bs hq max_tasks=1", "p east max_tasks=1"],
        ["e east", "h hq"],
        jobs=["j 22:00 60", "k 22:00 60 proxies=p"],
        job_vms=["j e", "k h"],
    )
    assert proxies(plan) == {"e": "bs", "h": "p"}
    assert [values(plan)[aim] for aim in FIRST] == [2, 0, 0, 1]


def test_tier1_is_worth_tier2_and_tier3_together(tmp_path: Path) -> None:
    # p has one place. With h on it: tier 1, and f left to bs in tier 4. With f on it: tier 3,
    # and h left to bs in tier 2.
    plan = planned(tmp_path, ["bs hq", "p hq max_tasks=1"], ["f far", "h hq"])
    assert proxies(plan) == {"f": "bs", "h": "p"}
    assert [values(plan)[aim] for aim in FIRST] == [2, 1, 0, 0]


def test_tier2_is_worth_more_than_tier3(tmp_path: Path) -> None:
    # bs has one place, q room for both. h on bs: tier 2, f on q: tier 3. The other way round
    # f would be tier 4 and h tier 3; both on q two of tier 3.
    plan = planned(tmp_path, ["bs hq max_tasks=1", "q lab"], ["f far", "h hq"])
    assert proxies(plan) == {"f": "q", "h": "bs"}
    assert [values(plan)[aim] for aim in FIRST] == [2, 0, 1, 1]


def test_tier3_is_worth_more_than_tier4(tmp_path: Path) -> None:
    # q's two places are used, bs gets what is left.
    plan = planned(tmp_path, ["bs hq", "q lab max_tasks=2"], EAST[:3])
    assert load(plan) == {"bs": 1, "q": 2}
    assert [values(plan)[aim] for aim in FIRST] == [3, 0, 0, 2]


@pytest.mark.parametrize(
    ("aims", "protected", "peak"),
    [(["protected", "peak"], 2, 2), (["peak", "protected"], 1, 1)],
)
def test_protected(tmp_path: Path, aims: list[str], protected: int, peak: int) -> None:
    # p reaches east over the same link as bs, q over one of its own: both tasks are q's.
    plan = planned(
        tmp_path,
        ["bs hq", "p lab", "q west"],
        EAST[:2],
        links=["hq - r", "lab - r", "r - east", "west - east"],
        settings=planning(*aims),
    )
    found = values(plan)
    assert (found["protected"], found["peak"]) == (protected, peak)


@pytest.mark.parametrize(
    ("proxy", "vm", "same_site"),
    [
        ("branch1", "branch2", 1),
        ("branch1", "away", 0),
        ("branch1", "away;branch2", 1),
        ("away;branch1", "branch2", 1),
        ("nowhere", "nowhere", 0),  # tier 1, but nobody says where that is
        ("nowhere", "unsaid", 0),
    ],
)
def test_same_site(tmp_path: Path, proxy: str, vm: str, same_site: int) -> None:
    networks = ["hq hq", "branch1 branch", "branch2 branch", "away away", "nowhere", "unsaid"]
    plan = planned(tmp_path, ["bs hq", f"p {proxy}"], [f"v {vm}"], networks=networks)
    assert proxies(plan) == {"v": "p"}
    assert values(plan)["same_site"] == same_site


@pytest.mark.parametrize(
    ("server", "peak", "balance"),
    [
        ("r lab running_tasks=3", 3, 2**2 + 1**2 + 3**2),
        ("r lab running_tasks=3 os=Windows 11", 2, 2**2 + 1**2),  # no candidate, not counted
        ("r lab running_tasks=3 managed=no", 2, 2**2 + 1**2),
        ("r lab", 2, 2**2 + 1**2),
    ],
)
def test_peak_and_balance_count_all_candidates(
    tmp_path: Path, server: str, peak: int, balance: int
) -> None:
    # p and q share three tasks as 2 + 1; bs has nothing to do, and r only what it runs anyway.
    plan = planned(tmp_path, ["bs hq", "p east", "q east", server], EAST[:3])
    found = values(plan)
    assert (found["peak"], found["balance"]) == (peak, balance)


def test_peak_and_balance_count_the_backup_servers_own_work(tmp_path: Path) -> None:
    # bs: 1 running and two Linux tasks, one after the other: 2 at its busiest. p: 3 tasks.
    plan = planned(
        tmp_path,
        ["bs hq running_tasks=1", "p east"],
        ["l hq os=Ubuntu", "m hq os=Ubuntu", *EAST[:3]],
        jobs=["j 22:00 60", "k 23:00 60"],
        job_vms=["j l", "k m", "j e0", "j e1", "j e2"],
    )
    found = values(plan)
    assert (found["peak"], found["balance"]) == (3, 2**2 + 3**2)


def test_balance_looks_below_the_peak(tmp_path: Path) -> None:
    # bs's 4 running tasks are the peak in any case; still p and q share four as 2 + 2, not 3 + 1.
    plan = planned(tmp_path, ["bs hq running_tasks=4", "p east", "q east"], EAST)
    assert load(plan) == {"p": 2, "q": 2}
    assert values(plan)["balance"] == 4**2 + 2**2 + 2**2


@pytest.mark.parametrize(
    ("servers", "tasks", "peak", "balance"),
    [
        # 1 of 3 and 1 of 3: 333.3 is 334.
        (["p east max_tasks=3", "q east max_tasks=3"], 2, 334, 2 * 334**2),
        # As 2 + 1: 500 and 334. As 1 + 2: 250 and 667. As 3 + 0: 750 and 0.
        (["p east max_tasks=4", "q east max_tasks=3"], 3, 500, 500**2 + 334**2),
        # One task: 1/7 = 142.86 is 143; whole figures stay whole: 1/8 = 125.
        (["p east max_tasks=7"], 1, 143, 143**2),
        (["p east max_tasks=8"], 1, 125, 125**2),
        # 5 running of 2 allowed: 2500; the task goes to q, which has no limit and no figure.
        (["p east max_tasks=2 running_tasks=5", "q east"], 1, 2500, 2500**2),
        # r connects to nothing and still is a candidate: 1 of 3.
        (
            ["p east max_tasks=8", "r 192.0.2.1 max_tasks=3 running_tasks=1"],
            1,
            334,
            334**2 + 125**2,
        ),
        # Nobody has a limit.
        (["p east"], 4, 0, 0),
    ],
)
def test_utilisation_in_per_mille_rounded_up(
    tmp_path: Path, servers: list[str], tasks: int, peak: int, balance: int
) -> None:
    settings = {"planning": {"balance": "utilisation"}}
    found = values(
        planned(tmp_path, ["bs hq running_tasks=9", *servers], EAST[:tasks], settings=settings)
    )
    assert (found["coverage"], found["peak"], found["balance"]) == (tasks, peak, balance)


@pytest.mark.parametrize(
    ("today", "moves"),
    [
        ([], 0),  # known to be nowhere: nothing to move
        (["j e0 p"], 0),
        (["j e0 p", "j e1 p"], 1),  # one place
        (["j e0 p", "j e1 bs"], 0),
        (["j e0 gone"], 1),  # its server is no more
        (["j e0 out"], 1),  # or may not do it any more
        (["j gone p", "gone e1 p"], 0),  # no such task any more
    ],
)
def test_moves(tmp_path: Path, today: list[str], moves: int) -> None:
    servers = ["bs hq", "p east max_tasks=1", "out east excluded=yes"]
    plan = planned(tmp_path, servers, EAST[:2], current=today)
    assert load(plan) == {"bs": 1, "p": 1}
    assert values(plan)["moves"] == moves


def test_a_task_that_loses_its_server_for_none_is_a_move(tmp_path: Path) -> None:
    servers = ["bs hq excluded=yes", "p east max_tasks=1 running_tasks=1"]
    plan = planned(tmp_path, servers, EAST[:2], current=["j e0 p", "j e1 bs"])
    assert (proxies(plan), values(plan)["moves"]) == ({}, 2)


def test_moves_is_an_aim_only_with_the_table(tmp_path: Path) -> None:
    assert "moves" not in values(planned(tmp_path, ["bs hq"], EAST))
    assert "moves" in values(planned(tmp_path, ["bs hq"], EAST, current=[]))


ALL_ON_P = ["j e0 p", "j e1 p", "j e2 p", "j e3 gone"]


@pytest.mark.parametrize(
    ("aims", "found"),
    [
        # Shared as 2 + 2: one of three leaves p, and e3 moves in any case.
        (["peak", "moves"], {"peak": 2, "moves": 2}),
        # Nobody leaves p; e3 goes to q.
        (["moves", "peak"], {"moves": 1, "peak": 3}),
        (["moves"], {"moves": 1}),
        (["peak"], {"peak": 2}),
        ([], {}),
    ],
)
def test_aims_in_their_order(tmp_path: Path, aims: list[str], found: dict[str, int]) -> None:
    plan = planned(
        tmp_path, ["bs hq", "p east", "q east"], EAST, current=ALL_ON_P, settings=planning(*aims)
    )
    assert list(values(plan).items()) == [
        ("coverage", 4), ("tier1", 4), ("tier2", 0), ("tier3", 0), *found.items(),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("share", "peak", "moves"),
    # 200 tasks are with p today, 100 each is best. What may be given back is floor(r * 100),
    # exactly: in floating point 0.29 * 100 is 28.999999999999996.
    [("0", 100, 100), ("0.009", 100, 100), ("0.29", 129, 71), ("0.299", 129, 71), ("1", 200, 0)],
)
def test_tolerance_is_exact(tmp_path: Path, share: str, peak: int, moves: int) -> None:
    names = [f"v{n}" for n in range(200)]
    plan = planned(
        tmp_path,
        ["bs hq", "p east", "q east"],
        [f"{name} east" for name in names],
        current=[f"j {name} p" for name in names],
        settings=planning("peak", "moves", peak=share),
    )
    assert [(aim.best, aim.value, aim.proven) for aim in plan.aims[-2:]] == [
        (100, peak, True),
        (moves, moves, True),
    ]


@pytest.mark.parametrize(("share", "tier1"), [("0.49", 2), ("0.5", 1), ("1", 0)])
def test_tolerance_of_an_aim_to_be_large(tmp_path: Path, share: str, tier1: int) -> None:
    # Both tasks are with q in another network today; each that may leave tier 1 stays.
    plan = planned(
        tmp_path,
        ["bs hq", "p east", "q lab"],
        EAST[:2],
        current=["j e0 q", "j e1 q"],
        settings=planning("moves", tier1=share),
    )
    assert load(plan).get("p", 0) == tier1
    first, last = plan.aims[1], plan.aims[-1]
    assert (first.best, first.value, last.value) == (2, tier1, tier1)
