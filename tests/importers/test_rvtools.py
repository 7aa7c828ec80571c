"""RVTools exports in all their forms become VMs, networks and jobs; each trap has a test."""

from __future__ import annotations

from pathlib import Path

import pytest
from rvtools_tables import INFO, Row, codes, info, network, vm, vms, workbook, write

from optimizer.inputs.importers.rvtools.reader import Choice, read_rvtools


@pytest.mark.parametrize(
    ("cell", "networks"),
    [
        ("10.10.120.31, 10.10.120.32", "10.10.120.31; 10.10.120.32"),
        ("169.254.86.198, 10.20.110.41", "10.20.110.41"),
        ("fe80::250:56ff:fe94:a01, 10.10.100.11", "10.10.100.11"),
        ("2001:DB8:10:130::6, 10.0.0.1", "2001:db8:10:130::6; 10.0.0.1"),  # IPv6 in IPv4's cell
        ("::ffff:10.0.0.1, 10.0.0.1", "10.0.0.1"),
        ("127.0.0.1, 0.0.0.0, 224.0.0.251, 239.1.1.1", ""),
        ("unknown", ""),
        ("10.0.0.256", ""),
        ("", ""),
    ],
)
def test_a_cell_may_hold_several_addresses_or_none(
    tmp_path: Path, cell: str, networks: str
) -> None:
    nics = network(tmp_path, vm(1, IPv4_Address=cell))
    assert vms(read_rvtools([nics, info(tmp_path, vm(1))]), "networks") == [networks]


def test_addresses_come_from_all_nics_and_both_tabs_without_repetition(tmp_path: Path) -> None:
    rows = [
        vm(1, IPv4_Address="10.0.0.1", IPv6_Address="2001:db8::1"),
        vm(1, IPv4_Address="10.0.1.1"),
        vm(1, IPv4_Address="unknown"),
    ]
    told = info(
        tmp_path, vm(1, Primary_IP_Address="10.0.1.1"), vm(2, Primary_IP_Address="10.2.2.2")
    )
    assert vms(read_rvtools([network(tmp_path, *rows), told]), "networks") == [
        "10.0.0.1; 2001:db8::1; 10.0.1.1",
        "10.2.2.2",
    ]


def test_port_groups_count_where_no_address_is_in_a_network(tmp_path: Path) -> None:
    networks = write(
        tmp_path / "networks.csv", 'network,cidr,site\nlan,10.0.0.0/24,hq\nvlan 20,,\n"a;b",,\n'
    )
    rows = {
        1: {"Network": "vlan 20", "IPv4 Address": "unknown"},
        2: {"Network": "vlan 20", "IPv4 Address": "10.0.0.5"},  # it is known to be in lan
        3: {"Network": "vlan 20", "IPv4 Address": "10.9.9.9"},
        4: {"Network": "other", "IPv4 Address": "unknown"},
        5: {"Network": "a;b", "IPv4 Address": "unknown"},
    }
    nics = network(tmp_path, *(vm(number) | cells for number, cells in rows.items()))
    told = info(tmp_path, *map(vm, rows), {**vm(6), "Network #1": "vlan 20"})
    read = read_rvtools([nics, told], networks)
    assert vms(read, "networks") == [
        "vlan 20", "10.0.0.5", "10.9.9.9; vlan 20", "", "a,b", "vlan 20",
    ]  # fmt: skip
    assert read.tables["networks"]["network"].tolist() == ["lan", "vlan 20", "a,b"]


def test_every_guess_is_told_and_only_what_no_network_holds_is_guessed(tmp_path: Path) -> None:
    networks = write(tmp_path / "ipam.csv", "cidr,site,vrf,name\n10.0.0.0/23,hq,,lan\n")
    there = write(tmp_path / "networks.csv", "network,cidr,site\nwan,10.5.0.0/16,\nold,,\n")
    told = info(
        tmp_path,
        vm(1, Primary_IP_Address="10.0.1.9", Datacenter="d1"),
        vm(2, Primary_IP_Address="10.7.1.9", Datacenter="d1"),
        vm(3, Primary_IP_Address="10.7.1.200", Datacenter="d1"),
        vm(4, Primary_IP_Address="10.7.2.1", Datacenter="d1"),
        vm(5, Primary_IP_Address="10.7.2.2", Datacenter="d2"),
        vm(6, Primary_IP_Address="2001:db8:0:1::1", Datacenter="d2"),
        vm(7, Primary_IP_Address="10.5.5.5", Datacenter="d2"),
    )
    read = read_rvtools([told], networks, 24, there=there)
    assert read.tables["networks"].to_numpy().tolist() == [
        ["lan", "10.0.0.0/23", "hq"],
        ["10.7.1.0/24 (guessed)", "10.7.1.0/24", "d1"],
        ["10.7.2.0/24 (guessed)", "10.7.2.0/24", ""],  # at two datacenters
        ["2001:db8:0:1::/64 (guessed)", "2001:db8:0:1::/64", "d2"],
    ]
    assert [(f.severity, f.subject, f.detail) for f in read.findings] == [
        ("warning", "10.7.1.0/24", "guessed for 10.7.1.9 and 1 more, site d1 by the datacenter"),
        ("warning", "10.7.2.0/24", "guessed for 10.7.2.1 and 1 more"),
        ("warning", "2001:db8:0:1::/64", "guessed for 2001:db8:0:1::1, site d2 by the datacenter"),
    ]  # fmt: skip


def test_an_ambiguous_address_is_not_guessed(tmp_path: Path) -> None:
    networks = write(tmp_path / "n.csv", "cidr,vrf\n10.0.0.0/24,a\n10.0.0.0/24,b\n")
    read = read_rvtools([info(tmp_path, vm(1, Primary_IP_Address="10.0.0.1"))], networks, 24)
    assert read.tables["networks"]["network"].tolist() == ["a/10.0.0.0/24", "b/10.0.0.0/24"]


def test_without_networks_and_guesses_there_are_none(tmp_path: Path) -> None:
    read = read_rvtools([info(tmp_path, vm(1, Primary_IP_Address="10.0.0.1"))])
    assert "networks" not in read.tables
    assert read.findings == ()


def test_names_are_not_unique_and_numbers_only_within_a_vcenter(tmp_path: Path) -> None:
    told = info(
        tmp_path,
        vm(1, "same") | {"VM UUID": "A"},
        vm(2, "same") | {"VM UUID": "B"},
        vm(1, "other") | {"VM UUID": "C", "VI SDK UUID": "vc-2"},
    )
    nics = network(
        tmp_path,
        vm(2, "same", IPv4_Address="10.0.0.2") | {"VM UUID": ""},
        vm(1, "same", IPv4_Address="10.0.0.1") | {"VM UUID": ""},
        vm(1, "other", IPv4_Address="10.0.0.3") | {"VM UUID": "", "VI SDK UUID": "vc-2"},
    )
    assert vms(read_rvtools([told, nics]), "vm", "name", "networks") == [
        ["a", "same", "10.0.0.1"],
        ["b", "same", "10.0.0.2"],
        ["c", "other", "10.0.0.3"],
    ]


def test_without_uuid_the_vcenter_and_its_number_are_the_id(tmp_path: Path) -> None:
    bare = {"VM UUID": ""}
    lost = {"VM UUID": "", "VM ID": "", "VI SDK UUID": ""}
    told = info(
        tmp_path, vm(1, "a") | bare, vm(2, "a") | bare, vm(3, "b") | lost, vm(4, "b") | lost
    )
    read = read_rvtools([told])
    assert vms(read, "vm", "name") == [["vc-1/vm-1", "a"], ["vc-1/vm-2", "a"], ["b", "b"]]
    assert [(f.code, f.subject) for f in read.findings] == [("vm_without_id", "b")]


def test_two_vms_of_one_uuid_stay_two(tmp_path: Path) -> None:
    copied = {"VM UUID": "4202-7"}
    read = read_rvtools([info(tmp_path, vm(1) | copied, vm(2) | copied, vm(3))])
    assert vms(read, "vm") == ["vc-1/vm-1", "vc-1/vm-2", "4202-3"]
    assert codes(read) == ["shared_uuid"]


def test_several_exports_and_a_merged_one_tell_of_a_vm_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    second = {"VI SDK UUID": "vc-2"}
    one = info(tmp_path / "one", vm(1, Primary_IP_Address="10.1.0.1"))
    two = info(
        tmp_path / "two", vm(1, "b", Primary_IP_Address="10.2.0.1") | second | {"VM UUID": "x"}
    )
    nics = network(
        tmp_path / "two", vm(1, "b", IPv4_Address="10.2.0.1") | second | {"VM UUID": "x"}
    )
    merged = workbook(
        tmp_path / "merged.xlsx",
        {"vInfo": [list(INFO), *([row.get(name, "") for name in INFO] for row in (vm(1), vm(9)))]},
    )
    read = read_rvtools([one, two, nics, merged])
    assert vms(read, "vm", "networks") == [
        ["4202-1", "10.1.0.1"],
        ["x", "10.2.0.1"],
        ["4202-9", ""],
    ]
    assert [f.detail for f in read.findings] == ["1 row of VMs that were there before: left out"]
    assert [source.file for source in read.files] == [
        "RVTools_tabvInfo.csv", "RVTools_tabvInfo.csv", "RVTools_tabvNetwork.csv", "merged.xlsx",
    ]  # fmt: skip


def test_rows_of_unknown_vms_are_told(tmp_path: Path) -> None:
    read = read_rvtools([info(tmp_path, vm(1)), network(tmp_path, vm(8, IPv4_Address="10.0.0.8"))])
    assert vms(read, "vm", "networks") == [["4202-1", ""]]
    assert codes(read) == ["unknown_vms"]


def test_vnetwork_alone_tells_of_vms(tmp_path: Path) -> None:
    rows = [vm(1, IPv4_Address="10.0.0.1"), vm(1, IPv4_Address="10.0.0.2"), vm(2)]
    assert vms(read_rvtools([network(tmp_path, *rows)]), "vm", "networks") == [
        ["4202-1", "10.0.0.1; 10.0.0.2"],
        ["4202-2", ""],
    ]


@pytest.mark.parametrize(
    ("row", "option", "called"),
    [
        (vm(2, Template="True"), "templates", "template"),
        (vm(2, SRM_Placeholder="True"), "placeholders", "SRM placeholder"),
        (vm(2, "vCLS-4202a"), "vcls", "vCLS VM"),
        (vm(2, "vCLS (3)"), "vcls", "vCLS VM"),
    ],
)
def test_what_no_job_backs_up_is_left_out_unless_asked_for(
    tmp_path: Path, row: Row, option: str, called: str
) -> None:
    told, nics = info(tmp_path, vm(1), row), network(tmp_path, {**row, "IPv4 Address": "10.0.0.9"})
    without, taken = (
        read_rvtools([told, nics], choice=choice) for choice in (Choice(), Choice(**{option: True}))
    )
    assert vms(without, "vm") == ["4202-1"]
    assert [(f.code, f.detail) for f in without.findings] == [
        (option, f"1 {called} left out; --{option} takes it in")
    ]
    assert vms(taken, "vm", "networks") == [["4202-1", ""], ["4202-2", "10.0.0.9"]]
    assert taken.findings == ()


def test_a_vm_called_nearly_like_a_system_vm_is_kept(tmp_path: Path) -> None:
    assert vms(read_rvtools([info(tmp_path, vm(1, "vCLSprint"))]), "name") == ["vCLSprint"]


def test_vms_that_are_off_are_kept_but_not_planned_unless_asked_for(tmp_path: Path) -> None:
    header = (*INFO, "Connection state")
    rows = [
        vm(1), vm(2, Powerstate="poweredOff"), vm(3, Powerstate="suspended"),
        vm(4, Connection_state="inaccessible"), vm(5, Connection_state="connected"),
    ]  # fmt: skip
    told = info(tmp_path, *rows, header=header)
    read = read_rvtools([told])
    assert vms(read, "available") == ["true", "false", "false", "false", "true"]
    assert [f.detail for f in read.findings] == [
        "2 VMs not powered on: not planned without --powered-off",
        "1 VM not connected to the vCenter: not planned",
    ]
    asked = read_rvtools([told], choice=Choice(powered_off=True))
    assert vms(asked, "available") == ["true", "true", "true", "false", "true"]


def test_the_running_system_is_believed_before_the_configured_one(tmp_path: Path) -> None:
    running = {"OS according to the VMware Tools": "Microsoft Windows Server 2022 (64-bit)"}
    read = read_rvtools([info(tmp_path, vm(1) | running, vm(2))])
    assert vms(read, "os") == [
        "Microsoft Windows Server 2022 (64-bit)", "Microsoft Windows Server 2016 (64-bit)",
    ]  # fmt: skip


def note(job: str, server: str = "VBR") -> str:
    return (
        f"Last backup: [6/1/2021 3:45:57 AM]; Veeam server: [{server}]; Job: [{job}]; "
        "Repository: [R1]"
    )


def test_the_note_of_a_backup_job_tells_its_vms_in_whatever_column(tmp_path: Path) -> None:
    header = (*INFO, "Last backup", "Notes 2")
    told = info(
        tmp_path,
        vm(1, Last_backup=note("Daily")),
        vm(2, Last_backup=note("Weekly [a]; b"), Notes_2=note("Daily")),
        vm(3, Annotation=f"payroll\n{note('Daily')}"),
        vm(4, Annotation="ask Job: [x] about it"),
        header=header,
    )
    read = read_rvtools([told])
    assert read.tables["job_vms"].to_numpy().tolist() == [
        ["Daily", "4202-1"], ["Weekly [a]; b", "4202-2"], ["Daily", "4202-2"], ["Daily", "4202-3"],
    ]  # fmt: skip
    assert read.tables["jobs"]["job"].tolist() == ["Daily", "Weekly [a]; b"]


def test_jobs_of_two_backup_servers_are_told(tmp_path: Path) -> None:
    rows = [vm(1, Annotation=note("Daily")), vm(2, Annotation=note("Other", "VBR-2"))]
    assert codes(read_rvtools([info(tmp_path, *rows)])) == ["several_backup_servers"]
