"""Tests of `gip drift`: which jobs are no longer as planned, how bad it is, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from veeam_bodies import job, server
from veeam_server import PASSWORD, USER, Fault
from veeam_site import GIPS, Site, site_of

from models.errors import GipError
from optimizer.cli.main import gip

REVISION = "1.3-rev2"
ONE, TWO, THREE = GIPS


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Four jobs: 0 and 2 automatic, 1 and 3 at gip-01; the plan wants gip-02 and gip-03 in all."""
    monkeypatch.setenv("VEEAM_USERNAME", USER)
    monkeypatch.setenv("VEEAM_PASSWORD", PASSWORD)
    monkeypatch.setenv("COLUMNS", "80")
    yield from site_of(REVISION, tmp_path)


def saved(folder: Path, *jobs: dict[str, Any], servers: tuple[str, ...] = GIPS) -> Path:
    """Save what a backup server answers that has these jobs and servers."""
    folder.mkdir()
    hosts = [server(REVISION, name) for name in servers]
    for name, items in (("jobs", list(jobs)), ("managedServers", hosts)):
        (folder / f"{name}.json").write_text(json.dumps({"data": items}), encoding="utf-8")
    return folder


def drift(plan: Path, *words: object) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(gip, ["drift", str(plan), "--json", *map(str, words)])
    assert isinstance(done.exception, SystemExit | None), done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return done.exit_code, found


def states(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {row["job"]: (row["severity"], row["state"]) for row in found["jobs"]}


def test_from_before_the_plan_to_after_it_and_what_others_change(site: Site) -> None:
    """Live, through apply: not set, as planned, changed by somebody else."""
    live = ("--url", site.backup.url, *site.ca_file)
    code, found = drift(site.plan, *live)
    assert (code, found["as_planned"]) == (4, 0)
    assert set(states(found).values()) == {("warning", "not set")}
    assert site.apply("--yes").exit_code == 0
    code, found = drift(site.plan, *live)
    quiet = {"drift": False, "as_planned": 4, "error": 0, "warning": 0, "info": 0, "jobs": []}
    assert (code, found) == (0, quiet)
    site.backup.add_job(job(REVISION, "job-2", (ONE,)), None)
    asked = len(site.backup.asked)
    code, found = drift(site.plan, *live)
    assert (code, found["as_planned"], found["error"]) == (4, 3, 1)
    [row] = found["jobs"]
    assert (row["job"], row["state"], row["change"]) == ("job-2", "changed", "set")
    assert (row["planned"], row["now"]) == ([TWO, THREE], [ONE])
    assert not [method for method, _ in site.backup.asked[asked:] if method == "PUT"]


def test_every_state_and_its_severity(site: Site, tmp_path: Path) -> None:
    names = "as-before", "as-planned", "changed", "gone", "off", "hidden", "no-server"
    site.write(
        {**{name: [TWO] for name in names}, "no-server": ["gip-04"]},
        {name: [ONE] for name in (*names, "kept", "kept-moved", "kept-gone")},
        {name: [ONE] for name in ("kept", "kept-moved", "kept-gone")},
    )
    answers = saved(
        tmp_path / "saved",
        job(REVISION, "as-before", (ONE,)),
        job(REVISION, "AS-PLANNED", (TWO,)),
        job(REVISION, "changed"),
        job(REVISION, "off", (TWO,)) | {"isDisabled": True},
        job(REVISION, "hidden", (ONE,), "EntraIDTenantBackup"),
        job(REVISION, "no-server", (ONE,)),
        job(REVISION, "kept", (ONE,)),
        job(REVISION, "kept-moved", (THREE,)),
        job(REVISION, "new", (THREE,)),
        job(REVISION, "new-but-off") | {"isDisabled": True},
        job(REVISION, "new-without") | {"guestProcessing": {}},
    )
    code, found = drift(site.plan, "--saved", answers, "--revision", REVISION)
    assert code == 4
    assert found["as_planned"] == 2
    assert (found["error"], found["warning"], found["info"]) == (3, 4, 2)
    assert states(found) == {
        "changed": ("error", "changed"),
        "gone": ("error", "unknown"),
        "no-server": ("error", "unknown"),
        "as-before": ("warning", "not set"),
        "kept-gone": ("warning", "unknown"),
        "kept-moved": ("warning", "changed"),
        "off": ("warning", "disabled"),
        "hidden": ("info", "not readable"),
        "new": ("info", "unplanned"),
    }
    order = [
        (["error", "warning", "info"].index(row["severity"]), row["job"]) for row in found["jobs"]
    ]
    assert order == sorted(order)
    assert all(row["detail"] for row in found["jobs"])


def test_what_is_not_compared_is_told_and_is_no_drift(site: Site, tmp_path: Path) -> None:
    site.write({"hidden": [TWO]}, {"hidden": [ONE]})
    hidden = job(REVISION, "hidden", (ONE,), "EntraIDTenantBackup")
    answers = saved(tmp_path / "saved", hidden, job(REVISION, "new"))
    code, found = drift(site.plan, "--saved", answers, "--revision", REVISION)
    assert (code, found["drift"], found["info"]) == (0, False, 2)


def run(*words: object) -> Result:
    return CliRunner().invoke(gip, ["drift", *map(str, words)])


def test_what_a_person_reads(site: Site, tmp_path: Path) -> None:
    site.write({"a": [TWO], "b": []}, {"a": [ONE], "b": [ONE]})
    answers = saved(tmp_path / "saved", job(REVISION, "a"), job(REVISION, "b"))
    done = run(site.plan, "--saved", answers, "--revision", REVISION)
    assert done.exit_code == 4
    assert "│ a   │ error    │ gip-02 │ automatic │ changed │" in done.stdout
    assert "a: changed since; apply the plan again, or import the job and plan again" in done.stdout
    assert done.stdout.endswith("1 job as planned, 1 error\n")
    assert max(map(len, done.stdout.splitlines())) <= 100
    quiet = run(site.plan, "--saved", answers, "--revision", REVISION, "--quiet")
    assert (quiet.exit_code, quiet.stdout) == (4, "")


@pytest.mark.parametrize("words", [(), ("--saved", "x", "--url", "https://x"), ("--ca-file", "x")])
def test_it_wants_one_place_to_look_at(site: Site, words: tuple[str, ...]) -> None:
    assert run(site.plan, *words).exit_code == 2


def test_a_failure_is_no_drift(site: Site, tmp_path: Path) -> None:
    """A pipeline tells them apart: 1 where nothing could be compared, 4 where something differs."""
    site.backup.faults.append(Fault("status", "managedServers", status=403))
    done = run(site.plan, "--url", site.backup.url, *site.ca_file)
    assert isinstance(done.exception, GipError)
    assert done.exception.exit_code == 1
    nothing = run(tmp_path, "--saved", saved(tmp_path / "saved"), "--revision", REVISION)
    assert isinstance(nothing.exception, GipError)
    assert "job_proxies.csv" in str(nothing.exception)
