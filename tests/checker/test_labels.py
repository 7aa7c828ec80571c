"""Rule 1, who may serve whom, and the labels: tier, connection, failover, today's server."""

from __future__ import annotations

from pathlib import Path

import pytest
from judged_plan import AIMS, Case, Edit, about, spoil, spoil_all, write

# One cell of assignments.csv spoilt: what was there, what is there, what must be said.
SPOILT = [
    ("v2,p,1", "v2,p,2", ["'nightly', vm 'v2'", "tier is '2', expected '1'"]),
    ("l1,b,,network", "l1,b,1,network", ["vm 'l1'", "tier is '1', expected ''"]),
    ("l1,b,,network", "l1,b,,", ["vm 'l1'", "connection is '', expected 'netw"]),
    ("l1,b,,network", "l1,q,,network", ["vm 'l1'", "proxy is 'q', expected 'b'"]),
    ("l1,b,,network,false,,", "l1,b,,network,false,b,", ["'b', expected ''"]),
    ("l1,b,,network,false", "l1,b,,network,true", ["protected is 'true', exp"]),
    ("v2,p,1,network", "v2,p,1,powershell_direct", ["expected 'network'"]),
    ("v2,p,1,network,true", "v2,p,1,network,false", ["protected is 'false', ex"]),
    ("true,b,old", "true,,old", ["failover_proxy is '', expected 'b'"]),
    ("true,b,old", "true,q,old", ["failover_proxy is 'q', expected 'b'"]),
    ("true,b,old", "true,b,", ["previous_proxy is '', expected 'old'"]),
    ("weekend,v1,p,1,network,true,b,\n", "weekend,v1,p,1,network,true,b,p\n",
     ["previous_proxy is 'p', expected ''"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), SPOILT)
def test_each_spoilt_label_is_found(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    case = Case(tmp_path)
    spoil(case.plan, "assignments.csv", old, new)
    assert about(case.judge(), *words)


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ([("servers.csv", "branch,3,1,true", "branch,3,1,false")], "no candidate: not managed"),
        ([("servers.csv", "3,1,true,false", "3,1,true,true")], "no candidate: excluded"),
        (
            [
                ("servers.csv", "managed", "available"),
                ("servers.csv", "branch,3,1,true", "branch,3,1,no"),
            ],
            "no candidate: not available",
        ),
        (
            [("servers.csv", "p,Windows Server 2022", "p,Windows 11")],
            "os 'Windows 11' is not allowed",
        ),
        (
            [("servers.csv", "p,Windows Server 2022", "p,Rocky Linux 9")],
            "not allowed by ruleset v12",
        ),
        (
            [("jobs.csv", "true,true,\nweekend", "true,true,b;q\nweekend")],
            "expected one of 'b', 'q'",
        ),
    ],
)
def test_proxy_that_may_not_serve(tmp_path: Path, edits: list[Edit], words: str) -> None:
    case = Case(tmp_path)
    spoil_all(case.estate, edits)
    lines = about(case.judge(), words)
    assert any("job 'nightly', vm 'v2': proxy 'p'" in line for line in lines)


def test_ruleset_v13_takes_rocky_linux(tmp_path: Path) -> None:
    case = Case(tmp_path)
    spoil(case.estate, "servers.csv", "p,Windows Server 2022", "p,Rocky Linux 9")
    write(case.estate, "estate.toml", 'ruleset = "v13"')
    assert case.judge().violations == ()


@pytest.mark.parametrize(("edition", "found"), [("standard", 4), ("enterprise", 0)])
def test_licence(tmp_path: Path, edition: str, found: int) -> None:
    case = Case(tmp_path)
    write(case.estate, "estate.toml", f'[license]\ntype = "socket"\nedition = "{edition}"')
    judgement = case.judge()
    assert len(about(judgement, "is not licensed (S3), expected 'b'")) == found
    # The licence makes no server less of a candidate: peak and balance stay as they are.
    assert judgement.values == AIMS


@pytest.mark.parametrize(
    "link", ["hq,branch,true,false", "branch,hq,false,true", "hq,router,true,true"]
)
def test_proxy_that_does_not_connect(tmp_path: Path, link: str) -> None:
    """`q` at `hq` serves `v2` at `branch`: down, one way home, and to a router that ends there."""
    case = Case(tmp_path)
    spoil(case.estate, "links.csv", "hq,branch,true,true", link)
    spoil(case.plan, "assignments.csv", "v2,p,1", "v2,q,3")
    judgement = case.judge()
    assert about(judgement, "vm 'v2': proxy 'q' has no connection to the VM")
    assert about(judgement, "vm 'v1': failover_proxy is 'b', expected ''")
    # What the backup server does not reach is not protected, though p is on the VM's network.
    assert about(judgement, "vm 'v1': protected is 'true', expected 'false'")


@pytest.mark.parametrize(
    "links",
    [
        "hq,branch,true,true",
        "hq,branch,false,true",
        "branch,hq,true,true",
        "hq,router,true,true\nrouter,other,false,true\nother,branch,false,true",
        None,
    ],
)
def test_proxy_that_connects(tmp_path: Path, links: str | None) -> None:
    case = Case(tmp_path)
    if links is None:
        (case.estate / "links.csv").unlink()
    else:
        write(case.estate, "links.csv", f"from,to,both_ways,up\n{links}\n")
    spoil(case.plan, "assignments.csv", "v2,p,1", "v2,q,3")
    judgement = case.judge()
    assert not about(judgement, "has no connection")
    assert not about(judgement, "tier is")
    # One link to the branch for both: not protected. Without a table nothing is a link.
    assert bool(about(judgement, "v2", "protected is 'true', expected 'false'")) == bool(links)


def test_server_without_a_network_connects_to_nothing(tmp_path: Path) -> None:
    """Not even where every network reaches every other."""
    case = Case(tmp_path)
    spoil(case.estate, "servers.csv", ",,branch,3", ",,192.0.2.1,3")
    (case.estate / "links.csv").unlink()
    assert len(about(case.judge(), "proxy 'p' has no connection")) == 3


def test_empty_links_table_joins_nothing(tmp_path: Path) -> None:
    case = Case(tmp_path)
    write(case.estate, "links.csv", "from,to\n")
    judgement = case.judge()
    assert len(about(judgement, "failover_proxy is 'b', expected ''")) == 3
    assert not about(judgement, "has no connection")


def test_backup_server_as_proxy(tmp_path: Path) -> None:
    """Tier 2 at home, tier 4 elsewhere; never protected, no failover."""
    case = Case(tmp_path)
    spoil_all(
        case.plan,
        [
            ("assignments.csv", "v2,p,1,network,true,b", "v2,b,4,network,false,"),
            ("assignments.csv", "v3,q,1,network,true,b", "v3,b,2,network,false,"),
        ],
    )
    judgement = case.judge()
    assert not about(judgement, "assignments.csv")
    assert not about(judgement, "vm 'v")
    # v1 twice in tier 1, v3 in tier 2, v2 in tier 4. b's busiest: 1 + l1 + v2 = 3; p 2; q 0.
    # same_site loses v2. Moves: only v2, whose server is gone; v3 is back on b.
    assert judgement.values == {
        "coverage": 4, "tier1": 2, "tier2": 1, "tier3": 0, "protected": 2, "same_site": 3,
        "peak": 3, "balance": 9 + 4 + 0, "moves": 1,
    }  # fmt: skip


GOOD = {
    "guest": "Windows Server 2016", "platform": "hyperv", "host": "p", "host_version": "2016",
    "proxy_os": "Windows Server 2022", "powershell": "2.0", "allowed": "true",
}  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "connects"),
    [
        ({}, True),
        ({"guest": "Microsoft Windows 10 (64-bit)"}, True),
        ({"guest": "Microsoft Windows 11 Pro"}, True),
        ({"guest": "Microsoft Windows Server (version 2025)"}, True),
        ({"guest": "Microsoft Windows Server 2012 R2"}, False),
        ({"guest": "Windows 8.1"}, False),
        ({"guest": "Windows Server"}, False),
        ({"platform": "vmware"}, False),
        ({"platform": ""}, False),
        ({"host": ""}, False),
        ({"host": "gone"}, False),
        ({"host": "far"}, False),
        ({"host_version": "2019"}, True),
        ({"host_version": "2012"}, False),
        ({"host_version": ""}, False),
        ({"powershell": "1.0"}, False),
        ({"powershell": ""}, False),
        ({"proxy_os": "Red Hat Enterprise Linux 9"}, False),
        ({"allowed": "false"}, False),
    ],
)
def test_powershell_direct(tmp_path: Path, facts: dict[str, str], connects: bool) -> None:
    """S11: the VM's network is unknown, its host is at the branch; `far` stands apart."""
    fact = GOOD | facts
    case = Case(tmp_path)
    hosted = f"{fact['platform']},{fact['host']},{fact['host_version']},"
    spoil_all(
        case.estate,
        [
            ("servers.csv", "p,Windows Server 2022", f"p,{fact['proxy_os']}"),
            ("servers.csv", "3,1,true,false,5.1", f"3,1,true,false,{fact['powershell']}"),
            ("servers.csv", "q,Win", "far,Windows Server 2022,,apart,,0,true,false,5.1\nq,Win"),
            ("networks.csv", "branch,BR\n", "branch,BR\napart,\n"),
            ("vms.csv", "v2,Windows Server 2019,branch,,,,", f"v2,{fact['guest']},,{hosted}"),
        ],
    )
    toml = f'ruleset = "v13"\n[connections]\npowershell_direct = {fact["allowed"]}'
    write(case.estate, "estate.toml", toml)
    direct = "v2,p,3,powershell_direct,false,b"
    spoil(case.plan, "assignments.csv", "v2,p,1,network,true,b", direct)
    judgement = case.judge()
    assert bool(about(judgement, "vm 'v2'", "no connection")) == (not connects)
    # Tier 3 though p is on the host's own network, never protected, and b may take over alike.
    assert not connects or not about(judgement, "vm 'v2'")
