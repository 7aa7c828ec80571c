"""What an import did, for people and for programs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from optimizer.imports.run import MISSING, Merged

SHOWN = 10


def print_import(merged: Merged, out: Path) -> None:
    """Print rows per table, what should be known, and what a plan still lacks."""
    console = Console()
    table = Table("table", "new rows", "changed", "as they were", title=f"Read into {out}")
    for name, counts in merged.counts.items():
        table.add_row(name, str(counts.added), str(counts.changed), str(counts.kept))
    console.print(table)
    warnings_first = sorted(merged.findings, key=lambda finding: finding.severity, reverse=True)
    for finding in warnings_first[:SHOWN]:
        text = f"{finding.severity}: {finding.subject}: {finding.detail}"
        console.print(text, soft_wrap=True, highlight=False, markup=False)
    if len(merged.findings) > SHOWN:
        console.print(f"{len(merged.findings) - SHOWN} more findings; --json shows all")
    gaps = Counter(zip(merged.missing["file"], merged.missing["column"], strict=True))
    for (file, column), count in gaps.items():
        text = f"still missing: {column} in {file}, {count} times"
        console.print(text, soft_wrap=True, highlight=False, markup=False)
    console.print(f"{len(merged.missing)} gaps, listed in {out / MISSING}", soft_wrap=True)


def record(merged: Merged) -> dict[str, Any]:
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
