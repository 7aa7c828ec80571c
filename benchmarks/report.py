"""Draws results: one page that needs nothing beside it, and a table for docs/speed.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from benchmarks.charts import log_lines, ratio_bars, stacked_bars
from benchmarks.markdown import seconds, summary, whole_command
from benchmarks.records import AIM, Row
from benchmarks.results_table import PARTS, Result, results
from benchmarks.runner import COMMANDS

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Benchmarks of gip-planner</title>
<style>
:root {{ color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }}
body {{ max-width: 62rem; margin: 2rem auto; padding: 0 1rem }}
svg {{ width: 100%; font-size: 11px }}
svg text {{ fill: currentColor }}
.grid {{ stroke: currentColor; opacity: .2 }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums }}
th, td {{ padding: .1rem .6rem; text-align: right; border-bottom: 1px solid #8884 }}
th:first-child, td:first-child {{ text-align: left }}
.scroll {{ overflow-x: auto }}
</style>
<h1>Benchmarks of gip-planner</h1>
<p>{stamps}</p>
{sections}
</html>
"""
SECTION = "<section>\n<h2>{title}</h2>\n<p>{text}</p>\n{body}\n</section>"
TABLE = '<div class="scroll"><table>{rows}</table></div>'
SHORTEST = 1e-4


def report(rows: Sequence[Row], out: Path) -> list[Path]:
    """Write ``index.html`` and ``table.md`` into ``out``; return their paths."""
    out.mkdir(parents=True, exist_ok=True)
    page, markdown = out / "index.html", out / "table.md"
    page.write_text(html(rows), encoding="utf-8", newline="\n")
    markdown.write_text(summary(rows) + "\n" + whole_command(rows), encoding="utf-8", newline="\n")
    return [page, markdown]


def html(rows: Sequence[Row]) -> str:
    """Return the page."""
    stamps = dict.fromkeys(row.stamp for row in rows)
    told = "; ".join(
        f"{s.date}, commit {s.commit}, {s.cpu}, {s.cores} cores, Python {s.python}, "
        f"ortools {s.ortools}, pandas {s.pandas}, pyarrow {s.pyarrow}"
        for s in stamps
    )
    found = sorted(results(rows).values(), key=lambda result: result.estate)
    sections = "\n".join(
        SECTION.format(title=title, text=text, body=body) for title, text, body in _sections(found)
    )
    return PAGE.format(stamps=escape(told), sections=sections)


def _sections(found: Sequence[Result]) -> Iterator[tuple[str, str, str]]:
    done = [result for result in found if result.seconds("total")]
    ours = [result for result in done if result.engine == "gip"]
    if not ours:
        return
    for phase, title in (("total", "Time against size"), ("solve", "Solving against size")):
        text = "Slope 1: ten times the VMs take ten times as long. Medians over repeats."
        yield title, text, log_lines(title, _lines(ours, phase))
    parts = (*PARTS, "other")
    bars = {_name(r): [max(0.0, r.seconds(part) or 0.0) for part in parts] for r in ours}
    yield "Where the time goes", "Shares of each run.", stacked_bars("Phases", parts, bars)
    pairs = {result.estate: result for result in ours}
    others = [r for r in done if r.engine != "gip" and r.estate in pairs]
    least = {_name(r): _ratio(pairs[r.estate], r) for r in others if r.engine == "baseline"}
    peers = {
        f"{_name(r)} {r.engine}": _ratio(pairs[r.estate], r)
        for r in others
        if r.engine not in ("baseline", *COMMANDS)
    }
    for title, text, ratios in (
        ("Above the baseline", "The whole run by merely reading and writing as much.", least),
        ("Peers", "Their building and solving by the planner's; what it is worth: below.", peers),
    ):
        if ratios:
            yield title, text, ratio_bars(title, ratios)
    yield (
        "Aims",
        "Values, * where proven, a bound alone in brackets; peers below the planner.",
        _aims(done),
    )


def _lines(found: Sequence[Result], phase: str) -> dict[str, list[tuple[float, float]]]:
    lines: dict[str, list[tuple[float, float]]] = {}
    for result in found:
        case, vms, _ = result.estate
        time = max(SHORTEST, result.seconds(phase) or 0.0)
        lines.setdefault(case, []).append((float(vms), time))
    return lines


def _ratio(ours: Result, other: Result) -> float:
    if other.engine == "baseline":
        return (ours.seconds("total") or SHORTEST) / (other.seconds("total") or SHORTEST)
    return (other.own or SHORTEST) / (ours.own or SHORTEST)


def _aims(found: Sequence[Result]) -> str:
    solvers = [result for result in found if result.aims]
    names = list(dict.fromkeys(aim for result in solvers for aim in result.aims))
    header = ["estate", "engine", "s", *(name.removeprefix(AIM) for name in names)]
    rows = [_cells("th", header)]
    for result in solvers:
        values = [_value(result, name) for name in names]
        rows.append(_cells("td", [_name(result), result.engine, seconds(result.own), *values]))
    return TABLE.format(rows="".join(rows))


def _value(result: Result, name: str) -> str:
    if name not in result.measures:
        return ""
    aim = result.aim(name)
    if aim.value is None:
        return "" if aim.bound is None else f"({aim.bound:,})"
    return f"{aim.value:,}{'*' if aim.proven else ''}"


def _cells(tag: str, texts: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts) + "</tr>"


def _name(result: Result) -> str:
    case, vms, seed = result.estate
    return f"{case} {vms:,}" + (f" seed {seed}" if seed else "")
