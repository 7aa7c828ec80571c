"""Addresses, networks and systems as inventories write them."""

from __future__ import annotations

from pathlib import Path

import pytest
from first_hour import INFO, JOBS, SERVERS, WINDOWS, estate, rows, run, rvtools, table, write

from models.ruleset import is_maybe_windows, is_maybe_windows_server
from optimizer.inputs.importers.shared_addresses import is_bridge


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_address_of_several_machines_puts_them_into_no_network() -> None:
    write(
        "RVTools_tabvInfo.csv",
        f"VM,Powerstate,VM UUID,OS according to the VMware Tools,Datacenter\n"
        f"a,poweredOn,u1,{WINDOWS},Here\np,poweredOn,u2,{WINDOWS},There\n",
    )
    for shared in ("172.17.0.1", "192.168.100.1"):
        lines = (f'a,u1,lan,"10.1.1.5, {shared}"', f'p,u2,lan,"10.2.1.5, {shared}"')
        header = "VM,VM UUID,Network,IPv4 Address"
        write("RVTools_tabvNetwork.csv", "\n".join([header, *lines, ""]))
        told = rvtools("RVTools_tabvInfo.csv", "RVTools_tabvNetwork.csv", "--replace")
        assert f"{shared}: is an address of 2 machines (a, p)" in told
        write(
            "servers.csv",
            "server,os,roles,networks\nb,Windows Server 2022,backup_server,10.2.1.9\n"
            f"p,Windows Server 2022,,10.2.1.5;{shared}\n",
        )
        assert "of 2 machines (a, p)" in table("servers.csv", "servers", "--replace")
        table(write("jobs.csv", JOBS), "jobs")
        table(write("members.csv", "job,vm\nj,u1\n"), "job_vms")
        run("plan", "estate", "--out", "plan")
        (task,) = rows("plan/assignments.csv")
        assert (task["proxy"], task["tier"], task["vm_name"]) == ("p", "3", "a")
        assert shared in {row["subject"] for row in rows("plan/findings.csv")}
        assert rows("estate/missing.csv") == []


def test_an_address_that_a_listed_network_holds_is_left_out_all_the_same() -> None:
    write("networks.csv", "network,cidr,site\nlan,10.1.1.0/24,a\nheart,192.168.9.0/24,a\n")
    table("networks.csv", "networks")
    write(
        "vms.csv",
        "vm,os,networks\na,Windows,10.1.1.5;192.168.9.1\nb,Windows,10.1.1.6;192.168.9.1\n"
        "c,Windows,192.168.9.7\n",
    )
    assert "2 machines (a, b)" in table("vms.csv", "vms")
    assert [row["networks"] for row in rows("estate/vms.csv")] == [
        "10.1.1.5", "10.1.1.6", "192.168.9.7",
    ]  # fmt: skip
    table("vms.csv", "vms", "--leave-out", "192.168.9.0/24", "--replace")
    told = table("vms.csv", "vms", "--leave-out", "192.168.9.0", code=1)
    assert "--leave-out: '192.168.9.0' has no prefix length" in told


def test_the_usual_bridges_are_known_and_no_more() -> None:
    assert [
        is_bridge(f"{text}") for text in ("172.17.3.4", "172.18.0.1", "10.88.0.1", "192.168.122.9")
    ] == [True] * 4
    assert not any(map(is_bridge, ("10.0.3.7", "10.1.1.1", "172.18.4.7", "192.168.1.1", "fd00::1")))


def test_sentinels_are_no_values() -> None:
    nil = "00000000-0000-0000-0000-000000000000"
    write(
        "RVTools_tabvInfo.csv",
        f'{INFO}\na,poweredOn,{nil},{WINDOWS},"0.0.0.0, 255.255.255.255"\nb,poweredOn,{nil},x,::\n',
    )
    rvtools("RVTools_tabvInfo.csv")
    assert [(row["vm"], row["networks"]) for row in rows("estate/vms.csv")] == [
        ("a", ""),
        ("b", ""),
    ]


def test_systems_that_look_like_windows_are_recognised_or_named() -> None:
    write(
        "vms.csv",
        "vm,os,networks\na,W2022,n\nb,winNetStandardGuest,n\nc,Win2019,n\nd,#N/A,n\n"
        "e,Microsoft Windows Server 2022 (64-bit),n\nf,Ubuntu,n\n",
    )
    told = table("vms.csv", "vms")
    assert "W2022, Win2019, each: the os of 1 VM: looks like Windows" in told
    assert "the error #N/A in 1 cell of column os: taken as unknown" in told
    table(write("servers.csv", SERVERS + "p,Windows 2019,,n\n"), "servers")
    table(write("networks.csv", "network\nn\n"), "networks")
    table(write("jobs.csv", JOBS), "jobs")
    table(write("members.csv", "job,vm\n" + "".join(f"j,{vm}\n" for vm in "abcdef")), "job_vms")
    run("plan", "estate", "--out", "plan", code=3)
    found = {
        row["subject"] for row in rows("plan/findings.csv") if row["code"] == "unrecognised_system"
    }
    assert found == {"W2022", "Win2019", "p"}
    tiers = {row["vm"]: row["tier"] for row in rows("plan/assignments.csv")}
    assert tiers == {"a": "", "b": "2", "c": "", "e": "2", "f": ""}


@pytest.mark.parametrize(
    "os", ["W2022", "w2k19", "Win 10", "WS2019", "MS Server 2016", "Server 2019", "#N/A", "unknown"]
)
def test_what_looks_like_windows(os: str) -> None:
    assert is_maybe_windows(os)


@pytest.mark.parametrize(
    "os",
    [
        "",
        "Windows 11",
        "Ubuntu Linux",
        "Darwin 20",
        "FreeBSD",
        "Wine",
        "Oracle Solaris 11",
        "Debian GNU/Linux",
        "VMware ESXi 7",
        "Photon OS",
    ],
)
def test_what_does_not(os: str) -> None:
    assert not is_maybe_windows(os)


def test_a_server_that_is_not_written_as_windows_server() -> None:
    assert is_maybe_windows_server("Windows 2019")
    assert is_maybe_windows_server("Win2019")
    assert not is_maybe_windows_server("Windows 11")
    assert not is_maybe_windows_server("Windows Server 2019")


def test_a_network_without_mask_is_refused_alike() -> None:
    said = "'10.1.1.0' has no prefix length; write it as in 10.1.1.0/24"
    write("n.csv", "network,cidr\nn,10.1.1.0\n")
    assert f"n.csv:2: cidr: {said}" in table("n.csv", "networks", code=1)
    write("RVTools_tabvInfo.csv", f"{INFO}\na,poweredOn,u1,{WINDOWS},10.1.1.1\n")
    assert f"n.csv:2: cidr: {said}" in rvtools(
        "RVTools_tabvInfo.csv", "--networks", "n.csv", code=1
    )
    estate(networks="network,cidr\nn,10.1.1.0\n", vms="vm,os,networks\n", job_vms="job,vm\n")
    assert f"networks.csv:2: cidr: {said}" in run("check", "estate", code=1)
    write("p.json", '[{"prefix": "10.1.1.0"}]')
    assert said in run("import", "netbox", "p.json", "--out", "e", code=1)
    write("i.csv", "header-network,address*,netmask*\nnetwork,10.1.1.0,\n")
    assert "has no address with a netmask" in run(
        "import", "infoblox", "i.csv", "--out", "e", code=1
    )


def test_network_and_mask_are_joined_and_constants_set() -> None:
    write(
        "n.csv", "Name,Net,Mask\na,10.1.1.0,255.255.255.0\nb,10.1.2.0,25\nc,10.1.3.0/24,/24\nd,,\n"
    )
    named = ("--map", "Name=network", "--map", "Net=cidr", "--map", "Mask=cidr")
    table("n.csv", "networks", *named, "--set", "site=hq")
    assert [(row["cidr"], row["site"]) for row in rows("estate/networks.csv")] == [
        ("10.1.1.0/24", "hq"), ("10.1.2.0/25", "hq"), ("10.1.3.0/24", "hq"), ("", "hq"),
    ]  # fmt: skip
    told = table(
        write("v.csv", "vm\na\n"), "vms", "--set", "available=perhaps", "--set", "os", code=1
    )
    assert "--set: available: 'perhaps' is" in told
    assert "--set: 'os' names no field" in told
    table("v.csv", "vms", "--set", "platform=hyperv")
    assert rows("estate/vms.csv")[0]["platform"] == "hyperv"
