"""Reports made by hand, to see the page without a plan."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from uuid import UUID

import numpy as np

from models.plan import AimResult
from models.report_data import (
    Count,
    Failure,
    JobChange,
    Line,
    PartToMake,
    Place,
    PortRule,
    Report,
    Search,
    ServerWeek,
    SplitJob,
    WeekColumn,
)
from models.week_plan import WeekAim, WeekFigures

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(2)>",
    "\"'><svg onload=alert(3)>",
    "{{ 7 * 7 }} {% raw %} ${1+1} {0}",
    "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe \N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET}",
    "🦄👩‍👩‍👧‍👦🏳️‍🌈",
    "long" * 75,
    "<!--<script>]]>&amp;\\u003c\n\t",
)
NOTHING = np.zeros(0, dtype=np.int32)
EMPTY = Search((), (), (), (), (), *[NOTHING] * 6)


def server(name: str, peak: int, limit: int | None = 20, site: str = "tokyo") -> ServerWeek:
    """Return a server that is busiest every night at 22:00, up to ``peak``."""
    shape = [1.0 if hour % 24 == 22 else 0.4 if hour % 24 > 19 else 0.0 for hour in range(168)]
    hours = tuple(int(peak * each) for each in shape)
    return ServerWeek(name, site, 3 * peak, (2 * peak, 0, peak, 0), limit, max(hours), hours)


def place(name: str, x: float, y: float, tiers: tuple[int, int, int, int]) -> Place:
    """Return a place half of whose tasks can fail over."""
    whole = sum(tiers)
    return Place(name, x, y, tiers, whole // 9, whole // 3, whole // 2, 1, False, whole > 50)


@cache
def search(vms: int = 40) -> Search:
    """Return two tasks for every third VM and one for the others, a tenth without a proxy."""
    drawn = np.random.default_rng(7)
    numbers = np.arange(vms)
    vm = np.concatenate([numbers, numbers[::3]])
    nobody = vm % 10 == 9
    return Search(
        jobs=("daily", "weekly"),
        vms=tuple(str(UUID(bytes=drawn.bytes(16))) for _ in numbers),
        names=tuple(f"tokyo-app-{n:06d}" for n in numbers),
        servers=("gip-tokyo-01", "gip-osaka-01", "vbr-01"),
        reasons=("capacity", "not_reachable"),
        job=np.repeat([0, 1], [vms, len(vm) - vms]),
        vm=vm,
        proxy=np.where(nobody, -1, vm % 3),
        tier=np.where(nobody, 0, 1 + vm % 3),
        protected=np.where(nobody, 0, vm % 2),
        reason=np.where(nobody, vm % 2, -1),
    )  # fmt: skip


def report(search: Search = EMPTY) -> Report:
    """Return a small report with something in every part."""
    return Report(
        estate="branch-offices",
        backup_server="vbr-01",
        vms=12345,
        tasks=191,
        windows_tasks=176,
        own_tasks=12,
        assigned=167,
        ruleset="v12",
        balance="tasks",
        versions={"gip-planner": "0.1.0"},
        inputs={"vms.csv": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
        aims=[
            AimResult("coverage", 167, 167, 167, True, "duals", 0.01),
            AimResult("tier1", 112, 113, 113, True, "duals", 0.01),
            AimResult("protected", 90, 90, 95, False, "search", 0.01),
            AimResult("peak", 16, 16, 14, False, "search", 0.01),
        ],
        first="limits",
        weeks=[
            WeekColumn("today", *weeks(76, 590, 21, 203, 114, 6645, 22)),
            WeekColumn("lists", *weeks(35, 599, 21, 321, 28, 915, 17)),
            WeekColumn("splits", *weeks(35, 640, 21, 290, 18, 0, 14)),
            WeekColumn("best", weeks(35, 669, 21, 265, 14, 0, 12)[0], None),
        ],
        other_weeks=[
            WeekColumn("automatic", *weeks(35, 669, 21, 61, 218, 6645, 30)),
            WeekColumn("plan", weeks(56, 610, 21, 303, 14, 0, 16)[0], None),
        ],
        week_aims=[
            WeekAim("failed", 175, 175, True, "enumerated"),
            WeekAim("overload", 4575, 1575, False, "search"),
            WeekAim("tier1", 2995, 3005, False, "search"),
        ],
        unassigned=[Count("capacity", 7, "warning", ("web-01", "web-02", "web-03", "web-04"))],
        unprotected=58,
        overloaded=[server("gip-kobe-01", 25)],
        findings=[
            Count("no_failover", 1, "warning", ("plan",)),
            Count("code_of_tomorrow", 3, "info", ("what it says",)),
        ],
        servers=[server("gip-kobe-01", 25), server("gip-tokyo-01", 16), server("vbr-01", 7, None)],
        places=[
            replace(place("tokyo", 0.8, 0.4, (60, 9, 20, 3)), home=True),
            place("osaka", 0.5, 0.6, (30, 0, 9, 0)),
            place("sapporo", 0.9, 0.05, (0, 0, 12, 4)),
            place("router", 0.6, 0.3, (0, 0, 0, 0)),
        ],
        lines=[Line(0, 1, 2, False, True), Line(0, 2, 1, True, True), Line(0, 3, 1, False, False)],
        failures=[
            Failure("server:gip-tokyo-01", 100, 60, 7, 0, 19, ()),
            Failure(
                "link:rtr-tokyo~rtr-sapporo", 150, 0, 17, 0, 5, ("link:rtr-tokyo~rtr-sapporo",)
            ),
        ],
        failover_limit=16,
        scenarios=98,
        scenarios_left_out=2,
        jobs=[
            JobChange(
                "daily",
                (),
                ("gip-tokyo-01", "vbr-01"),
                "guaranteed",
                (("overload", 28650), ("tier1", 7)),
                True,
                False,
            ),
            JobChange("weekly", ("vbr-01",), (), "depends", (("failed", 5),), True, True),
            JobChange("monthly", (), ("vbr-01",), "likely", (("protected", 10),), False, False),
        ],
        kept_jobs=9,
        splits=[
            SplitJob(
                "daily",
                (
                    PartToMake("daily (10.10.1.0/24)", 31, ("gip-tokyo-01", "gip-tokyo-02")),
                    PartToMake("daily (2)", 12, ()),
                ),
                (("overload", 4575), ("tier1", 205)),
                (("same_site", 5),),
            )
        ],
        moves_by_server=[("gip-tokyo-01", 30, 2)],
        rules=[
            rule("tokyo-servers", "10.1.0.0/16", "control", False),
            rule("osaka-servers", "10.2.0.0/16", "control", False),
            rule("tokyo-servers", "10.1.0.0/16", "control", True),
        ],
        assumptions=[Count("same_network", 1, "info", ("a subnet in common",))],
        search=search,
    )


def weeks(
    failed: int, tier1: int, tier2: int, tier3: int, tier4: int, overload: int, peak: int
) -> tuple[WeekFigures, WeekFigures]:
    """Return a nominal week and a worse one."""
    nominal = WeekFigures(failed, tier1, tier2, tier3, tier4, 8, 500, 600, overload, peak, 3)
    return nominal, replace(nominal, overload_minutes=overload * 2, peak=peak + 1)


def rule(end: str, cidr: str, purpose: str, same_network: bool) -> PortRule:
    """Return a rule from a server to a network."""
    return PortRule(
        "gip-tokyo-01", "server", end, "network", cidr, ("135", "445", "49152-65535"), purpose,
        "always", "plug_ins", False, same_network,
    )  # fmt: skip


def hostile() -> Report:
    """Return a report all names of which are hostile."""
    plain = report(search(16))
    names = HOSTILE + HOSTILE
    return replace(
        plain,
        estate=HOSTILE[0],
        backup_server=HOSTILE[6],
        versions=dict.fromkeys(HOSTILE, HOSTILE[2]),
        inputs=dict.fromkeys(HOSTILE, HOSTILE[0]),
        unassigned=[Count(name, 1, name, HOSTILE) for name in HOSTILE],
        findings=[Count(name, 1, name, HOSTILE) for name in HOSTILE],
        assumptions=[Count(name, 1, name, HOSTILE) for name in HOSTILE],
        overloaded=[server(name, 25, site=name) for name in HOSTILE],
        servers=[server(name, 25, site=name) for name in HOSTILE],
        places=[
            replace(place(name, n % 3 / 3, n / 9, (60, 9, 20, 3)), parting=True)
            for n, name in enumerate(HOSTILE)
        ],
        lines=[Line(n, n + 1, 1, True, True) for n in range(len(HOSTILE) - 1)],
        failures=[Failure(f"link:{n}~{n}", 1, 1, 1, 1, 1, (n,)) for n in HOSTILE],
        jobs=[
            JobChange(name, HOSTILE, HOSTILE[::-1], name, ((name, 7),), early, early)
            for early in (True, False)
            for name in HOSTILE
        ],
        splits=[
            SplitJob(name, (PartToMake(name, 2, HOSTILE),) * 9, ((name, 7),), ((name, 3),))
            for name in HOSTILE
        ],
        moves_by_server=[(name, 1, 2) for name in HOSTILE],
        rules=[replace(rule(n, n, n, False), start=n, ports=HOSTILE, when=n) for n in HOSTILE],
        search=replace(
            plain.search, jobs=HOSTILE[:2], vms=names, names=names, servers=HOSTILE[2:5],
            reasons=HOSTILE[5:7],
        ),
    )  # fmt: skip
