"""What a newcomer's first files do: taken as they are meant, or told with place and remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xlsxwriter
from first_hour import INFO, JOBS, SERVERS, WINDOWS, estate, rows, run, rvtools, table, write

from models.ruleset import is_maybe_windows, is_maybe_windows_server
from optimizer.inputs.importers.closed_sets import FLAGS, plain
from optimizer.inputs.importers.shared_addresses import is_bridge
from optimizer.inputs.starter_links import hub_links


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- importers are strict


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


# --- JSON


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


# --- addresses


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


# --- systems


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


# --- names


def test_names_and_ids_give_the_same_plan() -> None:
    called = {"u1": "web", "u2": "db", "u3": "twin", "u4": "twin"}
    lines = [f"{vm},Windows,n,{name}" for vm, name in called.items()]
    vms = "\n".join(["vm,os,networks,name", *lines, ""])
    plans = []
    for members in ("j,u1\nj,u2\n", "j,web\nj,u2\n"):
        estate(vms=vms, job_vms=f"job,vm\n{members}")
        run("plan", "estate", "--out", "plan")
        plans.append(Path("plan/assignments.csv").read_bytes())
    assert plans[0] == plans[1]
    estate(vms=vms, job_vms="job,vm\nj,web\nj,u1\n")
    assert "'u1' is in this job already" in run("check", "estate", code=1)
    estate(vms=vms, job_vms="job,vm\nj,twin\n")
    assert "'twin' is the name of 2 VMs; write an id, such as u3" in run("check", "estate", code=1)


def test_members_are_imported_by_name_before_and_after_their_vms() -> None:
    write("members.csv", "Job,VM\nj,WEB\nj,twin\n")
    named = ("--map", "Job=job", "--map", "VM=vm")
    write(
        "RVTools_tabvInfo.csv",
        f"{INFO}\nweb,poweredOn,u1,{WINDOWS},10.1.1.1\ntwin,poweredOn,u2,{WINDOWS},10.1.1.2\n"
        f"twin,poweredOn,u3,{WINDOWS},10.1.1.3\n",
    )
    table("members.csv", "job_vms", *named)
    told = rvtools("RVTools_tabvInfo.csv")
    assert "twin: the name of 2 VMs: write one's id in job_vms.csv: u2, u3" in told
    assert [row["vm"] for row in rows("estate/job_vms.csv")] == ["u1", "twin"]
    table("members.csv", "job_vms", *named)
    assert [row["vm"] for row in rows("estate/job_vms.csv")] == ["u1", "twin"]


def test_a_vm_known_by_name_is_the_one_with_that_name() -> None:
    write("RVTools_tabvInfo.csv", f"{INFO}\nweb,poweredOn,u1,{WINDOWS},10.1.1.1\n")
    write("vms.csv", "vm,os,networks\nweb,Windows,10.1.1.1\n")
    for first in (True, False):
        if first:
            rvtools("RVTools_tabvInfo.csv")
        told = table("vms.csv", "vms")
        if not first:
            told = rvtools("RVTools_tabvInfo.csv")
        assert "1 VM found again by name" in told
        assert [row["vm"] for row in rows("estate/vms.csv")] == ["u1" if first else "web"]
        for path in Path("estate").iterdir():
            path.unlink()


def test_a_vcenter_by_two_names_is_told_and_joined() -> None:
    job = {
        "id": "1", "name": "j", "type": "VSphereBackup", "isDisabled": False,
        "virtualMachines": {"includes": [
            {"type": "VirtualMachine", "hostName": "vcenter1", "name": "web", "objectId": "vm-7"}]},
        "guestProcessing": {"appAwareProcessing": {"isEnabled": True},
                            "guestInteractionProxies": {"autoSelectEnabled": True}},
        "schedule": {"daily": {"isEnabled": True, "localTime": "22:00", "dailyKind": "Everyday"}},
    }  # fmt: skip
    write("saved/jobs.json", json.dumps({"data": [job]}))
    header = INFO.replace("VM UUID", "VM ID,VI SDK Server,VM UUID")
    write(
        "RVTools_tabvInfo.csv",
        f"{header}\nweb,poweredOn,vm-9,vc1.example.com,u1,{WINDOWS},10.1.1.1\n",
    )
    rvtools("RVTools_tabvInfo.csv")
    told = run("import", "veeam", "saved", "--out", "estate")
    assert "if both are one server, give --same vcenter1=vc1.example.com" in told
    for path in Path("estate").iterdir():
        path.unlink()
    write(
        "RVTools_tabvInfo.csv",
        f"{header}\nweb-old,poweredOn,vm-7,vc1.example.com,u1,{WINDOWS},10.1.1.1\n",
    )
    rvtools("RVTools_tabvInfo.csv")
    run("import", "veeam", "saved", "--same", "vcenter1=vc1.example.com", "--out", "estate")
    assert [row["vm"] for row in rows("estate/job_vms.csv")] == ["u1"]
    told = run("import", "veeam", "saved", "--same", "vcenter1", "--out", "estate", code=1)
    assert "--same: 'vcenter1' is not name=other" in told


def test_a_plan_that_calls_a_vm_otherwise_is_found_out() -> None:
    estate(vms="vm,os,networks,name\nu1,Windows,n,web\n", job_vms="job,vm\nj,u1\n")
    run("plan", "estate", "--out", "plan")
    path = Path("plan/assignments.csv")
    path.write_bytes(path.read_bytes().replace(b",web", b",db"))
    told = run("check", "estate", "plan", code=1)
    assert "vm 'u1': vm_name is 'db', expected 'web'" in told


# --- networks without a mask


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


# --- what to do next


def test_import_and_check_say_what_blocks_what_it_costs_and_what_comes_next() -> None:
    write(
        "RVTools_tabvInfo.csv",
        f"{INFO}\na,poweredOn,u1,{WINDOWS},10.1.1.1\nb,poweredOn,u2,,10.1.1.2\n",
    )
    told = rvtools("RVTools_tabvInfo.csv")
    assert "Still missing for a plan" in told
    assert "Next: gip import veeam" in told
    table(write("s.csv", SERVERS.replace(",n\n", ",10.1.1.9\n")), "servers")
    table(write("j.csv", JOBS), "jobs")
    told = table(write("m.csv", "job,vm\nj,a\nj,b\n"), "job_vms")
    assert "Still missing" not in told
    unserved = "1 VM of 2 would stay without a proxy: 1 whose system is unknown"
    assert f"You can plan now; {unserved}" in told
    assert "gip init estate --links hub" in told
    assert told.rstrip().endswith("Next: gip plan estate --out PLAN")
    assert "You can plan now; 1 VM of 2" in run("check", "estate")
    assert json.loads(run("check", "estate", "--json"))["readiness"]["unserved"] == 1
    run("init", "estate", "--links", "hub")
    assert [(row["from"], row["to"]) for row in rows("estate/links.csv")] == [
        ("10.1.1.0/24", "hub")
    ]
    assert "links.csv" not in run("check", "estate")


def test_the_star_of_links() -> None:
    assert hub_links({"a": "x", "b": "x", "rtr-x": "", "hub": "y"}) == [
        ("a", "rtr-x-router"), ("b", "rtr-x-router"), ("rtr-x", "hub-router"), ("hub", "rtr-y"),
        ("rtr-x-router", "hub-router"), ("rtr-y", "hub-router"),
    ]  # fmt: skip


def test_facts_of_a_hyper_v_host_are_inferred_and_told() -> None:
    write(
        "servers.csv",
        "server,os,roles,networks\nv,Windows Server 2022,backup_server,n\n"
        "h,Windows Server 2019 Datacenter,hyperv_host,n\no,Windows Server 2012 R2,,n\n",
    )
    told = table("servers.csv", "servers")
    assert "powershell_version 5.1 is taken for 2 servers (v, h)" in told
    told = table(write("vms.csv", "vm,os,networks,host\na,Windows,,h\nb,Windows,n,\n"), "vms")
    assert "platform and host_version of 1 VM follow from their hosts" in told
    assert [(row["platform"], row["host_version"]) for row in rows("estate/vms.csv")] == [
        ("hyperv", "2019"), ("", ""),
    ]  # fmt: skip
    assert [row["powershell_version"] for row in rows("estate/servers.csv")] == ["5.1", "5.1", ""]


def test_explain_names_the_version_of_powershell_that_is_empty() -> None:
    estate(
        servers="server,os,roles,networks,powershell_version\n"
        "vbr,Windows Server 2022,backup_server,n,5.1\nhvn,Windows Server 2022,hyperv_host,n,\n",
        vms="vm,os,networks,platform,host,host_version\nv1,Windows Server 2022,,hyperv,hvn,2022\n",
        job_vms="job,vm\nj,v1\n",
    )
    run("plan", "estate", "--out", "plan")
    told = json.loads(run("explain", "estate", "plan", "v1", "--json"))["tasks"][0]
    assert told["changes"] == [
        {
            "tier": 3,
            "server": "hvn",
            "change": "set powershell_version of hvn to 5.1 in servers.csv",
        }
    ]
    texts = {reason["text"] for server in told["servers"] for reason in server["reasons"]}
    assert "powershell_version of hvn is empty in servers.csv; 2.0 or later is needed" in texts


# --- findings


def test_the_backup_server_over_its_own_limit_is_told_and_pins_the_peak() -> None:
    linux = [f"lx{number}" for number in range(11)]
    windows = [f"win{number}" for number in range(10)]
    estate(
        servers="server,os,roles,networks,max_tasks\nvbr,Windows Server 2022,backup_server,n,5\n",
        vms="vm,os,networks\n" + "".join(f"{vm},Ubuntu,n\n" for vm in linux)
        + "".join(f"{vm},Windows,n\n" for vm in windows),
        jobs="job,start,duration_minutes,application_aware\nmany,20:00,60,true\nfew,22:00,60,true\n"
        "win,22:00,60,true\n",
        job_vms="job,vm\n" + "".join(f"many,{vm}\n" for vm in linux[:8])
        + "".join(f"few,{vm}\n" for vm in linux[8:]) + "".join(f"win,{vm}\n" for vm in windows),
    )  # fmt: skip
    run("plan", "estate", "--out", "plan", code=3)
    record = json.loads(Path("plan/plan.json").read_bytes())
    assert record["aims"][0]["value"] == 2  # at 22:00 it runs 3 of its own, of 5
    found = {row["code"]: row for row in rows("plan/findings.csv")}
    assert (
        "runs 8 tasks of its own at mon 20:00, and its max_tasks is 5"
        in (found["backup_server_over_limit"]["detail"])
    )
    assert "8 tasks at mon 20:00" in found["peak_pinned"]["detail"]


# --- settings, tables, folders


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
