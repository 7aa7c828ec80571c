"""Tests of what is left of a plan when something fails: by hand, then on random estates."""

from __future__ import annotations

import csv
import json
import random
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pytest
import random_estates
from commands import GIP
from estates import estate, write
from estates import proxies as serving
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import Assignment
from slow_simulation import Product
from slow_whatif import Broken, every_failure

from models.diagnostics import UnknownNameError
from models.estate import Codes, Estate
from models.plan import WINDOWS
from optimizer.analysis.what_if.replan import prepare_replan
from optimizer.analysis.what_if.study import what_if
from optimizer.checker import judge
from optimizer.eligibility.failures import combine_losses, list_failures, parse_failure
from optimizer.eligibility.reachability import single_points
from optimizer.eligibility.tasks import find_tasks
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.output.console.what_if import record
from optimizer.planner import plan

DATA = Path(__file__).parents[2] / "data"
BRANCHES, TINY = DATA / "branch-offices", DATA / "tiny"
PS = "powershell_version=5.1"
GUEST = "platform=hyperv host=h host_version=2019"

every_estate = settings(deadline=None, suppress_health_check=list(HealthCheck))
every_estate = settings(parent=every_estate, max_examples=every_estate.max_examples // 20)


def proxies(read: Estate, on: Mapping[tuple[str, str], str]) -> Codes:
    """Return the server of each task, -1 where ``on`` has none for job and VM."""
    tasks = find_tasks(read)
    code = {name: number for number, name in enumerate(read.servers["server"])}
    pairs = zip(read.jobs["job"][tasks.job], read.vms["vm"][tasks.vm], strict=True)
    return np.array([code.get(on.get(pair, ""), -1) for pair in pairs], dtype=np.int32)


def studied(read: Estate, on: Mapping[str, str], *fail: str) -> dict[str, Any]:
    """Return the record of one scenario, given each VM's server, the same in every job."""
    pairs = {(job, vm): server for job in read.jobs["job"] for vm, server in on.items()}
    study = what_if(read, find_tasks(read), proxies(read, pairs), fail)
    (scenario,) = record(study)["scenarios"]
    assert scenario["fail"] == list(fail)
    return dict(scenario)


def lose(read: Estate, on: Mapping[str, str], *fail: str) -> tuple[int, ...]:
    """Return the tasks kept, failed over, lost and gone, and the backup server's worst load."""
    found = studied(read, on, *fail)
    names = ("kept", "failed_over", "lost", "gone", "backup_server_peak")
    return tuple(found[name] for name in names)


def tiers(*tasks: int) -> dict[str, int]:
    return {str(number): count for number, count in enumerate(tasks, start=1)}


@pytest.mark.parametrize(
    ("fail", "found"),
    [
        ([], (3, 0, 0, 0, 0)),
        (["server:p"], (1, 1, 1, 0, 1)),  # bs reaches a in east, not b in dark
        (["server:q"], (2, 1, 0, 0, 1)),
        (["server:idle"], (3, 0, 0, 0, 0)),
        (["server:bs"], (3, 0, 0, 0, 0)),
        (["server:p", "server:bs"], (1, 0, 2, 0, 0)),
        (["server:p", "server:q", "server:idle", "server:bs"], (0, 0, 3, 0, 0)),
    ],
)
def test_a_server_that_fails_runs_nothing(
    tmp_path: Path, fail: list[str], found: tuple[int, ...]
) -> None:
    servers = ["bs hq", "p east;dark", "q lab", "idle east"]
    links = ["hq > east", "hq > lab"]
    read = estate(tmp_path, servers, ["a east", "b dark", "c lab"], links=links)
    assert lose(read, {"a": "p", "b": "p", "c": "q"}, *fail) == found


@pytest.mark.parametrize(
    ("fail", "found"),
    [
        (["network:east"], (2, 0, 0, 1, 0)),  # b is in lab, too
        (["network:lab"], (2, 0, 0, 1, 0)),
        (["network:hq"], (3, 0, 0, 0, 0)),
        (["network:east", "network:lab"], (0, 0, 0, 3, 0)),
        (["network:lab", "server:p"], (0, 0, 2, 1, 0)),  # the link from hq was to lab
        (["network:east", "server:p"], (0, 2, 0, 1, 2)),
        (["network:hq", "server:p"], (0, 0, 3, 0, 0)),  # bs runs, in no network
    ],
)
def test_a_network_that_fails_takes_memberships_and_links(
    tmp_path: Path, fail: list[str], found: tuple[int, ...]
) -> None:
    vms = ["a east", "b east;lab", "c lab"]
    read = estate(tmp_path, ["bs hq", "p east;lab"], vms, links=["hq > lab"])
    assert lose(read, {"a": "p", "b": "p", "c": "p"}, *fail) == found


def test_a_network_in_between_fails(tmp_path: Path) -> None:
    # p reaches v through mid. Without the table of links nothing lies in between.
    read = estate(
        tmp_path, ["bs hq", "p east"], ["v lab"], networks=["hq", "east", "lab", "mid"],
        links=["east > mid", "mid > lab", "hq > lab"],
    )  # fmt: skip
    assert lose(read, {"v": "p"}, "network:mid") == (0, 1, 0, 0, 1)
    linkless = estate(
        tmp_path, ["bs hq", "p east"], ["v lab"], networks=["hq", "east", "lab", "mid"]
    )
    assert lose(linkless, {"v": "p"}, "network:mid") == (1, 0, 0, 0, 0)


def test_who_no_longer_shares_a_network_serves_in_a_farther_tier(tmp_path: Path) -> None:
    read = estate(tmp_path, ["bs a", "p a;b"], ["v a;c"], links=["b > c"])
    found = studied(read, {"v": "p"}, "network:a")
    assert (found["tiers_before"], found["tiers_after"]) == (tiers(1, 0, 0, 0), tiers(0, 0, 1, 0))
    over = studied(read, {"v": "p"}, "server:p")
    assert (over["tiers_before"], over["tiers_after"]) == (tiers(1, 0, 0, 0), tiers(0, 1, 0, 0))


@pytest.mark.parametrize(
    ("fail", "found"),
    [
        # p and q are lost, a gone; r goes on in hq and keeps c; b, in hq now, goes to bs, as l is.
        (["site:east"], (1, 1, 0, 1, 2)),
        # bs is lost with its site, r only leaves it: it does not reach c, which is gone.
        (["site:hq"], (2, 0, 0, 1, 0)),
        (["site:east", "site:hq"], (0, 0, 0, 3, 0)),
    ],
)
def test_a_site_fails_with_the_servers_that_are_nowhere_else(
    tmp_path: Path, fail: list[str], found: tuple[int, ...]
) -> None:
    read = estate(
        tmp_path,
        ["bs hq", "p east-a", "q east-a;east-b", "r east-b;hq"],
        ["a east-a", "b east-b;hq", "c hq", "l hq os=Linux"],
        networks=["hq hq", "east-a east", "east-b east"],
    )
    assert lose(read, {"a": "p", "b": "q", "c": "r"}, *fail) == found


def test_a_server_in_no_known_network_is_at_no_site(tmp_path: Path) -> None:
    read = estate(tmp_path, ["bs 192.0.2.1 running_tasks=3"], ["v east"], networks=["east east"])
    assert lose(read, {}, "site:east") == (0, 0, 0, 0, 3)


@pytest.mark.parametrize(
    ("fail", "found"),
    [
        (["link:east~r"], (0, 1, 0, 0, 1)),
        (["link:r~east"], (0, 1, 0, 0, 1)),
        (["link:r~west"], (0, 1, 0, 0, 1)),
        (["link:hq~west"], (1, 0, 0, 0, 0)),
        (["link:lab~hq"], (1, 0, 0, 0, 0)),
        (["link:east~r", "link:west~hq"], (0, 0, 1, 0, 0)),
    ],
)
def test_a_link_that_fails_is_down_both_ways(
    tmp_path: Path, fail: list[str], found: tuple[int, ...]
) -> None:
    # From east to r three links lead, one of them is down already; the one back is of no use.
    links = ["east > r", "r > east", "east - r", "r - east up=no", "r > west", "hq - west"]
    read = estate(tmp_path, ["bs hq", "p east"], ["v west"], links=[*links, "hq - lab up=no"])
    assert lose(read, {"v": "p"}, *fail) == found


@pytest.mark.parametrize(
    ("fail", "found"),
    [
        (["server:p"], (0, 1, 0, 0, 1)),
        (["server:h"], (0, 0, 1, 0, 0)),  # nobody comes through a host that is lost
        (["network:core"], (0, 0, 1, 0, 0)),
        (["link:lab~core"], (0, 1, 0, 0, 1)),
        (["network:dmz"], (0, 0, 0, 1, 0)),  # gone, though its host is there
    ],
)
def test_powershell_direct_goes_with_the_host(
    tmp_path: Path, fail: list[str], found: tuple[int, ...]
) -> None:
    servers = [f"bs hq {PS}", f"p lab {PS}", "h core"]
    read = estate(tmp_path, servers, [f"v dmz {GUEST}"], links=["lab > core", "hq > core"])
    assert lose(read, {"v": "p"}, *fail) == found


@pytest.mark.parametrize(
    ("fail", "found"), [([], (2, 0, 4, 0, 0)), (["server:h"], (1, 0, 5, 0, 0))]
)
def test_vms_alike_but_for_one_fact_are_told_apart(
    tmp_path: Path, fail: list[str], found: tuple[int, ...]
) -> None:
    # Only v and w can be reached through their hosts, which are in the same network.
    facts = ["", "host=h2", "os=Windows 8.1", "platform=vmware", "host_version=2012", "host=h3"]
    vms = [f"{name} dmz {GUEST} {fact}" for name, fact in zip("vwabcd", facts, strict=True)]
    servers = ["bs hq", f"p lab {PS}", "h core", "h2 core", "h3 hq"]
    read = estate(tmp_path, servers, vms, links=["lab > core"])
    assert lose(read, dict.fromkeys("vwabcd", "p"), *fail) == found


def test_a_vm_that_never_had_a_network_is_not_gone(tmp_path: Path) -> None:
    servers = [f"bs hq {PS}", f"p lab {PS}", "h core"]
    read = estate(tmp_path, servers, [f"v networks= {GUEST}"], networks=["hq", "lab", "core"])
    assert lose(read, {"v": "p"}, "network:lab") == (0, 1, 0, 0, 1)


@pytest.mark.parametrize(
    ("fail", "peak", "at"),
    [
        ([], 3, "mon 22:45"),  # two running tasks and l
        (["server:p"], 5, "mon 22:45"),
        (["server:p", "network:x"], 4, "mon 22:30"),  # l is gone: a and b
        (["server:q"], 4, "mon 23:30"),  # l and c
        (["server:bs"], 0, None),
    ],
)
def test_the_worst_moment_of_the_backup_server(
    tmp_path: Path, fail: list[str], peak: int, at: str | None
) -> None:
    read = estate(
        tmp_path,
        ["bs hq running_tasks=2", "p hq", "q hq"],
        ["a hq", "b hq", "c hq", "l x os=Linux"],
        jobs=["j1 22:00 60", "j2 22:30 60", "j3 22:45 60", "j4 23:30 60"],
        job_vms=["j1 a", "j2 b", "j3 l", "j4 c"],
    )
    found = studied(read, {"a": "p", "b": "p", "c": "q"}, *fail)
    assert (found["backup_server_peak"], found["backup_server_peak_at"]) == (peak, at)


@pytest.mark.parametrize(
    ("server", "failover", "limit"),
    [
        ("bs hq", {}, None),
        ("bs hq max_tasks=7", {}, 7),
        ("bs hq max_tasks=7", {"tasks": 4}, 4),
        ("bs hq", {"tasks": 0, "capacity": "enforce"}, 0),
    ],
)
def test_the_limit_of_the_backup_server(
    tmp_path: Path, server: str, failover: dict[str, Any], limit: int | None
) -> None:
    read = estate(tmp_path, [server], ["v hq"], settings={"failover": failover})
    assert studied(read, {}, "server:bs")["backup_server_limit"] == limit


def test_a_host_that_fails_can_bring_more_than_its_own_tasks(tmp_path: Path) -> None:
    # Rule 3 counts a, that h serves. v is on p, who comes through h; bs comes by network.
    read = estate(
        tmp_path,
        ["bs hq max_tasks=1", f"p lab {PS}", "h core"],
        ["a core", f"v dmz {GUEST}"],
        links=["lab > core", "hq > core", "hq > dmz"],
        settings={"failover": {"capacity": "enforce"}},
    )
    on = {"a": "h", "v": "p"}
    assert serving(plan(read)) == on
    assert lose(read, on, "server:p") == (1, 1, 0, 0, 1)
    assert lose(read, on, "server:h") == (0, 2, 0, 0, 2)


@pytest.mark.parametrize(
    ("links", "bridges", "parting"),
    [
        ([], "", ""),
        (["a - b"], "ab", ""),
        (["a - b up=no"], "", ""),
        (["a - b", "b > a"], "ab", ""),
        (["a - a"], "", ""),
        (["a - b", "b - c"], "ab bc", "b"),
        (["a - r", "r - b"], "ar br", "r"),
        (["a - b", "b - c", "c - a"], "", ""),
        (["a - b", "b - c", "c - a", "c - d"], "cd", "c"),
        (["a > b", "b > c", "c > a"], "ab ac bc", ""),  # each is the only way on
        (["a > b", "b - c", "c - a"], "ac bc", ""),  # a reaches b through c, too
        (["a > b", "b > c", "a > c"], "ab bc", ""),
    ],
)
def test_bridges_and_articulation_points(
    tmp_path: Path, links: list[str], bridges: str, parting: str
) -> None:
    networks = ["a", "b", "c", "d"]
    read = estate(tmp_path, ["bs a"], ["v a"], networks=networks, links=links)
    found, points = single_points(read.links)
    assert sorted("".join(sorted(ends)) for ends in found) == bridges.split()
    assert sorted(points) == parting.split()


def test_the_single_points_among_what_fails(tmp_path: Path) -> None:
    # hq, a and b are a ring; c hangs on b.
    read = estate(
        tmp_path, ["bs hq"], ["v c"], networks=["hq", "a south", "b south", "c"],
        links=["hq - a", "a - b", "b - hq", "b - c"],
    )  # fmt: skip
    for fail, points in [
        ("link:c~b", ["link:b~c"]),
        ("link:hq~a", []),
        ("network:b", ["network:b"]),
        ("network:c", []),
        ("site:south", ["network:b"]),
        ("server:bs", []),
    ]:
        assert studied(read, {}, fail)["single_points"] == points


def test_the_ranking_puts_what_nobody_does_before_overload_before_failover(tmp_path: Path) -> None:
    # q's task is lost; p's two are too many for bs at once, r's two are not; s has none.
    read = estate(
        tmp_path,
        ["bs hq max_tasks=1", "p hq", "q dark", "r hq", "s hq"],
        ["a hq", "b hq", "c dark", "d hq", "e hq"],
        links=[],
        jobs=["j1 22:00 60", "j2 23:00 60"],
        job_vms=["j1 a", "j1 b", "j1 c", "j1 d", "j2 e"],
    )
    tasks = find_tasks(read)
    on = {"a": "p", "b": "p", "c": "q", "d": "r", "e": "r"}
    pairs = {(job, vm): server for job in ("j1", "j2") for vm, server in on.items()}
    study = what_if(read, tasks, proxies(read, pairs))
    names = [study.scenarios[place].fail[0] for place in study.ranking]
    servers = [name for name in names if name.startswith("server:")]
    assert servers == ["server:q", "server:p", "server:r", "server:bs", "server:s"]
    ranks = {row["fail"][0]: row["rank"] for row in record(study)["scenarios"]}
    assert [ranks[name] for name in names] == list(range(1, len(names) + 1))


def test_a_sweep_is_servers_links_networks_and_sites_by_name(tmp_path: Path) -> None:
    read = estate(
        tmp_path, ["p b", "bs b", "É a"], ["v b"], networks=["b south", "a north", "c"],
        links=["b - a", "a > b", "a - c", "c - c"],
    )  # fmt: skip
    assert [*list_failures(read)] == [
        "server:bs", "server:p", "server:É", "link:a~c", "link:b~a", "link:c~c",
        "network:a", "network:b", "network:c", "site:north", "site:south",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("server:gip-1", "server 'gip-1' is not in servers; did you mean 'gip-01'?"),
        ("sever:gip-01", "did you mean 'server'?"),
        ("gip-01", "is not server:NAME, link:FROM~TO, network:NAME or site:NAME"),
        ("site:noth", "site 'noth' is not a site of networks; did you mean 'north'?"),
        ("site:", "site '' is not a site of networks"),
        ("link:a~d", "link 'a~d' is not in links; did you mean 'a~b'?"),
        ("link:a", "link 'a' is not in links; write FROM~TO as columns from and to"),
        ("server:xyz", "server 'xyz' is not in servers; column server of servers.csv has"),
        ("network:A", "network 'A' is not in networks; did you mean 'a'?"),
    ],
)
def test_unknown_names(tmp_path: Path, name: str, words: str) -> None:
    read = estate(
        tmp_path, ["bs a", "gip-01 a"], ["v a"], networks=["a north", "b"], links=["a - b"]
    )
    with pytest.raises(UnknownNameError) as caught:
        parse_failure(list_failures(read), name)
    assert words in str(caught.value)


def test_replanning_moves_no_more_than_it_must(tmp_path: Path) -> None:
    # Two of p's three tasks fit on q, as near; the third goes to bs, and c stays where it is.
    read = estate(
        tmp_path,
        ["bs hq", "p east", "q east max_tasks=3"],
        ["a east", "b east", "c east", "d east"],
        settings={"planning": {"objectives": ["coverage", "tier1", "tier2", "tier3"]}},
    )
    on = {("j", "a"): "p", ("j", "b"): "p", ("j", "c"): "q", ("j", "d"): "p"}
    study = what_if(read, find_tasks(read), proxies(read, on), ["server:p"], replanned=1)
    (scenario,) = record(study)["scenarios"]
    assert (scenario["failed_over"], scenario["tiers_after"]) == (3, tiers(1, 0, 0, 3))
    assert scenario["replanned"] == {
        "tiers": tiers(3, 0, 0, 1), "unassigned": 0, "moves": 3, "proven": True,
    }  # fmt: skip


def test_the_worst_are_planned_anew(tmp_path: Path) -> None:
    read = estate(tmp_path, ["bs hq", "p east", "q east"], ["a east"])
    on = proxies(read, {("j", "a"): "p"})
    study = what_if(read, find_tasks(read), on, replanned=3)
    best = set(study.ranking[:3])
    mended = {place for place, row in enumerate(study.scenarios) if row.replanned is not None}
    assert mended == best
    moves = {row.fail[0]: row.replanned.moves for row in study.scenarios if row.replanned}
    assert moves == {"network:east": 0, "site:east": 0, "server:p": 1}


@contextmanager
def planned(spec: Mapping[str, Any]) -> Iterator[tuple[Estate, Path, Assignment, Codes]]:
    """Give the estate of ``spec``, the folder of its plan, and the plan by names and codes."""
    with tempfile.TemporaryDirectory() as folder:
        random_estates.write(spec, Path(folder))
        made = plan(read_estate(Path(folder)))
        write(made, Path(folder))
        yield made.estate, Path(folder), by_name(made.estate, made.proxy), made.proxy


def by_name(read: Estate, proxy: Codes) -> dict[tuple[str, str], str]:
    """Return the server of each planned task, all by name."""
    tasks = find_tasks(read)
    jobs, vms, servers = (read.jobs["job"], read.vms["vm"], read.servers["server"])
    return {
        (jobs[tasks.job[task]], vms[tasks.vm[task]]): servers[proxy[task]]
        for task in np.flatnonzero((tasks.kind == WINDOWS) & (proxy >= 0)).tolist()
    }


def compare(spec: Mapping[str, Any], on: Assignment, scenario: Mapping[str, Any]) -> None:
    """Assert that a scenario says what the slow way does."""
    slow = Broken(spec, on, scenario["fail"])
    load = slow.load
    assert {fate: scenario[fate] for fate in slow.fates} == slow.fates
    assert scenario["backup_server_peak"] == load.max()
    assert scenario["tiers_after"] == slow.tiers
    assert scenario["tiers_before"] == Broken(spec, on, []).tiers
    at = scenario["backup_server_peak_at"]
    assert (at is None) == (slow.backup_server not in slow.estate.servers)
    if at is not None:
        day, clock = at.split()
        hours, minutes = map(int, clock.split(":"))
        minute = oracle.DAYS.index(day) * 24 * 60 + hours * 60 + minutes
        assert load[minute] == load.max()


@every_estate
@given(random_estates.estates())
def test_sweeps_of_random_estates_as_the_slow_way_has_them(spec: dict[str, Any]) -> None:
    with planned(spec) as (read, _, on, proxy):
        found = record(what_if(read, find_tasks(read), proxy))["scenarios"]
    assert [row["fail"] for row in found] == [[name] for name in every_failure(spec)]
    for scenario in found:
        compare(spec, on, scenario)


@st.composite
def disasters(draw: st.DrawFn) -> tuple[dict[str, Any], Assignment, list[str]]:
    """Return an estate, servers of its tasks that may serve them, and several failures."""
    spec = draw(random_estates.estates())
    chosen = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311
    options = [*oracle.Estate(spec).options]
    chosen.shuffle(options)
    fail = draw(st.lists(st.sampled_from(every_failure(spec)), max_size=4))
    return spec, dict(options), fail


@every_estate
@given(disasters())
def test_several_failures_at_once_as_the_slow_way_has_them(
    drawn: tuple[dict[str, Any], Assignment, list[str]],
) -> None:
    spec, on, fail = drawn
    with tempfile.TemporaryDirectory() as folder:
        random_estates.write(spec, Path(folder))
        read = read_estate(Path(folder))
    (scenario,) = record(what_if(read, find_tasks(read), proxies(read, on), fail))["scenarios"]
    compare(spec, on, scenario)
    if not fail:
        assert (scenario["kept"], scenario["tiers_after"]) == (len(on), scenario["tiers_before"])


def spec_without(spec: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the rows of an estate in which a server or a link fails."""
    kind, _, which = name.partition(":")
    if kind == "server":
        off = {"available": "no", "networks": ""}
        rows = [row | off if row["server"] == which else row for row in spec["servers"]]
        return {**spec, "servers": rows}
    ends = sorted(which.split("~"))
    return {**spec, "links": [r for r in spec["links"] if sorted((r["from"], r["to"])) != ends]}


@every_estate
@given(random_estates.estates(), st.integers(0, 2**32))
def test_the_week_inside_lists_as_the_slow_way_has_it(spec: dict[str, Any], seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    with tempfile.TemporaryDirectory() as folder:
        random_estates.write(spec, Path(folder))
        read = read_estate(Path(folder))
    names = read.servers["server"].tolist()
    lists = {
        job: tuple(chance.sample(range(len(names)), chance.randint(0, 2)))
        for job in read.jobs["job"]
    }
    tasks = find_tasks(read)
    study = what_if(read, tasks, np.full(len(tasks), -1, dtype=np.int32), lists=lists)
    words = {job: [names[code] for code in codes] for job, codes in lists.items()}
    whole = len(Product(spec, words).runs)
    for row in record(study)["scenarios"]:
        (name,) = row["fail"]
        if name.startswith(("server:", "link:")):
            slow = Product(spec_without(spec, name), words)
            over = sum(run.failed_over for run in slow.runs)
            lost = sum(not run.proxy for run in slow.runs)
            kept = whole - over - lost
            above = sum(minutes for at, minutes in slow.overload.items() if name != f"server:{at}")
            assert list(row["week"].values()) == [kept, over, lost, 0, above]
        assert sum(list(row["week"].values())[:4]) == whole


def test_a_list_of_two_servers_outlives_one_of_them(tmp_path: Path) -> None:
    read = estate(
        tmp_path, ["bs hq", "p east max_tasks=1", "q east max_tasks=1"], ["a east", "b east"],
        networks=["hq hq", "east east"], jobs=["j 22:00 60 days=mon", "k 22:00 60 days=mon"],
        job_vms=["j a", "k b"],
    )  # fmt: skip
    tasks = find_tasks(read)
    none = np.full(len(tasks), -1, dtype=np.int32)

    def week(fail: str) -> dict[str, int]:
        study = what_if(read, tasks, none, [fail], lists={"j": (1, 2), "k": (2,)})
        return dict(record(study)["scenarios"][0]["week"])

    keys = ("kept", "failed_over", "lost", "gone", "overload_minutes")
    # p fails: both are on q. q fails: k's own list is empty, so the backup server takes over.
    assert week("server:p") == dict(zip(keys, (2, 0, 0, 0, 60), strict=True))
    assert week("server:q") == dict(zip(keys, (1, 1, 0, 0, 0), strict=True))
    assert week("network:east") == dict(zip(keys, (0, 0, 0, 2, 0), strict=True))


@every_estate
@given(random_estates.estates())
def test_nothing_fails_as_the_checker_has_it_and_everything(spec: dict[str, Any]) -> None:
    with planned(spec) as (read, folder, on, proxy):
        judgement = judge(read, folder)
        with (folder / "proxy_load.csv").open(encoding="utf-8-sig", newline="") as file:
            spans = [*csv.DictReader(file)]
    study = what_if(read, find_tasks(read), proxy, [])
    nothing = study.scenarios[0].outcome
    assert (nothing, nothing.kept) == (study.before, judgement.assigned)
    assert list(nothing.tiers[:3]) == [judgement.values[f"tier{tier}"] for tier in (1, 2, 3)]
    own = read.servers["server"][read.backup_server]
    figures = ("running_tasks", "planned_tasks")
    loads = [sum(int(span[key]) for key in figures) for span in spans if span["server"] == own]
    assert nothing.peak == max(loads)
    for kinds in (("server",), ("server", "network"), ("server", "link", "network", "site")):
        fail = [name for name in list_failures(read) if name.startswith(kinds)]
        everything = what_if(read, find_tasks(read), proxy, fail).scenarios[0].outcome
        assert (everything.kept, everything.failed_over, everything.peak) == (0, 0, 0)
        assert everything.lost + everything.gone == len(on)


@every_estate
@given(random_estates.estates(), st.sampled_from(["server", "site"]))
def test_an_enforced_failover_is_a_promise(spec: dict[str, Any], survive: str) -> None:
    """What fails over from the servers that the plan is to survive never overloads.

    A plan that survives each site survives each server, too.

    Other tasks can come on top: those that came through a lost host (S11), or through networks
    of a lost site. Nor does anything help where the backup server is above its limit anyway.
    """
    spec["settings"].setdefault("failover", {}).update(capacity="enforce", survive=survive)
    truth = oracle.Estate(spec)
    with planned(spec) as (read, _, on, proxy):
        study = what_if(read, find_tasks(read), proxy)
    if study.limit is None:
        return
    home = truth.sites(truth.backup.networks)
    anyway = int(truth.anyway[truth.backup.name].max())
    for scenario in study.scenarios:
        kind, name = scenario.fail[0].split(":", 1)
        if kind not in ("server", survive) or name == truth.backup.name or name in home:
            continue
        lost = {
            server.name
            for server in truth.servers.values()
            if (kind == "server" and name == server.name)
            or (kind == "site" and name in truth.sites(server.networks))
        }
        over = Broken(spec, on, scenario.fail).failing_over
        others = {task for task in over if on[task] not in lost}
        ways = {truth.connection(truth.servers[on[task]], task[1]) for task in others}
        assert kind == "site" or ways <= {"powershell_direct"}
        if not others:
            assert study.overload(scenario) <= max(0, anyway - study.limit)


def without(spec: Mapping[str, Any], on: Assignment, fail: Sequence[str]) -> dict[str, Any]:
    """Return the spec of an estate that never had what fails, with ``on`` as today."""
    broken = Broken(spec, on, fail)
    nowhere = "192.0.2.1"

    def server(row: Mapping[str, str]) -> dict[str, str]:
        left = broken.estate.servers.get(row["server"])
        networks = "; ".join(sorted(left.networks)) if left else ""
        there = row.get("available", "") if left else "no"
        return {**row, "networks": networks or nowhere, "available": there}

    def vm(row: Mapping[str, str]) -> dict[str, str]:
        networks = "; ".join(sorted(broken.estate.vm_networks[row["vm"]]))
        there = "no" if row["vm"] in broken.gone else row.get("available", "")
        return {**row, "networks": networks, "available": there}

    planning = spec["settings"].get("planning", {})
    aims = planning.get("objectives", list(oracle.AIMS))
    aims = aims if "moves" in aims else [*aims, "moves"]
    rows = [{"job": job, "vm": name, "proxy": proxy} for (job, name), proxy in on.items()]
    changed: dict[str, Any] = {
        "servers": [server(row) for row in spec["servers"]],
        "vms": [vm(row) for row in spec["vms"]],
        "current": rows,
        "settings": {**spec["settings"], "planning": {**planning, "objectives": aims}},
    }
    if broken.estate.links is not None:
        words = {True: "yes", False: "no"}
        changed["links"] = [
            {"from": start, "to": end, "both_ways": words[both]}
            for start, end, both in broken.estate.links
        ]
    return {**spec, **changed}


@every_estate
@given(disasters())
def test_a_new_plan_is_optimal_and_keeps_every_rule(
    drawn: tuple[dict[str, Any], Assignment, list[str]],
) -> None:
    spec, _, fail = drawn
    with planned(spec) as (read, folder, on, proxy):
        (scenario,) = what_if(read, find_tasks(read), proxy, fail, replanned=1).scenarios
        left = prepare_replan(
            read, find_tasks(read), proxy, combine_losses(list_failures(read), fail)
        )
        made = plan(left)
        write(made, folder)
        judgement = judge(left, folder)
    assert judgement.violations == ()
    truth = oracle.solve(without(spec, on, fail))
    assert {aim.aim: aim.best for aim in made.aims} == truth.best
    assert scenario.replanned is not None
    assert scenario.replanned.proven
    assert scenario.replanned.moves == judgement.values["moves"]
    assert list(scenario.replanned.tiers[:3]) == [judgement.values[f"tier{t}"] for t in (1, 2, 3)]


def gip(*arguments: object) -> tuple[int, str, str]:
    """Run the program; return exit code, stdout and stderr."""
    done = subprocess.run([GIP, *map(str, arguments)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def branches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a plan of the sample estate."""
    out = tmp_path_factory.mktemp("plan") / "out"
    assert gip("plan", BRANCHES, "--out", out, "-q") == (3, "", "")
    return out


def test_a_failure_as_json(branches: Path) -> None:
    ways = (["--fail", "server:hv-nagoya-01", "site:osaka"],
            ["--fail", "server:hv-nagoya-01", "--fail", "site:osaka"])  # fmt: skip
    (code, shown, error), other = (
        gip("whatif", BRANCHES, branches, *way, "--json") for way in ways
    )
    assert (code, error, other) == (0, "", (0, shown, ""))
    (scenario,) = json.loads(shown)["scenarios"]
    assert list(scenario) == [
        "fail", "rank", "kept", "failed_over", "lost", "gone", "backup_server_peak",
        "backup_server_peak_at", "backup_server_limit", "tiers_before", "tiers_after",
        "single_points", "replanned",
    ]  # fmt: skip
    assert scenario["fail"] == ["server:hv-nagoya-01", "site:osaka"]
    assert scenario["replanned"]["proven"]
    lasting = scenario["kept"] + scenario["failed_over"]
    assert sum(scenario["tiers_after"].values()) == lasting
    assert sum(scenario["tiers_before"].values()) == lasting + scenario["lost"] + scenario["gone"]


def test_a_failure_on_the_terminal(branches: Path) -> None:
    code, shown, error = gip("whatif", BRANCHES, branches, "--fail", "server:gip-tokyo-01")
    assert (code, error) == (0, "")
    (scenario,) = json.loads(
        gip("whatif", BRANCHES, branches, "--fail", "server:gip-tokyo-01", "--json")[1]
    )["scenarios"]
    before, after = scenario["tiers_before"]["1"], scenario["tiers_after"]["1"]
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines()]
    assert ["tier 1", str(before), str(after), str(scenario["replanned"]["tiers"]["1"])] in cells
    assert [
        "moved",
        "0",
        str(scenario["failed_over"]),
        str(scenario["replanned"]["moves"]),
    ] in cells
    assert max(map(len, shown.splitlines())) <= 80
    quiet = gip("whatif", BRANCHES, branches, "--fail", "server:gip-tokyo-01", "-q")
    assert quiet == (0, "", "")


def test_the_week_of_a_failure(branches: Path) -> None:
    (plain, week), (code, shown, error) = (
        [gip("whatif", BRANCHES, branches, "--fail", "site:osaka", "--json", *more)[1]
         for more in ([], ["--week"])],
        gip("whatif", BRANCHES, branches, "--fail", "site:osaka", "--week"),
    )  # fmt: skip
    before, after = (json.loads(text)["scenarios"][0] for text in (plain, week))
    figures = after.pop("week")
    assert before == after
    assert list(figures) == ["kept", "failed_over", "lost", "gone", "overload_minutes"]
    nominal = json.loads((branches / "plan.json").read_bytes())["week"]["lists"]["nominal"]
    runs = sum(nominal[name] for name in ("failed", "tier1", "tier2", "tier3", "tier4"))
    assert sum([*figures.values()][:4]) == runs
    assert (code, error) == (0, "")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines()]
    served = runs - nominal["failed"] - nominal["failed_over"]
    named = (nominal["failed"], 0, nominal["failed_over"], served, nominal["overload_minutes"])
    assert ["none", *map(str, named)] in rows
    assert max(map(len, shown.splitlines())) <= 80


def test_a_sweep_on_the_terminal_and_as_json(branches: Path) -> None:
    code, shown, error = gip("whatif", BRANCHES, branches, "--sweep", "--json")
    assert (code, error) == (0, "")
    scenarios = json.loads(shown)["scenarios"]
    assert {row["replanned"] for row in scenarios} == {None}
    worst = min(scenarios, key=lambda row: row["rank"])
    code, shown, error = gip("whatif", BRANCHES, branches, "--sweep", "--replan", "worst:2")
    assert (code, error) == (0, "")
    assert worst["fail"][0] in shown
    assert f"... {len(scenarios) - 20} more" in shown
    assert shown.count("re-planned") == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "either --fail KIND:NAME or --sweep"),
        (["--sweep", "--fail", "server:vbr-01"], 2, "either --fail KIND:NAME or --sweep"),
        (["--sweep", "server:vbr-01"], 2, "either --fail KIND:NAME or --sweep"),
        (["--fail", "server:vbr-1"], 2, "did you mean 'vbr-01'?"),
        (["--fail", "server:vbr-01", "site:osak"], 2, "did you mean 'osaka'?"),
        (["--sweep", "--replan", "best:3"], 2, "'best:3' is not worst:N"),
        (["--sweep", "--replan", "worst:-1"], 2, "'worst:-1' is not worst:N"),
    ],
)
def test_wrong_command_lines(branches: Path, arguments: list[str], code: int, words: str) -> None:
    found, shown, error = gip("whatif", BRANCHES, branches, *arguments)
    assert (found, shown) == (code, "")
    assert words in error


def test_a_plan_of_another_estate_is_refused(branches: Path) -> None:
    code, shown, error = gip("whatif", TINY, branches, "--sweep")
    assert (code, shown) == (1, "")
    assert "is not a plan of" in error
