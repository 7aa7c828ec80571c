"""A backup server that answers over HTTPS, in every revision, becomes an estate that plans."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from veeam_bodies import NOBODY, id_of, job, job_types, server
from veeam_server import PASSWORD, TOKEN, USER, Fault, VeeamServer, serving

from optimizer import http_client
from optimizer.cli.main import gip
from optimizer.veeam.api_revisions import NAMES

PROXIES = ("gip-01.corp", "gip-02.corp")
OWN = "vbr.corp"


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEEAM_USERNAME", USER)
    monkeypatch.setenv("VEEAM_PASSWORD", PASSWORD)
    monkeypatch.setattr(http_client, "RETRY", http_client.RETRY.new(backoff_factor=0))


@pytest.fixture(params=NAMES)
def vbr(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VeeamServer]:
    """Give a server with a job of each type, one run of each, and a log of each VM."""
    with serving(request.param, tmp_path) as started:
        _fill(started)
        yield started
    assert started.complaints == []


def _fill(vbr: VeeamServer) -> None:
    revision = vbr.revision
    newer: dict[str, Any] = {"isBackupServer": True} if revision.startswith("1.3") else {}
    servers = [server(revision, OWN, **newer), *(server(revision, name) for name in PROXIES)]
    vbr.lists["backupInfrastructure/managedServers"] = servers
    vbr.lists["backupInfrastructure/proxies"] = [
        {"id": id_of("proxy"), "name": "p", "description": "", "type": "ViProxy",
         "server": {"hostId": id_of(PROXIES[0])}}
    ]  # fmt: skip
    vbr.lists["backupInfrastructure/repositories"] = []
    vbr.lists["backupInfrastructure/wanAccelerators"] = []
    vbr.lists["sessions"] = []
    for number, kind in enumerate(job_types(revision)):
        proxies = PROXIES[1:] if number == 0 else ()
        _ran(vbr, vbr.add_job(job(revision, f"job {kind}", proxies, kind)), f"job {kind}-vm")
    vbr.documents["serverInfo"] = _info(revision)
    vbr.documents["license"] = {
        "status": "Valid", "type": "Subscription", "edition": "EnterprisePlus",
        "licensedTo": "x", "supportId": "0", "autoUpdateEnabled": False,
        "freeAgentInstanceConsumptionEnabled": False, "cloudConnect": "Disabled",
        "IsMultiSection": False, "proactiveSupportEnabled": False,
        "instanceLicenseSummary": {
            "package": "Suite", "licensedInstancesNumber": 9, "usedInstancesNumber": 1,
            "newInstancesNumber": 0, "rentalInstancesNumber": 0, "objects": [], "workload": [],
            "promoInstancesNumber": 0,
        },
    }  # fmt: skip


def _info(revision: str) -> dict[str, Any]:
    build = {"1.1-rev0": "12.0.0.1420", "1.2-rev1": "12.3.1.1139"}.get(revision, "13.0.1.180")
    info: dict[str, Any] = {"vbrId": NOBODY, "name": OWN, "buildVersion": build, "patches": []}
    names = ("databaseVendor", "sqlServerEdition", "sqlServerVersion", "databaseSchemaVersion",
             "databaseContentVersion")  # fmt: skip
    info |= dict.fromkeys(names, "x") | {"vbrInstallationId": NOBODY}  # 1.1 asks for both ids
    if revision.startswith("1.3"):
        info["platform"] = "Windows"
        info["veeamRegistration"] = {"isRegistered": False}
    return info


def _ran(vbr: VeeamServer, job_id: str, vm: str) -> None:
    run, task = id_of(f"run {vm}"), id_of(f"task {vm}")
    result = {"result": "Success", "message": "", "isCanceled": False}
    times = {"creationTime": "2026-11-24T22:00:00+09:00", "endTime": "2026-11-24T22:41:30+09:00"}
    vbr.lists["sessions"].append(
        {"id": run, "jobId": job_id, "name": vm, "sessionType": "BackupJob", "result": result}
        | times
    )
    vbr.lists[f"sessions/{run}/taskSessions"] = [
        {"id": task, "sessionId": run, "name": vm, "type": "Backup", "sessionType": "BackupJob"}
        | times
    ]
    title = f"Using guest interaction proxy {PROXIES[0]} (Same subnet)"
    vbr.documents[f"taskSessions/{task}/logs"] = {
        "totalRecords": 1, "records": [{"id": 1, "title": title, "status": "Succeeded"}]
    }  # fmt: skip


def imports(vbr: VeeamServer, out: Path, *words: str) -> Result:
    where = ["--url", vbr.url, "--ca-file", str(vbr.ca_file), "--out", str(out)]
    done = CliRunner().invoke(gip, ["import", "veeam", *where, *words])
    shown = done.output + str(done.exception)
    assert PASSWORD not in shown
    assert TOKEN not in shown
    return done


def called(value: Fault | str) -> str:
    return value if isinstance(value, str) else f"{value.kind} {value.status} {value.path}"


def rows(path: Path) -> list[dict[str, str]]:
    header, *lines = path.read_bytes().decode("utf-8-sig").split("\r\n")[:-1]
    return [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]


def test_every_revision_becomes_an_estate_that_plans(vbr: VeeamServer, tmp_path: Path) -> None:
    out = tmp_path / "estate"
    done = imports(vbr, out)
    assert done.exit_code == 0, done.output
    kinds = job_types(vbr.revision)
    jobs = {row["job"]: row for row in rows(out / "jobs.csv")}
    assert list(jobs) == [f"job {kind}" for kind in kinds]
    assert {row["duration_minutes"] for row in jobs.values()} == {"42"}
    assert jobs[f"job {kinds[0]}"]["proxies"] == PROXIES[1]
    assert {row["application_aware"] for row in jobs.values()} == {"true"}
    roles = {row["server"]: row["roles"] for row in rows(out / "servers.csv")}
    assert roles == {OWN: "backup_server", PROXIES[0]: "backup_proxy", PROXIES[1]: ""}
    assert len(rows(out / "job_vms.csv")) == len(kinds)
    expected = 0 if vbr.revision == "1.1-rev0" else len(kinds)
    used = rows(out / "current.csv") if expected else []
    assert [row["proxy"] for row in used] == [PROXIES[0]] * expected
    _completed(out)
    assert (
        CliRunner().invoke(gip, ["plan", str(out), "--out", str(tmp_path / "plan")]).exit_code == 0
    )


def _completed(out: Path) -> None:
    """Fill in what no interface tells: systems, networks."""
    for name in ("servers", "vms"):
        frame = rows(out / f"{name}.csv")
        for row in frame:
            row |= {"os": "Microsoft Windows Server 2022", "networks": "lan"}
        lines = [",".join(frame[0]), *(",".join(row.values()) for row in frame)]
        (out / f"{name}.csv").write_text("\n".join(lines) + "\n")
    (out / "networks.csv").write_text("network,cidr,site\nlan,10.0.0.0/24,hq\n")


def test_importing_again_changes_nothing(vbr: VeeamServer, tmp_path: Path) -> None:
    out = tmp_path / "estate"
    imports(vbr, out)
    names = {"sources.csv"}
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.name not in names}
    done = imports(vbr, out, "--json")
    assert {p.name: p.read_bytes() for p in out.iterdir() if p.name not in names} == before
    counts = json.loads(done.stdout)["tables"]
    assert {count[kind] for count in counts.values() for kind in ("added", "changed")} == {0}


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", "/jobs", status=429, headers={"Retry-After": "0"}, times=2),
        Fault("status", "/sessions", status=503, times=2),
        Fault("expire", "/proxies"),
        Fault("cut amid", "/logs"),
    ],
    ids=called,
)
def test_what_passes_is_waited_for(tmp_path: Path, fault: Fault) -> None:
    with serving("1.3-rev1", tmp_path) as vbr:
        _fill(vbr)
        vbr.page = 1
        vbr.faults.append(fault)
        done = imports(vbr, tmp_path / "estate")
        assert done.exit_code == 0, done.output
        assert fault.times == 0
        assert len(rows(tmp_path / "estate" / "current.csv")) == len(job_types(vbr.revision))


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault("status", "/jobs", status=500, times=99), "answers 500"),
        (Fault("status", "/logs", status=403, times=99), "Backup Administrator"),
        (Fault("echo", "/sessions", status=400, times=99), "answers 400"),
        (Fault("status", "/license", status=200, body=b"<html>", times=99), "is not JSON"),
        (Fault("status", "/managedServers", status=200, body=b"[]", times=99), "else than a list"),
        (Fault("status", "oauth2", "POST", status=401, times=99), "VEEAM_PASSWORD"),
    ],
    ids=called,
)
def test_what_does_not_pass_is_told_and_nothing_is_written(
    tmp_path: Path, fault: Fault, says: str
) -> None:
    with serving("1.3-rev1", tmp_path) as vbr:
        _fill(vbr)
        vbr.faults.append(fault)
        done = imports(vbr, tmp_path / "estate")
        assert says in str(done.exception)
        assert not (tmp_path / "estate").exists()


def test_without_logs_no_task_is_asked_for(tmp_path: Path) -> None:
    with serving("1.2-rev1", tmp_path) as vbr:
        _fill(vbr)
        done = imports(vbr, tmp_path / "estate", "--no-logs", "--revision", "1.2-rev1")
        assert done.exit_code == 0, done.output
        assert not [path for _, path in vbr.asked if "askSessions" in path]
        assert not (tmp_path / "estate" / "current.csv").exists()
