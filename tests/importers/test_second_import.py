"""What a second file, page or sheet says beside the first: taken, or told, never lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from first_hour import INFO, WINDOWS, rows, run, rvtools, write


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def machine(number: int) -> dict[str, str]:
    return {
        "platform": "VMware", "type": "VirtualMachine", "hostName": "vc", "name": f"m{number}",
        "objectId": f"vm-{number}",
    }  # fmt: skip


def job(excluded: list[int], number: str = "j1", name: str = "Daily") -> dict[str, Any]:
    guests = {"appAwareProcessing": {"isEnabled": True}}
    return {
        "id": number, "name": name, "type": "VSphereBackup", "isDisabled": False,
        "virtualMachines": {
            "includes": [machine(1), machine(2)],
            "excludes": {"vms": [{"inventoryObject": machine(number)} for number in excluded]},
        },
        "guestProcessing": guests,
        "schedule": {"runAutomatically": True,
                     "daily": {"isEnabled": True, "localTime": "22:00", "dailyKind": "Everyday"}},
    }  # fmt: skip


def saved(file: str, jobs: list[dict[str, Any]], total: int) -> None:
    page = {"data": jobs, "pagination": {"total": total}}
    write(f"{file}.json", json.dumps(page))


def test_what_a_job_excludes_by_now_stays_and_is_told_or_is_left_out() -> None:
    saved("saved/jobs", [job([])], 1)
    run("import", "veeam", "saved", "--out", "estate")
    saved("saved/jobs", [job([2])], 1)
    told = run("import", "veeam", "saved", "--out", "estate")
    assert "Daily: excludes 1 VM that job_vms.csv has: kept; --replace leaves" in told
    assert [row["vm"] for row in rows("estate/job_vms.csv")] == ["vc/vm-1", "vc/vm-2"]
    told = run("import", "veeam", "saved", "--out", "estate", "--replace")
    assert "Daily: excludes 1 VM that job_vms.csv has: left out" in told
    assert [row["vm"] for row in rows("estate/job_vms.csv")] == ["vc/vm-1"]
    assert "excludes" not in run("import", "veeam", "saved", "--out", "estate")


def test_a_page_that_is_saved_twice_counts_once() -> None:
    for file in ("saved/jobs", "saved/jobs-2"):
        saved(file, [job([])], 2)
    told = run("import", "veeam", "saved", "--out", "estate")
    assert "jobs: 1 more are there than the files hold: save the other pages, too" in told
    assert [row["job"] for row in rows("estate/jobs.csv")] == ["Daily"]
    saved("saved/jobs-2", [job([]), job([])], 2)
    assert "jobs: 1 more are there" in run("import", "veeam", "saved", "--out", "estate")
    saved("saved/jobs-2", [job([], "j2", "Weekly")], 2)
    assert "more are there" not in run("import", "veeam", "saved", "--out", "other")
    assert {row["job"] for row in rows("other/jobs.csv")} == {"Daily", "Weekly"}


def test_a_second_sheet_of_a_name_is_read() -> None:
    book = xlsxwriter.Workbook("two.xlsx")
    for number, name in enumerate(("vInfo", "vInfo (2)", "vInfo of old")):
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, INFO.split(","))
        sheet.write_row(1, 0, [f"m{number}", "poweredOn", f"u{number}", WINDOWS, "10.1.1.1"])
    book.close()
    rvtools("two.xlsx")
    assert [row["name"] for row in rows("estate/vms.csv")] == ["m0", "m1"]


@pytest.mark.parametrize("spellings", [["web01"], ["web01", "Web01"]])
def test_a_vm_known_by_name_only_is_found_whatever_the_case(spellings: list[str]) -> None:
    write("names.csv", "vm\nWEB01\n")
    run("import", "table", "names.csv", "--into", "vms", "--map", "vm=vm", "--out", "estate")
    lines = [f"{name},poweredOn,u{n},{WINDOWS},10.1.1.{n}" for n, name in enumerate(spellings)]
    write("RVTools_tabvInfo.csv", "\n".join((INFO, *lines)))
    rvtools("RVTools_tabvInfo.csv")
    # Two that differ in case only are not one machine.
    assert len(rows("estate/vms.csv")) == (1 if len(spellings) == 1 else 3)


def test_a_section_in_braces_is_a_section() -> None:
    write("estate/estate.toml", 'format = 1\nlicense = {type = "vul"}\n')
    saved("saved/jobs", [job([])], 1)
    write("saved/license.json", json.dumps({"type": "Rental", "instanceLicenseSummary": {}}))
    run("import", "veeam", "saved", "--out", "estate")
    assert 'type = "vul"' in Path("estate/estate.toml").read_text()


def test_many_wrong_cells_are_counted_by_their_text() -> None:
    lines = [f"j{n},{'25:00' if n % 2 else f'x{n}'}" for n in range(3000)]
    write("jobs.csv", "\n".join(("job,start", *lines)))
    words = ("--into", "jobs", "--map", "job=job", "--map", "start=start", "--out", "estate")
    told = run("import", "table", "jobs.csv", *words, code=1)
    assert "jobs.csv:3: start: '25:00' is not a time of day (1500 rows)" in told
    assert "jobs.csv:2: start: 'x0' is not a time of day; write" in told


def test_a_message_names_the_line_though_lines_are_blank() -> None:
    write("jobs.csv", "job,start\n\na,22:00\n\nb,soon\n,23:00\n\n")
    words = ("--into", "jobs", "--map", "job=job", "--map", "start=start", "--out", "estate")
    assert "jobs.csv:5: start: 'soon' is not a time" in run(
        "import", "table", "jobs.csv", *words, code=1
    )
    write("plan.csv", "cidr,name\n\n10.1.1.0/24,a\n\nsoon,b\n")
    write(
        "RVTools_tabvInfo.csv", f"{INFO}\n\nm,off?,u,{WINDOWS},\n\nn,poweredOn,u2,{WINDOWS},soon\n"
    )
    told = rvtools("RVTools_tabvInfo.csv")
    assert "RVTools_tabvInfo.csv:3: Powerstate: 'off?' is not" in told
    assert "RVTools_tabvInfo.csv:5: Primary IP Address: 'soon' is not" in told
    told = rvtools("RVTools_tabvInfo.csv", "--networks", "plan.csv", code=1)
    assert "plan.csv:5: cidr: 'soon' is not" in told
