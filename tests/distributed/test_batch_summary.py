"""What a batch says in the end: table, page, exit code."""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import re
from dataclasses import replace
from pathlib import Path

from models.batch_result import WEEK_COLUMNS, AimOutcome, EstateResult
from optimizer.cli.batch import _exit_code
from optimizer.output.batch_page import write_page
from optimizer.output.console.batch import write_table

ROWS = [
    EstateResult(
        "=1+1", "planned", 5, 0, 1, [AimOutcome("coverage", 5, 5, True, "duals")], 1.5, 2_500_000
    ),
    EstateResult(
        '<b>&"',
        "unproven",
        9,
        0,
        2,
        [AimOutcome("coverage", 9, 9, True, "duals"), AimOutcome("peak", 4, 3, False, "search")],
        2,
        3,
    ),
    EstateResult("caf\udce9", "failed", error="vms.csv:1: no\n<script>alert(1)</script>"),
]


def test_the_summary_has_the_week(tmp_path: Path) -> None:
    week = {name: number for number, name in enumerate(WEEK_COLUMNS)}
    rows = [replace(ROWS[0], week=week), ROWS[2]]
    write_table(rows, tmp_path / "summary.csv")
    content = (tmp_path / "summary.csv").read_text("utf-8-sig")
    planned, lost = csv.DictReader(content.splitlines())
    assert {name: planned[name] for name in WEEK_COLUMNS} == {k: str(v) for k, v in week.items()}
    assert {lost[name] for name in WEEK_COLUMNS} == {""}
    write_page(rows, tmp_path / "summary.html")
    page = (tmp_path / "summary.html").read_text("utf-8")
    for cell in ('data-key="2">0 → 1 → 2<', 'data-key="8">6 → 7 → 8<', 'data-key="9">9<'):
        assert cell in page
    assert "→" not in page.split("<tbody>")[1].split("<tr")[2]  # of the estate without a plan


def test_the_summary_table(tmp_path: Path) -> None:
    write_table(ROWS, tmp_path / "summary.csv")
    content = (tmp_path / "summary.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfestate,status,tasks,unassigned,findings,failed_today,")
    assert content.endswith(b"\r\n")
    first, second, third = csv.DictReader(content.decode("utf-8-sig").splitlines(keepends=True))
    assert [row["estate"] for row in (first, second, third)] == ["'=1+1", '<b>&"', "caf\\xe9"]
    assert (first["seconds"], first["peak_memory"], first["peak_value"]) == ("1.500", "2500000", "")
    assert [second[f"peak_{part}"] for part in ("value", "bound", "proven")] == ["4", "3", "false"]
    assert (third["tasks"], third["error"]) == ("", ROWS[2].error)


def test_the_summary_page_runs_its_own_script_only(tmp_path: Path) -> None:
    write_page(ROWS, tmp_path / "summary.html")
    page = (tmp_path / "summary.html").read_text("utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    for tag in ("script", "style"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in html.unescape(policy[1])
    assert html.unescape(policy[1]).startswith("default-src 'none';")
    assert '<th scope="row">&lt;b&gt;&amp;&#34;</th>' in page
    assert "&lt;script&gt;alert(1)" in page
    assert '<td class="number open" data-key="4">4 (3)</td>' in page
    assert not re.search(r"(src|href|style|onclick)=", page)


def test_the_exit_code_says_the_worst() -> None:
    good, unproven, lost = ROWS
    short = replace(good, status="unchanged", unassigned=2)
    assert [_exit_code(rows) for rows in ([good], [good, unproven])] == [0, 5]
    assert [_exit_code(rows) for rows in ([unproven, short], [short, lost, unproven])] == [3, 1]
