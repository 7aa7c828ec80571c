"""What became of each job in an apply or a rollback, within 80 columns; the same as a record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from optimizer.output.console.terminal import Terminal
from optimizer.veeam.apply import AS_PLANNED, WOULD_CHANGE, ApplyOutcome
from optimizer.veeam.rollback import RollbackOutcome


def print_outcomes(outcomes: Sequence[ApplyOutcome], jobs: int, journal: Path | None) -> None:
    """Print the jobs that are not as planned already, then how many there are of each kind."""
    console = Terminal()
    rows = [
        (
            each.job,
            "?" if each.before is None else _listed(each.before),
            _listed(each.wanted),
            each.result,
        )
        for each in outcomes
        if each.result != AS_PLANNED
    ]
    _print(console, "Guest interaction proxies", ("job", "before", "plan", "result"), rows)
    counts = Counter(each.result for each in outcomes)
    counts["not reached"] = jobs - len(outcomes)
    console.tell(f"{jobs} job{'s' * (jobs != 1)}: {_counted(counts)}")
    if counts[WOULD_CHANGE]:
        console.tell("nothing was changed: this was a dry run; --yes does it")
    if journal is not None:
        console.tell(f"journal: {journal}")


def print_undone(undone: Sequence[RollbackOutcome]) -> None:
    """Print the jobs of a rollback, then how many there are of each kind."""
    console = Terminal()
    _print(console, "Jobs", ("job", "result"), [(each.job, each.result) for each in undone])
    counts = _counted(Counter(each.result for each in undone))
    jobs = f"{len(undone)} job{'s' * (len(undone) != 1)}: {counts}"
    console.tell(jobs if undone else "nothing to put back")


def record(items: Sequence[ApplyOutcome] | Sequence[RollbackOutcome], jobs: int) -> dict[str, Any]:
    """Return the same as a document."""
    return {"jobs": [asdict(item) for item in items], "not_reached": jobs - len(items)}


def _print(
    console: Terminal, title: str, names: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left")
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _listed(servers: Sequence[str]) -> str:
    return "\n".join(servers) or "automatic"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {result}" for result, count in counts.items() if count)
