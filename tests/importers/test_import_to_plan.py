"""From an export to a checked plan, with the commands that an architect would type."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner

from optimizer.cli.main import gip

DATA = Path(__file__).parents[3] / "shared" / "data" / "rvtools"
PLANNED_WITH_GAPS = 3


def run(*words: object, code: int = 0) -> str:
    done = CliRunner().invoke(gip, [str(word) for word in words])
    assert done.exit_code == code, done.output + str(done.exception)
    assert all(len(line) <= 80 for line in done.stdout.splitlines() if line[:1] in "┏┃│└")
    return done.output


def shared(name: str) -> Path:
    if not (DATA / name).exists():
        pytest.skip("the shared samples are not here")
    return DATA / name


def write(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding)
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def mapped(file: Path, table: str, out: Path, *mapping: str, more: tuple[str, ...] = ()) -> str:
    words = [word for pair in mapping for word in ("--map", pair)]
    return run("import", "table", file, "--into", table, *words, *more, "--out", out)


def test_a_real_export_becomes_a_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export = shared("SizingWorkshop-RVTools.xlsx")
    monkeypatch.chdir(tmp_path)
    out = Path("estate")
    networks = write(
        tmp_path / "ipam.csv", "cidr,site,vrf,name",
        "10.0.0.0/23,dc1,,servers", "10.0.2.0/24,dc1,,clients", "10.0.3.0/24,dc1,,",
    )  # fmt: skip
    told = run("import", "rvtools", export, "--networks", networks, "--out", out)
    assert "10 templates left out; --templates takes them in" in told
    assert "no server is the backup_server" in told
    servers = write(
        tmp_path / "hosts.csv", "Name;OS;IP;Role;Slots",
        "VBR01;Microsoft Windows Server 2022;10.0.3.250;backup_server;400",
        "GIP01;Microsoft Windows Server 2022;10.0.0.250;backup_proxy;400",
        "GIP02;Microsoft Windows Server 2019;10.0.2.250, 10.0.3.251;backup_proxy,repository;400",
    )  # fmt: skip
    mapped(
        servers, "servers", out, "Name=server", "OS=os", "IP=networks", "Role=roles",
        "Slots=max_tasks", more=("--split", ","),
    )  # fmt: skip
    (out / "jobs.csv").write_text(
        "job,start,duration_minutes,application_aware\nA,22:00,240,true\nB,23:30,180,true\n"
    )
    members = (f"{'AB'[place % 2]},{row['vm']}" for place, row in enumerate(rows(out / "vms.csv")))
    told = mapped(
        write(tmp_path / "members.csv", "Job,VM", *members), "job_vms", out, "Job=job", "VM=vm"
    )
    assert "Nothing is missing: gip plan estate --out PLAN" in told
    assert rows(out / "missing.csv") == []
    sources = [(row["table"], row["rows"], row["file"]) for row in rows(out / "sources.csv")]
    assert ("vms", "795", "SizingWorkshop-RVTools.xlsx") in sources
    assert sources[-2:] == [("servers", "3", "hosts.csv"), ("job_vms", "795", "members.csv")]

    run("plan", out, "--out", "plan")
    told = run("check", out, "plan")
    assert "763 tasks, 0 unassigned: every rule is kept" in told  # 795 but for 32 that are off


def test_the_japanese_csvs_become_a_plan(tmp_path: Path) -> None:
    files = [shared(f"csv_semicolon_cp932/RVTools_tab{tab}.csv") for tab in ("vInfo", "vNetwork")]
    out = tmp_path / "estate"
    networks = write(
        tmp_path / "網.csv", "cidr,site,vrf,name",
        "10.10.100.0/22,東京,,業務", "10.10.110.0/24,東京,,基幹",
        "10.20.110.0/24,大阪,,", encoding="cp932",
    )  # fmt: skip
    words = ["--encoding", "cp932", "--networks", networks, "--guess-prefix", "24"]
    told = run("import", "rvtools", *files, *words, "--out", out)
    assert "warning: 10.10.120.0/24: guessed for 10.10.120.31 and 1 more, site Tokyo" in told
    servers = write(
        tmp_path / "サーバー.csv", "名前,種類,アドレス,役割",
        "VBR-東京,Windows Server 2022,10.10.100.5,backup_server",
        "GIP-大阪,Windows Server 2022,10.20.110.5,", encoding="cp932",
    )  # fmt: skip
    mapped(
        servers, "servers", out, "名前=server", "種類=os", "アドレス=networks", "役割=roles",
        more=("--encoding", "cp932"),
    )  # fmt: skip
    times = [f"{row['job']},21:00,90,yes" for row in rows(out / "jobs.csv")]
    schedule = write(tmp_path / "s.csv", "Job,At,Minutes,AAP", *times)
    columns = ("Job=job", "At=start", "Minutes=duration_minutes", "AAP=application_aware")
    mapped(schedule, "jobs", out, *columns)
    assert {row["column"] for row in rows(out / "missing.csv")} == {"networks"}  # two without Tools

    run("plan", out, "--out", tmp_path / "plan", code=PLANNED_WITH_GAPS)
    assert "7 tasks, 1 unassigned: every rule is kept" in run("check", out, tmp_path / "plan")
    names = {row["vm"]: row["name"] for row in rows(out / "vms.csv")}
    done = {names[row["vm"]]: row["proxy"] for row in rows(tmp_path / "plan" / "assignments.csv")}
    assert done["osa-file-01"] == "GIP-大阪"
    assert done["tok-sql-01"] == "GIP-大阪"  # tier 3 before tier 4: the backup server comes last
