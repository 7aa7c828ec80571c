"""What an import says of words, names and addresses that it cannot use, and what then helps."""

from __future__ import annotations

from pathlib import Path

import pytest
from first_hour import INFO, JOBS, WINDOWS, rows, run, rvtools, table, write

SHEET = "Job;Start;Minutes;Days;Proxies\nj;22:00;60;Mo,Di;automatisch\nk;23:00;60;täglich;p\n"
NAMED = ("Job=job", "Start=start", "Minutes=duration_minutes", "Days=days", "Proxies=proxies")
MAPPED = tuple(word for name in NAMED for word in ("--map", name))
DAYS = ("--split", ",", "--value", "Mo=mon", "--value", "Di=tue", "--value", "täglich=daily")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


def test_days_in_other_words_are_never_left_out_by_the_remedy() -> None:
    """An empty cell would mean every day."""
    write("jobs.csv", SHEET)
    told = table("jobs.csv", "jobs", *MAPPED, code=1)
    assert "'Mo,Di' is not a list of days" in told
    assert "give --split , and --value with what it means, as in Mo=mon" in told
    assert "give --value with what it means, as in täglich=daily" in told
    told = table("jobs.csv", "jobs", *MAPPED, "--split", ",", code=1)
    assert "Days: 'Mo' is not a list of days" in told
    assert "as in Di=daily" in told
    table("jobs.csv", "jobs", *MAPPED, *DAYS)
    assert [row["days"] for row in rows("estate/jobs.csv")] == ["mon;tue", "daily"]


def test_a_word_for_automatic_selection_is_told_at_import_and_can_be_taken_back() -> None:
    write("servers.csv", f"server,os,roles,networks\np,{WINDOWS},backup_server,10.1.1.1\n")
    table("servers.csv", "servers")
    write("jobs.csv", SHEET)
    told = table("jobs.csv", "jobs", *MAPPED, *DAYS)
    assert "automatisch: selected by job j in jobs.csv, but no server is called so" in told
    again = (*MAPPED, *DAYS, "--value", "automatisch=")
    assert "1 cell that differs from jobs.csv" in table("jobs.csv", "jobs", *again)
    assert rows("estate/jobs.csv")[0]["proxies"] == "automatisch"
    told = table("jobs.csv", "jobs", *again, "--replace")
    assert "no server is called so" not in told
    assert [row["proxies"] for row in rows("estate/jobs.csv")] == ["", "p"]


def test_a_server_of_doubtful_system_is_told_at_import_and_by_check() -> None:
    write("servers.csv", f"server,os,roles,networks\nb,{WINDOWS},backup_server,n\np,W2019,,n\n")
    told = table("servers.csv", "servers")
    assert "p: its os 'W2019' is not written as Windows Server" in told
    for name, text in {"networks": "network\nn\n", "vms": "vm,os,networks\nv,Windows,n\n",
                       "jobs": JOBS, "job_vms": "job,vm\nj,v\n"}.items():  # fmt: skip
        write(f"estate/{name}.csv", text)
    assert "p: its os 'W2019' is not written as Windows Server" in run("check", "estate")


def test_a_name_of_several_vms_is_told_with_where_each_is() -> None:
    header = INFO.replace("VM UUID", "VM UUID,Datacenter")
    write(
        "RVTools_tabvInfo.csv",
        f"{header}\ntwin,poweredOn,u1,Bonn,{WINDOWS},10.1.1.1\n"
        f"twin,poweredOn,u2,Ulm,{WINDOWS},10.1.1.2\n",
    )
    rvtools("RVTools_tabvInfo.csv")
    told = table(write("members.csv", "job,vm\nj,twin\n"), "job_vms")
    assert "twin: the name of 2 VMs: write one's id in job_vms.csv: u1 (Bonn), u2 (Ulm)" in told
    (gap,) = (row for row in rows("estate/missing.csv") if row["row"] == "twin")
    assert (gap["file"], gap["why"][:24]) == ("job_vms.csv", "the name of several VMs:")


def test_addresses_outside_all_networks_are_joined_and_bridges_are_no_networks() -> None:
    write("networks.csv", "network,cidr\nlan,10.1.1.0/24\n")
    table("networks.csv", "networks")
    vms = "".join(f"v{n},Windows,192.168.7.{n}\n" for n in (1, 2, 3))
    told = table(write("vms.csv", f"vm,os,networks\n{vms}w,Windows,172.17.0.2\n"), "vms")
    assert "192.168.7.0/24: 3 addresses, first 192.168.7.1 of vm v1, are in no network" in told
    gaps = [(row["file"], row["row"], row["column"]) for row in rows("estate/missing.csv")]
    assert ("networks.csv", "192.168.7.0/24", "cidr") in gaps
    assert ("vms.csv", "w", "networks") in gaps
    assert not any(row.startswith("172.17") for _, row, _ in gaps)


def test_a_shared_address_is_told_when_it_becomes_so_and_not_again() -> None:
    both = "vm,os,networks\na,Windows,10.1.1.5\nb,Windows,10.1.1.5\n"
    assert "is an address of 2 machines (a, b)" in table(write("vms.csv", both), "vms")
    told = table(write("jobs.csv", JOBS), "jobs")
    assert "machines" not in told


def test_a_list_of_networks_in_other_columns_names_the_import_that_reads_it() -> None:
    write("RVTools_tabvInfo.csv", f"{INFO}\na,poweredOn,u1,{WINDOWS},10.1.1.1\n")
    write("subnets.csv", "Netz;Maske\n10.1.1.0;255.255.255.0\n")
    words = ("--networks", "subnets.csv")
    told = rvtools("RVTools_tabvInfo.csv", *words, code=1)
    assert "subnets.csv:1: has no column 'cidr'" in told
    assert "gip import table FILE --into networks --map COLUMN=cidr" in told


def test_vms_that_are_placed_by_their_port_groups_are_counted() -> None:
    table(write("networks.csv", "network,cidr\nlan,10.1.1.0/24\n"), "networks")
    header = INFO.replace("Primary IP Address", "Network #1")
    write("RVTools_tabvInfo.csv", f"{header}\na,poweredOn,u1,{WINDOWS},lan\n")
    told = run("import", "rvtools", "RVTools_tabvInfo.csv", "--out", "estate")
    assert "1 VM without an address in a listed network, first a: in the network that has" in told


def test_equal_problems_are_one_line_with_the_first_place() -> None:
    for name, text in {
        "servers": f"server,os,roles,networks\nb,{WINDOWS},backup_server,n\n",
        "networks": "network\nn\n", "vms": "vm,os,networks\nv,Windows,n\n",
        "jobs": "job,start,duration_minutes,proxies\nz,22:00,60,none\na,22:00,60,none\n",
        "job_vms": "job,vm\n",
    }.items():  # fmt: skip
        write(f"estate/{name}.csv", text)
    told = run("check", "estate", code=1)
    assert "jobs.csv:2: proxies: 'none' is not in servers (2 rows)" in told
    assert told.count("'none'") == 1
