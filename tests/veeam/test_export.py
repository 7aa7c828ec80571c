"""Tests of `gip export veeam`: what its files say, with the interface's answers and without."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from estates import planned, write
from exports import FILES, Lists, plan, run, site

from models.errors import OutputError, PlanError
from optimizer.output.console.export import printable_name
from optimizer.veeam.export import export_plan

BOM = b"\xef\xbb\xbf"
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


def exported(plan: Path, out: Path) -> list[dict[str, Any]]:
    export_plan(plan, out)
    changes: list[dict[str, Any]] = json.loads((out / "changes.json").read_bytes())["changes"]
    return changes


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
