"""What guests ask of servers: Linux by platform, group Managed Service Accounts, and success."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from estates import estate, planned, proxies, reasons, values

from optimizer.eligibility.context import PlanningContext
from optimizer.lists.week_planner import plan_week
from optimizer.planner import plan
from optimizer.simulation import simulate

LINUX = "os=Rocky Linux 9"
V13: dict[str, Any] = {"ruleset": "v13"}


def codes(found: Any, code: str) -> list[str]:
    return [finding.subject for finding in found.findings if finding.code == code]


@pytest.mark.parametrize(
    ("platform", "serves"),
    [
        ("", True), ("vmware", True), ("VMware", True), ("hyperv", True), ("HyperV", True),
        ("nutanix", False), ("Proxmox", False), ("hypercore", False), ("agent", False),
    ],
)  # fmt: skip
def test_linux_serves_windows_guests_of_vmware_and_hyperv_only(
    tmp_path: Path, platform: str, serves: bool
) -> None:
    made = planned(
        tmp_path, ["bs hq", f"p east {LINUX}"], [f"v east platform={platform}"], settings=V13
    )
    assert proxies(made) == {"v": "p" if serves else "bs"}


def test_a_linux_appliance_takes_nothing_over_that_it_may_not_serve(tmp_path: Path) -> None:
    made = planned(
        tmp_path, [f"bs hq {LINUX}", "p east domain=corp"],
        ["a east platform=proxmox", "b east gmsa_domain=corp", "c east", "own east os=Ubuntu"],
        settings=V13,
    )  # fmt: skip
    vm = made.estate.vms["vm"].tolist()
    taken = {vm[code]: int(to) for code, to in zip(made.tasks.vm, made.failover, strict=True)}
    assert {name for name, to in taken.items() if to >= 0} == {"c"}
    assert values(made)["protected"] == 1
    assert proxies(made)["own"] == "bs"  # Linux guests are its own work, whatever the platform


@pytest.mark.parametrize(
    ("server", "serves"),
    [
        ("domain=corp.test", True),
        ("domain=CORP.test", True),
        ("domain=dmz.test", False),
        ("", False),
        (f"domain=corp.test {LINUX}", False),
    ],
)
@pytest.mark.parametrize("ruleset", ["v12", "v13"])
def test_a_gmsa_needs_a_windows_server_of_its_domain(
    tmp_path: Path, server: str, serves: bool, ruleset: str
) -> None:
    made = planned(
        tmp_path, ["bs hq", f"p east {server}"], ["v east gmsa_domain=Corp.Test"],
        settings={"ruleset": ruleset},
    )  # fmt: skip
    assert proxies(made) == ({"v": "p"} if serves else {})
    assert reasons(made) == ({} if serves else {"v": "not_reachable"})
    assert codes(made, "gmsa_without_server") == ([] if serves else ["corp.test"])


def test_a_gmsa_works_by_network_only(tmp_path: Path) -> None:
    made = planned(
        tmp_path,
        ["bs hq domain=corp", "h lab managed=no", "p hq powershell_version=5.1 domain=corp"],
        [f"{name} island platform=hyperv host=h host_version=2016 {gmsa}"
         for name, gmsa in (("a", ""), ("b", "gmsa_domain=corp"))],
        networks=["hq", "lab", "island"], links=["hq > lab"],
    )  # fmt: skip
    assert proxies(made) == {"a": "p"}
    assert reasons(made) == {"b": "not_reachable"}


@pytest.mark.parametrize(
    ("gmsa", "listed"), [("", ["w", "x"]), ("gmsa_domain=corp", [])], ids=["without", "with"]
)
def test_no_list_of_a_job_with_a_gmsa_holds_linux(
    tmp_path: Path, gmsa: str, listed: list[str]
) -> None:
    """Automatic selection has a overload z; only a list with x and w keeps both VMs near."""
    read = estate(
        tmp_path,
        ["bs hq excluded=true", f"x east running_tasks=2 {LINUX}", "w west domain=corp",
         f"z east running_tasks=1 max_tasks=1 {LINUX}"],
        ["a east", f"b west {gmsa}"], settings=V13,
    )  # fmt: skip
    (choice,) = plan_week(PlanningContext.build(read), plan(read)).choices
    assert [read.servers["server"][code] for code in choice.servers] == listed


def test_automatic_selection_offers_a_gmsa_no_linux(tmp_path: Path) -> None:
    """Both servers are far: x, which is less loaded, gets a; b is not offered it."""
    read = estate(
        tmp_path, ["bs hq", f"x lab {LINUX}", "y lab domain=corp running_tasks=9"],
        ["a east", "b east gmsa_domain=corp"], settings=V13,
    )  # fmt: skip
    names, vms, week = read.servers["server"], read.vms["vm"], simulate(read)
    ran = zip(week.tasks.vm[week.runs.task].tolist(), week.runs.proxy.tolist(), strict=True)
    assert {(vms[vm], names[proxy]) for vm, proxy in ran} == {("a", "x"), ("b", "y")}


def test_a_vm_that_requires_success_and_has_no_proxy_is_told(tmp_path: Path) -> None:
    made = planned(
        tmp_path, ["bs hq", "p east"],
        ["a far vss=require_success", "b far vss=ignore_failures", "c east vss=require_success"],
        links=["hq - east"], jobs=["j 22:00 60", "k 23:00 60"], job_vms=["j a", "j b", "k c"],
    )  # fmt: skip
    assert codes(made, "required_success") == ["j"]
    assert "1 of its VMs require success" in next(
        finding.detail for finding in made.findings if finding.code == "required_success"
    )


def test_a_platform_that_nobody_knows_is_told(tmp_path: Path) -> None:
    made = planned(tmp_path, ["bs hq"], ["a hq platform=vmwre", "b hq platform=nutanix"])
    assert codes(made, "unknown_platform") == ["vmwre"]
