"""Tests that the built documentation has everything, and that the worked example is right."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from docs.plan_files import PLAN_FILES
from models.imported_tables import SIDE_TABLES
from models.plan import WINDOWS, Plan
from models.schema import LARGEST, TABLES, Table
from optimizer.cli.main import gip
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.estate_folder.settings_reader import KEYS
from optimizer.planner import plan

ROOT = Path(__file__).parents[2]
TINY, BRANCHES = ROOT / "data" / "tiny", ROOT / "data" / "branch-offices"
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")
RUNS = {
    **{f"tier {n}": f"tier{n}" for n in range(1, 5)},
    "failed": "failed", "peak": "peak", "overload": "overload_minutes",
}  # fmt: skip
WEEKS = ("today", "lists", "lists_and_splits")
SUM = re.compile(r"((?:\d+²? [+-] )+\d+²?) = (\d+)")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("docs") / "new"
    command = [sys.executable, "-m", "docs.build", str(out)]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert said == f"{len(list(out.rglob('*.md')))} pages in {out}\n"
    return out


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{path} {name}")


def rows(text: str, head: str) -> list[list[str]]:
    """Return the rows of the table under ``head``, cells without their marks."""
    table = text.partition(f"\n{head}\n")[2].partition("\n\n")[0]
    lines = table.splitlines()[1:]
    return [[cell.strip(" `") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def anchors(page: Path) -> list[str]:
    """Return what the headings of a page are linked by."""
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads]


def test_no_page_is_empty_and_no_link_broken(built: Path) -> None:
    index = (built / "index.md").read_text("utf-8")
    for page in built.rglob("*.md"):
        text = page.read_text("utf-8")
        assert text.startswith("# ")
        assert len(text.splitlines()) > 5, page
        for target in LINK.findall(text):
            if "://" not in target:
                path, _, anchor = target.partition("#")
                linked = page.parent / path if path else page
                assert linked.is_file(), f"{page}: {target}"
                assert not anchor or anchor in anchors(linked), f"{page}: {target}"
        assert page.name == "index.md" or f"({page.relative_to(built)})" in index


@pytest.mark.parametrize("path", [path for path, _ in commands(gip, "gip")])
def test_every_command_has_a_page_with_every_option(built: Path, path: str) -> None:
    command = dict(commands(gip, "gip"))[path]
    text = (built / "commands" / f"{path.replace(' ', '-')}.md").read_text("utf-8")
    assert text.startswith(f"# {path}\n")
    assert "Example:\n" in text
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[0] in text
    assert max(map(len, text.partition("```")[2].partition("```")[0].splitlines())) <= 80


def test_every_command_can_be_quiet_and_print_json() -> None:
    for path, command in commands(gip, "gip"):
        if not isinstance(command, click.Group):
            options = {option for each in command.params for option in each.opts}
            assert {"--quiet", "--json"} <= options, path


@pytest.mark.parametrize("table", [*TABLES, *SIDE_TABLES], ids=lambda table: table.name)
def test_every_column_is_there(built: Path, table: Table) -> None:
    text = (built / "tables.md").read_text("utf-8")
    section = text.partition(f"\n## {table.name}.csv\n")[2].partition("\n## ")[0]
    head = "| column | required | empty | what it takes | meaning | example |"
    shown = rows(section, head)
    assert len(shown) == len(table.columns)
    for row, column in zip(shown, table.columns, strict=True):
        assert row[:2] == [column.name, "yes" if column.required else "no"]
        assert row[2] == ("not allowed" if column.default is None else column.default or "allowed")
        assert row[3]
        assert row[4:] == [column.meaning, column.example]


def test_every_setting_and_exit_code_is_there(built: Path) -> None:
    settings = (built / "settings.md").read_text("utf-8")
    shown = rows(settings, "| setting | default | what it takes |")
    assert [row[0] for row in shown] == list(KEYS)
    assert ["planning.balance", '"tasks"', "tasks or utilisation"] in shown
    assert ["lists.free", "[]", 'a list of jobs, or "all"'] in shown
    assert ["lists.least_servers", "1", f"a whole number from 1 to {LARGEST}"] in shown
    codes = (built / "exit-codes.md").read_text("utf-8")
    numbers = [row[0] for row in rows(codes, "| code | meaning |")]
    assert numbers == ["0", "1", "2", "3", "4", "5", "130"]
    readme = (ROOT / "README.md").read_text("utf-8").partition("### Exit codes")[2]
    told = re.findall(r"(?:^|; )(\d+) ", readme.strip().partition("\n\n")[0].replace("\n", " "))
    assert told == numbers


def test_the_files_of_a_plan_are_as_described(tmp_path: Path, built: Path) -> None:
    done = CliRunner().invoke(gip, ["plan", str(TINY), "--out", str(tmp_path), "-q"])
    assert done.exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == PLAN_FILES.keys()
    text = (built / "plan-folder.md").read_text("utf-8")
    for name, (meaning, columns) in PLAN_FILES.items():
        assert f"\n## {name}\n\n{meaning}\n" in text
        if name.endswith(".json"):
            assert json.loads((tmp_path / name).read_bytes()).keys() == columns.keys()
            continue
        with (tmp_path / name).open(encoding="utf-8-sig", newline="") as file:
            assert next(csv.reader(file)) == list(columns)


# --- the example that docs/aims.md follows by hand


@pytest.fixture(scope="module")
def tiny() -> Plan:
    return plan(read_estate(TINY))


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "aims.md").read_text("utf-8")


def test_the_values_followed_by_hand_are_those_of_the_plan(tiny: Plan, page: str) -> None:
    shown = rows(page, "| aim | value | why no plan does better |")
    assert [(row[0], int(row[1])) for row in shown] == [(a.aim, a.value) for a in tiny.aims]
    assert all(aim.proven for aim in tiny.aims)
    for aim, value, why in shown:
        for terms, total in SUM.findall(why):
            assert total == value, aim
            squared = re.sub(r"(\d+)²", r"\1*\1", terms)
            assert sum(eval(f"[{squared}]")) == int(total), aim  # noqa: S307
    assert len(SUM.findall(page)) == 5


def test_the_room_and_the_assignment_are_those_of_the_plan(tiny: Plan, page: str) -> None:
    servers, tasks = tiny.estate.servers, tiny.tasks
    own = (tasks.kind != WINDOWS).sum()
    runs = servers["running_tasks"] + own * (servers.index == tiny.estate.backup_server)
    expected = zip(
        servers["server"], servers["max_tasks"], runs, servers["max_tasks"] - runs, strict=True
    )
    shown = rows(page, "| server | `max_tasks` | runs anyway | room |")
    assert [(row[0], *map(int, row[1:])) for row in shown] == list(expected)
    vms = tiny.estate.vms["vm"].to_numpy()[tasks.vm]
    found = [
        [vm, servers["server"].iloc[proxy], str(tier), "yes" if protected else "no"]
        for vm, proxy, tier, protected, kind in zip(
            vms, tiny.proxy, tiny.tier, tiny.protected, tasks.kind, strict=True
        )
        if kind == WINDOWS
    ]
    assert rows(page, "| task | server | tier | protected |") == found
    assert f"Planned are the other {(tasks.kind == WINDOWS).sum()} tasks." in page


def test_the_runs_of_a_week_are_those_of_the_plan(branch_plan: Path) -> None:
    week = json.loads((branch_plan / "plan.json").read_bytes())["week"]
    found = [week["plan"], *(week[name]["nominal"] for name in WEEKS), week["bound"]]
    worst = ["", *(f"{week[name]['worst']['overload_minutes']:,}" for name in WEEKS), ""]
    page = (ROOT / "docs" / "certainty.md").read_text("utf-8")
    shown = rows(page, f"| `data/branch-offices` | {' | '.join(RUNS)} | worst overload |")
    assert [row[1:] for row in shown] == [
        [*(f"{figures[name]:,}" for name in RUNS.values()), highest]
        for figures, highest in zip(found, worst, strict=True)
    ]


def test_each_promise_under_faults_names_tests_that_are_there() -> None:
    """And each line of the table names one."""
    text = (ROOT / "docs" / "faults.md").read_text("utf-8").partition("## Limits")[0]
    promises = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert len(promises) >= 20
    for line in promises:
        named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", line)
        assert named, line
        for file, name in named:
            (path,) = (ROOT / "tests").rglob(file)
            assert f"def {name}(" in path.read_text("utf-8"), line
