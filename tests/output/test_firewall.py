"""The ports that servers need open, as the report and firewall.csv say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from report_plans import DATA, planned, report_of_plan, reported, rows

from models.ports import LOGS, PORTS, SOURCES, WHEN
from models.report_data import PortRule, Report
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.output.report.firewall import COLUMNS, VSPHERE, write_firewall


def short(rules: Sequence[PortRule]) -> list[tuple[str, ...]]:
    """Return the rules as start, end, ports and when, with f for failover, s for same network."""
    return [
        (
            rule.start, rule.end, " ".join(rule.ports), rule.when,
            "f" * rule.failover + "s" * rule.same_network,
        )
        for rule in rules
    ]  # fmt: skip


def test_the_firewall_of_the_tiny_estate(tmp_path: Path) -> None:
    # By hand, from the plan that tests/test_sample_estates.py derives: gip-01 (tokyo) serves two
    # t, gip-02 (osaka-a) a1, d1 (in tokyo, too, but that is farther) and b1 in osaka-b, vbr-01
    # (tokyo) a t and b2. It may take over all that the others serve: those of osaka-b are open
    # for b2.
    planned(DATA / "tiny", tmp_path)
    report = reported(read_estate(DATA / "tiny"), tmp_path)
    guests = [
        ("135 445", "always"), ("49152-65535", "always"), ("2500-3300", "always"),
        ("2500 6160 6173 11731", "persistent_agent"),
    ]  # fmt: skip

    def guest(server: str, network: str, marks: str) -> list[tuple[str, ...]]:
        there = [(server, network, ports, when, marks) for ports, when in guests]
        back = (network, server, "2500-3300 6162", "always", marks)
        return [*there[:3], back, there[3]]

    def control(proxy: str, marks: str) -> list[tuple[str, ...]]:
        uses = [("6190 6290", "always"), ("445", "always")]
        return [("vbr-01", proxy, ports, when, marks) for ports, when in uses]

    assert short(report.rules) == [
        *control("gip-01", "s"),
        *control("gip-02", ""),
        *guest("gip-01", "tokyo", "s"),
        *guest("gip-02", "osaka-a", "s"),
        *guest("gip-02", "osaka-b", ""),
        *guest("vbr-01", "osaka-a", "f"),
        *guest("vbr-01", "osaka-b", ""),
        *guest("vbr-01", "tokyo", "s"),
    ]
    assert {rule.cidr for rule in report.rules if "osaka-b" in (rule.start, rule.end)} == {
        "10.2.2.0/24"
    }


def test_ports_for_logs_vsphere_hosts_and_linux_proxies(tmp_path: Path) -> None:
    # x and y share no network with anything. x: logs, vSphere, by the Linux proxy p. y: through
    # its host h, which no link reaches but from q's network.
    hyperv = "platform=hyperv host=h host_version=2019"
    report = report_of_plan(
        tmp_path,
        [
            "bs hq excluded=true", "p lab os=Rocky Linux 9",
            "q dmz powershell_version=5.1", "h store excluded=true roles=hyperv_host",
        ],
        ["x east platform=vmware", f"y 9.9.9.9 {hyperv}"],
        jobs=["j 22:00 60", "logs 23:00 60 log_processing=true"],
        job_vms=["j x", "j y", "logs x"],
        links=["lab - east", "dmz - store"],
        settings={"ruleset": "v13"},
    )  # fmt: skip
    uses = {use.when for use in PORTS["v13"] if use.ends == "to_guest"}
    to_east = [rule for rule in short(report.rules) if rule[1] == "east"]
    assert {rule[0] for rule in to_east} == {"p"}
    assert {rule[3] for rule in to_east} == uses
    assert uses >= LOGS
    assert [rule for rule in short(report.rules) if rule[:2] == ("bs", "p")] == [
        ("bs", "p", "6190", "non_persistent", ""),
        ("bs", "p", "6160 6162", "always", ""),
        ("bs", "p", "6160", "certificate", ""),
        ("bs", "p", "22", "ssh", ""),
    ]
    assert ("q", "h", "", "unknown", "") in short(report.rules)
    assert [(r.start, r.end, r.ports) for r in report.rules if r.end_kind == "vsphere"] == [
        ("p", "", ("443",))
    ]


def test_a_need_is_for_failover_only_where_nothing_else_needs_it(tmp_path: Path) -> None:
    # bs serves a itself, and would take over b, whose job does log processing.
    report = report_of_plan(
        tmp_path,
        ["bs hq max_tasks=1", "p lab max_tasks=1"],
        ["a east", "b east"],
        jobs=["j 22:00 60 proxies=bs", "logs 22:00 60 log_processing=true proxies=p"],
        job_vms=["j a", "logs b"],
        links=["hq - east", "lab - east"],
    )
    mine = [rule for rule in report.rules if rule.start == "bs" and rule.end == "east"]
    assert {rule.purpose: rule.failover for rule in mine} == {
        "deploy_runtime": False, "dynamic_rpc": False, "channels": False, "agent": False,
        "log_shipping": True,
    }  # fmt: skip


def test_firewall_csv(branches: Report, tmp_path: Path) -> None:
    write_firewall(branches.rules, tmp_path / "firewall.csv")
    content = (tmp_path / "firewall.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbffrom,to,")
    assert content.count(b"\r\n") == content.count(b"\n")
    table = rows(tmp_path / "firewall.csv")
    assert tuple(table[0]) == COLUMNS
    assert [(row["from"], row["to"], row["port"]) for row in table] == [
        (rule.start, rule.end or VSPHERE, port)
        for rule in branches.rules
        for port in rule.ports or ("",)
    ]
    assert {row["protocol"] for row in table if row["port"]} == {"TCP"}
    assert {row["when"] for row in table} <= set(WHEN.values())
    assert {row["source"] for row in table} <= set(SOURCES.values())


@pytest.mark.parametrize(
    ("platform", "opened"), [("", False), ("hyperv", False), ("proxmox", True)]
)
def test_v13_has_6173_for_every_guest_and_6290_for_plug_ins(
    platform: str, opened: bool, tmp_path: Path
) -> None:
    report = report_of_plan(
        tmp_path, ["bs hq excluded=true", "p east"], [f"a east platform={platform}"],
        jobs=["j 22:00 60 log_processing=true"], settings={"ruleset": "v13"},
    )  # fmt: skip
    helper = {rule.when for rule in report.rules if "6173" in rule.ports}
    assert helper == {"non_persistent", "persistent_agent", "sql_oracle"}
    assert [rule.source for rule in report.rules if "6290" in rule.ports] == ["plug_ins"] * opened


def test_used_servers_have_rules_to_what_they_serve(branches: Report, out: Path) -> None:
    used = {row["proxy"] for row in rows(out / "assignments.csv") if row["tier"]}
    starts = {rule.start for rule in branches.rules if rule.start_kind == "server"}
    assert starts == used | {"vbr-01"}
    assert all(rule.start != rule.end for rule in branches.rules)
    assert {
        rule.end for rule in branches.rules if rule.purpose == "control"
    } == used - {"vbr-01"}  # fmt: skip
