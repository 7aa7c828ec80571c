"""What importers refuse, or count and tell, instead of guessing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xlsxwriter
from first_hour import INFO, WINDOWS, estate, rows, run, rvtools, table, write

from optimizer.inputs.importers.closed_sets import FLAGS, plain


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_encoding_that_is_given_is_used() -> None:
    text = f"{INFO}\na,poweredOn,u1,{WINDOWS},10.1.1.1"
    for end in ("", "\n"):
        write("RVTools_tabvInfo.csv", text + end, "utf-16-le")
        assert "looks like UTF-16; name it: --encoding utf-16-le" in rvtools(
            "RVTools_tabvInfo.csv", code=1
        )
        rvtools("RVTools_tabvInfo.csv", "--encoding", "utf-16-le")
        assert [row["name"] for row in rows("estate/vms.csv")] == ["a"]
    run("check", "estate", code=1)  # no servers yet, but no NUL and no UTF-16 either
    write("RVTools_tabvInfo.csv", f"{INFO}\ngrün,poweredOn,u1,{WINDOWS},10.1.1.1\n")
    told = run(
        "import", "rvtools", "RVTools_tabvInfo.csv", "--encoding", "cp1252", "--out", "other"
    )
    assert "read as cp1252, as --encoding says, though it is valid UTF-8, too" in told
    assert rows("other/vms.csv")[0]["name"] == "grÃ¼n"


def test_a_nul_in_a_hand_made_table_is_an_error() -> None:
    estate(vms="vm,os,networks\na\0b,Windows,n\n", job_vms="job,vm\n")
    assert "vms.csv:2: holds NUL characters" in run("check", "estate", code=1)


def test_a_tab_without_its_columns_is_refused() -> None:
    write("RVTools_tabvInfo.csv", INFO.replace("VM,", "Name,", 1) + "\na,poweredOn,u1,x,10.1.1.1\n")
    told = rvtools("RVTools_tabvInfo.csv", code=1)
    assert "RVTools_tabvInfo.csv:1: has no column VM, which vInfo needs" in told
    assert not Path("estate").exists()
    write("RVTools_tabvInfo.csv", f"Inventory of May\n{INFO}\na,poweredOn,u1,x,10.1.1.1\n")
    assert "its first line seems to be a title" in rvtools("RVTools_tabvInfo.csv", code=1)
    write("RVTools_tabvInfo.csv", f"Inventory,,,,\n{INFO}\na,poweredOn,u1,x,10.1.1.1\n")
    assert "its first line seems to be a title" in rvtools("RVTools_tabvInfo.csv", code=1)
    write("RVTools_tabvInfo.csv", "VM,Betriebszustand\na,ein\n")
    assert "is it of another language" in rvtools("RVTools_tabvInfo.csv", code=1)
    write("people.csv", "Name,Age\nx,1\n")
    assert "people.csv:1: is no tab of RVTools by its columns" in rvtools("people.csv", code=1)


def test_rows_without_a_name_are_counted_and_error_cells_are_no_blanks() -> None:
    write(
        "RVTools_tabvInfo.csv", f"{INFO}\na,poweredOn,u1,#N/A,10.1.1.1\n,poweredOn,u2,x,10.1.1.2\n"
    )
    told = rvtools("RVTools_tabvInfo.csv")
    assert "1 row without a name left out: RVTools_tabvInfo.csv:3 (VM UUID u2)" in told
    assert "RVTools_tabvInfo.csv:2: the error #N/A in 1 cell of column OS according" in told
    assert [(row["vm"], row["os"]) for row in rows("estate/vms.csv")] == [("u1", "")]


def test_error_cells_and_formulas_of_a_workbook_are_told() -> None:
    book = xlsxwriter.Workbook("x.xlsx")
    book.add_worksheet("vHost").write_row(0, 0, ["Host"])
    sheet = book.add_worksheet("vInfo")
    sheet.write_row(0, 0, INFO.split(","))
    for row in (1, 2):
        sheet.write_row(row, 0, [f"vm{row}", "poweredOn", f"u{row}", WINDOWS, f"10.1.1.{row}"])
    sheet.write_formula(1, 3, "=NA()", None, "#N/A")
    sheet.write_formula(2, 0, "=1/0", None, "#DIV/0!")
    book.close()
    told = rvtools("x.xlsx")
    assert "x.xlsx:2: the error #N/A in 1 cell of column OS" in told
    assert "x.xlsx:3: the error #DIV/0! in 1 cell of column VM" in told
    assert "1 row without a name left out: x.xlsx, sheet vInfo:3 (VM UUID u2)" in told


@pytest.mark.parametrize(
    ("yes", "no"),
    [("WAHR", "FALSCH"), ("VRAI", "FAUX"), ("VERDADERO", "FALSO"), ("ИСТИНА", "ЛОЖЬ")],
)
def test_templates_are_known_in_any_language_of_excel(yes: str, no: str) -> None:
    header = "VM;Powerstate;Template;SRM Placeholder;VM UUID;OS according to the VMware Tools"
    lines = (f"a;poweredOn;{no};{no}", f"b;poweredOn;{yes};{no}", f"c;poweredOn;{no};{yes}")
    body = "\n".join(f"{line};u{place};{WINDOWS}" for place, line in enumerate(lines))
    write("RVTools_tabvInfo.csv", f"{header}\n{body}\n")
    rvtools("RVTools_tabvInfo.csv")
    assert [row["name"] for row in rows("estate/vms.csv")] == ["a"]


def test_yes_and_no_are_two_sets() -> None:
    assert {FLAGS.meaning(word) for word in ("Wahr", "sì", "1", "X")} == {"true", None}
    assert all(plain(word) == word for word in FLAGS.meanings)


def test_words_outside_a_closed_set_are_told_with_value_and_place() -> None:
    header = INFO.replace("VM UUID", "Template,Connection state,VM UUID")
    write(
        "RVTools_tabvInfo.csv",
        f"{header}\na,eingeschaltet,vielleicht,weg,u1,{WINDOWS},10.1.1.1\n"
        f"b,Powered Off,nein,connected,u2,{WINDOWS},nowhere\n",
    )
    told = rvtools("RVTools_tabvInfo.csv")
    assert "csv:2: Powerstate: 'eingeschaltet' is not poweredOn, poweredOff or suspended" in told
    assert "csv:2: Template: 'vielleicht' is not true or false: taken as no template" in told
    run("import", "rvtools", "RVTools_tabvInfo.csv", "--out", "estate", "--json")
    found = json.loads(run("import", "rvtools", "RVTools_tabvInfo.csv", "--out", "e2", "--json"))
    details = [finding["detail"] for finding in found["findings"]]
    assert any("Connection state: 'weg'" in detail for detail in details)
    assert any("'nowhere' is not an address" in detail for detail in details)
    assert [row["available"] for row in rows("estate/vms.csv")] == ["true", "false"]


def test_roles_and_days_are_checked_at_import_each_text_once() -> None:
    write(
        "servers.csv",
        "Hostname,OS,Role,IP\nv,Windows Server 2022,backup server,10.0.0.1\n"
        "p,Windows Server 2022,proxy,10.0.0.2\nq,Windows Server 2022,proxy,10.0.0.3\n"
        "h,Windows Server 2022,hyper-v host,10.0.0.4\n",
    )
    named = (
        "--map",
        "Hostname=server",
        "--map",
        "OS=os",
        "--map",
        "Role=roles",
        "--map",
        "IP=networks",
    )
    told = table("servers.csv", "servers", *named, code=1)
    assert "servers.csv:2: Role: 'backup server' is not known here" in told
    assert "servers.csv:3: Role: 'proxy' is not known here (2 rows)" in told
    assert told.count("'proxy'") == 1
    assert "give --value 'hyper-v host=hyperv_host'" in told
    words = ("proxy=", "backup server=backup_server", "roles:hyper-v host=hyperv_host")
    table("servers.csv", "servers", *named, *(part for word in words for part in ("--value", word)))
    assert [row["roles"] for row in rows("estate/servers.csv")] == [
        "backup_server", "", "", "hyperv_host",
    ]  # fmt: skip
    write(
        "jobs.csv", 'job,start,duration_minutes,days,log_processing\nj,22:00:00,60,"Mon,Tue",Ja\n'
    )
    told = table("jobs.csv", "jobs", code=1)
    assert "jobs.csv:2: days: 'Mon,Tue' is not a list of days" in told
    assert "give --split ," in told
    table("jobs.csv", "jobs", "--split", ",")
    (job,) = rows("estate/jobs.csv")
    assert (job["start"], job["days"], job["log_processing"]) == ("22:00", "Mon;Tue", "true")


def test_a_text_in_place_of_a_list_is_refused_with_its_path() -> None:
    job = {
        "id": "1", "name": "j", "type": "VSphereBackup", "isDisabled": "True",
        "guestProcessing": {"guestInteractionProxies": {"proxyIds": "6745a759"}},
        "schedule": {"daily": {"isEnabled": True, "localTime": "22:00", "days": "Saturday Sunday"}},
    }  # fmt: skip
    write("saved/jobs.json", json.dumps({"data": [job]}))
    told = run("import", "veeam", "saved", "--out", "estate", code=1)
    assert "jobs.json: job j: schedule.daily.days is a text, not a list" in told
    assert "guestProcessing.guestInteractionProxies.proxyIds is a text, not a list" in told
    assert "isDisabled is a text, not true or false ('True')" in told
    assert "ConvertTo-Json -Depth" in told
    assert not Path("estate").exists()
    write("prefixes.json", json.dumps([{"prefix": "10.1.1.0/24", "site": 5}]))
    told = run("import", "netbox", "prefixes.json", "--out", "estate", code=1)
    assert "site is a number, not an object (5)" in told


def test_a_nul_in_an_answer_does_not_enter_an_estate() -> None:
    write("prefixes.json", '[{"prefix": "10.1.1.0/24", "site": {"name": "a\\u0000b"}}]')
    told = run("import", "netbox", "prefixes.json", "--out", "estate", code=1)
    assert "prefixes.json: site: 'a\\x00b' holds a NUL character" in told


def test_an_unknown_key_or_section_is_an_error() -> None:
    estate(vms="vm,os,networks\na,Windows,n\n", job_vms="job,vm\nj,a\n")
    for text, said in (
        ('[failovr]\ncapacity = "enforce"\n', "estate.toml:1: 'failovr' is no section of settings"),
        ('[failover]\ncapasity = "enforce"\n', "estate.toml:2: 'failover.capasity' is no setting"),
        ('capacity = "enforce"\n', "did you mean 'failover.capacity'?"),
    ):
        write("estate/estate.toml", text)
        told = run("check", "estate", code=1)
        assert said in told
        assert "did you mean" in told


def test_a_plan_is_not_written_into_its_estate() -> None:
    estate(vms="vm,os,networks\na,Windows,n\n", job_vms="job,vm\nj,a\n")
    for command in ("plan", "simulate"):
        assert "is the estate itself" in run(command, "estate", "--out", "estate/../estate", code=2)
    assert not Path("estate/plan.json").exists()


def test_tables_tell_of_their_columns() -> None:
    assert "job_vms" in run("tables")
    assert "application_aware" in run("tables", "jobs")
    assert json.loads(run("tables", "vms.csv", "--json"))["tables"][0]["key"] == ["vm"]
    assert "did you mean 'servers'?" in run("tables", "serverz", code=2)
