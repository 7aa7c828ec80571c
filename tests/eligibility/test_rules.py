"""The rules of the product (docs/rules.md), S1 to S16: where each holds, and the case beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from estates import FIRST, load, planned, proxies, reasons, values

from models.plan import CONNECTIONS, Plan


def only(plan: Plan) -> tuple[str, int, str]:
    """Return proxy, tier and connection of the only task."""
    (name,) = proxies(plan).values()
    return name, int(plan.tier[0]), CONNECTIONS[plan.connection[0]]


@pytest.mark.parametrize(
    ("job", "served"),
    [
        ("application_aware=true", {"v": "p"}),
        ("application_aware=no indexing=true", {"v": "p"}),
        ("application_aware=no log_processing=true", {"v": "p"}),
        ("type=replication", {"v": "p"}),
        ("application_aware=no", {}),
        ("enabled=no", {}),
    ],
)
def test_s1_only_jobs_that_work_inside_guests_need_a_proxy(
    tmp_path: Path, job: str, served: dict[str, str]
) -> None:
    plan = planned(tmp_path, ["bs hq", "p east"], ["v east"], jobs=[f"j 22:00 60 {job}"])
    assert proxies(plan) == served
    assert len(plan.tasks) == len(served)


@pytest.mark.parametrize(("start", "peak"), [("22:30", 2), ("23:00", 1)])
def test_s2_each_job_deploys_its_own_components(tmp_path: Path, start: str, peak: int) -> None:
    # One VM, two jobs, two deployments: p runs both at once, or one after the other.
    jobs = ["j 22:00 60", f"k {start} 60"]
    found = values(planned(tmp_path, ["bs hq excluded=yes", "p east"], ["v east"], jobs=jobs))
    assert (found["coverage"], found["peak"]) == (2, peak)


@pytest.mark.parametrize(
    ("kind", "edition", "east", "hq"),
    [
        ("vul", "standard", "p", "q"),
        ("vul", "enterprise", "p", "q"),
        ("socket", "enterprise", "p", "q"),
        ("socket", "enterprise_plus", "p", "q"),
        ("socket", "standard", "bs", "bs"),
    ],
)
def test_s3_a_socket_licence_below_enterprise_allows_no_proxy(
    tmp_path: Path, kind: str, edition: str, east: str, hq: str
) -> None:
    # e is next to p, h is next to q and bs: without them bs serves e in tier 4, h in tier 2.
    plan = planned(
        tmp_path,
        ["bs hq", "p east", "q hq"],
        ["e east", "h hq"],
        settings={"license": {"type": kind, "edition": edition}},
    )
    assert proxies(plan) == {"e": east, "h": hq}
    assert plan.tier.tolist() == ([4, 2] if east == "bs" else [1, 1])
    assert ("license" in {finding.code for finding in plan.findings}) == (east == "bs")


def test_s3_where_the_backup_server_does_not_connect_nobody_serves(tmp_path: Path) -> None:
    standard = {"license": {"type": "socket", "edition": "standard"}}
    tables: Any = {"servers": ["bs hq", "p east"], "vms": ["v east"], "links": []}
    assert proxies(planned(tmp_path, **tables)) == {"v": "p"}
    assert reasons(planned(tmp_path, **tables, settings=standard)) == {"v": "not_reachable"}


@pytest.mark.parametrize(
    ("link", "served"), [("hq - east", {"v": "bs"}), ("lab - east", {"v": "p"})]
)
def test_s4_the_proxy_connects_in_place_of_the_backup_server(
    tmp_path: Path, link: str, served: dict[str, str]
) -> None:
    # Whoever has the link to the VM serves it; the other one need not connect.
    plan = planned(tmp_path, ["bs hq", "p lab"], ["v east"], links=[link])
    assert proxies(plan) == served


@pytest.mark.parametrize(
    ("os", "proxy", "tier", "coverage"),
    [
        ("Microsoft Windows Server 2019 (64-bit)", "p", 1, 1),
        ("WINDOWS 7", "p", 1, 1),
        ("Ubuntu Linux (64-bit)", "bs", 0, 0),
    ],
)
def test_s5_other_systems_than_windows_are_the_backup_servers_own_work(
    tmp_path: Path, os: str, proxy: str, tier: int, coverage: int
) -> None:
    # Nobody else could serve the VM but p, which has room; bs runs the task all the same.
    plan = planned(tmp_path, ["bs hq", "p east"], [f"v east os={os}"], links=[])
    assert proxies(plan) == {"v": proxy}
    assert plan.tier.tolist() == [tier]
    found = values(plan)
    assert (found["coverage"], found["peak"]) == (coverage, 1)


def test_s5_an_unknown_system_is_not_planned(tmp_path: Path) -> None:
    plan = planned(tmp_path, ["bs hq", "p east"], ["v east os="])
    assert (proxies(plan), reasons(plan)) == ({}, {"v": "unknown_os"})


@pytest.mark.parametrize(
    ("servers", "peak", "balance"),
    # Four tasks on one proxy: 4 ** 2. On two: 2 + 2. On three: 2 + 1 + 1.
    [(["p east"], 4, 16), (["p east", "q east"], 2, 8), (["p east", "q east", "r east"], 2, 6)],
)
def test_s6_several_proxies_share_the_load(
    tmp_path: Path, servers: list[str], peak: int, balance: int
) -> None:
    found = values(planned(tmp_path, ["bs hq", *servers], [f"v{n} east" for n in range(4)]))
    assert (found["tier1"], found["peak"], found["balance"]) == (4, peak, balance)


@pytest.mark.parametrize(
    ("objectives", "shared", "peak"),
    [
        ([*FIRST, "same_site", "peak"], {"p": 2}, 2),
        ([*FIRST, "peak", "same_site"], {"p": 1, "q": 1}, 1),
    ],
)
def test_s7_the_proxy_of_the_site_keeps_traffic_there(
    tmp_path: Path, objectives: list[str], shared: dict[str, int], peak: int
) -> None:
    # Both are tier 3 to both VMs; p is at their site, so both are its, unless peak comes first.
    plan = planned(
        tmp_path,
        ["bs hq", "p admin", "q west"],
        ["a east", "b east"],
        networks=["hq hq", "east branch", "admin branch", "west west"],
        settings={"planning": {"objectives": objectives}},
    )
    assert load(plan) == shared
    assert values(plan)["peak"] == peak


@pytest.mark.parametrize(
    ("ruleset", "os", "proxy"),
    [
        ("v12", "Microsoft Windows Server 2012 R2 (64-bit)", "p"),
        ("v12", "windows  SERVER 2025", "p"),
        ("v12", "Windows 11", "bs"),
        ("v12", "Rocky Linux 9", "bs"),
        ("v13", "Windows Server 2022", "p"),
        ("v13", "Rocky Linux 9", "p"),
        ("v13", "Red Hat Enterprise Linux 9 (64-bit)", "p"),
        ("v13", "Ubuntu Linux (64-bit)", "bs"),
        ("v13", "Windows 11", "bs"),
    ],
)
def test_s8_a_proxy_runs_windows_server(tmp_path: Path, ruleset: str, os: str, proxy: str) -> None:
    plan = planned(
        tmp_path, ["bs hq", f"p east os={os}"], ["v east"], settings={"ruleset": ruleset}
    )
    assert proxies(plan) == {"v": proxy}


@pytest.mark.parametrize(
    ("state", "proxy"),
    [("", "p"), ("managed=no", "bs"), ("available=no", "bs"), ("excluded=yes", "bs")],
)
def test_s9_a_proxy_is_managed(tmp_path: Path, state: str, proxy: str) -> None:
    assert proxies(planned(tmp_path, ["bs hq", f"p east {state}"], ["v east"])) == {"v": proxy}


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("lab - east", {}),
        ("lab > east", {}),
        ("east > lab", {"v": "not_reachable"}),
        ("lab - east up=no", {"v": "not_reachable"}),
        ("lab - hq", {"v": "not_reachable"}),
    ],
)
def test_s10_a_proxy_has_a_connection_to_the_vm(
    tmp_path: Path, link: str, found: dict[str, str]
) -> None:
    plan = planned(tmp_path, ["bs hq", "p lab"], ["v east"], links=[link])
    assert reasons(plan) == found
    assert proxies(plan) == ({} if found else {"v": "p"})


@pytest.mark.parametrize(
    ("proxy", "guest", "allowed", "served"),
    [
        ("", "", True, True),
        ("", "", False, False),
        ("", "platform=vmware", True, False),
        ("", "platform=", True, False),
        ("", "os=Windows 10", True, True),
        ("", "os=Microsoft Windows 11 (64-bit)", True, True),
        ("", "os=Windows 8.1", True, False),
        ("", "os=Windows Server 2016", True, True),
        ("", "os=Windows Server 2012 R2", True, False),
        ("", "os=Windows Server", True, False),
        ("", "host_version=2022", True, True),
        ("", "host_version=2012 R2", True, False),
        ("", "host_version=", True, False),
        ("", "host=gone", True, False),
        ("", "host=", True, False),
        ("", "networks=", True, True),
        ("powershell_version=2.0", "", True, True),
        ("powershell_version=7.4.1", "", True, True),
        ("powershell_version=1.0", "", True, False),
        ("powershell_version=", "", True, False),
        ("os=Rocky Linux 9", "", True, False),
        ("networks=west", "", True, False),
    ],
)
def test_s11_powershell_direct_needs_every_condition(
    tmp_path: Path, proxy: str, guest: str, allowed: bool, served: bool
) -> None:
    # No network leads to v; its host h, no candidate itself, is in lab, which hq reaches. bs has
    # no PowerShell, so p is the one that may go through h: in tier 3.
    plan = planned(
        tmp_path,
        ["bs hq", "h lab managed=no", f"p hq powershell_version=5.1 {proxy}"],
        [f"v island platform=hyperv host=h host_version=2016 {guest}"],
        networks=["hq", "lab", "island", "west"],
        links=["hq > lab"],
        settings={"ruleset": "v13", "connections": {"powershell_direct": allowed}},
    )
    if served:
        assert only(plan) == ("p", 3, "powershell_direct")
        assert values(plan)["protected"] == 0
    else:
        assert list(reasons(plan)) == ["v"]


@pytest.mark.parametrize(
    ("link", "found"),
    [("hq > island", ("p", 3, "network")), ("hq > lab", ("bs", 4, "powershell_direct"))],
)
def test_s11_powershell_direct_is_for_want_of_a_network(
    tmp_path: Path, link: str, found: tuple[str, int, str]
) -> None:
    # p has no PowerShell: it serves where a network leads to v, else bs does through h.
    plan = planned(
        tmp_path,
        ["bs hq powershell_version=5.1", "h lab managed=no", "p hq"],
        ["v island platform=hyperv host=h host_version=2016"],
        links=[link],
    )
    assert only(plan) == found


@pytest.mark.parametrize(
    "roles", ["", "backup_proxy", "repository", "wan_accelerator", "hyperv_host; repository"]
)
def test_s12_any_role_will_do(tmp_path: Path, roles: str) -> None:
    assert only(planned(tmp_path, ["bs hq", f"p east roles={roles}"], ["v east"]))[:2] == ("p", 1)


def test_s12_the_backup_server_will_do(tmp_path: Path) -> None:
    assert only(planned(tmp_path, ["bs hq"], ["v hq"]))[:2] == ("bs", 2)


@pytest.mark.parametrize(
    ("selected", "found", "why"),
    [
        ("", {"v": "p"}, {}),  # automatic: tier 1
        ("q", {"v": "q"}, {}),  # tier 3, though p is nearer
        ("p;q", {"v": "p"}, {}),  # the tiers hold inside the list
        ("full", {}, {"v": "capacity"}),  # though p has room
        ("far", {}, {"v": "job_proxies"}),  # though p connects
        ("excluded", {}, {"v": "job_proxies"}),
    ],
)
def test_s13_proxies_chosen_by_hand(
    tmp_path: Path, selected: str, found: dict[str, str], why: dict[str, str]
) -> None:
    plan = planned(
        tmp_path,
        ["bs hq", "p east", "q hq", "far moon", "full hq max_tasks=1 running_tasks=1",
         "excluded east excluded=yes"],
        ["v east"],
        links=["hq - east"],
        jobs=[f"j 22:00 60 proxies={selected}"],
    )  # fmt: skip
    assert (proxies(plan), reasons(plan)) == (found, why)


@pytest.mark.parametrize(
    ("backup_server", "others", "proxy", "tier"),
    [
        ("east", ["p east", "q hq"], "p", 1),
        ("east", ["q hq"], "bs", 2),
        ("hq", ["q hq"], "q", 3),
        ("hq", [], "bs", 4),
    ],
)
def test_s14_the_order_of_choice(
    tmp_path: Path, backup_server: str, others: list[str], proxy: str, tier: int
) -> None:
    # Each time everything that comes later in the order could serve v as well.
    plan = planned(tmp_path, [f"bs {backup_server}", *others], ["v east"])
    assert only(plan) == (proxy, tier, "network")


def test_s14_one_network_in_common_is_enough(tmp_path: Path) -> None:
    # The site plays no part: q is at the VM's site, p is in one of its networks.
    networks = ["hq hq", "west", "east branch", "admin branch"]
    plan = planned(tmp_path, ["bs hq", "p west;hq", "q admin"], ["v east;west"], networks=networks)
    assert only(plan)[:2] == ("p", 1)


@pytest.mark.parametrize(
    ("running", "shared"),
    # Loads of 2 and 2; of 1 + 2 running and 3; of 4 running and 4.
    [(0, {"p": 2, "q": 2}), (2, {"p": 1, "q": 3}), (4, {"q": 4})],
)
def test_s15_among_equals_the_less_loaded(
    tmp_path: Path, running: int, shared: dict[str, int]
) -> None:
    plan = planned(
        tmp_path,
        ["bs hq", f"p east running_tasks={running}", "q east"],
        [f"v{n} east" for n in range(4)],
    )
    assert load(plan) == shared


@pytest.mark.parametrize(
    ("backup_server", "job", "link", "takes_over"),
    [
        ("", "", "hq - east", True),
        ("", "proxies=p", "hq - east", True),  # also where the job does not name it
        ("excluded=yes", "", "hq - east", True),  # or the user does not want it as a proxy
        ("", "", "east > hq", False),
        ("", "", "lab - east", False),  # q connects, but failover is to bs and no other
    ],
)
def test_s16_the_backup_server_takes_over(
    tmp_path: Path, backup_server: str, job: str, link: str, takes_over: bool
) -> None:
    plan = planned(
        tmp_path,
        [f"bs hq {backup_server}", "p east", "q lab"],
        ["v east"],
        links=[link],
        jobs=[f"j 22:00 60 {job}"],
    )
    assert proxies(plan) == {"v": "p"}
    assert plan.failover.tolist() == [plan.estate.backup_server if takes_over else -1]
    assert ("no_failover" in {finding.code for finding in plan.findings}) != takes_over
    assert plan.protected.tolist() == [takes_over]


def test_s16_takeover_by_powershell_direct_is_no_protection(tmp_path: Path) -> None:
    # Both connect through the host h, and only so.
    plan = planned(
        tmp_path,
        ["bs hq powershell_version=5.1", "h hq managed=no", "p hq powershell_version=5.1"],
        ["v island platform=hyperv host=h host_version=2016"],
        links=[],
    )
    assert only(plan) == ("p", 3, "powershell_direct")
    assert plan.failover.tolist() == [plan.estate.backup_server]
    assert plan.protected.tolist() == [False]


def test_s16_what_the_backup_server_serves_itself_has_no_failover(tmp_path: Path) -> None:
    plan = planned(tmp_path, ["bs hq"], ["v hq", "l hq os=Ubuntu"])
    assert proxies(plan) == {"l": "bs", "v": "bs"}
    assert (plan.failover.tolist(), plan.protected.tolist()) == ([-1, -1], [False, False])
