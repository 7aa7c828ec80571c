"""Tests of the workbook: what a reader of spreadsheets finds in it."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import reports
from click.testing import CliRunner
from estates import estate
from python_calamine import CalamineWorkbook
from week_plans import week_of

from optimizer.cli.main import gip
from optimizer.output.plan_writer import write_plan
from optimizer.output.report.build import build_report
from optimizer.output.report.facts import ReportFacts, build_facts
from optimizer.output.report.workbook import write_workbook
from optimizer.planner import plan

NAMES = ("=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2", "http://x.example/", "007")
SHEET = "xl/worksheets/sheet{}.xml"
FILTERED = {
    SHEET.format(number): [last] if last else []
    for number, last in enumerate(("", "E", "F", "D", "D", "K"), start=1)
}
FORMULA = f"{NAMES[0]};{NAMES[1]}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an estate, with names that a spreadsheet might obey, and a plan of it."""
    folder = tmp_path_factory.mktemp("estate")
    read = estate(
        folder / "in",
        ["bs hq", "p east max_tasks=1"],
        ["a east name==1+1", "b east name=007", "c hq"],
        jobs=[f"job{number} 22:00 60" for number in range(3)],
    )
    made = plan(read)
    (folder / "out").mkdir()
    gains = [("overload", 3000), ("tier1", 5)]
    write_plan(made, week_of(made, {"job1": ((1,), gains)}, parts=2), folder / "out", 0)
    return folder


@pytest.fixture(scope="module")
def facts(folder: Path) -> ReportFacts:
    from optimizer.inputs.estate_folder.reader import read_estate

    return build_facts(read_estate(folder / "in"), folder / "out")


def sheets(path: Path) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_path(str(path))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        # Only in CSV does a quote keep a spreadsheet from taking a cell for a formula.
        return [[re.sub("^'(?='*[=+@-])", "", cell) for cell in row] for row in csv.reader(file)]


def test_the_sheets_say_what_the_files_say(
    folder: Path, facts: ReportFacts, tmp_path: Path
) -> None:
    report = build_report(facts, {}, lambda step: None)
    write_workbook(facts, report, "en", tmp_path / "r.xlsx")
    found = sheets(tmp_path / "r.xlsx")
    assert list(found) == [
        "Summary", "Change jobs", "Split jobs", "Load by hour", "Findings", "Firewall",
    ]  # fmt: skip
    head, *figures = found["Summary"]
    assert head[1:5] == ["today", "with these lists", "with the splits", "best possible"]
    overload = {row[0]: row[1:4] for row in figures if row[0].startswith("Overload")}
    assert overload == {
        "Overload, task-minutes": [1200, 600, 0],
        "Overload, task-minutes (worst of five weeks)": [1200, 900, 0],
    }
    gain = "600 fewer task-minutes of overload; one more run in tier 1"
    sure = "likely: alike in all five weeks"
    assert found["Change jobs"][1:] == [["job1", "p", gain, "automatic selection", sure]]
    table = rows(folder / "out" / "job_splits.csv")[1:]
    lists = {"p": "p", "": "automatic selection"}
    shown = [
        [row[0], float(row[1]), row[3], lists[row[5]], row[6], row[7] or row[6]] for row in table
    ]
    assert sorted(found["Split jobs"][1:]) == sorted(shown)
    assert [row[0] for row in found["Load by hour"][1:]] == [each.server for each in report.servers]
    assert found["Load by hour"][1][4:] == list(report.servers[0].hours)
    header, *told = rows(folder / "out" / "findings.csv")
    warnings = [row for row in told if row[0] == "warning"]
    assert found["Findings"] == [header, *warnings, *(row for row in told if row not in warnings)]
    assert len(found["Firewall"]) > 3


def test_names_are_texts_and_headers_stay_in_view(facts: ReportFacts, tmp_path: Path) -> None:
    hostile = replace(
        build_report(facts, {}, lambda step: None),
        estate=NAMES[0],
        servers=[reports.server(name, 3, site=name) for name in NAMES],
        versions=dict(zip(NAMES, NAMES, strict=True)),
        rules=[replace(reports.rule(name, name, "control", False), start=name) for name in NAMES],
        jobs=[replace(job, job=name) for job in reports.report().jobs for name in NAMES],
    )
    write_workbook(facts, hostile, "ja", tmp_path / "r.xlsx")
    summary, jobs, splits, load, _, firewall = sheets(tmp_path / "r.xlsx").values()
    for cells in (
        [row[0] for row in summary], [row[0] for row in jobs], [row[1] for row in load],
        [row[3] for row in firewall],
    ):  # fmt: skip
        assert set(NAMES) <= set(cells)
    assert {row[5] for row in splits} >= {"=1+1", "007"}
    with ZipFile(tmp_path / "r.xlsx") as book:
        parts = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        assert len(parts) == 6
        for name in parts:
            text = book.read(name).decode()
            assert "<f>" not in text
            assert "<hyperlink" not in text
            assert 'state="frozen"' in text
            filtered = re.findall(r'<autoFilter ref="A1:([A-Z]+)\d+"', text)
            assert filtered == FILTERED[name]
            assert 't="inlineStr"' in text
            widths = [float(width) for width in re.findall(r'<col [^>]*width="([\d.]+)"', text)]
            assert max(widths) > 12
            assert max(widths) < 65
            assert 'orientation="landscape"' in text
            pages = re.findall(r"<pageSetup [^>]*", text)
            assert ('fitToWidth="7"' in pages[0]) == (name == "xl/worksheets/sheet4.xml")


def test_wrapped_lines_have_room(facts: ReportFacts, tmp_path: Path) -> None:
    job = reports.report().jobs[0]
    report = replace(
        build_report(facts, {}, lambda step: None), jobs=[job, replace(job, job="x" * 160)]
    )
    write_workbook(facts, report, "en", tmp_path / "r.xlsx")
    with ZipFile(tmp_path / "r.xlsx") as book:
        text = book.read("xl/worksheets/sheet2.xml").decode()
    heights = dict(re.findall(r'<row r="(\d+)" ht="(\d+)"', text))
    assert heights["3"] == "60"
    assert float(heights["2"]) < 60


def test_the_same_report_gives_the_same_bytes(facts: ReportFacts, tmp_path: Path) -> None:
    for name in ("one.xlsx", "two.xlsx"):
        write_workbook(facts, build_report(facts, {}, lambda step: None), "en", tmp_path / name)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_a_sheet_that_is_full_ends(
    facts: ReportFacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optimizer.output.report.workbook.MOST_ROWS", 2)
    monkeypatch.setattr("optimizer.output.report.workbook.LONGEST", 4)
    write_workbook(facts, build_report(facts, {}, lambda step: None), "en", tmp_path / "r.xlsx")
    found = sheets(tmp_path / "r.xlsx")
    assert len(found["Split jobs"]) == 3
    assert found["Split jobs"][1][3] == "auto"


def run(folder: Path, *words: object) -> Any:
    said = [str(word) for word in ("report", folder / "in", folder / "out", *words)]
    return CliRunner().invoke(gip, said, catch_exceptions=False)


def test_the_command_says_every_file_that_it_writes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("click.launch", opened.append)
    page, book = tmp_path / "a" / "page.html", tmp_path / "b" / "r.xlsx"
    done = run(folder, "--xlsx", book, "--open")
    assert (done.exit_code, opened) == (0, [str(book)])
    assert [path.name for path in book.parent.iterdir()] == ["r.xlsx"]
    done = run(folder, "--xlsx", book, "--out", page, "--open")
    assert opened[1:] == [str(page)]
    written = [*page.parent.iterdir(), *book.parent.iterdir()]
    assert len(written) == 3
    for path in written:
        assert str(path) in done.output.replace("\n", "")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "--out FILE.html, --xlsx FILE.xlsx, or both"),
        (["--xlsx", "r.xls"], "only as FILE.xlsx"),
        (["--out", "firewall.csv"], "name a .html file"),
    ],
)
def test_what_to_write_must_be_said(folder: Path, words: list[str], problem: str) -> None:
    done = run(folder, *words)
    assert done.exit_code == 2
    assert problem in " ".join(done.output.split())
