"""`gip export veeam` with the product's interface, saved or live, of every revision."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from exports import FILES, JOBS, Lists, plan, run, site
from veeam_bodies import flag_of, id_of, job, job_types, server
from veeam_schemas import complaints
from veeam_server import PASSWORD, USER, serving

from models.errors import EstateError, GipError
from optimizer.veeam.api_revisions import NAMES

every_revision = pytest.mark.parametrize("revision", NAMES)
Asked = Mapping[str, tuple[list[str], list[str], list[str]]]


def lists_of(jobs: Asked) -> tuple[Lists, Lists]:
    wanted = {name: row[2] for name, row in jobs.items()}
    return wanted, {name: row[1] for name, row in jobs.items()}


def changes_by_job(out: Path) -> dict[str, dict[str, Any]]:
    document = json.loads((out / "changes.json").read_bytes())
    return {row["job"]: row for row in document["changes"]}


@every_revision
def test_field_names_and_staleness_of_every_revision(tmp_path: Path, revision: str) -> None:
    made = plan(tmp_path / "plan", *lists_of(JOBS))
    done = run(made, "--out", tmp_path / "out", "--saved", site(tmp_path / "site", revision))
    assert done.exit_code == 0
    document = json.loads((tmp_path / "out" / "changes.json").read_bytes())
    assert document["revision"] == revision
    rows, flag = changes_by_job(tmp_path / "out"), flag_of(revision)
    assert {name: row["action"] for name, row in rows.items()} == {
        "auto": "change", "listed": "change", "already": "as planned",
        "moved": "stale", "opened": "stale", "left": "stale",
    }  # fmt: skip
    for name, (now, seen, wanted) in JOBS.items():
        row = rows[name]
        assert (row["id"], row["type"]) == (id_of(f"job {name}"), job_types(revision)[0])
        assert (row["before"], row["after"]) == (seen, wanted)
        assert row["guestInteractionProxies"] == {
            "before": {flag: not now, "proxyIds": [id_of(each) for each in now]},
            "after": {flag: False, "proxyIds": [id_of(each) for each in wanted]},
        }
        assert bool(row["reason"]) == (row["action"] == "stale")
        body = job(revision, name, now)
        body["guestProcessing"]["guestInteractionProxies"] = row["guestInteractionProxies"]["after"]
        assert complaints(revision, "any JobModel", body) == []
    assert "selects q, not what the plan saw; import it anew" in rows["moved"]["reason"]
    assert "selects automatically, not what" in rows["opened"]["reason"]


@every_revision
def test_what_is_unknown_and_what_is_not_covered(tmp_path: Path, revision: str) -> None:
    other = "HyperVBackup" if revision < "1.3" else "EntraIDTenantBackup"
    answers = site(
        tmp_path / "site", revision,
        job(revision, "other", type_=other), job(revision, "twin"), job(revision, "Twin"),
        job(revision, "deaf") | {"guestProcessing": None},
    )  # fmt: skip
    asked: Asked = {
        "nowhere": ([], [], ["p"]),
        "other": ([], [], ["p"]),
        "TWIN": ([], [], ["p"]),
        "deaf": ([], [], ["p"]),
        "auto": ([], [], ["nix"]),
        "listed": ([], ["p", "q"], ["l"]),
        "ALREADY": ([], [], ["Q", "P"]),
    }
    made = plan(tmp_path / "plan", *lists_of(asked))
    run(made, "--out", tmp_path / "out", "--saved", answers)
    rows = changes_by_job(tmp_path / "out")
    linux = revision == "1.3-rev2"
    assert {name: row["action"] for name, row in rows.items()} == {
        "nowhere": "unknown", "other": "not covered", "TWIN": "unknown", "deaf": "not covered",
        "auto": "unknown", "listed": "change" if linux else "not covered", "ALREADY": "as planned",
    }  # fmt: skip
    reasons = {name: row["reason"] for name, row in rows.items()}
    assert "lists no job 'nowhere'" in reasons["nowhere"]
    assert f"is a {other}, whose proxies revision {revision} does not tell" in reasons["other"]
    assert "lists 2 jobs 'TWIN'" in reasons["TWIN"]
    assert "has no guest processing" in reasons["deaf"]
    assert "lists no managed server 'nix'" in reasons["auto"]
    assert linux or f"'l' is a LinuxHost, no proxy in revision {revision}" in reasons["listed"]
    assert "id" not in rows["nowhere"]
    assert "id" not in rows["TWIN"]
    assert rows["auto"]["id"] == id_of("job auto")
    for name in ("nowhere", "other", "auto"):
        assert rows[name]["guestInteractionProxies"]["after"] == {
            "automaticSelection": False, "proxies": asked[name][2],
        }  # fmt: skip


def test_a_job_that_shall_be_automatic_again(tmp_path: Path) -> None:
    made = plan(tmp_path / "plan", {"listed": []}, {"listed": ["p", "q"]})
    run(made, "--out", tmp_path / "out", "--saved", site(tmp_path / "site", "1.2-rev1"))
    [row] = changes_by_job(tmp_path / "out").values()
    assert row["action"] == "change"
    after = {"autoSelectEnabled": True, "proxyIds": []}
    assert row["guestInteractionProxies"]["after"] == after


@every_revision
def test_live_says_the_same_as_saved_and_changes_nothing(
    tmp_path: Path, revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEEAM_USERNAME", USER)
    monkeypatch.setenv("VEEAM_PASSWORD", PASSWORD)
    made = plan(tmp_path / "plan", *lists_of(JOBS))
    with serving(revision, tmp_path) as backup:
        backup.page = 2
        backup.lists["backupInfrastructure/managedServers"] = [
            server(revision, name) for name in "pqr"
        ]
        for name, (now, _, _) in JOBS.items():
            backup.add_job(job(revision, name, now))
        words = ["--url", backup.url, "--ca-file", backup.ca_file]
        done = run(made, "--out", tmp_path / "live", *words)
        assert done.exit_code == 0
        assert backup.complaints == []
        assert {method for method, path in backup.asked if "oauth2" not in path} == {"GET"}
    run(made, "--out", tmp_path / "saved", "--saved", site(tmp_path / "site", revision))
    for name in FILES:
        one, two = ((tmp_path / way / name).read_bytes() for way in ("live", "saved"))
        assert one == two


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: (f / "jobs.json").unlink(), "lacks the answer of jobs; save them there as"),
        (lambda f: (f / "managedServers.json").unlink(), "lacks the answer of managedServers"),
        (lambda f: (f / "serverInfo.json").unlink(), "save it there, or write --revision"),
        (lambda f: (f / "serverInfo.json").write_text('{"buildVersion": "9.5.4"}'), "--revision"),
        (lambda f: (f / "jobs.json").write_text('{"data": [{"id": "7"}]}'), "without id, name"),
        (lambda f: (f / "jobs.json").write_text("{"), "jobs.json: is not JSON"),
        (
            lambda f: (f / "jobs.json").write_text(
                '{"data": [{"id": "7", "name": "a", "type": "b"}], "pagination": {"total": 2}}'
            ),
            "lacks some pages of jobs",
        ),
        (
            lambda f: (f / "jobs.json").write_text(
                json.dumps({"data": [job("1.3-rev1", "auto") | {"guestProcessing": 7}]})
            ),
            "job auto: guestProcessing is a number, not an object",
        ),
    ],
)
def test_answers_that_do_not_do(tmp_path: Path, spoil: Any, words: str) -> None:
    answers = site(tmp_path / "site", "1.3-rev1")
    spoil(answers)
    made = plan(tmp_path / "plan", {"auto": ["p"]}, {"auto": []})
    done = run(made, "--out", tmp_path / "out", "--saved", answers)
    assert isinstance(done.exception, GipError | EstateError)
    assert words in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_a_revision_may_be_told(tmp_path: Path) -> None:
    answers = site(tmp_path / "site", "1.3-rev0", build="13.1.0.411")
    made = plan(tmp_path / "plan", {"auto": ["l"]}, {"auto": []})
    run(made, "--out", tmp_path / "newest", "--saved", answers)
    run(made, "--out", tmp_path / "told", "--saved", answers, "--revision", "1.3-rev0")
    actions = [changes_by_job(tmp_path / name)["auto"]["action"] for name in ("newest", "told")]
    assert actions == ["change", "not covered"]
