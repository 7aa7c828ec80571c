"""Tests of `gip export veeam`: what its files say, with the interface's answers and without."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from estates import planned, write
from veeam_bodies import flag_of, id_of, job, job_types, server
from veeam_schemas import complaints
from veeam_server import PASSWORD, USER, serving

from models.errors import EstateError, GipError, OutputError, PlanError
from optimizer.cli.main import gip
from optimizer.output.console.export import printable_name
from optimizer.veeam.api_revisions import NAMES, revision_named
from optimizer.veeam.export import export_plan

BOM = b"\xef\xbb\xbf"
FILES = {"changes.json", "changes.csv"}
HOSTILE = [
    "'; Remove-Item C:\\ -Recurse #",
    '"$(calc.exe)" + `$env:x',
    "$(Get-Secret) @{a=1} %PATH% {0}",
    "two\nlines\r\nand `n",
    "=cmd|'/C calc'!A0",
    "+1, -1 @SUM(A1)",
    "../../etc/passwd",
    "<script>alert(1)</script> & ]]>",
    "\u202ekcul dab\u200f\u200d \u2028 \ufeff.",
    "\u591c\u9593 \U0001f600 e\u0301",
    "2026-11-25T10:00:00Z",
    "/Date(1)/",
    "x" * 10_000,
]
every_revision = pytest.mark.parametrize("revision", NAMES)

Lists = Mapping[str, Sequence[str]]
Asked = Mapping[str, tuple[list[str], list[str], list[str]]]


def plan(folder: Path, wanted: Lists, before: Lists) -> Path:
    """Write what an export reads of a plan."""
    folder.mkdir()
    for file, lists in (("job_proxies.csv", wanted), ("job_before.csv", before)):
        text = io.StringIO(newline="")
        rows = [
            (name, "list" if list(servers) else "automatic", ";".join(servers), "set")
            for name, servers in lists.items()
        ]
        csv.writer(text).writerows([("job", "choice", "proxies", "change"), *rows])
        (folder / file).write_text(text.getvalue(), encoding="utf-8", newline="")
    return folder


def exported(plan: Path, out: Path) -> list[dict[str, Any]]:
    export_plan(plan, out)
    changes: list[dict[str, Any]] = json.loads((out / "changes.json").read_bytes())["changes"]
    return changes


def run(*words: object) -> Result:
    done = CliRunner().invoke(gip, ["export", "veeam", *map(str, words)])
    if done.exception and not isinstance(done.exception, GipError | SystemExit):
        raise done.exception
    return done


# --- from the plan alone ------------------------------------------------------------------------


def test_every_job_has_what_it_names_and_shall_name(tmp_path: Path) -> None:
    wanted = {"b": ["p"], "a": ["p", "q"], "c": ["q", "p"], "d": []}
    before = {"b": [], "a": ["q"], "c": ["p", "q"], "d": ["q"]}
    found = exported(plan(tmp_path / "plan", wanted, before), tmp_path / "out")
    assert [row["job"] for row in found] == ["b", "a", "c", "d"]
    assert found[0] == {
        "job": "b", "action": "change", "reason": "", "before": [], "after": ["p"],
        "guestInteractionProxies": {
            "before": {"automaticSelection": True, "proxies": []},
            "after": {"automaticSelection": False, "proxies": ["p"]},
        },
    }  # fmt: skip
    assert [row["action"] for row in found] == ["change", "change", "as planned", "change"]
    assert [row["before"] for row in found] == [[], ["q"], ["p", "q"], ["q"]]
    assert [row["after"] for row in found] == [["p"], ["p", "q"], ["q", "p"], []]
    assert found[3]["guestInteractionProxies"]["after"] == {
        "automaticSelection": True, "proxies": [],
    }  # fmt: skip


def test_of_a_plan_as_it_was_written(tmp_path: Path) -> None:
    """Job j keeps what it names, so nothing is exported for it."""
    made = planned(
        tmp_path, ["bs hq", "p east", "q west"], ["a east", "b west"],
        jobs=["j 22:00 60 proxies=q;p", "k 23:00 60 proxies=q"], job_vms=["j a", "j b", "k a"],
        settings={"lists": {"free": ["k"]}},
    )  # fmt: skip
    write(made, tmp_path)
    found = exported(tmp_path, tmp_path / "out")
    assert [(row["job"], row["before"], row["after"], row["action"]) for row in found] == [
        ("k", ["q"], [], "change"),
    ]


def test_names_are_data_whatever_they_are(tmp_path: Path) -> None:
    wanted = {name: [f"{name}s", "a b"] for name in [*HOSTILE, "a;b"]}
    before = {name: [name] for name in [*HOSTILE, "a;b"]}
    before["a;b"] = ["z"]
    wanted["a;b"] = ["y"]
    out = tmp_path / "out"
    found = exported(plan(tmp_path / "plan", wanted, before), out)
    assert {row["job"]: row["after"] for row in found} == wanted_as_read(wanted)
    assert {row["job"]: row["before"] for row in found} == wanted_as_read(before)
    content = (out / "changes.json").read_bytes()
    assert content.isascii()
    assert len(content.splitlines()) == len(wanted) + 3  # head, begin, a line each, end


def wanted_as_read(lists: Lists) -> dict[str, list[str]]:
    """Return lists as a table gives them back: a name ends at a semicolon."""
    return {
        name: [part.strip() for each in servers for part in each.split(";") if part.strip()]
        for name, servers in lists.items()
    }


def test_the_table_says_what_to_add_and_what_to_remove(tmp_path: Path) -> None:
    wanted = {"a": ["p", "q"], "b": [], "c": ["q"]}
    exported(
        plan(tmp_path / "plan", wanted, {"a": ["r", "q"], "b": ["r"], "c": []}), tmp_path / "o"
    )
    text = (tmp_path / "o" / "changes.csv").read_text(encoding="utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == [
        ["job", "before", "after", "add", "remove", "action", "reason"],
        ["a", "r;q", "p;q", "p", "r", "change", ""],
        ["b", "r", "(automatic)", "", "r", "change", ""],
        ["c", "(automatic)", "q", "q", "", "change", ""],
    ]


def test_the_same_plan_gives_the_same_bytes(tmp_path: Path) -> None:
    made = plan(tmp_path / "plan", {"b": ["q", "p"], "a": ["p"]}, {"b": [], "a": ["q"]})
    for name in ("one", "two"):
        exported(made, tmp_path / name)
    assert {path.name for path in (tmp_path / "one").iterdir()} == FILES
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_table_for_people(tmp_path: Path) -> None:
    wanted = {"=1+1": ["-p", "q"], "b,c": ["p"], "d": ["p"]}
    made = plan(tmp_path / "plan", wanted, {"=1+1": [], "b,c": ["@x"], "d": ["p"]})
    exported(made, tmp_path / "out")
    content = (tmp_path / "out" / "changes.csv").read_bytes()
    assert content.startswith(BOM)
    assert content.count(b"\n") == content.count(b"\r\n") == 4
    assert list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))) == [
        ["job", "before", "after", "add", "remove", "action", "reason"],
        ["'=1+1", "(automatic)", "'-p;q", "'-p;q", "", "change", ""],
        ["b,c", "'@x", "p", "p", "'@x", "change", ""],
        ["d", "p", "p", "", "", "as planned", ""],
    ]


def test_a_plan_without_what_it_saw_cannot_be_exported(tmp_path: Path) -> None:
    made = plan(tmp_path / "plan", {"a": ["p"]}, {"a": []})
    (made / "job_before.csv").unlink()
    with pytest.raises(PlanError, match=r"job_before.csv.*run `gip plan` again"):
        export_plan(made, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_left_of_an_export_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = plan(tmp_path / "plan", {"a": ["p"]}, {"a": []})

    def fail(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("optimizer.veeam.export.write_csv", fail)
    with pytest.raises(OutputError, match="No space left"):
        export_plan(made, tmp_path / "out")
    assert not (tmp_path / "out").exists()


# --- with the interface -------------------------------------------------------------------------

JOBS: dict[str, tuple[list[str], list[str], list[str]]] = {  # now, seen, wanted
    "auto": ([], [], ["p"]),
    "listed": (["q", "p"], ["p", "q"], ["q"]),
    "already": (["q", "p"], [], ["p", "q"]),
    "moved": (["q"], ["p"], ["p", "r"]),
    "opened": ([], ["p"], ["q"]),
    "left": (["p"], ["gone"], ["q"]),
}
BUILDS = {name: ".".join(map(str, revision_named(name).build)) for name in NAMES}


def site(folder: Path, revision: str, *jobs: dict[str, Any], build: str | None = None) -> Path:
    """Save what a backup server answers: `JOBS` and others, servers p, q, r and a Linux one l."""
    folder.mkdir()
    bodies = [job(revision, name, now) for name, (now, _, _) in JOBS.items()]
    servers = [server(revision, name) for name in "pqr"] + [server(revision, "l", "LinuxHost")]
    lists = {"jobs": [*bodies, *jobs], "managedServers": servers}
    for name, items in lists.items():
        total = len(items)
        page = {"total": total, "count": total, "skip": 0, "limit": 200}
        document = {"data": items, "pagination": page}
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    info = {"buildVersion": build or BUILDS[revision], "name": "vbr", "vbrId": id_of("vbr")}
    (folder / "serverInfo.json").write_text(json.dumps(info), encoding="utf-8")
    return folder


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


# --- the command --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("--saved", "x", "--url", "https://vbr"),
        ("--ca-file", "x"),
        ("--revision", "1.3-rev1"),
        ("--saved", "x", "--ca-file", "x"),
    ],
)
def test_options_that_do_not_go_together(tmp_path: Path, words: tuple[str, ...]) -> None:
    made = plan(tmp_path / "plan", {"a": ["p"]}, {"a": []})
    assert run(made, "--out", tmp_path / "out", *words).exit_code == 2
    assert not (tmp_path / "out").exists()


def test_what_it_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    wanted = {f"job {number:02}": ["[red]p"] for number in range(30)} | {"z": ["p"]}
    made = plan(tmp_path / "plan", wanted, {name: [] for name in wanted} | {"z": ["p"]})
    done = run(made, "--out", tmp_path / "o")
    lines = done.stdout.replace(str(tmp_path), "").splitlines()
    assert max(map(len, lines)) <= 80
    assert any("job 19" in line and "(automatic)" in line and "[red]p" in line for line in lines)
    assert "job 20" not in done.stdout
    assert "... 10 more in changes.csv" in lines
    assert "31 jobs: 30 to change, 1 as planned; written to /o" in lines
    assert "gip apply" in done.stdout
    assert "select by hand what changes.csv has in `after`" in done.stdout
    assert run(made, "--out", tmp_path / "o", "--quiet").output == ""
    listed = json.loads(run(made, "--out", tmp_path / "o", "--json").stdout)
    assert [row["job"] for row in listed] == list(wanted)


def test_why_a_job_is_left_is_printed(tmp_path: Path) -> None:
    made = plan(
        tmp_path / "plan", {"moved": ["p"], "x" * 9999: ["p"]}, {"moved": [], "x" * 9999: []}
    )
    answers = site(tmp_path / "site", "1.3-rev1")
    said = run(made, "--out", tmp_path / "out", "--saved", answers).stdout
    assert "moved: selects q, not what the plan saw; import it anew and plan again" in said
    assert "2 jobs: 1 stale, 1 unknown" in said
    assert len(said) < 4000


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("a b", "a b"),
        ("\x1b[2Ja", "\\x1b[2Ja"),
        ("\u202egip\n", "\\u202egip\\n"),
        ("\u591c", "\u591c"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 200 + "..."),
        ("\n" * 200, "\\n" * 100 + "..."),
    ],
)
def test_names_on_a_terminal(name: str, plain: str) -> None:
    assert printable_name(name) == plain
