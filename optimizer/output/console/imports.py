"""What an import did, for people and for programs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from models.diagnostics import Finding
from optimizer.inputs.importers.import_pipeline import MISSING, ImportResult
from optimizer.output.console.plan import count_words
from optimizer.output.console.terminal import Terminal

SHOWN_PER_CODE = 3


def print_import(merged: ImportResult, out: Path) -> None:
    """Print rows per table, what should be known, and what a plan still lacks."""
    console = Terminal()
    title = f"Rows read into {out.resolve().name}"
    table = Table("table", title=title, title_justify="left")
    for name in ("new", "changed", "unchanged"):
        table.add_column(name, justify="right")
    for name, counts in merged.counts.items():
        table.add_row(name, str(counts.added), str(counts.changed), str(counts.kept))
    console.print(table)
    for line in _summed_up(merged.findings):
        console.print(line, soft_wrap=True)
    if len(merged.missing):
        console.print(_lacking(merged))
        end = f"{count_words(len(merged.missing), 'gap')}, each listed in {out / MISSING}"
    else:
        end = f"Nothing is missing: gip plan {out} --out PLAN"
    console.print(end, soft_wrap=True)


def _summed_up(findings: Sequence[Finding]) -> list[str]:
    """Return a line per finding, warnings first; of a code the first ones and how many more."""
    codes: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        codes[finding.severity, finding.code].append(finding)
    lines = []
    for (severity, code), alike in sorted(codes.items(), key=lambda item: item[0][0] != "warning"):
        lines += [f"{severity}: {each.subject}: {each.detail}" for each in alike[:SHOWN_PER_CODE]]
        more = len(alike) - SHOWN_PER_CODE
        if more > 0:
            lines.append(f"{severity}: {more} more of {code}; --json lists them all")
    return lines


def _lacking(merged: ImportResult) -> Table:
    table = Table(title="Still missing for a plan", title_justify="left")
    table.add_column("file", no_wrap=True)
    table.add_column("column", no_wrap=True)
    table.add_column("gaps", justify="right", no_wrap=True)
    table.add_column("why, of the first", overflow="fold")
    for place, gaps in merged.missing.groupby(["file", "column"], sort=False):
        table.add_row(*map(str, place), str(len(gaps)), gaps["why"].iloc[0])
    return table


def record(merged: ImportResult) -> dict[str, Any]:
    """Return the same as a document."""
    return {
        "tables": {
            name: {"added": each.added, "changed": each.changed, "kept": each.kept}
            for name, each in merged.counts.items()
        },
        "findings": [
            {"severity": f.severity, "code": f.code, "subject": f.subject, "detail": f.detail}
            for f in merged.findings
        ],
        "missing": merged.missing.to_dict("records"),
    }
