"""Which saved answers of the backup server's interface are read, and what becomes of settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from veeam_answers import ID, Json, findings_of, imported, pairs, read, server, text

from models.diagnostics import Finding
from models.errors import EstateError
from optimizer.cli.main import gip
from optimizer.inputs.importers.veeam.reader import read_veeam
from optimizer.veeam.responses import LISTS, Responses, read_saved_veeam

SHARED = Path(__file__).parents[3] / "shared" / "data" / "veeam-rest"


@pytest.mark.parametrize(
    ("build", "licence", "expected"),
    [
        ("12.3.1.1139", {"instanceLicenseSummary": {"licensedInstancesNumber": 9}},
         {"ruleset": "v12", "license.type": "vul"}),
        ("13.0.1.180", {"edition": "EnterprisePlus", "socketLicenseSummary": {}},
         {"ruleset": "v13", "license.type": "socket", "license.edition": "enterprise_plus"}),
        ("12.0.0.1420", {"edition": "Standard", "socketLicenseSummary": {},
                         "instanceLicenseSummary": {"licensedInstancesNumber": 0}},
         {"ruleset": "v12", "license.type": "socket", "license.edition": "standard"}),
    ],
)  # fmt: skip
def test_licence_and_build_become_settings(
    tmp_path: Path, build: str, licence: Json, expected: Json
) -> None:
    found = read(serverInfo={"name": "x", "buildVersion": build}, license=licence)
    assert found.settings == expected
    (tmp_path / "estate.toml").write_text("# mine\nruleset = 'v12'  # kept\n")
    merged = imported(tmp_path, found)
    written = text(tmp_path / "estate.toml")
    assert written.startswith("# mine\nruleset = 'v12'  # kept\n")
    assert f'type = "{expected["license.type"]}"' in written
    kept = [f.subject for f in merged.findings if f.code == "kept_setting"]
    assert kept == ([] if expected["ruleset"] == "v12" else ["ruleset"])
    imported(tmp_path, found, replace=True)
    assert expected["ruleset"] in text(tmp_path / "estate.toml")


def test_settings_that_are_no_toml_are_refused_and_left(tmp_path: Path) -> None:
    (tmp_path / "estate.toml").write_text("ruleset = [")
    with pytest.raises(EstateError, match=r"estate.toml: is not TOML"):
        imported(tmp_path, read(serverInfo={"buildVersion": "13.0.0.1"}))
    assert [path.name for path in tmp_path.iterdir()] == ["estate.toml"]


def test_files_are_known_by_their_names(tmp_path: Path) -> None:
    task = ID.format(5)
    files = {
        "managedServers.json": {"data": [server(1, "a")], "pagination": {"total": 3, "count": 1}},
        "managedservers-2.json": {"data": [server(2, "b")]},
        "ServerInfo.json": {"buildVersion": "13.0.0.1"},
        f"taskSession_logs_{task}.json": {"records": []},
        "taskSession_logs.json": {"records": []},
        "other.json": {},
    }
    for name, document in files.items():
        (tmp_path / name).write_text(json.dumps(document))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / f"{ID.format(6)}.json").write_text('{"records": []}')
    findings: list[Finding] = []
    found = read_saved_veeam(tmp_path, findings)
    assert [text_["name"] for text_ in found.items["managedServers"]] == ["a", "b"]
    assert set(found.logs) == {task, ID.format(6)}
    assert [f.subject for f in findings] == ["other.json", "taskSession_logs.json"]
    assert findings_of(read_veeam(found, 60), "incomplete") == [
        ("managedServers", "1 more are there than the files hold: save the other pages, too")
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"3", "is no answer"),
        (b'{"data": 3}', "has no list 'data'"),
        (b'{"data": [3]}', "has no list 'data'"),
        (b"{}", "has no list 'data'"),
    ],
)
def test_what_is_no_answer_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "jobs.json").write_bytes(content)
    with pytest.raises(EstateError, match=says):
        read_saved_veeam(tmp_path, [])


def test_a_folder_without_answers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EstateError, match="holds no saved answer"):
        read_saved_veeam(tmp_path, [])
    with pytest.raises(EstateError, match="is no folder"):
        read_saved_veeam(tmp_path / "nowhere", [])


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "name", "type", "schedule", "virtualMachines", "includes", "server",
                         "guestProcessing", "guestInteractionProxies", "proxyIds", "jobId",
                         "appAwareProcessing", "appSettings", "vmObject", "excludes", "hostId",
                         "networkSettings", "components", "result", "creationTime", "endTime"]),
        inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(LISTS), st.lists(st.dictionaries(
    st.sampled_from(["id", "name", "type", "schedule", "virtualMachines", "guestProcessing",
                     "server", "hostId", "jobId", "networkSettings", "optionalComponents"]),
    values, max_size=6), max_size=4)))  # fmt: skip
def test_any_answers_are_read_or_refused_with_a_path(kinds: Json) -> None:
    kinds["jobs"] = [each | {"type": "Backup"} for each in kinds.get("jobs", [])]
    try:
        found = read(**kinds)
    except EstateError as error:
        reasons = [problem.reason for problem in error.problems]
    else:
        reasons = []
    if reasons:
        assert all(" is " in reason and ", not " in reason for reason in reasons)
        return
    assert not found.tables["jobs"]["job"].duplicated().any() or len(kinds["jobs"]) > 1
    assert set(found.tables) == {"servers", "jobs", "job_objects"}


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the sample {name} is not here")
    return path


@pytest.mark.parametrize("revision", ["1.2-rev1", "1.3-rev0", "1.3-rev1", "1.3-rev2"])
def test_the_vendor_s_examples_are_read(revision: str) -> None:
    folder = shared(f"examples/{revision}")
    found = Responses()
    names = {
        "managedServers": "ManagedServersResult", "proxies": "ProxiesResult",
        "repositories": "RepositoriesResult", "wanAccelerators": "WANAcceleratorsResult",
        "sessions": "SessionsResult", "taskSessions": "TaskSessionsResult",
        "serverInfo": "ServerInfoModel", "license": "InstalledLicenseModel",
    }  # fmt: skip
    for kind, name in names.items():
        found.add(kind, name, (folder / f"{name}Example.json").read_bytes())
    for name in ("vSphereBackupJobModel", "vSphereReplicaJobModel", "HyperVBackupJobModel"):
        path = folder / f"{name}Example.json"
        if path.exists():
            found.add("jobs", name, path.read_bytes())
    inventory = read_veeam(found, 60)
    jobs = inventory.tables["jobs"]
    assert set(jobs["type"]) == {"backup", "replication"}
    assert (jobs["start"] != "").all()
    assert len(inventory.tables["job_objects"]) >= len(jobs)
    assert inventory.settings["license.type"] == "vul"


def test_the_shared_answers_and_vms_become_an_estate(tmp_path: Path) -> None:
    saved, out = tmp_path / "saved", tmp_path / "estate"
    saved.mkdir()
    for name in ("jobs.json", "managedServers.json"):
        (saved / name).write_bytes(shared(name).read_bytes())
    rvtools = shared("../rvtools/rvtools_constructed.xlsx")
    for words in (["rvtools", str(rvtools), "--guess-prefix", "24"], ["veeam", str(saved)]):
        done = CliRunner().invoke(gip, ["import", *words, "--out", str(out)])
        assert done.exit_code == 0, done.output
    assert len(pairs(out)) == 7
    assert "vcenter" not in text(out / "job_vms.csv")  # every VM is known by its UUID


@pytest.mark.parametrize("words", [[], ["saved", "--url", "https://v"], ["saved", "--no-logs"]])
def test_a_folder_or_an_address(tmp_path: Path, words: list[str]) -> None:
    done = CliRunner().invoke(gip, ["import", "veeam", *words, "--out", str(tmp_path / "e")])
    assert done.exit_code == 2
    assert "--url" in done.output
