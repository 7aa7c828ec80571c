"""The oracle is right: values derived by hand, and plain enumeration of tiny estates."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import oracle
import pytest
from hypothesis import HealthCheck, given, settings
from random_estates import COLUMNS, estates, write

WINDOWS = "Windows Server 2022"
FIRST = ["coverage", "tier1", "tier2", "tier3"]
SITES = {"hq": "hq", "east": "east", "west": "west", "lab": "west"}


def server(name: str, networks: str, **cells: str) -> dict[str, str]:
    roles = "backup_server" if name == "bs" else ""
    return {"server": name, "os": WINDOWS, "roles": roles, "networks": networks, **cells}


def vm(name: str, networks: str, **cells: str) -> dict[str, str]:
    return {"vm": name, "os": WINDOWS, "networks": networks, **cells}


def job(name: str, start: str = "22:00", minutes: str = "60", **cells: str) -> dict[str, str]:
    aware = {"application_aware": "true"}
    return {"job": name, "start": start, "duration_minutes": minutes, **aware, **cells}


def estate(
    servers: list[dict[str, str]],
    vms: list[dict[str, str]],
    jobs: list[dict[str, str]] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return a spec in which every job processes every VM, unless ``job_vms`` says otherwise."""
    jobs = jobs or [job("j")]
    return {
        "servers": servers,
        "networks": [{"network": name, "cidr": "", "site": site} for name, site in SITES.items()],
        "vms": vms,
        "jobs": jobs,
        "job_vms": [{"job": j["job"], "vm": v["vm"]} for j, v in product(jobs, vms)],
        "settings": {},
        **more,
    }


def links(*rows: str) -> list[dict[str, str]]:
    """Return rows like ``a > b`` (one way) and ``a - b``, down with a trailing ``x``."""
    cells = [row.split() for row in rows]
    return [
        {
            "from": one,
            "to": other,
            "both_ways": "no" if arrow == ">" else "",
            "up": "false" if down else "",
        }
        for one, arrow, other, *down in cells
    ]


def today(**proxies: str) -> list[dict[str, str]]:
    return [{"job": "j", "vm": name, "proxy": proxy} for name, proxy in proxies.items()]


def test_every_aim() -> None:
    # p serves e in tier 1 for sure. h is better off with bs (tier 2) than with p (tier 3).
    # Only e is protected; both proxies are at their VM's site; each server runs one task.
    # h is with p today, so one task moves.
    spec = estate(
        [server("bs", "hq"), server("p", "east")],
        [vm("e", "east"), vm("h", "hq")],
        current=today(e="p", h="p"),
    )
    truth = oracle.solve(spec)
    assert truth.assignment == {("j", "e"): "p", ("j", "h"): "bs"}
    assert list(truth.best.items()) == [
        ("coverage", 2), ("tier1", 1), ("tier2", 1), ("tier3", 0), ("protected", 1),
        ("same_site", 2), ("peak", 1), ("balance", 2), ("moves", 1),
    ]  # fmt: skip


def test_coverage_is_worth_any_tier() -> None:
    # p may take one of the two only; bs takes the other in tier 4, and that counts nowhere else.
    spec = estate([server("bs", "hq"), server("p", "east", max_tasks="1")], EAST[:2])
    best = oracle.solve(spec).best
    assert [best[aim] for aim in FIRST] == [2, 1, 0, 0]


def test_balance_counts_what_runs_anyway() -> None:
    # bs runs 3, so the peak is 3 whatever happens; p and q share three tasks as 2 + 1:
    # 9 + 4 + 1 = 14. r is no candidate (Windows 11): its 5 tasks do not count.
    spec = estate(
        [
            server("bs", "hq", running_tasks="3"),
            server("p", "east"),
            server("q", "east"),
            server("r", "east", os="Windows 11", running_tasks="5"),
        ],
        EAST[:3],
    )
    best = oracle.solve(spec).best
    assert (best["tier1"], best["peak"], best["balance"]) == (3, 3, 14)


def test_utilisation_in_per_mille_rounded_up() -> None:
    # p may run 4 and q 3; three tasks as 2 + 1 give 500 and ceil(333.3) = 334,
    # as 1 + 2 they give 250 and 667, as 3 + 0 750 and 0. bs has no limit: not judged.
    spec = estate(
        [
            server("bs", "hq", running_tasks="9"),
            server("p", "east", max_tasks="4"),
            server("q", "east", max_tasks="3"),
        ],
        EAST[:3],
        settings={"planning": {"balance": "utilisation"}},
    )
    best = oracle.solve(spec).best
    assert (best["peak"], best["balance"]) == (500, 500**2 + 334**2)


def test_the_first_of_three_tasks_is_the_one_rounded_up() -> None:
    # One each: ceil(333.3) = 334. A second on either would add 333 more.
    servers = [server("bs", "hq"), *(server(name, "east", max_tasks="3") for name in "pq")]
    spec = estate(servers, EAST[:2], settings={"planning": {"balance": "utilisation"}})
    best = oracle.solve(spec).best
    assert (best["peak"], best["balance"]) == (334, 2 * 334**2)


def test_an_unknown_network_is_never_guessed() -> None:
    # Every network reaches every other, but nobody says which one v is in.
    assert oracle.solve(estate([server("bs", "hq")], [vm("v", "")])).best["coverage"] == 0


def test_no_site_is_not_the_same_site() -> None:
    # p is in e1's network, but nobody says where that is.
    networks = [{"network": "hq", "site": "hq"}, {"network": "east", "site": ""}]
    spec = estate([server("bs", "hq"), server("p", "east")], EAST[:1], networks=networks)
    best = oracle.solve(spec).best
    assert (best["tier1"], best["same_site"]) == (1, 0)


@pytest.mark.parametrize(
    ("tolerance", "lock", "moves"),
    # Four tasks are with p today. Peak 2 is best: 2 + 2, two moves. A half of 2 more is 3 + 1:
    # one move. floor(0.49 * 2) is none.
    [("0", 2, 2), ("0.49", 2, 2), ("0.5", 3, 1), ("1", 4, 0)],
)
def test_tolerance(tolerance: str, lock: int, moves: int) -> None:
    planning = {"objectives": [*FIRST, "peak", "moves"], "tolerance": {"peak": tolerance}}
    spec = estate(
        [server("bs", "hq"), server("p", "east"), server("q", "east")],
        EAST,
        current=today(e1="p", e2="p", e3="p", e4="p"),
        settings={"planning": planning},
    )
    truth = oracle.solve(spec)
    assert (truth.best["peak"], truth.lock["peak"], truth.best["moves"]) == (2, lock, moves)
    assert truth.value(truth.assignment)["moves"] == moves


def test_order_of_aims() -> None:
    # Same VMs, same moves, but now moves comes before peak: nobody moves, all four on p.
    spec = estate(
        [server("bs", "hq"), server("p", "east"), server("q", "east")],
        EAST,
        current=today(e1="p", e2="p", e3="p", e4="gone"),
        settings={"planning": {"objectives": [*FIRST, "moves", "peak"]}},
    )
    best = oracle.solve(spec).best
    # The server of e4 is gone: it moves in any case, and goes to q.
    assert (best["moves"], best["peak"]) == (1, 3)
    assert list(best) == [*FIRST, "moves", "peak"]


@pytest.mark.parametrize(
    ("survive", "tasks", "coverage"),
    [
        # One task each on p and q; bs itself none: bs + takeover of p <= 1.
        ("server", 1, 2),
        # p 2, q 2, bs none.
        ("server", 2, 4),
        # p and q are lost together with their site: one of four.
        ("site", 1, 1),
        ("site", 3, 3),
        ("server", 0, 0),
    ],
)
def test_failover_enforced(survive: str, tasks: int, coverage: int) -> None:
    failover = {"capacity": "enforce", "survive": survive, "tasks": tasks}
    spec = estate(
        [server("bs", "hq"), server("p", "east"), server("q", "east")],
        EAST,
        settings={"failover": failover},
    )
    assert oracle.solve(spec).best["coverage"] == coverage


def test_failover_leaves_room_for_own_work_and_counts_what_bs_reaches() -> None:
    # bs may run 2, its max_tasks, and has a Linux VM to do itself: one task may fall to it.
    # It has no way to west, so the loss of w costs it nothing: 1 of two in east, 2 in west.
    spec = estate(
        [server("bs", "hq", max_tasks="2"), server("p", "east"), server("w", "west")],
        [*EAST[:2], vm("w1", "west"), vm("w2", "west"), vm("l", "hq", os="Ubuntu Linux")],
        links=links("hq - east"),
        settings={"failover": {"capacity": "enforce"}},
    )
    assert oracle.solve(spec).best["coverage"] == 3
    assert oracle.tasks(spec).own == (("j", "l"),)


def test_loss_of_a_site_and_of_servers_at_home() -> None:
    # p is at bs's site, so it is lost alone; so is x, which is at no known site.
    # w is lost with west, and so is b, which is also lost alone as one at home.
    spec = estate(
        [
            server("bs", "hq"),
            server("p", "hq"),
            server("x", "192.0.2.1"),
            server("w", "lab"),
            server("b", "hq; west"),
        ],
        [],
        settings={"failover": {"survive": "site"}},
    )
    losses = oracle.Estate(spec).losses
    assert losses == [set(), {"w", "b"}, {"p"}, {"x"}, {"b"}]


@pytest.mark.parametrize(
    ("start", "coverage"),
    # One task at a time. The run of Sunday 23:30 lasts into Monday until 00:30.
    [("00:00", 1), ("00:29", 1), ("00:30", 2), ("23:30", 2)],
)
def test_the_week_wraps_round(start: str, coverage: int) -> None:
    spec = estate(
        [server("bs", "hq", os="Windows 11"), server("p", "east", max_tasks="1")],
        EAST[:1],
        [job("late", "23:30", days="sun"), job("early", start, "1", days="Mon")],
    )
    assert oracle.solve(spec).best["coverage"] == coverage


@pytest.mark.parametrize(
    ("roads", "coverage", "protected"),
    [
        (["hq - r", "r - east", "lab - r"], 1, 0),  # all go over r - east
        (["hq - r", "r - east", "r - east", "lab - r"], 1, 1),  # which is there twice
        (["hq - r", "r - east", "r - east x", "lab - r"], 1, 0),  # but one is down
        (["hq > r", "r > east", "lab - r", "east > lab"], 1, 0),  # one way, wrong way
        (["hq > r", "r > east", "lab - r", "lab > east"], 1, 1),
        (["lab - east", "lab - east"], 1, 0),  # bs cannot connect
        (["east > lab", "east > hq"], 0, 0),
        ([], 0, 0),
    ],
)
def test_reachable_and_protected(roads: list[str], coverage: int, protected: int) -> None:
    spec = estate(
        [server("bs", "hq", max_tasks="1"), server("p", "lab")], EAST[:1], links=links(*roads)
    )
    best = oracle.solve(spec).best
    assert (best["coverage"], best["protected"]) == (coverage, protected)


def test_a_proxy_in_the_same_network_needs_no_link() -> None:
    # p in e1's own network is protected by bs's only link.
    spec = estate([server("bs", "hq"), server("p", "east")], EAST[:1], links=links("hq - east"))
    assert oracle.solve(spec).best["protected"] == 1


DIRECT = {"platform": "hyperv", "host": "h", "host_version": "2016"}


@pytest.mark.parametrize(
    ("proxy", "guest", "allowed", "coverage"),
    [
        ({}, {}, True, 1),
        ({}, {"os": "Windows 10"}, True, 1),
        ({}, {"platform": "HyperV"}, True, 1),
        ({"powershell_version": "2.0"}, {}, True, 1),
        ({}, {}, False, 0),
        ({"powershell_version": "1.0"}, {}, True, 0),
        ({"powershell_version": ""}, {}, True, 0),
        ({"os": "Rocky Linux 9"}, {}, True, 0),
        ({"networks": "west"}, {}, True, 0),
        ({}, {"os": "Windows Server 2012 R2"}, True, 0),
        ({}, {"os": "Windows 8.1"}, True, 0),
        ({}, {"platform": "vmware"}, True, 0),
        ({}, {"host": "gone"}, True, 0),
        ({}, {"host_version": "2012 R2"}, True, 0),
        ({}, {"host_version": ""}, True, 0),
    ],
)
def test_powershell_direct(
    proxy: dict[str, str], guest: dict[str, str], allowed: bool, coverage: int
) -> None:
    # bs has no PowerShell; h, the host, is no candidate. Only p is left, in tier 3, unprotected.
    spec = estate(
        [
            server("bs", "hq"),
            server("h", "east", managed="no"),
            server("p", "hq") | {"powershell_version": "5.1"} | proxy,
        ],
        [vm("v", "") | DIRECT | guest],
        links=links("hq > east"),
        settings={"ruleset": "v13", "connections": {"powershell_direct": allowed}},
    )
    best = oracle.solve(spec).best
    assert [best[aim] for aim in (*FIRST, "protected")] == [coverage, 0, 0, coverage, 0]


@pytest.mark.parametrize(
    ("os", "ruleset", "tier1"),
    [
        ("microsoft WINDOWS  server 2012", "v12", 1),
        ("Windows 11", "v13", 0),
        ("Rocky Linux 9", "v12", 0),
        ("Rocky Linux 9", "v13", 1),
        ("Red Hat Enterprise Linux 9", "v13", 1),
        ("RHEL 8", "v13", 1),
        ("Ubuntu Linux", "v13", 0),
    ],
)
def test_proxy_os(os: str, ruleset: str, tier1: int) -> None:
    servers = [server("bs", "hq"), server("p", "east", os=os)]
    best = oracle.solve(estate(servers, EAST[:1], settings={"ruleset": ruleset})).best
    assert (best["coverage"], best["tier1"]) == (1, tier1)


def test_licence_leaves_the_backup_server_alone() -> None:
    # p may not be used but stays a candidate: its 3 running tasks are the peak. Job k names p
    # alone, so not even bs may serve it.
    spec = estate(
        [server("bs", "hq"), server("p", "east", running_tasks="3")],
        EAST[:1],
        [job("j"), job("k", proxies="p")],
        settings={"license": {"type": "socket", "edition": "standard"}},
    )
    truth = oracle.solve(spec)
    assert truth.assignment == {("j", "e1"): "bs"}
    assert (truth.best["peak"], truth.best["balance"]) == (3, 10)


def test_addresses() -> None:
    # 10.0.0.7 is in narrow by its longer prefix, 10.0.1.7 in two of the same prefix: unknown.
    spec = estate(
        [server("bs", "10.9.0.1; 192.0.2.1"), server("p", "narrow; 2001:db8::1")],
        [vm("a", "10.0.0.7"), vm("b", "10.0.1.7"), vm("c", "")],
        networks=[
            {"network": "wide", "cidr": "10.0.0.0/8"},
            {"network": "narrow", "cidr": "10.0.0.0/24"},
            {"network": "one", "cidr": "10.0.1.0/24"},
            {"network": "two", "cidr": "10.0.1.0/24"},
            {"network": "six", "cidr": "2001:db8::/32"},
        ],
    )
    facts = oracle.Estate(spec)
    assert facts.backup.networks == {"wide"}
    assert facts.servers["p"].networks == {"narrow", "six"}
    assert facts.vm_networks == {"a": {"narrow"}, "b": set(), "c": set()}


def test_tasks() -> None:
    vms = [
        vm("w", "hq"),
        vm("l", "hq", os="Ubuntu"),
        vm("u", "hq", os=""),
        vm("off", "hq", available="0"),
    ]
    jobs = [job("j"), job("disabled", enabled="No"), job("image", application_aware="")]
    found = oracle.tasks(estate([server("bs", "hq")], vms, jobs))
    assert found == oracle.Tasks((("j", "w"),), (("j", "l"),), (("j", "u"),))


@pytest.mark.parametrize(
    ("plan", "rule"),
    [
        ({"e1": "q"}, "rule 1"),  # not one of the job's proxies
        ({"e1": "p", "e2": "p"}, "rule 2"),
        ({"e1": "p", "e2": "bs"}, "rule 3"),  # p's loss would leave bs with both
        ({"gone": "p"}, "no Windows task"),
    ],
)
def test_broken_rules_are_seen(plan: dict[str, str], rule: str) -> None:
    spec = estate(
        [server("bs", "hq"), server("p", "east", max_tasks="1"), server("q", "east")],
        EAST[:2],
        [job("j", proxies="p; bs")],
        settings={"failover": {"capacity": "enforce", "tasks": 1}},
    )
    oracle.evaluate(spec, {("j", "e1"): "p"})
    with pytest.raises(AssertionError, match=rule):
        oracle.evaluate(spec, {("j", name): proxy for name, proxy in plan.items()})


def plans(spec: dict[str, Any]) -> Iterator[dict[str, int]]:
    """Yield the values of every assignment that breaks no rule."""
    facts = oracle.Estate(spec)
    tasks = facts.tasks.windows
    for proxies in product([None, *facts.servers], repeat=len(tasks)):
        pairs = zip(tasks, proxies, strict=True)
        try:
            yield facts.evaluate({task: proxy for task, proxy in pairs if proxy is not None})
        except AssertionError:
            continue


@settings(
    max_examples=settings().max_examples // 4,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(estates(most_servers=3, most_tasks=4))
def test_plain_enumeration_agrees(spec: dict[str, Any]) -> None:
    left = list(plans(spec))
    shares = spec["settings"].get("planning", {}).get("tolerance", {})
    truth = oracle.solve(spec)
    for aim, found in truth.best.items():
        values = [plan[aim] for plan in left]
        least = aim in ("peak", "balance", "moves")
        best = min(values) if least else max(values)
        assert found == best, aim
        slack = Decimal(shares.get(aim, 0)) * best // 1
        left = [plan for plan in left if abs(plan[aim] - best) <= slack]
    assert truth.value(truth.assignment) in [{aim: p[aim] for aim in truth.best} for p in left]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(spec=estates(), before=estates())
def test_files_say_what_the_spec_says(
    spec: dict[str, Any], before: dict[str, Any], tmp_path: Path
) -> None:
    write(before, tmp_path)
    write(spec, tmp_path)
    for name in COLUMNS:
        path = tmp_path / f"{name}.csv"
        assert path.exists() == (name in spec)
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                assert list(csv.DictReader(file)) == spec[name]
    path = tmp_path / "estate.toml"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    assert tomllib.loads(text, parse_float=str) == _typed(spec["settings"])


def _typed(settings: dict[str, Any]) -> dict[str, Any]:
    """Return ``settings`` with whole tolerances as the numbers that they are in the file."""
    tolerance = settings.get("planning", {}).get("tolerance")
    if tolerance is None:
        return settings
    numbers = {aim: share if "." in share else int(share) for aim, share in tolerance.items()}
    return settings | {"planning": settings["planning"] | {"tolerance": numbers}}


EAST = [vm(f"e{number}", "east") for number in (1, 2, 3, 4)]
