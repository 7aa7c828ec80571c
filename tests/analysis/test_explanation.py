"""Tests of `gip explain`: by hand, against the oracle's facts, and against trying all sets."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

import click
import numpy as np
import oracle
import pytest
import random_estates
from estates import estate, planned, write
from hypothesis import HealthCheck, assume, given, settings

from models.diagnostics import counted
from models.estate import Estate
from models.plan import WINDOWS, Plan
from optimizer.analysis.explanation.conflict_model import find_conflict
from optimizer.analysis.explanation.explainer import Explainer, Explanation
from optimizer.analysis.explanation.minimal_conflict import UndecidedError, find_minimal_conflict
from optimizer.analysis.explanation.obstacles import Fact, ObstacleFinder, Obstacles
from optimizer.analysis.explanation.repairs import apply_edit
from optimizer.analysis.explanation.routes import Paths
from optimizer.cli.main import gip
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.tasks import find_tasks
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.synthetic import generate
from optimizer.inputs.synthetic.options import Options
from optimizer.planner import plan

BRANCHES = Path(__file__).parents[2] / "data" / "branch-offices"
plain = settings(deadline=None, suppress_health_check=list(HealthCheck))
plain = settings(parent=plain, max_examples=plain.max_examples // 6)
Words = list[tuple[str, str]]


def explained(made: Plan, vm: str = "a") -> Explanation:
    code = made.estate.vms["vm"].tolist().index(vm)
    (task,) = np.flatnonzero(made.tasks.vm == code).tolist()
    return Explainer(PlanningContext.build(made.estate, made.tasks), made.proxy, made.tier).explain(
        task
    )


def explainer(made: Plan) -> Explainer:
    return Explainer(PlanningContext.build(made.estate, made.tasks), made.proxy, made.tier)


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


@contextmanager
def planned_spec(spec: dict[str, Any]) -> Iterator[Plan]:
    with tempfile.TemporaryDirectory() as folder:
        random_estates.write(spec, Path(folder))
        yield plan(read_estate(Path(folder)))


def obstacles_of(read: Estate, job: int, vm: int) -> list[Obstacles]:
    finder = ObstacleFinder(read, Paths(read), job, vm)
    return [finder.obstacles(server) for server in range(len(read.servers))]


@plain
@given(random_estates.estates())
def test_obstacles_are_what_the_oracle_says(spec: dict[str, Any]) -> None:
    truth = oracle.Estate(spec)
    with planned_spec(spec) as made:
        jobs, vms, servers = (
            made.estate.jobs["job"], made.estate.vms["vm"], made.estate.servers["server"]
        )  # fmt: skip
        for task in np.flatnonzero(made.tasks.kind == WINDOWS).tolist():
            job, vm = int(made.tasks.job[task]), int(made.tasks.vm[task])
            for server, at in enumerate(obstacles_of(made.estate, job, vm)):
                name, key = servers[server], (jobs[job], vms[vm])
                assert at.none == ((key, name) in truth.options)
                # What the guest has against a server is among its own; the oracle's connection
                # has it, too.
                refused = {"gMSA", "platform"} & {fact.rule for fact in at.own}
                connection = truth.connection(truth.servers[name], vms[vm])
                assert (at.connects and not refused) == bool(connection)


@plain
@given(random_estates.estates())
def test_a_change_makes_the_best_plan_better(spec: dict[str, Any]) -> None:
    with planned_spec(spec) as made:
        before = [aim.best for aim in made.aims[:4]]
        proven = all(aim.value == aim.best and aim.proven for aim in made.aims[:4])
        assume(proven)
        waiting = np.flatnonzero((made.tasks.kind == WINDOWS) & (made.tier != 1))[:3]
        explainer = Explainer(PlanningContext.build(made.estate, made.tasks), made.proxy, made.tier)
        for task in waiting.tolist():
            for change in explainer.explain(task).changes:
                after = plan(apply_edit(made.estate, change.edit)).aims[:4]
                assert [aim.best for aim in after] > before


class Brute:
    """Tries all servers for all tasks that have to be served, under some of the facts."""

    def __init__(self, spec: dict[str, Any], made: Plan, task: int, at: list[Obstacles]) -> None:
        self.truth = truth = oracle.Estate(spec)
        self.names = made.estate.servers["server"].tolist()
        jobs, vms = made.estate.jobs["job"], made.estate.vms["vm"]
        pairs = zip(made.tasks.job.tolist(), made.tasks.vm.tolist(), strict=True)
        keys = [(jobs[job], vms[vm]) for job, vm in pairs]
        self.at, self.task = at, keys[task]
        self.others = [keys[n] for n in np.flatnonzero(made.tier > 0).tolist()]
        self.minutes = np.unique(np.array(list(truth.active.values())), axis=1, return_index=True)[
            1
        ]
        self.caps = {
            Fact("max_tasks", text): name
            for name, text in ((n, self.limit(n)) for n in self.names)
            if text and any((key, name) in truth.options for key in [*self.others, self.task])
        }

    def limit(self, name: str) -> str:
        server = self.truth.servers[name]
        if server.limit is None:
            return ""
        anyway = f", {server.running} of them its other roles'" if server.running else ""
        return f"{name} runs at most {counted(server.limit, 'task')}{anyway}"

    @property
    def facts(self) -> list[Fact]:
        found = {fact for at in self.at for fact in at.own}
        for at in self.at:
            if not at.connects:
                found |= {*at.network, *(at.direct if at.hyperv else ())}
        return sorted(found | self.caps.keys())

    def open(self, name: str, facts: set[Fact]) -> bool:
        at = self.at[self.names.index(name)]
        ways = [at.network, at.direct] if at.hyperv else [at.network]
        return facts.isdisjoint(at.own) and (
            at.connects or any(facts.isdisjoint(way) for way in ways)
        )

    def feasible(self, facts: set[Fact]) -> bool:
        limited = {name for fact, name in self.caps.items() if fact in facts}
        rows = {name: self.truth.room[name][self.minutes].copy() for name in limited}
        for name in self.names:
            known = (self.task, name) in self.truth.options
            if self.open(name, facts):
                load = self.truth.active[self.task[0]][self.minutes] * known
                if self.fits(rows, name, load, list(self.others)):
                    return True
        return False

    def fits(self, rows: Any, name: str, load: Any, left: list[Any]) -> bool:
        if name in rows:
            rows = rows | {name: rows[name] - load}
            if load.any() and (rows[name][load > 0] < 0).any():
                return False
        if not left:
            return True
        key, *rest = left
        active = self.truth.active[key[0]][self.minutes]
        options = [server for server in self.names if (key, server) in self.truth.options]
        free = [server for server in options if server not in rows]
        return any(self.fits(rows, server, active, rest) for server in free[:1] or options)


@plain
@given(random_estates.estates(most_servers=4, most_tasks=9))
def test_no_smaller_set_of_facts_forbids_it(spec: dict[str, Any]) -> None:
    assume(spec["settings"].get("failover", {}).get("capacity") != "enforce")
    with planned_spec(spec) as made:
        waiting = np.flatnonzero((made.tasks.kind == WINDOWS) & (made.proxy < 0)).tolist()
        assume(waiting)
        read, task = made.estate, waiting[0]
        at = obstacles_of(read, int(made.tasks.job[task]), int(made.tasks.vm[task]))
        found = find_conflict(PlanningContext.build(read, made.tasks), made.proxy, task, at)
    brute = Brute(spec, made, task, at)
    if found is None:
        assert brute.feasible(set(brute.facts))
        return
    assert set(found) <= set(brute.facts)
    assert not brute.feasible(set(found))
    fewer = len(found) - 1
    if fewer >= 0 and comb(len(brute.facts), fewer) <= 500:
        assert all(brute.feasible(set(some)) for some in combinations(brute.facts, fewer))
    else:
        assert all(brute.feasible(set(found) - {fact}) for fact in found)


Call = Callable[..., str]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def run(*words: object) -> str:
        gip.main(list(map(str, words)), standalone_mode=False)
        return capsys.readouterr().out

    return run


def test_on_the_terminal(call: Call, branch_plan: Path) -> None:
    out = call("explain", BRANCHES, branch_plan, "takamatsu-plant-05")
    name = "Operator desk (takamatsu-plant-05)"
    assert out.startswith(f"{name} in job takamatsu-plant: served by nobody\n")
    table = [line for line in out.splitlines() if line[:1] in "┏┃┡│└"]
    assert max(map(len, table)) <= 80
    assert "set max_tasks of gip-takamatsu-01 to 5 in servers.csv; then gip-takamatsu-01" in out
    assert "These 2 facts together forbid it, while the 167 tasks that the plan serves" in out


def test_tasks_of_the_sample_are_explained(call: Call, branch_plan: Path) -> None:
    read = read_estate(BRANCHES)
    for vm in read.vms["vm"].iloc[np.unique(find_tasks(read).vm)[::5]]:
        told = json.loads(call("explain", BRANCHES, branch_plan, vm, "--json"))
        for task in told["tasks"]:
            chosen = [row["server"] for row in task["servers"] if row["chosen"]]
            assert chosen == ([task["proxy"]] if task["tier"] else [])
            assert all(row["chosen"] or row["reasons"] for row in task["servers"])
            assert bool(task["forbidden_by"]) == (task["proxy"] is None)


def test_own_work_and_unknown_systems(call: Call, branch_plan: Path) -> None:
    assert call("explain", BRANCHES, branch_plan, "tokyo-appliance-01").splitlines()[1:] == [
        "This fact forbids it:",
        "  S5: no operating system of tokyo-appliance-01 is known (os in vms.csv)",
    ]
    rows = (branch_plan / "assignments.csv").read_text("utf-8-sig").splitlines()
    linux = next(row.split(",")[1] for row in rows[1:] if row.split(",")[3] == "")
    assert "not a Windows VM, so it is vbr-01's own work (S5)\n" in call(
        "explain", BRANCHES, branch_plan, linux
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tokyo-appliance-1"], "no VM is called 'tokyo-appliance-1'; did you mean 'tokyo-appl"),
        (["?"], "no VM is called '?'; columns vm and name of vms.csv have them"),
        (["takamatsu-plant-05", "--job", "takamatsu-plan"], "did you mean 'takamatsu-plant'"),
        (["takamatsu-plant-05", "--job", "?"], "; it has one in takamatsu-plant"),
    ],
)
def test_names_that_are_not_there(
    call: Call, branch_plan: Path, words: list[str], said: str
) -> None:
    with pytest.raises(click.BadParameter) as caught:
        call("explain", BRANCHES, branch_plan, *words)
    assert said in str(caught.value)


def test_names_for_people(call: Call, tmp_path: Path) -> None:
    servers = ["bs hq"]
    vms = ["a hq name=web", "b hq name=web", "c hq name=db", "d hq available=no"]
    read = estate(tmp_path / "in", servers, vms, jobs=["i 22:00 60", "j 23:00 60"])
    (tmp_path / "out").mkdir()
    write(plan(read), tmp_path / "out")
    told = call("explain", tmp_path / "in", tmp_path / "out", "db")
    assert [line for line in told.splitlines() if line.startswith("db")] == [
        "db (c) in job i: served by bs in tier 2",
        "db (c) in job j: served by bs in tier 2",
    ]
    only = call("explain", tmp_path / "in", tmp_path / "out", "db", "--job", "j")
    assert "job i" not in only
    for name, said in (("web", "2 VMs are called 'web'; write one's id: a, b"), ("d", "not avail")):
        with pytest.raises(click.BadParameter) as caught:
            call("explain", tmp_path / "in", tmp_path / "out", name)
        assert said in str(caught.value)
