"""The jobs that are no longer as planned, within 80 columns; the same as a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from optimizer.output.console.plan import count_words
from optimizer.output.console.terminal import Terminal
from optimizer.veeam.drift import Drift

SHOWN = 20


def record(found: Drift) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    jobs = [asdict(job) for job in found.jobs]
    return {"drift": found.is_drift, "as_planned": found.as_planned, **found.counts, "jobs": jobs}


def print_drift(found: Drift) -> None:
    """Print the jobs that are not as planned, the worst first, why, and how many are."""
    console = Terminal()
    shown = found.jobs[:SHOWN]
    if shown:
        table = Table(title="Jobs that are not as planned", title_justify="left")
        for name in ("job", "severity", "plan", "now", "state"):
            table.add_column(name, overflow="fold")
        for job in shown:
            selected = (_selected(job.planned), _selected(job.now))
            table.add_row(job.job, job.severity, *selected, job.state)
        console.print(table)
    for job in shown:
        console.tell(f"{job.job}: {job.detail}")
    if len(found.jobs) > SHOWN:
        console.tell(f"... {len(found.jobs) - SHOWN} more; --json has all of them")
    counts = (count_words(count, severity) for severity, count in found.counts.items() if count)
    console.tell(", ".join([f"{count_words(found.as_planned, 'job')} as planned", *counts]))


def _selected(servers: Sequence[str] | None) -> str:
    return "?" if servers is None else "\n".join(servers) or "automatic"
