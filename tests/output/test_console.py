"""Tests that results fit a terminal of any width and that no name is taken for an order to it."""

from __future__ import annotations

import csv
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table

from models.diagnostics import Finding
from models.schema import TABLES
from models.solve_events import Stage
from optimizer.analysis.placement.frontier import FrontierPoint
from optimizer.analysis.placement.placement import PlacementRequest, find_places
from optimizer.cli.main import gip
from optimizer.output.console import terminal
from optimizer.output.console.fitting import fitted
from optimizer.output.console.placement import print_places
from optimizer.output.console.readiness import grouped
from optimizer.output.console.terminal import Terminal

BRANCHES = Path(__file__).parents[2] / "data" / "branch-offices"
NAMES = {"server", "vm", "job", "proxy", "host", "network", "site", "from", "to"}
LISTS = {"networks", "proxies"}


def lengthened(name: str) -> str:
    """Return a name that is longer than a line, looks like markup and like an escape code."""
    return f"{name}[/red][bold]\x1b[2J:smile:{'日本語' * 20}" if name else ""


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return ``data/branch-offices`` with such names everywhere."""
    folder = tmp_path_factory.mktemp("long") / "estate"
    folder.mkdir()
    (folder / "estate.toml").write_bytes((BRANCHES / "estate.toml").read_bytes())
    rows = {}
    for table in TABLES:
        with (BRANCHES / f"{table.name}.csv").open(encoding="utf-8-sig", newline="") as file:
            rows[table.name] = list(csv.DictReader(file))
    known = {row["network"] for row in rows["networks"]} | {
        row["server"] for row in rows["servers"]
    }
    for name, table_rows in rows.items():
        for row in table_rows:
            for column, cell in row.items():
                items = cell.split(";") if column in LISTS else [cell]
                if column in NAMES | LISTS:
                    row[column] = ";".join(
                        lengthened(item) if column in NAMES or item in known else item
                        for item in items
                    )
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, table_rows[0])
            writer.writeheader()
            writer.writerows(table_rows)
    return folder


@pytest.fixture(scope="module")
def plan(estate: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("plan")
    assert CliRunner().invoke(gip, ["plan", str(estate), "--out", str(out), "-q"]).exit_code == 3
    return out


@pytest.mark.parametrize(
    "command",
    [
        "plan ESTATE --out NEW --compare",
        "check ESTATE",
        "check ESTATE PLAN",
        "simulate ESTATE --plan PLAN --out NEW",
        "explain ESTATE PLAN VM",
        "diff ESTATE/current.csv PLAN --estate ESTATE",
        "whatif ESTATE PLAN --sweep",
        "whatif ESTATE PLAN --fail SERVER",
        "place ESTATE --max 1",
        "export veeam PLAN --out NEW",
    ],
)
@pytest.mark.parametrize("width", [80, 40])
def test_every_table_fits_its_width_and_every_name_is_text(
    estate: Path, plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str,
    width: int,
) -> None:  # fmt: skip
    monkeypatch.setenv("COLUMNS", str(width))
    seen: list[tuple[list[str], str]] = []

    def watched(console: Console, table: Table) -> RenderableType:
        headers = [word for column in table.columns[1:] for word in str(column.header).split()]
        shown = fitted(console, table)
        with console.capture() as captured:
            Console.print(console, shown)
        seen.append((headers, captured.get()))
        return shown

    monkeypatch.setattr(terminal, "fitted", watched)
    words = {
        "ESTATE": str(estate), "PLAN": str(plan), "NEW": str(tmp_path / "new"),
        "VM": lengthened("tokyo-web-01"), "SERVER": f"server:{lengthened('gip-tokyo-01')}",
        "ESTATE/current.csv": str(estate / "current.csv"),
    }  # fmt: skip
    done = CliRunner().invoke(gip, [words.get(word, word) for word in command.split()])
    assert done.exit_code in (0, 3), done.output
    assert seen
    for headers, text in seen:
        assert all(cell_len(line) <= width for line in text.splitlines()), text
        assert "…" not in text
        assert set(headers) <= set(re.sub("[│┃]", " ", text).split())
    assert all(sign.isprintable() for sign in done.stdout.replace("\n", ""))


@pytest.mark.parametrize("width", [20, 33, 34, 40, 60, 80])
def test_no_word_of_a_table_is_broken_at_any_width(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    table = Table("server", "why not", "max_tasks", title="Candidates")
    table.columns[2].no_wrap = True
    table.add_row("gip-osaka-01", "in no network that reaches it", "4 of 12")
    table.add_row("gip-tokyo-01", "", "1 of 20")
    Terminal().print(table)
    said = capsys.readouterr().out
    assert max(map(cell_len, said.splitlines())) <= width
    words = ["gip-osaka-01", "gip-tokyo-01", "network", "reaches", "max_tasks", "4 of 12"]
    assert [word for word in words if word not in said] == []
    assert ("┃" in said) == (width >= 40)


def test_a_name_is_shown_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    console, name = Terminal(), "a[/red][b]:smile:\x1b[2J"
    console.print(Table(name, title=name))
    console.print(name)
    shown = capsys.readouterr().out.splitlines()
    told = "a[/red][b]:smile:\\x1b[2J"
    assert [told in line for line in (shown[0], shown[2], shown[-1])] == [True] * 3


def test_findings_that_are_alike_are_one_line_and_each_is_a_row_of_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    estate = tmp_path / "estate"
    shutil.copytree(BRANCHES.parent / "tiny", estate)
    lines = (estate / "vms.csv").read_text("utf-8-sig").splitlines()
    columns = lines[0].split(",")
    row = dict.fromkeys(columns, "") | {"vm": "far", "os": "Windows Server 2022"}
    for number in range(5):
        row |= {"vm": f"far-{number}", "networks": f"203.0.113.{number}"}
        lines.append(",".join(row[column] for column in columns))
    (estate / "vms.csv").write_text("\n".join([*lines, ""]), "utf-8")
    done = CliRunner().invoke(gip, ["check", str(estate)])
    said = [line for line in done.output.splitlines() if "203.0.113" in line]
    told = "203.0.113.0, 203.0.113.1, 203.0.113.2 and 2 more, each: vms.csv: in no network, "
    assert said == [f"warning: {told}so taken as unknown"]
    out = tmp_path / "out"
    assert CliRunner().invoke(gip, ["plan", str(estate), "--out", str(out), "-q"]).exit_code == 0
    rows = (out / "findings.csv").read_text("utf-8-sig")
    assert [f"unknown_address,203.0.113.{n}," in rows for n in range(5)] == [True] * 5


def test_kinds_of_findings_beyond_the_first_are_counted() -> None:
    findings = tuple(Finding("warning", "odd", str(n), f"detail {n}") for n in range(5))
    said = [*grouped((Finding("info", "calm", "a", "b"), *findings))]
    assert said == [
        *(f"warning: {n}: detail {n}" for n in range(3)),
        "warning: 2 more of this kind; --json lists them all",
        "info: a: b",
    ]


def test_figures_of_a_million_vms_fit_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    figures = {
        "coverage": 1_000_000, "tier1": 766_395, "tier2": 10_000, "tier3": 223_605,
        "protected": 700_000, "same_site": 766_395, "peak": 3_170, "balance": 283_624_033,
    }  # fmt: skip
    stages = tuple(Stage(aim, best, best - 1, 0.0) for aim, best in figures.items())
    places = find_places(BRANCHES, PlacementRequest(0), None, 0, lambda step: None)
    print_places(replace(places, curve=[FrontierPoint((), stages, 0.0)], fewest=None))
    *_, figures_row, _ = capsys.readouterr().out.splitlines()
    assert cell_len(figures_row) <= 80
    assert [f"{best}!" in figures_row for best in figures.values()] == [True] * len(figures)
