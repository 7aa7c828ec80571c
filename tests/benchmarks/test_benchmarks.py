"""Tests of `benchmarks`: every case runs, results come back as written, pages are well formed."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import alterations
from benchmarks.__main__ import benchmarks
from benchmarks.cases import CASES, SMALLEST
from benchmarks.charts import log_lines, ratio_bars, slope, stacked_bars
from benchmarks.engines import command
from benchmarks.markdown import changes, summary, whole_command
from benchmarks.records import AIM, HEADER, Measure, Row, Run, gap, read_rows, stamp, write_rows
from benchmarks.report import html
from benchmarks.results_table import PARTS, results
from benchmarks.runner import Wanted, run
from benchmarks.worker import WorkError, perform
from models.aims import AIMS
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.synthetic import generate
from optimizer.inputs.synthetic.options import Options

STAMP = replace(stamp(), date="2026-01-02", commit="abc", cpu="<a & b>", cores=2)


def row(phase: str, wall: float, engine: str = "gip", vms: int = 10, **facts: object) -> Row:
    return Row(STAMP, Run("hub", vms, 0, 0, engine), replace(Measure(phase, wall), **facts))  # type: ignore[arg-type]


ROWS = [
    row("read", 0.5),
    row("solve", 1.0),
    row("aim tier1", 1.0, value=90, bound=100, proven=False, gap=0.1),
    row("total", 2.0, groups=3, columns=4, rows=5, assigned=9, peak_mb=100.0),
    row("total", 0.5, "baseline"),
    row("aim tier1", 0.0, "greedy", value=80),
    row("total", 10.0, "greedy"),
    row("solve", 10.0, vms=100),
    row("total", 20.0, vms=100),
]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_case_runs_at_its_smallest(case: object, tmp_path: Path) -> None:
    said: list[str] = []
    rows = list(run(Wanted([case], [SMALLEST]), STAMP, said.append, perform))  # type: ignore[list-item]
    if said:
        pytest.skip(said[0])
    found = {result.engine: result for result in results(rows).values()}
    ours, least = found["gip"], found["baseline"]
    assert {*PARTS, "plan", "solve", "total"} - {"aims"} <= set(ours.measures)
    assert [phase.removeprefix(AIM) for phase in ours.aims] == list(AIMS)
    assert all(ours.aim(phase).proven for phase in ours.aims)
    size = ours.total
    assert 0 < (size.groups or 0) < SMALLEST
    assert (size.columns or 0) > 0
    assert (size.rows or 0) > 0
    assert (size.peak_mb or 0) > 1
    assert size.assigned == least.total.assigned
    assert set(least.measures) == {"import", "read", "write", "total"}


def test_a_run_by_the_command_in_processes_of_their_own(tmp_path: Path) -> None:
    out, page = tmp_path / "out.csv", tmp_path / "page"
    command = ["run", "--case", "hub", "--size", "50", "--out", str(out)]
    done = CliRunner().invoke(benchmarks, command, catch_exceptions=False)
    assert done.exit_code == 0
    assert [line.split(":")[0] for line in done.output.splitlines()] == [
        "hub 50 gip", "hub 50 baseline",
    ]  # fmt: skip
    done = CliRunner().invoke(benchmarks, ["report", str(out), "--out", str(page)])
    assert done.exit_code == 0
    assert {path.name for path in page.iterdir()} == {"index.html", "table.md"}
    done = CliRunner().invoke(benchmarks, ["compare", str(out), str(out)])
    assert done.exit_code == 0
    assert {line.count("|") for line in done.output.splitlines()} == {9}


def test_what_fails_is_a_row_with_its_reason() -> None:
    def work(task: object) -> list[Measure]:
        if task["engine"] == "generate":  # type: ignore[index]
            return []
        raise WorkError("out of memory")

    rows = list(run(Wanted([CASES["hub"]], [5]), STAMP, print, work))
    assert [(r.run.engine, r.measure.note) for r in rows] == [
        ("gip", "failed: out of memory"), ("baseline", "failed: out of memory"),
    ]  # fmt: skip
    assert summary(rows).splitlines()[-1].endswith("| failed: out of memory |")
    assert "<svg" not in html(rows)


def test_the_whole_command_stands_beside_its_phases_and_the_bare_tables() -> None:
    asked: list[str] = []

    def work(task: object) -> list[Measure]:
        engine: str = task["engine"]  # type: ignore[index]
        asked.append(engine)
        took = {"baseline": 0.5, "command": 3.0, "first": 20.0}.get(engine, 2.0)
        phases = [Measure("import", 0.1, 0.5), Measure("lists", 1.0, 1.25)]
        own = phases if engine in ("gip", "baseline") else []
        return [*own, Measure("total", took + 1, took, peak_mb=100.0)]

    rows = list(run(Wanted([CASES["hub"]], [5], whole=True), STAMP, print, work))
    assert asked == ["generate", "gip", "baseline", "first", "command"]
    line = "| hub | 5 |  |  | 1.25 |  |  | 3 | 4 | 3.0 | 20 | 100 |"
    assert whole_command(rows).splitlines()[2:] == [line]


def test_the_command_is_run_as_a_user_does(tmp_path: Path) -> None:
    generate(tmp_path / "estate", Options(50))
    (total,) = command(tmp_path / "estate", tmp_path / "out", None, 0)
    assert (tmp_path / "out" / "plan.json").exists()
    assert (total.cpu_s or 0) > 0
    assert (total.peak_mb or 0) > 1
    with pytest.raises(RuntimeError, match=r"gip plan: .*nowhere"):
        command(tmp_path / "nowhere", tmp_path / "out", None, 0)


def test_a_case_without_its_data_is_left_out(tmp_path: Path) -> None:
    said: list[str] = []
    assert list(run(Wanted([CASES["real"]], [5], data=tmp_path), STAMP, said.append)) == []
    assert said == [f"real: left out, {tmp_path} has no Cogentco.graphml, v1.dev.txt"]


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "rows.csv"
    assert list(write_rows(path, iter(ROWS[:3]))) == ROWS[:3]
    assert list(write_rows(path, iter(ROWS[3:]))) == ROWS[3:]
    assert read_rows([path]) == ROWS
    with path.open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == HEADER


def test_committed_results_can_be_read() -> None:
    folder = Path(__file__).parents[2] / "benchmarks" / "results"
    for path in folder.glob("*.csv"):
        assert read_rows([path])


def test_gap_is_a_share_of_the_bound() -> None:
    assert (gap(90, 100), gap(100, 100), gap(3, 0), gap(None, 5)) == (0.1, 0.0, 3.0, None)


def test_the_summary_has_ratio_and_gap() -> None:
    first, second = summary(ROWS).splitlines()[2:]
    assert first == ("| hub | 10 | 3 | 4 | 0.5 | 1 | 2 | 4.0 | 100 | tier1 (gap 10 %) |")
    assert second == "| hub | 100 | 0 | 0 |  | 10 | 20 |  | 0 | - |"


def test_changes_show_ratios_and_values() -> None:
    after = [
        replace(r, measure=replace(r.measure, wall_s=(r.measure.wall_s or 0) * 2)) for r in ROWS
    ]
    after[2] = row("aim tier1", 2.0, value=100, bound=100, proven=True)
    lines = changes(ROWS, after).splitlines()
    assert "| hub | 10 | gip | aim tier1 | 1 | 2 | 2.00 | 90 unproven -> 100 |" in lines
    assert "| hub | 10 | baseline | total | 0.5 | 1 | 2.00 |  |" in lines
    assert changes(ROWS, []).count("\n") == 2


def test_medians_and_the_rest() -> None:
    rows = [row("total", 3.0), row("total", 9.0), row("total", 4.0), row("read", 1.0)]
    (result,) = results(rows).values()
    assert result.seconds("total") == 4.0
    assert result.seconds("other") == 3.0
    assert result.seconds("write") is None


def test_a_slope_is_the_power_of_the_size() -> None:
    assert slope([(10, 2), (100, 200)]) == 2.0
    assert slope([(10, 2), (10, 3)]) is None


def drawings(page: str) -> Iterator[str]:
    return iter(re.findall(r"<svg.*?</svg>", page, re.DOTALL))


def test_the_page_is_whole_and_well_formed() -> None:
    page = html(ROWS)
    found = list(drawings(page))
    assert len(found) == 5
    for drawing in found:
        ElementTree.fromstring(drawing)  # noqa: S314
    assert "&lt;a &amp; b&gt;" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "hub, slope 1.00" in page
    assert "4 x" in page  # the planner by the baseline
    assert "10 x" in page  # the peer by the planner's own building and solving
    assert "<td>90</td>" in page


@pytest.mark.parametrize(
    "drawing",
    [
        log_lines("<t>", {"a&b": [(10.0, 1.0)]}),
        stacked_bars("t", ["<p>"], {"a": [0.0], "b": [2.0]}),
        ratio_bars("t", {"slower": 100.0, "faster": 0.01, "as fast": 1.0}),
    ],
)
def test_charts_are_well_formed(drawing: str) -> None:
    assert "nan" not in drawing
    assert ElementTree.fromstring(drawing).tag.endswith("svg")  # noqa: S314


def test_a_job_each_makes_no_two_tasks_alike(tmp_path: Path) -> None:
    generate(tmp_path, Options(100))
    before = read_estate(tmp_path)
    alterations.a_job_each(tmp_path)
    estate = read_estate(tmp_path)
    assert len(estate.jobs) == len(estate.job_vms) == len(before.job_vms)
    assert not estate.jobs[["start", "duration_minutes"]].duplicated().any()
    assert estate.current is not None
    assert before.current is not None
    assert (estate.current["vm_code"] == before.current["vm_code"]).all()
    assert (estate.current["proxy_code"] == before.current["proxy_code"]).all()


def test_a_lone_backup_server_is_alone(tmp_path: Path) -> None:
    generate(tmp_path, Options(100))
    alterations.only_the_backup_server(tmp_path)
    estate = read_estate(tmp_path)
    assert len(estate.servers) == 1
    assert not any(estate.jobs["proxy_codes"])


def test_wrapped_jobs_run_over_the_weeks_end(tmp_path: Path) -> None:
    generate(tmp_path, Options(300))
    alterations.wrapped_around(tmp_path)
    jobs = read_estate(tmp_path).jobs
    over = jobs["days"].map(lambda days: days == (6,)) & (
        jobs["start"] + jobs["duration_minutes"] > 1440
    )
    assert over.sum() == np.ceil(len(jobs) / 3)
