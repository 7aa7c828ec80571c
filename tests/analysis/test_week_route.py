"""Tests of where the choices of jobs really lead a VM: by hand, and as the slow week has it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import random_estates
from commands import gip
from estates import estate, read_with_lists
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slow_simulation import Product

from models.plan import WINDOWS
from models.week import clock
from optimizer.analysis.explanation.address_remedies import address_remedies
from optimizer.analysis.explanation.week_route import SplitRouter, WeekRoute, WeekRouter
from optimizer.eligibility.context import PlanningContext
from optimizer.inputs.plan_folder import PlannedChoice
from optimizer.inputs.week_record import SplitPart

few = settings(deadline=None, suppress_health_check=list(HealthCheck))
few = settings(parent=few, max_examples=few.max_examples // 10)
Parts = list[tuple[str, int, int, int, tuple[str, ...]]]


def parts(route: WeekRoute, names: list[str]) -> Parts:
    """Return who runs how many runs in which tier, and when."""
    return [
        (names[part.server] if part.server >= 0 else "", part.tier, len(part.starts),
         int(part.failed_over), tuple(clock(start) for start in part.starts))
        for part in route.served
    ]  # fmt: skip


@few
@given(random_estates.estates(), st.integers(0, 2**32))
def test_runs_are_those_of_the_slow_week(spec: dict[str, Any], seed: int) -> None:
    read, lists = read_with_lists(spec, seed)
    names = read.servers["server"].tolist()
    context = PlanningContext.build(read)
    router = WeekRouter(context, {job: PlannedChoice(codes, True) for job, codes in lists.items()})
    slow = Product(spec, {job: [names[code] for code in codes] for job, codes in lists.items()})
    for task in np.flatnonzero(context.tasks.kind == WINDOWS).tolist():
        job = read.jobs["job"].iloc[context.tasks.job[task]]
        vm = read.vms["vm"].iloc[context.tasks.vm[task]]
        mine = [run for run in slow.runs if (run.job, run.vm) == (job, vm)]
        route = router.route(task)
        found = parts(route, names)
        counted = Counter((run.proxy, run.tier, int(run.failed_over)) for run in mine)
        assert {(who, tier, over): runs for who, tier, runs, over, _ in found} == counted
        assert sorted(start for *_, starts in found for start in starts) == sorted(
            run.start for run in mine
        )
        slow.now = -1  # nothing runs: only who is on offer counts
        candidates = slow.candidates(job, vm)
        best = min((slow.tier(server, vm) for server in candidates), default=0)
        offered = sorted(s.name for s in candidates if slow.tier(s, vm) == best)
        assert [names[code] for code in route.offered] == offered
        cut = [name for name in offered
               if not slow.estate.connection(slow.estate.servers[name], vm)]  # fmt: skip
        assert [names[code] for code in route.unconnected] == cut


def test_where_a_split_leads(tmp_path: Path) -> None:
    # Automatic selection shares a and b between p and q; split, both parts have a server each,
    # and c, which is in no network of theirs, is part of the first.
    read = estate(
        tmp_path, ["bs hq", "p east", "q east", "r west"], ["a east", "b east", "c west"],
        networks=["hq hq", "east east", "west west"],
        jobs=["j 22:00 60 days=mon", "k 22:00 60 days=tue"], job_vms=["j a", "j b", "j c", "k a"],
    )  # fmt: skip
    names = read.servers["server"].tolist()
    context = PlanningContext.build(read)
    split = [
        SplitPart("j", 1, 1, "j (1)", ("q",), ("a", "c"), ("a", "c")),
        SplitPart("j", 1, 2, "j (2)", ("p",), ("b",), ("b",)),
    ]
    router, splits = WeekRouter(context, {}), SplitRouter(context, {}, split)
    at = {
        (read.jobs["job"].iloc[job], read.vms["vm"].iloc[vm]): task
        for task, (job, vm) in enumerate(zip(context.tasks.job, context.tasks.vm, strict=True))
    }
    monday = ("mon 22:00",)
    whole = {key: parts(router.route(task), names) for key, task in at.items()}
    assert whole == {
        ("j", "a"): [("p", 1, 1, 0, monday)],
        ("j", "b"): [("q", 1, 1, 0, monday)],
        ("j", "c"): [("r", 1, 1, 0, monday)],
        ("k", "a"): [("p", 1, 1, 0, ("tue 22:00",))],
    }
    found = {key: splits.route(task) for key, task in at.items()}
    assert found.pop(("k", "a")) is None
    assert {key: (s and s.part, s and parts(s.route, names)) for key, s in found.items()} == {
        ("j", "a"): ("j (1)", [("q", 1, 1, 0, monday)]),
        ("j", "b"): ("j (2)", [("p", 1, 1, 0, monday)]),
        ("j", "c"): ("j (1)", [("q", 3, 1, 0, monday)]),
    }


def test_what_to_do_about_addresses(tmp_path: Path) -> None:
    read = estate(
        tmp_path, ["bs hq"],
        ["a 192.168.77.4", "b hq;10.0.0.9;fd00:1:2:3::5", "c hq", "d 192.168.77.5"],
        networks=["hq hq", "x one cidr=10.0.0.0/8", "y two cidr=10.0.0.0/8"],
        links=[],
    )  # fmt: skip
    links = ", and what reaches it to links.csv"
    assert [address_remedies(read, vm) for vm in range(4)] == [
        (f"192.168.77.4 is in no network: add 192.168.77.0/24 to networks.csv{links}",),
        (
            "10.0.0.9 is in two networks of the same prefix: write the name of the right one in "
            "vms.csv instead",
            f"fd00:1:2:3::5 is in no network: add fd00:1:2:3::/64 to networks.csv{links}",
        ),
        (),
        (f"192.168.77.5 is in no network: add 192.168.77.0/24 to networks.csv{links}",),
    ]


def test_the_week_on_the_terminal_and_as_json(tmp_path: Path) -> None:
    # Each job names its only server, and keeps it.
    read = estate(
        tmp_path / "estate", ["bs hq", "p east max_tasks=1", "q east max_tasks=1"],
        ["a east name=Alpha", "b east"], networks=["hq hq", "east east"],
        jobs=["j 22:00 60 proxies=p", "k 22:00 60 proxies=q"], job_vms=["j a", "k b"],
    )  # fmt: skip
    out = tmp_path / "out"
    assert gip("plan", read.folder, "--out", out, "-q")[0] == 0
    code, shown, error = gip("explain", read.folder, out, "Alpha", "--json")
    assert (code, error) == (0, "")
    (task,) = json.loads(shown)["tasks"]
    week = task["week"]
    assert (task["vm"], task["vm_name"], task["proxy"]) == ("a", "Alpha", "p")
    assert (week["choice"], week["proxies"], week["change"]) == ("list", ["p"], "keep")
    assert (week["runs"], week["runs_as_planned"], week["offered"]) == (7, 7, ["p"])
    assert [part["starts"][0] for part in week["served"]] == ["mon 22:00"]
    assert week["why"] == ["By networks alone p is the nearest: no other is offered (S14)."]
    shown = gip("explain", read.folder, out, "Alpha")[1]
    assert "In the week, j selects p (as it is today):\n" in shown
    assert "  7 of 7 runs are on p in tier 1 as planned\n" in shown
