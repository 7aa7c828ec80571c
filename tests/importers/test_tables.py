"""Servers, jobs and VMs from veeam-healthcheck, Live Optics and any other table."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import EstateError
from models.imported_tables import Inventory
from models.schema import NETWORKS, SERVERS, VMS, Table
from optimizer.cli.importers_tables import KINDS, netbox
from optimizer.inputs.importers.generic_table import read_generic_table, separators
from optimizer.inputs.importers.guest_networks import placing_addresses
from optimizer.inputs.importers.healthcheck.jobs import start_of
from optimizer.inputs.importers.healthcheck.reader import read_healthcheck
from optimizer.inputs.importers.liveoptics import read_liveoptics

SHARED = Path(__file__).parents[3] / "shared/data"
few = settings(max_examples=max(50, settings().max_examples // 10))
WINDOWS = "Microsoft Windows Server 2022 Standard"


def rows(inventory: Inventory, table: str) -> list[tuple[str, ...]]:
    return [tuple(row) for row in inventory.tables[table].itertuples(index=False)]


def codes(inventory: Inventory) -> list[tuple[str, str]]:
    return [(finding.code, finding.subject) for finding in inventory.findings]


def write(path: Path, header: str, *lines: Sequence[str], encoding: str = "ascii") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(header.split(","))
        writer.writerows(lines)
    return path


def shared(name: str) -> Path:
    if not (SHARED / name).exists():
        pytest.skip("the shared samples are not here")
    return SHARED / name


# --- veeam-healthcheck

SERVER = "Info,Id,Name,IsUnavailable,Type,Cores,OSInfo"
PROXY = "Id,Name,HostId,Host,Type,IsDisabled,MaxTasksCount"
OLD_JOB = "Name,JobType,SheduleEnabledTime,ScheduleOptions,IndexingType"
JOB = f"{OLD_JOB},AAIPEnabled,VSSEnabled,GuestFSIndexingEnabled,IsJobEnabled,IsScheduleDisabled"
AT_TEN = "Start time: [1/15/2026 10:00:00 PM], Next run time: [1/16/2026 10:00:00 PM]"


def server(number: str, name: str, kind: str = "Windows", away: str = "False") -> list[str]:
    return ["", number, name, away, kind, "8", WINDOWS]


def proxy(host: str, name: str) -> list[str]:
    return ["p", name, host, name, "Vi", "False", "4"]


def test_roles_are_joined_on_the_id_of_the_host(tmp_path: Path) -> None:
    """Names of proxies need not be those of servers, and capitals do not matter in an id."""
    write(
        tmp_path / "VBR-01_Servers.csv", SERVER,
        server("a1", "vbr-01", "Local"), server("b2", "gip-01"), server("c3", "hv-01", "HvServer"),
        server("d4", "repo-01", "Linux", "True"), server("e5", "vcenter", "VC"),
    )  # fmt: skip
    write(tmp_path / "VBR-01_Proxies.csv", PROXY, proxy("B2", "gip-01.lan"), proxy("e5", "gone"))
    write(tmp_path / "VBR-01_HvProxy.csv", PROXY, proxy("c3", "hv-01"))
    no_host = "00000000-0000-0000-0000-000000000000"
    write(tmp_path / "VBR-01_Repositories.csv", "Id,HostId", ["r", "b2"], ["r", no_host])
    write(tmp_path / "VBR-01_SOBRExtents.csv", "Host,HostId", ["repo-01", "d4"])
    write(tmp_path / "VBR-01_vbrinfo.csv", "Version", ["12.1"])
    inventory = read_healthcheck([tmp_path], None)
    assert rows(inventory, "servers") == [
        ("vbr-01", WINDOWS, "backup_server", "", "true", "true"),
        ("gip-01", WINDOWS, "backup_proxy;repository", "", "true", "true"),
        ("hv-01", WINDOWS, "backup_proxy;hyperv_host", "", "true", "true"),
        ("repo-01", WINDOWS, "repository", "", "true", "false"),
    ]
    assert codes(inventory) == [("other_servers", "servers"), ("role_without_server", "gone")]


@pytest.mark.parametrize(
    ("file", "kinds", "found"),
    [
        ("VBR-01.lan_Servers.csv", ("Windows", "Windows"), "vbr-01"),  # by the file's name
        ("GIP-01_Servers.csv", ("Local", "Windows"), "vbr-01"),  # the type is surer
        ("localhost_Servers.csv", ("Windows", "Windows"), None),
        ("_Servers.csv", ("Windows", "Windows"), None),
        ("_Servers.csv", ("Local", "Local"), None),
    ],
)
def test_the_backup_server_is_never_guessed(
    tmp_path: Path, file: str, kinds: tuple[str, str], found: str | None
) -> None:
    lines = [server("a1", "vbr-01", kinds[0]), server("b2", "gip-01", kinds[1])]
    inventory = read_healthcheck([write(tmp_path / file, SERVER, *lines)], None)
    having = [name for name, _, roles, *_ in rows(inventory, "servers") if roles]
    assert having == ([found] if found else [])
    assert ("backup_server_unknown" in dict(codes(inventory))) == (found is None)


def test_jobs_say_what_they_do_in_guests_and_when(tmp_path: Path) -> None:
    file = write(
        tmp_path / "x_Jobs.csv", JOB,
        ["sql", "Backup", "", AT_TEN, "None", "True", "True", "False", "True", "False"],
        ["dr", "Replica", "", "", "EveryFolders", "False", "True", "True", "False", "False"],
        ["ad hoc", "Backup", "", AT_TEN, "None", "True", "True", "False", "True", "True"],
        ["copy", "BackupSync", "", AT_TEN, "None", "False", "True", "False", "True", "False"],
        ["sql", "Backup", "", "", "None", "False", "True", "False", "True", "False"],
    )  # fmt: skip
    inventory = read_healthcheck([file], None)
    assert rows(inventory, "jobs") == [
        ("sql", "22:00", "backup", "true", "true", "false"),
        ("dr", "", "replication", "false", "false", "true"),
        ("ad hoc", "", "backup", "false", "true", "false"),
    ]
    assert codes(inventory) == [
        ("other_jobs", "BackupSync"), ("repeated_job", "sql"), ("job_by_hand", "ad hoc"),
    ]  # fmt: skip


def test_older_files_leave_open_what_newer_ones_tell(tmp_path: Path) -> None:
    lines = [["a", "Backup", "", "", "None"], ["b", "Backup", "", "", "SpecifiedFolders"]]
    inventory = read_healthcheck([write(tmp_path / "_Jobs.csv", OLD_JOB, *lines)], None)
    assert rows(inventory, "jobs") == [
        ("a", "", "backup", "", "", "false"), ("b", "", "backup", "", "", ""),
    ]  # fmt: skip
    assert codes(inventory) == [("job_settings_unknown", "jobs")]


def test_letters_lost_to_ascii_are_told(tmp_path: Path) -> None:
    lines = [["??-sql", "Backup", "", "", "None"], ["'=cmd|x", "Backup", "", "", "None"]]
    inventory = read_healthcheck([write(tmp_path / "_Jobs.csv", OLD_JOB, *lines)], None)
    assert ("lost_letters", "??-sql") in codes(inventory)
    # healthcheck itself put the ' before the formula, which is no part of the name
    assert [job for job, *_ in rows(inventory, "jobs")] == ["??-sql", "=cmd|x"]


@pytest.mark.parametrize(
    ("options", "start"),
    [
        (AT_TEN, "22:00"),
        ("Start time: [2026/01/15 0:05:00], Next run time: [2026/01/16 0:05:00], x", "00:05"),
        ("Start time: [15.01.2026 12:30:00 AM], Next run time: [16.01.2026 00:30:00]", "00:30"),
        ("Start time: [1/15/2026 10:00:00 PM], Next run time: [1/16/2026 4:00:00 AM]", ""),
        ("Start time: [1/15/2026 10:00:00 PM]", ""),
        ("Start time: [1/15/2026 10:00:00 NM], Next run time: [1/15/2026 10:00:00 NM]", ""),
        ("Start time: [1/15/2026 24:00:00], Next run time: [1/15/2026 24:00:00]", ""),
        ("Start time: [1/15/2026 13:00:00 PM], Next run time: [1/15/2026 13:00:00 PM]", ""),
        ("Veeam.Backup.Model.ScheduleOptions", ""),
        ("", ""),
    ],
)
def test_a_start_is_read_only_where_it_is_sure(options: str, start: str) -> None:
    assert start_of(options) == start


@few
@given(st.text() | st.from_regex(r"Start time: \[\d+ .*\], Next run time: \[\d+ .*\]"))
def test_a_start_is_a_time_or_nothing(options: str) -> None:
    assert re.fullmatch(r"(([01]\d|2[0-3]):[0-5]\d)?", start_of(options), re.ASCII)


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    def refused(*paths: Path) -> str:
        with pytest.raises(EstateError) as caught:
            read_healthcheck(paths, None)
        return str(caught.value)

    assert "holds no file of veeam-healthcheck" in refused(tmp_path)
    one = write(tmp_path / "a_Jobs.csv", "Name,JobType", ["a", "Backup"])
    assert "a_Jobs.csv: has no column ScheduleOptions, IndexingType" in refused(one)
    two = write(tmp_path / "b_Jobs.csv", OLD_JOB)
    twice = "b_Jobs.csv: is of the same kind as a_Jobs.csv; import one backup server"
    assert twice in refused(one, two)
    assert "vbrinfo.csv: is not read; give *_Servers.csv" in refused(tmp_path / "vbrinfo.csv")
    assert "c_Jobs.csv: No such file" in refused(tmp_path / "c_Jobs.csv")


def test_the_shared_files_are_read() -> None:
    """Worked out by eye: 2 of 4 servers are machines, and VEEAM-VBR01 is a proxy, too."""
    inventory = read_healthcheck([shared("healthcheck")], None)
    assert [(row[0], row[2]) for row in rows(inventory, "servers")] == [
        ("VEEAM-VBR01", "backup_server;backup_proxy"), ("REPO-SERVER01", ""),
    ]  # fmt: skip
    assert [row[0] for row in rows(inventory, "jobs")] == [
        "Production-VM-Backup", "Test-VM-Backup", "SQL-Servers-Backup",
    ]  # fmt: skip
    assert len(inventory.files) == 3


# --- Live Optics

VM = "VM Name,VM OS,Guest IP1,Guest IP2,Power State,MOB ID,vCenter,UUID,Template"


def test_live_optics_gives_vms_by_their_uuid(tmp_path: Path) -> None:
    file = write(
        tmp_path / "VMs.csv", VM,
        ["sql", WINDOWS, "169.254.1.1", "10.0.1.5", "poweredOn", "vm-1", "vc", "AB-1", "False"],
        ["sql", WINDOWS, "10.0.2.5", "", "Powered Off", "vm-2", "", "ab-2", "False"],
        ["tmpl", WINDOWS, "", "", "poweredOff", "vm-3", "vc", "ab-3", "True"],
        ["vCLS-0a1b", "Other Linux", "", "", "poweredOn", "vm-4", "vc", "ab-4", "False"],
        ["lost", WINDOWS, "", "", "poweredOn", "vm-5", "vc", "", "False"],
        ["sql", WINDOWS, "10.0.9.9", "", "poweredOn", "vm-1", "vc", "ab-1", "False"],
        ["bare", "", "", "", "", "", "", "", ""],
    )  # fmt: skip
    inventory = read_liveoptics(file, None)
    assert rows(inventory, "vms") == [
        ("ab-1", "sql", WINDOWS, "10.0.1.5", "vmware", "true"),
        ("ab-2", "sql", WINDOWS, "10.0.2.5", "", "false"),
        ("vc/vm-5", "lost", WINDOWS, "", "vmware", "true"),
        ("bare", "bare", "", "", "", ""),
    ]
    assert codes(inventory) == [
        ("absent_columns", "VMs.csv"),
        ("left_out", "vms"), ("repeated_vms", "vms"),
    ]  # fmt: skip
    assert rows(inventory, "vm_places")[:2] == [("ab-1", "vc", "vm-1"), ("ab-2", "", "vm-2")]


def test_the_shared_workbook_is_read() -> None:
    inventory = read_liveoptics(shared("liveoptics/liveoptics_constructed.xlsx"), None)
    vms = {vm: (name, networks) for vm, name, _, networks, _, _ in rows(inventory, "vms")}
    assert len(vms) == 8
    tokyo = ("tok-sql-01", "10.10.110.21;10.10.190.21")
    assert vms["f3a3c571-7476-4899-b5a3-adb3254a9493"] == tokyo
    assert vms["94aa3bff-595f-46ff-9761-1f4ee0cb1e6b"] == ("osa-off-01", "")


def test_a_sheet_without_the_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        EstateError, match="has no column VM OS, Guest IP1, Power State, MOB ID, UUID"
    ):
        read_liveoptics(write(tmp_path / "VMs.csv", "VM Name,Template,vCenter"), None)


# --- any other table


def table(
    path: Path, into: Table, *mapping: str, split: str = ",;| ", encoding: str | None = None
) -> Inventory:
    return read_generic_table(path, into, mapping, split, encoding)


def test_a_script_s_csv_becomes_vms(tmp_path: Path) -> None:
    file = write(
        tmp_path / "vms.csv", "Name,Id,OS = guest,IPAddress,Extra",
        ["SQL", "vm-1", WINDOWS, "10.0.1.5 fe80::1|10.0.1.5", "10.0.2.5/24"],
        ["=cmd|' /C calc'!A0", "vm-2", "", "unknown", "../../etc/passwd"],
        ["", "", WINDOWS, "10.0.1.6", ""],
        ["sql-01", "vm-1", WINDOWS, "10.0.3.5", ""],
    )  # fmt: skip
    inventory = table(
        file, VMS, "Id=vm", "Name=name", "OS = guest=os", "IPAddress=networks", "Extra=networks"
    )
    assert rows(inventory, "vms") == [
        ("vm-1", WINDOWS, "10.0.1.5;10.0.2.5;10.0.3.5", "SQL"),
        ("vm-2", "", "../../etc/passwd", "=cmd|' /C calc'!A0"),
    ]
    # the third row lies in line 4; the rows of vm-1 differ in their names
    assert codes(inventory) == [("row_without_key", "vms.csv:4"), ("differing_rows", "vm-1")]


def test_one_column_may_be_two_fields(tmp_path: Path) -> None:
    file = write(tmp_path / "subnets.csv", "cidr,site", ["10.0.1.0/24", "Oslo"])
    inventory = table(file, NETWORKS, "cidr=network", "cidr=cidr", "site=site")
    assert rows(inventory, "networks") == [("10.0.1.0/24", "10.0.1.0/24", "Oslo")]


def test_other_lists_and_encodings_are_read(tmp_path: Path) -> None:
    file = write(
        tmp_path / "s.csv", "名前,役割,場所", ["東京-01", "repository, backup_proxy", "本社 東"],
        encoding="cp932",
    )  # fmt: skip
    mapping = ("名前=server", "役割=roles", "場所=networks")
    assert rows(table(file, SERVERS, *mapping, split=",", encoding="cp932"), "servers") == [
        ("東京-01", "repository;backup_proxy", "本社 東")
    ]


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        (["Id=vm", "Nane=name"], "vms.csv: 'Nane' is not one of its columns; choose from Name, Id"),
        (["Id=vm", "Nane=name"], "did you mean 'Name'?"),
        (["Id=vm", "Name=nam"], "--map: 'Name=nam' names no field of vms; choose from vm, os"),
        (["Id=vm", "Name=nam"], "did you mean 'name'?"),
        (["Name=name"], '--map: leaves out vm, the key of vms; add --map "column=vm"'),
        (["Id=vm", "Name=vm"], "'Name=vm' maps vm again; map one column to it"),
        (["Id"], "'Id' is not column=field"),
        (["=vm"], "'=vm' is not column=field"),
        ([], "leaves out vm"),
    ],
)
def test_a_wrong_mapping_says_what_was_meant(tmp_path: Path, mapping: list[str], says: str) -> None:
    with pytest.raises(EstateError) as caught:
        table(write(tmp_path / "vms.csv", "Name,Id"), VMS, *mapping)
    assert says in str(caught.value)


@few
@given(st.lists(st.text(max_size=5), max_size=6), st.text(st.characters(codec="ascii"), max_size=4))
def test_cells_are_split_at_the_given_characters_only(parts: list[str], split: str) -> None:
    cell = "x".join(parts)
    items = separators(split).split(cell)
    assert all(not set(item) & {*split, ";"} for item in items)
    assert "".join(items) == "".join(sign for sign in cell if sign not in {*split, ";"})


@pytest.mark.parametrize(
    ("items", "left"),
    [
        (["169.254.86.198", "10.20.110.41"], ["10.20.110.41"]),
        (["fe80::1%eth0", "2001:DB8:0::6"], ["2001:db8::6"]),
        (["::ffff:10.0.0.1", "127.0.0.1", "::", "224.0.0.1"], ["10.0.0.1"]),
        (["10.0.0.7/24", "10.0.0.0/24", "10.0.0.7"], ["10.0.0.7", "10.0.0.0/24"]),
        (["unknown", "N/A", "", "hq"], ["hq"]),
    ],
)
def test_an_address_that_says_nothing_is_dropped(items: list[str], left: list[str]) -> None:
    assert placing_addresses(items) == left


def test_the_shared_script_output_is_read() -> None:
    mapping = ("Id=vm", "Name=name", "GuestFullName=os", "IPAddress=networks")
    inventory = table(shared("powercli/vm_guestip.csv"), VMS, *mapping)
    assert len(inventory.tables["vms"]) == 10
    assert rows(inventory, "vms")[3][2] == "10.20.110.41"  # and not 169.254.86.198


# --- the commands


def shown(output: str) -> list[str]:
    return [line.replace("│", " ") for line in output.splitlines()]


def test_a_kind_is_merged_and_told(tmp_path: Path) -> None:
    file, out = write(tmp_path / "v.csv", "Id,IP", ["vm-1", "10.0.1.5"]), tmp_path / "estate"
    words = ["table", str(file), "--into", "vms", "--map", "Id=vm", "--map", "IP=networks"]
    done = CliRunner().invoke(click.Group(commands=list(KINDS)), [*words, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert ["vms", "1", "0", "0"] in [line.strip("│ ").split() for line in shown(done.output)]
    assert ["vms.csv", "os", "1"] in [line.split()[:3] for line in shown(done.output)]
    assert (out / "vms.csv").read_text("utf-8-sig").splitlines()[1].startswith("vm-1,,10.0.1.5,")


@pytest.mark.parametrize("words", [[], ["a.json", "--url", "https://n"], ["a.json", "--vms"]])
def test_netbox_is_read_from_files_or_live(tmp_path: Path, words: list[str]) -> None:
    done = CliRunner().invoke(netbox, [*words, "--out", str(tmp_path / "estate")])
    assert done.exit_code == 2
    assert "--url" in done.output
