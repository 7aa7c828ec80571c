"""RVTools exports in all their forms become VMs, networks and jobs; each trap has a test."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from models.errors import EstateError
from models.imported_tables import Inventory
from optimizer.inputs.importers.rvtools.reader import Choice, read_rvtools

DATA = Path(__file__).parents[3] / "shared" / "data" / "rvtools"
VCENTER = "vc-1"
Row = Mapping[str, Any]
INFO = (
    "VM", "Powerstate", "Template", "SRM Placeholder", "Primary IP Address", "Network #1",
    "Annotation", "Connection state", "Datacenter", "Cluster", "Host", "Folder",
    "OS according to the configuration file",
    "OS according to the VMware Tools", "VM ID", "VM UUID", "VI SDK Server", "VI SDK UUID",
)  # fmt: skip
NETWORK = (
    "VM", "Powerstate", "NIC label", "Network", "IPv4 Address", "IPv6 Address", "Annotation",
    "Datacenter", "VM ID", "VM UUID", "VI SDK UUID",
)  # fmt: skip


def vm(number: int, name: str = "", **cells: str) -> dict[str, str]:
    """Return a row as RVTools has it: of vInfo and vNetwork what both tabs say of a VM."""
    row = {
        "VM": name or f"vm{number}", "Powerstate": "poweredOn", "Template": "False",
        "VM ID": f"vm-{number}", "VM UUID": f"4202-{number}", "VI SDK UUID": VCENTER,
        "OS according to the configuration file": "Microsoft Windows Server 2016 (64-bit)",
    }  # fmt: skip
    return row | {key.replace("_", " "): cell for key, cell in cells.items()}


def table(header: Sequence[str], rows: Sequence[Row], sign: str = ",") -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, restval="", extrasaction="ignore", delimiter=sign)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def info(folder: Path, *rows: Row, header: Sequence[str] = INFO) -> Path:
    return write(folder / "RVTools_tabvInfo.csv", table(header, rows))


def network(folder: Path, *rows: Row, header: Sequence[str] = NETWORK) -> Path:
    return write(folder / "RVTools_tabvNetwork.csv", table(header, rows))


def write(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def workbook(path: Path, tabs: Mapping[str, Sequence[Sequence[object]]], blank: int = 0) -> Path:
    """Write an xlsx; ``blank`` rows at the end of each tab have a format and no content."""
    book = xlsxwriter.Workbook(path)
    bold = book.add_format({"bold": True})
    for name, rows in tabs.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        for number in range(len(rows), len(rows) + blank):
            sheet.write_blank(number, 0, None, bold)
    book.close()
    return path


def vms(inventory: Inventory, *columns: str) -> list[Any]:
    rows = inventory.tables["vms"][list(columns)].to_numpy().tolist()
    return [row[0] for row in rows] if len(columns) == 1 else rows


def codes(inventory: Inventory) -> list[str]:
    return [finding.code for finding in inventory.findings]


def shared(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip("the shared samples are not here")
    return path


# --- which columns


def test_columns_of_a_customer_may_stand_anywhere(tmp_path: Path) -> None:
    place = INFO.index("Datacenter")
    header = (*INFO[:place], "Owner", "VM-Zone", "OS license", *INFO[place:])
    row = vm(1, Owner="10.9.9.9", Datacenter="Tokyo", Primary_IP_Address="10.0.0.1")
    read = read_rvtools([info(tmp_path, row, header=header)], None, 24)
    assert vms(read, "vm", "networks", "os") == [
        ["4202-1", "10.0.0.1", "Microsoft Windows Server 2016 (64-bit)"]
    ]
    assert read.tables["networks"].to_numpy().tolist() == [["10.0.0.0/24", "10.0.0.0/24", "Tokyo"]]


def test_a_database_calls_the_columns_otherwise(tmp_path: Path) -> None:
    told = write(
        tmp_path / "RVTools_tabvInfo.csv",
        "vInfoVMName,vInfoUUID,vInfoPowerstate,vInfoTemplate,vInfoSRMPlaceHolder,vInfoOSTools,"
        "vInfoOS,vInfoPrimaryIPAddress,vInfoNetwork1,vInfo_tags_Team\n"
        "a,U1,poweredOff,False,False,,Windows,,dmz,10.7.7.7\nt,U2,poweredOff,True,False,,,,,\n",
    )
    nics = write(
        tmp_path / "RVTools_tabvNetwork.csv",
        "vNetworkVMName,vNetworkName,vNetworkIP4Address,vNetworkUUID\na,lan,10.0.0.7,U1\n",
    )
    networks = write(tmp_path / "n.csv", "network,cidr\nlan,\n")
    read = read_rvtools([told, nics], networks)
    assert vms(read, "vm", "os", "networks", "available") == [
        ["u1", "Windows", "10.0.0.7; lan", "false"]
    ]


@pytest.mark.parametrize("unit", ["MB", "MiB"])
def test_the_unit_in_a_header_makes_no_difference(tmp_path: Path, unit: str) -> None:
    header = (*INFO, f"Provisioned {unit}", f"In Use {unit}")
    rows: list[list[object]] = [list(header), [vm(1).get(name, "") or 5.0 for name in header]]
    book = workbook(tmp_path / "old.xlsx", {"vInfo": rows})
    assert vms(read_rvtools([book]), "vm", "name") == [["4202-1", "vm1"]]


def test_other_tabs_do_not_pass_for_vinfo(tmp_path: Path) -> None:
    cpu = write(tmp_path / "RVTools_tabvCPU.csv", table(["VM", "CPUs", "VM UUID"], [vm(1), vm(2)]))
    called = write(tmp_path / "all nics.csv", table(NETWORK, [vm(1, IPv4_Address="10.0.0.1")]))
    read = read_rvtools([cpu, called, info(tmp_path, vm(1))])
    assert vms(read, "vm", "networks") == [["4202-1", "10.0.0.1"]]
    assert [(f.code, f.subject) for f in read.findings] == [("no_tab", "RVTools_tabvCPU.csv")]


# --- addresses


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
        ["10.7.1.0/24", "10.7.1.0/24", "d1"],
        ["10.7.2.0/24", "10.7.2.0/24", ""],  # at two datacenters
        ["2001:db8:0:1::/64", "2001:db8:0:1::/64", "d2"],
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


# --- which VM is which


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


# --- which VMs count


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


# --- which job


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


# --- which files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_csv_of_any_sign_and_encoding(tmp_path: Path, sign: str, encoding: str) -> None:
    text = table(INFO, [vm(1, "基幹DB; 本番, \t1", Primary_IP_Address="10.0.0.1")], sign)
    path = write(tmp_path / "RVTools_tabvInfo.csv", text, encoding)
    read = read_rvtools([path], encoding=encoding)
    assert vms(read, "name", "networks") == [["基幹DB; 本番, \t1", "10.0.0.1"]]


def test_an_unnamed_encoding_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "RVTools_tabvInfo.csv", table(INFO, [vm(1, "基幹")]), "cp932")
    with pytest.raises(EstateError, match="--encoding cp932"):
        read_rvtools([path])


def test_blank_rows_at_the_end_are_no_vms(tmp_path: Path) -> None:
    rows = [list(INFO), [vm(1).get(name, "") for name in INFO]]
    book = workbook(tmp_path / "x.xlsx", {"vInfo": rows, "vNetwork": [list(NETWORK)]}, blank=2698)
    assert vms(read_rvtools([book]), "vm") == ["4202-1"]
    commas = write(tmp_path / "RVTools_tabvInfo.csv", table(INFO, [vm(1), {}, {}]))
    assert vms(read_rvtools([commas]), "vm") == ["4202-1"]


def test_a_file_without_tabs_is_refused(tmp_path: Path) -> None:
    book = workbook(tmp_path / "x.xlsx", {"vHost": [["Host"], ["esx"]]})
    with pytest.raises(EstateError, match=r"x\.xlsx: has no sheet vInfo or vNetwork"):
        read_rvtools([book])
    host = write(tmp_path / "RVTools_tabvHost.csv", "Host,Datacenter\nesx,dc\n")
    with pytest.raises(EstateError, match="holds neither of the tabs"):
        read_rvtools([host])
    wrong = write(tmp_path / "people.csv", "Name,Age\nx,1\n")
    with pytest.raises(EstateError, match=r"people\.csv:1: is no tab of RVTools by its columns"):
        read_rvtools([info(tmp_path, vm(1)), wrong])


def test_each_file_and_tab_is_told_as_it_is_read(tmp_path: Path) -> None:
    steps: list[str] = []
    book = workbook(tmp_path / "x.xlsx", {"vInfo": [list(INFO)], "vHost": [["Host"]]})
    read_rvtools([info(tmp_path, vm(1)), book], step=steps.append)
    assert steps == [
        "reading RVTools_tabvInfo.csv", "reading x.xlsx", "reading x.xlsx: is it sound?",
        "reading x.xlsx: vInfo", "finding the VMs' networks",
    ]  # fmt: skip


# --- the samples


def test_the_made_samples_tell_the_same_in_every_form() -> None:
    forms = [
        [shared(f"{form}/RVTools_tab{tab}.csv") for tab in ("vInfo", "vNetwork")]
        for form in ("csv_comma", "csv_semicolon_cp932")
    ]
    read = [
        read_rvtools(files, None, 24, encoding=encoding)
        for files, encoding in zip(forms, (None, "cp932"), strict=True)
    ]
    read.append(read_rvtools([shared("rvtools_constructed.xlsx")], None, 24))
    first = read[0]
    assert len(first.tables["vms"]) == 8
    assert len(first.tables["job_vms"]) == 7
    assert first.tables["vms"]["networks"].tolist()[:4] == [
        "10.10.110.21; 10.10.190.21", "10.10.100.11", "10.10.120.31; 10.10.120.32", "10.20.110.41",
    ]  # fmt: skip
    for other in read[1:]:
        assert list(other.tables) == list(first.tables)
        assert all(other.tables[name].equals(first.tables[name]) for name in first.tables)
    database = read_rvtools([shared("dbcolumnnames/RVTools_tabvInfo.csv")])
    assert set(vms(database, "vm")) == set(vms(first, "vm"))


def test_the_real_export_is_read() -> None:
    read = read_rvtools([shared("SizingWorkshop-RVTools.xlsx")], None, 24)
    assert len(read.tables["vms"]) == 795  # of 805 rows 10 are templates
    assert read.tables["vms"]["vm"].is_unique
    assert read.tables["networks"]["cidr"].tolist() == [f"10.0.{n}.0/24" for n in range(4)]
    assert (read.tables["vms"]["networks"] != "").all()
