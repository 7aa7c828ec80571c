"""Tests of the program ``gip``: exit codes, what goes where, and Ctrl-C."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from commands import content

from models.plan import Plan
from models.week_plan import WeekPlan
from optimizer import pipeline as running
from optimizer.cli import main as program
from optimizer.output.plan_writer import write_plan

DATA = Path(__file__).parents[2] / "data"
TINY, BRANCHES, BROKEN = (str(DATA / name) for name in ("tiny", "branch-offices", "broken/bad-day"))
PLAN_FILES = {
    "assignments.csv", "findings.csv", "job_before.csv", "job_proxies.csv", "job_splits.csv",
    "plan.json", "proxy_load.csv", "unassigned.csv",
}  # fmt: skip
Gip = Callable[..., tuple[int, str, str]]


@pytest.fixture
def gip(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Gip:
    """Return the program as a function: arguments in, exit code, stdout and stderr out."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["gip", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            program.run()
        assert isinstance(caught.value.code, int)
        return (caught.value.code, *capsys.readouterr())

    return call


def write_plan_of(gip: Gip, estate: object, out: Path) -> Path:
    assert gip("plan", estate, "--out", out, "--quiet") == (0, "", "")
    return out


@pytest.fixture
def without_proxy(tmp_path: Path) -> Path:
    """Return an estate with a task that no server reaches."""
    folder = tmp_path / "unreached"
    folder.mkdir()
    for path in Path(TINY).iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    links = (folder / "links.csv").read_text().splitlines()
    kept = [line for line in links if not line.startswith("osaka-b,")]
    assert len(kept) == len(links) - 1
    (folder / "links.csv").write_text("\n".join(kept) + "\n")
    return folder


def test_plan_and_check_of_a_sound_estate(gip: Gip, tmp_path: Path) -> None:
    code, out, error = gip("plan", TINY, "--out", tmp_path / "out")
    assert (code, error) == (0, "")
    assert "coverage" in out
    assert f"8 tasks, 0 unassigned; 0 warnings in findings.csv; written to {tmp_path}/out" in out
    assert content(tmp_path / "out").keys() == PLAN_FILES
    code, out, error = gip("check", TINY, tmp_path / "out")
    assert (code, error) == (0, "")
    assert "8 tasks, 0 unassigned: every rule is kept" in out
    code, out, error = gip("check", TINY)
    assert (code, error) == (0, "")
    assert re.search(r"vms +. +\d", out)


def test_a_plan_with_unassigned_tasks_ends_with_3(
    gip: Gip, tmp_path: Path, without_proxy: Path
) -> None:
    code, out, _ = gip("plan", without_proxy, "--out", tmp_path / "out")
    assert code == 3
    assert "not_reachable" in out
    assert gip("check", without_proxy, tmp_path / "out")[0] == 0


def unproven(made: running.PlanRun) -> running.PlanRun:
    aims = [replace(aim, proven=False) for aim in made.plan.aims]
    return replace(made, plan=replace(made.plan, aims=aims))


@pytest.mark.parametrize(("estate", "code"), [(TINY, 5), ("unreached", 3)])
def test_an_unproven_plan_ends_with_5_unless_tasks_are_unassigned(
    gip: Gip,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    without_proxy: Path,
    estate: str,
    code: int,
) -> None:
    real = running.run_plan
    monkeypatch.setattr(running, "run_plan", lambda *arguments: unproven(real(*arguments)))
    chosen = without_proxy if estate == "unreached" else estate
    assert gip("plan", chosen, "--out", tmp_path / "out", "-q") == (code, "", "")


@pytest.mark.parametrize("estate", [TINY, BRANCHES], ids=["tiny", "branch-offices"])
def test_no_time_at_all_still_gives_a_plan_that_says_so(
    gip: Gip, tmp_path: Path, estate: str
) -> None:
    code, out, error = gip("plan", estate, "--out", tmp_path, "--time-limit", 0, "--json")
    assert error == ""
    record = json.loads(out)
    assert code == (3 if record["totals"]["unassigned"] else 5)
    assert not all(aim["proven"] for aim in record["aims"])
    for aim in record["aims"]:
        assert aim["proven"] == (aim["best"] == aim["bound"])
    first = next(number for number, aim in enumerate(record["aims"]) if not aim["proven"])
    conditional = [aim["conditional"] for aim in record["aims"]]
    assert conditional == [number > first for number in range(len(conditional))]
    assert content(tmp_path).keys() == PLAN_FILES
    assert gip("check", estate, tmp_path, "-q") == (0, "", "")


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("assignments.csv", ",true,", ",false,", "protected is"),
        ("assignments.csv", "gip-01", "gip-02", "gip-02"),
        ("proxy_load.csv", "mon 22:00", "mon 22:01", "proxy_load.csv"),
        ("plan.json", '"value": 7', '"value": 8', "coverage"),
    ],
)
def test_a_plan_with_one_cell_changed_is_wrong(
    gip: Gip, tmp_path: Path, file: str, old: str, new: str, told: str
) -> None:
    path = write_plan_of(gip, TINY, tmp_path / "out") / file
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode())
    code, out, error = gip("check", TINY, tmp_path / "out", "--quiet")
    assert (code, out) == (1, "")
    assert error.startswith(f"Error: {tmp_path}/out is not as it should be:\n")
    assert told in error


def test_init_gives_an_estate_that_can_be_planned(gip: Gip, tmp_path: Path) -> None:
    code, out, error = gip("init", tmp_path / "new" / "estate")
    assert (code, error) == (0, "")
    assert {Path(line).name for line in out.splitlines()} == content(tmp_path / "new/estate").keys()
    write_plan_of(gip, tmp_path / "new" / "estate", tmp_path / "out")
    code, out, error = gip("init", tmp_path / "new" / "estate")
    assert (code, out) == (1, "")
    assert "is there already; choose another folder or move it away" in error


def test_generate_gives_an_estate_that_is_sound(gip: Gip, tmp_path: Path) -> None:
    told = f"wrote 50 VMs to {tmp_path}/big\n"
    assert gip("generate", tmp_path / "big", "--vms", 50) == (0, told, "")
    assert gip("check", tmp_path / "big", "-q") == (0, "", "")
    code, out, error = gip("generate", tmp_path / "big", "--vms", 50)
    assert (code, out) == (1, "")
    assert error.startswith("Error: ")
    assert gip("generate", tmp_path / "quiet", "--vms", 50, "--quiet") == (0, "", "")


@pytest.mark.parametrize("command", [["check", BROKEN], ["plan", BROKEN, "--out"]], ids=str)
def test_wrong_data_end_with_1_and_a_message(gip: Gip, tmp_path: Path, command: list[str]) -> None:
    target = [tmp_path / "out"] if "--out" in command else []
    code, out, error = gip(*command, *target)
    assert (code, out) == (1, "")
    first, last = error.splitlines()
    assert first.startswith("Error: jobs.csv:2: days: 'mon;tues' is not a list of days; write ")
    assert last == "1 problem found; nothing was written"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["plan", TINY], "Missing option '--out'"),
        (["plan", "--out", "x"], "Missing argument 'ESTATE'"),
        (["plan", TINY, "--out", "x", "--time-limit", "soon"], "'soon' is not a valid float"),
        (["plan", TINY, "--out", "x", "--time-limit", "-1"], "-1.0 is not in the range"),
        (["plan", TINY, "--out", "x", "--workers", "0"], "0 is not in the range"),
        (["check"], "Missing argument 'ESTATE'"),
        (["check", TINY, "x", "y"], "unexpected extra argument (y)"),
        (["generate", "x"], "Missing option '--vms'"),
        (["init"], "Missing argument 'FOLDER'"),
        (["plann", TINY], "No such command 'plann'"),
        (["--nothing"], "No such option"),
    ],
    ids=str,
)
def test_a_wrong_command_line_ends_with_2(
    gip: Gip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, error = gip(*arguments)
    assert (code, out) == (2, "")
    assert error.startswith("Usage: ")
    assert told in error
    assert not list(tmp_path.iterdir())


def test_json_is_all_there_is_on_stdout(gip: Gip, tmp_path: Path, without_proxy: Path) -> None:
    code, out, error = gip("plan", without_proxy, "--out", tmp_path / "out", "--json")
    assert (code, error) == (3, "")
    assert json.loads(out) == json.loads((tmp_path / "out" / "plan.json").read_bytes())
    code, out, error = gip("check", without_proxy, "--json")
    assert (code, error) == (0, "")
    assert json.loads(out)["rows"]["networks"] == 3
    code, out, error = gip("check", without_proxy, tmp_path / "out", "--json")
    assert (code, error) == (0, "")
    assert json.loads(out)["violations"] == []
    (tmp_path / "out" / "unassigned.csv").write_bytes(b"job,vm,reason,detail\r\n")
    code, out, error = gip("check", without_proxy, tmp_path / "out", "--json")
    assert code == 1
    assert json.loads(out)["violations"]
    assert json.loads(error)["exit_code"] == 1


def test_what_writes_an_estate_says_so_as_json(gip: Gip, tmp_path: Path) -> None:
    code, out, error = gip("init", tmp_path / "new", "--json")
    assert (code, error) == (0, "")
    assert {Path(name).name for name in json.loads(out)["written"]} == content(
        tmp_path / "new"
    ).keys()
    assert gip("init", tmp_path / "quiet", "-q") == (0, "", "")
    code, out, error = gip("generate", tmp_path / "big", "--vms", 50, "--json")
    assert (code, error) == (0, "")
    record = json.loads(out)
    assert record["written"] == str(tmp_path / "big")
    assert record["rows"] == json.loads(gip("check", tmp_path / "big", "--json")[1])["rows"]


def commands() -> dict[str, click.Command]:
    return {"": program.gip, **program.gip.commands}


def examples(text: str) -> list[list[str]]:
    """Return the words of each example in a help text."""
    example = text.partition("Example:\n")[2].partition("\n\n")[0]
    return [line.split() for line in example.splitlines()]


@pytest.mark.parametrize("name", commands())
def test_every_help_has_an_example_that_is_a_command(gip: Gip, name: str) -> None:
    words = [name] if name else []
    code, out, error = gip(*words, "--help")
    assert (code, error) == (0, "")
    assert gip(*words, "-h") == (0, out, "")
    lines = examples(out)
    assert lines
    for program_name, command, *arguments in lines:
        assert program_name == "gip"
        assert not name or command == name
        group = click.Context(program.gip, **program.gip.context_settings)
        commands()[command].make_context(command, arguments, group)


@pytest.mark.parametrize("name", ["check", "diff", "explain", "simulate", "whatif"])
def test_the_examples_about_a_plan_work(
    gip: Gip, branch_plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").symlink_to(DATA)
    for out in ("out", "out-before"):
        shutil.copytree(branch_plan, out)
    for _, *words in examples(gip(name, "--help")[1]):
        code, shown, error = gip(*words)
        assert (code, error) == (0, ""), words
        assert shown


def test_every_option_has_a_help_text() -> None:
    for command in commands().values():
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.name not in ("seed", "failover"):
                assert parameter.help, f"{command.name} {parameter.name}"


def test_a_new_folder_is_made_and_a_failure_takes_it_away(
    gip: Gip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise OSError("no")

    with monkeypatch.context() as patch:
        patch.setattr(running, "write_plan", fail)
        code, _, error = gip("plan", TINY, "--out", tmp_path / "a" / "b" / "c")
    assert code == 1
    assert (
        error
        == f"Error: {tmp_path}/a/b/c: cannot be written: no; choose another folder with --out\n"
    )
    assert not list(tmp_path.iterdir())
    write_plan_of(gip, TINY, tmp_path / "a" / "b" / "c")
    assert content(tmp_path / "a" / "b" / "c").keys() == PLAN_FILES


def test_a_plan_that_breaks_the_rules_is_never_put_in_place(
    gip: Gip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def mistaken(plan: Plan, week: WeekPlan, folder: Path, seed: int) -> None:
        write_plan(replace(plan, tier=plan.tier * 0 + 4), week, folder, seed)

    before = content(write_plan_of(gip, TINY, tmp_path / "out"))
    monkeypatch.setattr(running, "write_plan", mistaken)
    code, out, error = gip("plan", TINY, "--out", tmp_path / "out")
    assert (code, out) == (1, "")
    assert "which is a defect of this program; nothing was written" in error
    assert content(tmp_path / "out") == before


def test_one_is_not_many(gip: Gip, tmp_path: Path) -> None:
    folder = tmp_path / "estate"
    folder.mkdir()
    for path in Path(TINY).iterdir():
        rows = path.read_text().splitlines()
        few = {"job_vms": rows[:2], "jobs": [f"{rows[0]},x", *(f"{row}," for row in rows[1:])]}
        (folder / path.name).write_text("\n".join(few.get(path.stem, rows)))
    shown = gip("plan", folder, "--out", tmp_path / "out")[1]
    assert "\n1 task, 0 unassigned; 1 warning in findings.csv; " in shown
    assert "\n1 task, 0 unassigned: " in gip("check", folder, tmp_path / "out")[1]
