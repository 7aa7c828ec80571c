"""Tests of what is left of a plan when something fails, by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from estates import estate, proxies, servers_of_tasks

from models.diagnostics import UnknownNameError
from models.estate import Estate
from optimizer.analysis.what_if.study import what_if
from optimizer.eligibility.failures import list_failures, parse_failure
from optimizer.eligibility.reachability import single_points
from optimizer.eligibility.tasks import find_tasks
from optimizer.output.console.what_if import record
from optimizer.planner import plan

PS = "powershell_version=5.1"
GUEST = "platform=hyperv host=h host_version=2019"


def studied(read: Estate, on: Mapping[str, str], *fail: str) -> dict[str, Any]:
    """Return the record of one scenario, given each VM's server, the same in every job."""
    pairs = {(job, vm): server for job in read.jobs["job"] for vm, server in on.items()}
    study = what_if(read, find_tasks(read), servers_of_tasks(read, pairs), fail)
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
    assert proxies(plan(read)) == on
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
    study = what_if(read, tasks, servers_of_tasks(read, pairs))
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
    # Of two rows for one link the first in order of name calls it, wherever they stand.
    assert [*list_failures(read)] == [
        "server:bs", "server:p", "server:É", "link:a~b", "link:a~c", "link:c~c",
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
    study = what_if(read, find_tasks(read), servers_of_tasks(read, on), ["server:p"], replanned=1)
    (scenario,) = record(study)["scenarios"]
    assert (scenario["failed_over"], scenario["tiers_after"]) == (3, tiers(1, 0, 0, 3))
    assert scenario["replanned"] == {
        "tiers": tiers(3, 0, 0, 1), "unassigned": 0, "moves": 3, "proven": True,
    }  # fmt: skip


def test_the_worst_are_planned_anew(tmp_path: Path) -> None:
    read = estate(tmp_path, ["bs hq", "p east", "q east"], ["a east"])
    on = servers_of_tasks(read, {("j", "a"): "p"})
    study = what_if(read, find_tasks(read), on, replanned=3)
    best = set(study.ranking[:3])
    mended = {place for place, row in enumerate(study.scenarios) if row.replanned is not None}
    assert mended == best
    moves = {row.fail[0]: row.replanned.moves for row in study.scenarios if row.replanned}
    assert moves == {"network:east": 0, "site:east": 0, "server:p": 1}
