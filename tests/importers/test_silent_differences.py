"""Inventories that are cut, renamed or of other words: told or refused, never misread."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from models.diagnostics import Finding
from models.errors import EstateError
from models.imported_tables import Inventory
from optimizer.inputs.importers.healthcheck.reader import read_healthcheck
from optimizer.inputs.importers.import_pipeline import run_import
from optimizer.inputs.importers.infoblox import read_infoblox
from optimizer.inputs.importers.liveoptics import read_liveoptics
from optimizer.inputs.importers.netbox.reader import read_netbox
from optimizer.inputs.importers.netbox.sources import read_saved_netbox
from optimizer.inputs.importers.rvtools.reader import read_rvtools
from optimizer.inputs.importers.veeam.reader import read_veeam
from optimizer.veeam.responses import Responses


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def column(inventory: Inventory, table: str, name: str) -> list[str]:
    return [str(cell) for cell in inventory.tables[table][name]]


def details(findings: tuple[Finding, ...], code: str) -> str:
    return "\n".join(f"{one.subject}: {one.detail}" for one in findings if one.code == code)


# --- RVTools


def test_vnetwork_alone_knows_what_is_off_and_what_is_a_template(tmp_path: Path) -> None:
    text = (
        "VM,Powerstate,Template,IPv4 Address\nweb,poweredOn,False,10.0.0.5\n"
        "old,poweredOff,False,10.0.0.6\nbase,poweredOff,True,10.0.0.7\nx,an,vielleicht,10.0.0.8\n"
    )
    read = read_rvtools([write(tmp_path / "RVTools_tabvNetwork.csv", text)])
    assert column(read, "vms", "name") == ["web", "old", "x"]
    assert column(read, "vms", "available") == ["true", "false", "true"]
    told = details(read.findings, "unknown_value")
    assert "'an'" in told
    assert "'vielleicht'" in told


def test_vnetwork_alone_says_what_is_assumed(tmp_path: Path) -> None:
    nics = write(tmp_path / "RVTools_tabvNetwork.csv", "VM,IPv4 Address\nweb,10.0.0.5\n")
    told = details(read_rvtools([nics]).findings, "absent_columns")
    assert "Powerstate (every VM is taken as powered on)" in told
    assert "Template (none is taken for a template)" in told
    info = write(tmp_path / "RVTools_tabvInfo.csv", "VM,Powerstate,Template\nweb,poweredOn,False\n")
    told = details(read_rvtools([info, nics]).findings, "absent_columns")
    assert "Powerstate" not in told


@pytest.mark.parametrize(
    "rows",
    [
        "a,n/a,N/A\nb,n/a,N/A\n",
        "a,unknown,-\nb,unknown,-\n",
        "a,none,null\nb,none,null\n",
        "a,4202-1,\nb,4202-1,\n",  # a copy that was restored
        "a,,vm-1\na,,vm-2\n",
        "a,4202-1,vm-1\na,4202-1,vm-2\n",
        "a,{00000000-0000-0000-0000-000000000000},\nb,00000000-0000-0000-0000-000000000000,\n",
    ],
)
def test_no_vm_is_lost_to_an_id_that_says_nothing(tmp_path: Path, rows: str) -> None:
    filled = rows.replace("\n", ",poweredOn\n")
    file = write(tmp_path / "RVTools_tabvInfo.csv", f"VM,VM UUID,VM ID,Powerstate\n{filled}")
    ids = column(read_rvtools([file]), "vms", "vm")
    assert len(set(ids)) == 2
    assert not {"n/a", "unknown", "none"} & set(ids)


def test_braces_around_a_uuid_make_no_other_vm(tmp_path: Path) -> None:
    rows = "VM,VM UUID,Powerstate\na,{4202-AB},poweredOn\na,4202-ab,poweredOn\n"
    read = read_rvtools([write(tmp_path / "RVTools_tabvInfo.csv", rows)])
    assert column(read, "vms", "vm") == ["4202-ab"]


def test_live_optics_cells_may_hold_several_addresses(tmp_path: Path) -> None:
    header = "VM Name,VM OS,Guest IP1,Power State,MOB ID,vCenter,UUID,Template"
    row = 'web,Windows,"10.0.0.5, fe80::1 10.0.0.6",poweredOn,vm-1,vc,{AB-1},False'
    read = read_liveoptics(write(tmp_path / "VMs.csv", f"{header}\n{row}\n"), None)
    assert column(read, "vms", "networks") == ["10.0.0.5;10.0.0.6"]
    assert column(read, "vms", "vm") == ["ab-1"]


# --- answers of the backup server


def answer(kind: str, document: Any) -> Responses:
    found = Responses()
    found.add(kind, f"{kind}.json", json.dumps(document).encode())
    return found


@pytest.mark.parametrize(
    ("kind", "document", "told"),
    [
        ("jobs", {"data": [], "pagination": "@{total=9}"}, "pagination is a text"),
        ("jobs", {"data": [], "pagination": {"total": "9"}}, "pagination.total is a text"),
        ("jobs", {"data": [], "Pagination": {"total": 9}}, "Pagination is called pagination"),
        ("jobs", {"data": [{"Name": "a", "type": "Backup"}]}, "Name is called name"),
        (
            "jobs", {"data": [{"name": "a", "type": "Backup", "schedule": {"Daily": {}}}]},
            "schedule.Daily is called daily",
        ),
        ("managedServers", {"data": [{"name": "a", "Type": "WindowsHost"}]}, "Type is called type"),
        ("license", {"edition": "Standard", "socketLicenseSummary": "@{x=1}"}, "is a text"),
        ("license", {"Edition": "Standard"}, "Edition is called edition"),
        ("serverInfo", [{"name": "s", "buildVersion": "13.0.1.1"}], "not a single object"),
        ("serverInfo", {"data": {"name": "s"}}, "not a single object"),
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_refused(kind: str, document: Any, told: str) -> None:
    with pytest.raises(EstateError) as caught:
        answer(kind, document)
    assert told in str(caught.value)


def test_answers_without_what_decides_say_so() -> None:
    found = read_veeam(answer("license", {"status": "Valid"}), 60)
    assert "edition" in details(found.findings, "absent_keys")
    found = read_veeam(answer("serverInfo", {"vbrId": "7"}), 60)
    assert "buildVersion" in details(found.findings, "absent_keys")


def test_types_that_nobody_here_knows_are_warnings() -> None:
    jobs = {"data": [{"name": name, "type": name} for name in ("HyperVCdp", "BackupCopy")]}
    found = read_veeam(answer("jobs", jobs), 60)
    assert details(found.findings, "unknown_job_type").startswith("HyperVCdp: 1 of this type")
    assert details(found.findings, "other_jobs").startswith("BackupCopy: ")
    servers = {"data": [{"name": name, "type": name} for name in ("Windows", "ViHost")]}
    found = read_veeam(answer("managedServers", servers), 60)
    assert details(found.findings, "unknown_server_type").startswith("Windows: 1 of this type")
    assert "1 ViHost" in details(found.findings, "other_servers")


def test_a_job_type_of_another_language_is_a_warning(tmp_path: Path) -> None:
    text = "Name,JobType,ScheduleOptions,IndexingType\na,Sicherung,,None\nb,BackupSync,,None\n"
    read = read_healthcheck([write(tmp_path / "x_Jobs.csv", text)], None)
    assert details(read.findings, "unknown_job_type").startswith("Sicherung: 1 of this type")
    assert details(read.findings, "other_jobs").startswith("BackupSync: ")


# --- IP plans, and files that hold nothing


def netbox(tmp_path: Path, **document: Any) -> Inventory:
    item = {"prefix": "10.1.1.0/24", "status": {"value": "active"}}
    path = write(tmp_path / "prefixes.json", json.dumps({"results": [item], **document}))
    return read_netbox([read_saved_netbox(path, None)])


def test_a_page_of_netbox_that_announces_more_is_told(tmp_path: Path) -> None:
    assert details(netbox(tmp_path, count=1).findings, "incomplete") == ""
    told = details(netbox(tmp_path, count=7).findings, "incomplete")
    assert told.startswith("prefixes.json: 6 more are announced")
    with pytest.raises(EstateError, match="count is a text"):
        netbox(tmp_path, count="7")


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_an_export_of_infoblox_that_a_spreadsheet_saved_again(tmp_path: Path, sign: str) -> None:
    text = "header-network,address*,netmask*\nnetwork,10.0.0.0,255.255.255.0\n".replace(",", sign)
    read = read_infoblox(write(tmp_path / "x.csv", text), None)
    assert column(read, "networks", "cidr") == ["10.0.0.0/24"]


@pytest.mark.parametrize("sign", ["|", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_csv_of_any_sign_and_mark(tmp_path: Path, sign: str, encoding: str) -> None:
    text = "VM,Powerstate,Template\nBüro,poweredOff,False\n".replace(",", sign)
    read = read_rvtools([write(tmp_path / "RVTools_tabvInfo.csv", text, encoding)])
    assert column(read, "vms", "name") == ["Büro"]
    assert column(read, "vms", "available") == ["false"]


def test_a_file_without_rows_is_told(tmp_path: Path) -> None:
    file = write(tmp_path / "RVTools_tabvInfo.csv", "VM,Powerstate,Template\n")
    result = run_import(tmp_path / "estate", [read_rvtools([file])], False, lambda step: None)
    assert details(result.findings, "no_rows").startswith("RVTools_tabvInfo.csv: ")


# --- schedules, runs and lists of the backup server's jobs


def job_of(**changed: Any) -> dict[str, Any]:
    daily = {"isEnabled": True, "localTime": "22:00", "dailyKind": "Everyday"}
    vm = {"type": "VirtualMachine", "name": "web", "objectId": "vm-1", "hostName": "vc"}
    return {
        "id": "j1", "name": "nightly", "type": "Backup",
        "virtualMachines": {"includes": [vm, changed.get("vm", vm)]},
        "guestProcessing": {"guestInteractionProxies": changed.get("proxies")},
        "schedule": {"runAutomatically": True, "daily": daily} | changed.get("schedule", {}),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ({"daily": {"isEnabled": True, "dailyKind": "SelectedDays"}}, "no day is"),
        ({"monthly": {"isEnabled": True, "localTime": "1:00"}}, "daily and monthly"),
        ({"daily": None, "monthly": {"isEnabled": True, "dayOfWeek": "Funday"}}, "'Funday'"),
        (
            {
                "daily": None,
                "periodically": {
                    "isEnabled": True, "backupWindow": {"days": [{"day": "monday", "hours": "0"}]},
                },
            },
            "on every day",
        ),
        ({"daily": None, "afterThisJob": {"isEnabled": True, "jobName": "gone"}}, "follows 'gone'"),
    ],
)  # fmt: skip
def test_a_schedule_that_says_less_than_it_seems_is_told(
    schedule: dict[str, Any], told: str
) -> None:
    found = read_veeam(answer("jobs", {"data": [job_of(schedule=schedule)]}), 60)
    assert any(told in finding.detail for finding in found.findings if finding.subject == "nightly")
    assert column(found, "jobs", "days") == ["daily"]


@pytest.mark.parametrize("listed", [[], ["00000000-0000-0000-0000-000000000000"]])
def test_a_list_without_a_known_server_is_told(listed: list[str]) -> None:
    proxies = {"autoSelectEnabled": False, "proxyIds": listed}
    found = read_veeam(answer("jobs", {"data": [job_of(proxies=proxies)]}), 60)
    assert details(found.findings, "no_known_proxy").startswith("nightly: ")


def test_an_object_that_nothing_names_is_counted() -> None:
    nameless = {"type": "VirtualMachine", "name": None, "objectId": None, "hostName": "vc"}
    found = read_veeam(answer("jobs", {"data": [job_of(vm=nameless)]}), 60)
    assert column(found, "job_objects", "name") == ["web"]
    assert "1 without a name" in details(found.findings, "row_without_name")


def minutes(start: str, end: str, job: str = "j1") -> tuple[str, str]:
    """Return the duration of a job that ran once, and what is told of the run's times."""
    run = {"id": "s", "jobId": job, "creationTime": start, "endTime": end}
    found = answer("jobs", {"data": [job_of()]})
    sessions = {"data": [run | {"result": {"result": "Success"}}]}
    found.add("sessions", "sessions.json", json.dumps(sessions).encode())
    read = read_veeam(found, 60)
    return column(read, "jobs", "duration_minutes")[0], details(read.findings, "unknown_value")


def test_times_of_runs_as_windows_powershell_writes_them() -> None:
    times = ("/Date(1704146400000)/", "/Date(1704150600000+0100)/")
    assert minutes(*times) == ("70", "")
    assert minutes("2024-01-01T22:00:00Z", "2024-01-01T23:10:00Z") == ("70", "")


def test_times_of_runs_that_cannot_be_read_are_quoted() -> None:
    length, told = minutes("01/01/2024 22:00", "01/01/2024 23:10")
    assert length == "60"
    assert "creationTime '01/01/2024 22:00' is no time (2 times)" in told
    nobody = "00000000-0000-0000-0000-000000000000"
    assert minutes("2024-01-01T22:00:00Z", "2024-01-01T23:10:00Z", nobody) == ("60", "")
