"""What became of each job in an apply or a rollback, within 80 columns; the same as a record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from optimizer.apply.run import AS_PLANNED, WOULD_CHANGE, Outcome
from optimizer.apply.undo import Undone


def print_outcomes(outcomes: Sequence[Outcome], jobs: int, journal: Path | None) -> None:
    """Print the jobs that are not as planned already, then how many there are of each kind."""
    console = Console()
    rows = [
        (
            _printable(each.job),
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
    _say(console, f"{jobs} jobs: {_counted(counts)}")
    if counts[WOULD_CHANGE]:
        _say(console, "nothing was changed: this was a dry run; --yes does it")
    if journal is not None:
        _say(console, f"journal: {journal}")


def print_undone(undone: Sequence[Undone]) -> None:
    """Print the jobs of a rollback, then how many there are of each kind."""
    console = Console()
    _print(
        console, "Jobs", ("job", "result"), [(_printable(each.job), each.result) for each in undone]
    )
    counts = _counted(Counter(each.result for each in undone))
    _say(console, f"{len(undone)} jobs: {counts}" if undone else "nothing to put back")


def record(items: Sequence[Outcome] | Sequence[Undone], jobs: int) -> dict[str, Any]:
    """Return the same as a document."""
    return {"jobs": [asdict(item) for item in items], "not_reached": jobs - len(items)}


def _print(
    console: Console, title: str, names: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left")
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _say(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, markup=False, highlight=False)


def _listed(servers: Sequence[str]) -> str:
    return "\n".join(map(_printable, servers)) or "automatic"


def _printable(text: str) -> str:
    """Return a name without what a terminal would obey."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {result}" for result, count in counts.items() if count)
