"""Networks of two sources that are one under two names, or one range that is two networks."""

from __future__ import annotations

from pathlib import Path

import pytest
from first_hour import INFO, WINDOWS, estate, rows, run, rvtools, table, write


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def networks() -> list[tuple[str, ...]]:
    return [tuple(row.values()) for row in rows("estate/networks.csv")]


@pytest.mark.parametrize(("site", "other"), [("hq", "hq"), ("hq", ""), ("", "hq"), ("", "")])
def test_a_range_under_another_name_is_the_network_that_is_there(site: str, other: str) -> None:
    estate(networks=f"network,cidr,site\noffice,10.1.1.0/24,{site}\nold,10.2.0.0/16,hq\n")
    write("new.csv", f"network,cidr,site\nvlan 7,10.1.1.0/24,{other}\nwan,10.3.0.0/16,hq\n")
    told = table("new.csv", "networks")
    assert "vlan 7: called office in networks.csv, which has its range 10.1.1.0/24" in told
    assert networks() == [
        ("office", "10.1.1.0/24", site or other), ("old", "10.2.0.0/16", "hq"),
        ("wan", "10.3.0.0/16", "hq"),
    ]  # fmt: skip


def test_whatever_names_the_network_gets_the_name_that_is_there() -> None:
    """The first export names port groups, the list of networks tells later what they are."""
    estate(
        networks="network,cidr,site\noffice,10.1.1.0/24,hq\n",
        links="from,to\nvlan 7,wan\noffice,wan\nwan,vlan 7\n",
        servers="server,os,roles,networks\nb,Windows Server 2022,backup_server,vlan 7; office; n\n",
    )
    write("new.csv", "network,cidr,site\nvlan 7,10.1.1.0/24,hq\n")
    header = INFO.replace("Primary IP Address", "Network #1")
    write("RVTools_tabvInfo.csv", f"{header}\nm,poweredOn,u,{WINDOWS},vlan 7\n")
    run("import", "rvtools", "RVTools_tabvInfo.csv", "--networks", "new.csv", "--out", "estate")
    assert networks() == [("office", "10.1.1.0/24", "hq")]
    assert [row["networks"] for row in rows("estate/vms.csv")] == ["office"]
    assert [row["networks"] for row in rows("estate/servers.csv")] == ["office; n"]
    ends = [(row["from"], row["to"]) for row in rows("estate/links.csv")]
    assert ends == [("office", "wan"), ("wan", "office")]


@pytest.mark.parametrize(
    ("there", "new"),
    [
        ("a,10.1.1.0/24,hq\n", "b,10.1.1.0/24,lab\n"),
        ("a,10.1.1.0/24,hq\n", "b,10.1.1.0/24,hq\nc,10.1.1.0/24,hq\n"),
        ("a,10.1.1.0/24,\nb,10.1.1.0/24,hq\n", "c,10.1.1.0/24,lab\n"),
        ("a,10.1.1.0/24,hq\n", "a,10.1.1.0/24,hq\nb,10.1.1.0/24,hq\n"),
        ("acme/10.1.1.0/24,10.1.1.0/24,\n", "umbra/10.1.1.0/24,10.1.1.0/24,\n"),
        ("10.1.1.0/24,10.1.1.0/24,hq\n", "umbra/10.1.1.0/24,10.1.1.0/24,hq\n"),
        ("10.1.1.0/24 (A),10.1.1.0/24,hq\n", "10.1.1.0/24 (B),10.1.1.0/24,hq\n"),
    ],
)
def test_a_range_that_may_be_several_networks_is_told(there: str, new: str) -> None:
    estate(networks=f"network,cidr,site\n{there}")
    write("new.csv", f"network,cidr,site\n{new}")
    told = " ".join(table("new.csv", "networks").split())
    assert f"10.1.1.0/24: the range of several networks ({there.partition(',')[0]} at" in told
    assert "its addresses count as unknown: write the network's name in their place" in told
    assert len(networks()) == len({*there.splitlines(), *new.splitlines()})
    assert "several networks" not in table("new.csv", "networks")


def test_of_one_range_at_two_sites_each_is_known_again() -> None:
    estate(networks="network,cidr,site\na,10.1.1.0/24,hq\nb,10.1.1.0/24,lab\n")
    write("new.csv", "network,cidr,site\nx,10.1.1.0/24,lab\ny,10.1.1.0/24,hq\n")
    assert "several networks" not in table("new.csv", "networks")
    assert networks() == [("a", "10.1.1.0/24", "hq"), ("b", "10.1.1.0/24", "lab")]


def guessed(address: str) -> str:
    write("RVTools_tabvInfo.csv", f"{INFO},Datacenter\nm,poweredOn,u,{WINDOWS},{address},d\n")
    return rvtools("RVTools_tabvInfo.csv")


@pytest.mark.parametrize("cidr", ["10.1.0.0/16", "10.1.1.0/24"])
def test_a_guess_gives_way_to_the_listed_network_that_holds_it(cidr: str) -> None:
    guessed("10.1.1.9")
    assert networks() == [("10.1.1.0/24 (guessed)", "10.1.1.0/24", "d")]
    write("estate/links.csv", "from,to\n10.1.1.0/24 (guessed),wan\n")
    write("new.csv", f"network,cidr,site\noffice,{cidr},\nwan,10.0.0.0/8,hq\n")
    told = " ".join(table("new.csv", "networks").split())
    assert f"(guessed): gives way to office, which is listed and holds it ({cidr}); its " in told
    assert networks() == [("office", cidr, ""), ("wan", "10.0.0.0/8", "hq")]
    assert [row["from"] for row in rows("estate/links.csv")] == ["office"]
    told = guessed("10.1.1.9")
    assert networks() == [("office", cidr, ""), ("wan", "10.0.0.0/8", "hq")]


@pytest.mark.parametrize(
    "listed", ["a,10.1.1.0/25,", "a,10.2.0.0/16,", "a,10.1.0.0/16,\nb,10.1.0.0/16,"]
)
def test_a_guess_stays_where_no_single_network_holds_it(listed: str) -> None:
    guessed("10.1.1.9")
    write("new.csv", f"network,cidr,site\n{listed}\n")
    assert "gives way" not in table("new.csv", "networks")
    assert networks()[0] == ("10.1.1.0/24 (guessed)", "10.1.1.0/24", "d")


@pytest.mark.parametrize(
    "known", ["network,cidr,site\n10.1.1.0/24,10.1.1.0/24,hq\n", "network\nn\n"]
)
def test_a_network_called_after_its_range_is_no_guess(known: str) -> None:
    estate(networks=known)
    write("new.csv", "network,cidr,site\noffice,10.1.0.0/16,hq\n")
    assert "gives way" not in table("new.csv", "networks")
    assert len(networks()) == 2


def netbox(*prefixes: tuple[str, str, str]) -> None:
    """Import prefixes of NetBox, each as range, tenant and site."""
    text = "".join(f"{cidr},Active,,{tenant},{site}\n" for cidr, tenant, site in prefixes)
    write("prefixes.csv", f"prefix,status,vrf,tenant,site\n{text}")
    run("import", "netbox", "prefixes.csv", "--out", "estate")


def test_names_of_ranges_stay_when_others_come_and_in_any_order() -> None:
    oslo, rome, a = (
        ("10.1.1.0/24", "", "oslo"),
        ("10.1.1.0/24", "", "rome"),
        ("10.1.1.0/24", "A", ""),
    )
    netbox(oslo)
    netbox(a, rome, oslo)
    found = [
        ("10.1.1.0/24", "10.1.1.0/24", "oslo"), ("10.1.1.0/24 (A)", "10.1.1.0/24", ""),
        ("10.1.1.0/24 at rome", "10.1.1.0/24", "rome"),
    ]  # fmt: skip
    assert networks() == found
    netbox(rome, ("10.1.1.0/24", "B", ""), oslo, a)
    assert networks() == [*found, ("10.1.1.0/24 (B)", "10.1.1.0/24", "")]
