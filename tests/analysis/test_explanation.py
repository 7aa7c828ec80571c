"""Tests of `gip explain`: by hand, against the oracle's facts, and against trying all sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from estates import planned

from models.plan import Plan
from optimizer.analysis.explanation.explainer import Explainer, Explanation
from optimizer.analysis.explanation.minimal_conflict import UndecidedError, find_minimal_conflict
from optimizer.analysis.explanation.obstacles import Fact
from optimizer.eligibility.context import PlanningContext
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.synthetic import generate
from optimizer.inputs.synthetic.options import Options
from optimizer.planner import plan

Words = list[tuple[str, str]]


def explained(made: Plan, vm: str = "a") -> Explanation:
    code = made.estate.vms["vm"].tolist().index(vm)
    (task,) = np.flatnonzero(made.tasks.vm == code).tolist()
    return Explainer(PlanningContext.build(made.estate, made.tasks), made.proxy, made.tier).explain(
        task
    )


def words(facts: tuple[Fact, ...] | None) -> Words:
    assert facts is not None
    return [(fact.rule, fact.text) for fact in facts]


def why(made: Plan, vm: str = "a") -> dict[str, str]:
    """Return each server's tier, way, load and the rules against it, in the order shown."""
    names = made.estate.servers["server"]
    return {
        names[option.server]: " ".join(
            [
                f"{option.tier}",
                ">".join(option.path) or "-",
                f"{option.load}",
                *(fact.rule for fact in option.reasons),
            ]
        )
        for option in explained(made, vm).options
    }


def changes(made: Plan, vm: str = "a") -> list[str]:
    return [f"{change.tier}: {change.text}" for change in explained(made, vm).changes]


def test_every_server_has_its_rule(tmp_path: Path) -> None:
    # a is in east. p is full with b, which it alone may serve; q shares no network, bs neither.
    made = planned(
        tmp_path,
        ["bs hq", "p east max_tasks=1", "q lab", "o east os=Windows 11", "m east managed=no",
         "f east available=no", "x east excluded=yes", "u far"],
        ["a east", "b east"],
        links=["hq - lab", "lab > east", "far - hq"],
        jobs=["i 22:00 60", "j 22:00 60 proxies=p"],
        job_vms=["i a", "j b"],
        networks=["hq hq", "east east", "lab lab", "far far"],
    )  # fmt: skip
    assert why(made) == {
        "q": "3 lab>east 1",
        "f": "1 east 0 available",
        "m": "1 east 0 S9",
        "o": "1 east 0 S8",
        "p": "1 east 1 max_tasks",
        "x": "1 east 0 excluded",
        "u": "3 far>hq>lab>east 0 S15",
        "bs": "4 hq>lab>east 0 S14",
    }
    assert why(made, "b")["q"] == "3 lab>east 1 S13"
    assert explained(made).forbidden is None


def test_no_way_and_the_way_through_the_host(tmp_path: Path) -> None:
    # Nobody reaches lab; h, the host, is in east, where p is. PowerShell Direct takes p there.
    made = planned(
        tmp_path,
        ["bs hq powershell_version=1.0", "p east powershell_version=5.1", "h east os=Windows 10"],
        ["a lab platform=hyperv host=h host_version=2016 os=Windows\u00a0Server 2019"],
        links=["hq > east"],
    )
    assert why(made) == {"p": "3 east 1", "bs": "0 - 0 S10 S11", "h": "0 - 0 S8 S10 S11"}
    assert (
        "S11",
        "powershell_version of bs is below 2.0 in servers.csv; 2.0 or later is needed",
    ) in words(explained(made).options[1].reasons)


@pytest.mark.parametrize(
    ("links", "rule"),
    [
        (["hq - lab", "lab - east", "north - east"], "S16"),  # q hangs on lab's link, as bs does
        (None, "S7"),  # all are protected; north is at the site of east
    ],
)
def test_what_tells_servers_of_the_same_tier_apart(
    tmp_path: Path, links: list[str] | None, rule: str
) -> None:
    sites = ["hq hq", "lab lab", "east east", "north east"]
    made = planned(tmp_path, ["bs hq", "p north", "q lab"], ["a east"], links=links, networks=sites)
    assert why(made)["q"].split()[-1] == rule


@pytest.mark.parametrize(
    ("server", "job", "change"),
    [
        ("p east managed=no", "", "1: set managed of p to true in servers.csv"),
        ("p east available=no", "", "1: set available of p to true in servers.csv"),
        ("p east excluded=yes", "", "1: set excluded of p to false in servers.csv"),
        ("p east", " proxies=bs", "1: add p to the proxies of job j in jobs.csv"),
        ("p east running_tasks=2 max_tasks=2", "", "1: set max_tasks of p to 3 in servers.csv"),
    ],
)
def test_the_one_thing_in_the_way(tmp_path: Path, server: str, job: str, change: str) -> None:
    made = planned(tmp_path, ["bs hq", server], ["a east"], jobs=[f"j 22:00 60{job}"])
    assert changes(made)[:1] == [change]


def test_two_things_in_the_way_are_no_single_change(tmp_path: Path) -> None:
    made = planned(tmp_path, ["bs hq", "p east managed=no excluded=yes"], ["a east"])
    assert changes(made) == []


@pytest.mark.parametrize(
    ("link", "change"),
    [
        ("lab > east up=no", "3: set up of the link between lab to east to true in links.csv"),
        ("east > lab", "3: set both_ways of the link between lab to east to true in links.csv"),
        ("hq > lab", "3: add a link from lab to east to links.csv"),
    ],
)
def test_links_that_would_help(tmp_path: Path, link: str, change: str) -> None:
    made = planned(tmp_path, ["bs hq", "q lab"], ["a east"], links=[link])
    assert changes(made)[:1] == [change]


def test_powershell_direct_is_a_flag(tmp_path: Path) -> None:
    made = planned(
        tmp_path,
        ["bs hq", "p east powershell_version=5.1"],
        ["a lab platform=hyperv host=p host_version=2019"],
        links=[],
        settings={"connections": {"powershell_direct": False}},
    )
    assert changes(made)[:1] == ["3: set connections.powershell_direct = true in estate.toml"]


def test_every_change_that_helps_the_cheapest_first(tmp_path: Path) -> None:
    # Tier 1: p has no room; tier 3: q is excluded, which is cheaper, and r has no way.
    made = planned(
        tmp_path,
        ["bs hq", "p east max_tasks=1", "q lab excluded=yes", "r far"],
        ["a east", "b east"],
        links=["lab > east", "hq - far"],
        job_vms=["j a", "j b"],
    )
    (left,) = (made.estate.vms["vm"][made.tasks.vm[t]] for t, _, _ in made.unassigned)
    assert changes(made, left) == [
        "3: set excluded of q to false in servers.csv",
        "1: set max_tasks of p to 2 in servers.csv",
        "3: add a link from far to east to links.csv",
        "4: add a link from hq to east to links.csv",
    ]


def test_why_nobody_serves_it(tmp_path: Path) -> None:
    # p and q have room for two of a, b, c; bs and x do not reach them, u may not.
    made = planned(
        tmp_path,
        ["bs hq", "p east max_tasks=2 running_tasks=1", "q east max_tasks=1", "x lab",
         "u east os=Windows 11"],
        ["a east", "b east", "c east"],
        links=["hq - lab"],
    )  # fmt: skip
    (left,) = (made.estate.vms["vm"][made.tasks.vm[t]] for t, _, _ in made.unassigned)
    assert words(explained(made, left).forbidden) == [
        ("S10", f"{left} is in east; no other network reaches it"),
        ("S8", "u runs Windows 11, no proxy's system (v12)"),
        ("max_tasks", "p runs at most 2 tasks, 1 of them its other roles'"),
        ("max_tasks", "q runs at most 1 task"),
    ]


def test_the_room_of_servers_that_could_relieve_its_own(tmp_path: Path) -> None:
    # Only p reaches a; of its two places b could leave one to it if q, which is full, had another.
    made = planned(
        tmp_path,
        ["bs hq", "p lab max_tasks=1", "q far max_tasks=1"],
        ["a east", "b west", "c west"],
        links=["lab > east", "lab > west", "far > west"],
    )
    (left,) = (made.estate.vms["vm"][made.tasks.vm[t]] for t, _, _ in made.unassigned)
    assert [rule for rule, _ in words(explained(made, left).forbidden)] == [
        "S10", "max_tasks", "max_tasks",
    ]  # fmt: skip


def test_what_the_backup_server_could_not_take_over(tmp_path: Path) -> None:
    made = planned(
        tmp_path,
        ["bs hq max_tasks=1", "p east"],
        ["a east", "b east"],
        settings={"failover": {"capacity": "enforce"}},
    )
    (left,) = (made.estate.vms["vm"][made.tasks.vm[t]] for t, _, _ in made.unassigned)
    facts = words(explained(made, left).forbidden)
    assert facts[0] == ("S16", "bs must be able to take over 1 task")
    assert "1: set failover.tasks = 2 in estate.toml" in changes(made, left)


@pytest.mark.parametrize(
    ("conflicts", "smallest"),
    [
        ([{0, 1}], {0, 1}),
        ([{0, 1, 2}, {2, 3}], {2, 3}),
        ([{0}, {1, 2}], {0}),
        ([set()], set()),
        ([], None),
    ],
)
def test_the_smallest_of_known_conflicts(
    conflicts: list[set[int]], smallest: set[int] | None
) -> None:
    def conflict_in(wanted: frozenset[int]) -> frozenset[int] | None:
        if any(one <= wanted for one in conflicts):
            return None
        held = set(wanted)
        for fact in range(4):
            held |= set() if any(one <= held | {fact} for one in conflicts) else {fact}
        return frozenset(held)

    assert find_minimal_conflict(4, conflict_in) == smallest


def test_among_thousands_of_tasks_it_does_not_take_too_long(tmp_path: Path) -> None:
    options = Options(vms=10_000, tightness=1.6, failover="enforce", seed=2)
    generate(tmp_path, options)
    made = plan(read_estate(tmp_path))
    task = next(t for t, reason, _ in made.unassigned if reason == "failover_capacity")
    found = Explainer(
        PlanningContext.build(made.estate, made.tasks), made.proxy, made.tier
    ).explain(task)
    assert {rule for rule, _ in words(found.forbidden)} >= {"S16", "max_tasks"}


def test_what_takes_too_long_is_said() -> None:
    with pytest.raises(UndecidedError):
        find_minimal_conflict(2, lambda wanted: frozenset())
