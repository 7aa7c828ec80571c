"""What an export holds, for people, within 80 columns, and what to do with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from optimizer.output.console.plain import printable
from optimizer.output.console.terminal import Terminal
from optimizer.veeam.changes import AS_PLANNED, CHANGE
from optimizer.veeam.export import TABLE, named

SHOWN = 20
LONGEST = 200
_WORDS = {CHANGE: "to change"}
NEXT = (
    "Next: take a configuration backup. Where the REST interface covers the jobs, use `gip apply`. "
    f"In the others select by hand what {TABLE} has in `after`: edit the job, go to Guest "
    "Processing, choose the guest interaction proxies."
)


def print_export(entries: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Print the jobs that are not as planned already, why any is left, and what to do next."""
    console = Terminal()
    table = Table(title="What to select in the jobs", title_justify="left")
    for name in ("job", "before", "after", "action"):
        table.add_column(name, overflow="fold")
    open_ = [row for row in entries if row["action"] != AS_PLANNED]
    for row in open_[:SHOWN]:
        before, after = (named(row[when]).replace(";", ", ") for when in ("before", "after"))
        cells = (row["job"], before, after, row["action"])
        table.add_row(*map(printable_name, cells))
    console.print(table)
    lines = [
        f"{printable_name(row['job'])}: {printable_name(row['reason'])}"
        for row in open_
        if row["reason"]
    ]
    if len(open_) > SHOWN:
        lines = [f"... {len(open_) - SHOWN} more in {TABLE}", *lines[:SHOWN]]
    counts = Counter(row["action"] for row in entries)
    told = ", ".join(f"{count} {_WORDS.get(action, action)}" for action, count in counts.items())
    if entries:
        jobs = f"{len(entries)} job{'s' * (len(entries) != 1)}: {told}"
    else:
        jobs = "No job has to change"
    for line in (*lines, f"{jobs}; written to {out}"):
        console.tell(line)
    if entries:
        console.tell(NEXT, everywhere=True)


def printable_name(name: str) -> str:
    """Return a name fit for a terminal: no escape codes, no marks that turn text round, not long.

    >>> printable_name("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    plain = printable(name[: LONGEST + 1])
    return plain if len(plain) <= LONGEST else f"{plain[:LONGEST]}..."
