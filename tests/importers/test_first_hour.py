"""What a newcomer's first files do: taken as they are meant, or told with place and remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from first_hour import INFO, JOBS, SERVERS, WINDOWS, estate, rows, run, rvtools, table, write

from optimizer.inputs.starter_links import hub_links


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
        ("10.1.1.0/24 (guessed)", "hub")
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
