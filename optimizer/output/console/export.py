"""What an export holds, for people, within 80 columns, and what to do with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from optimizer.output.console.terminal import Terminal, printable
from optimizer.veeam.changes import AS_PLANNED, CHANGE
from optimizer.veeam.export import SCRIPTS, TABLE, named

SHOWN = 20
LONGEST = 200
_WORDS = {CHANGE: "to change"}
NEXT = f"""\
Next: take a configuration backup. Where the REST interface covers the jobs, use
`gip apply`. For the others copy the folder to the backup server and run there
  Get-Help .\\{SCRIPTS[0]} -Full
  .\\{SCRIPTS[0]} -WhatIf
  .\\{SCRIPTS[0]} -JobName 'a job that matters little'
It uses internals that the vendor does not support, and was never run yet;
{SCRIPTS[1]} puts back what it changed."""


def print_export(entries: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Print the jobs that are not as planned already, why any is left, and what to do next."""
    console = Terminal()
    table = Table(title="What to select in the jobs", title_justify="left")
    for name in ("job", "before", "after", "action"):
        table.add_column(name, overflow="fold")
    open_ = [row for row in entries if row["action"] != AS_PLANNED]
    for row in open_[:SHOWN]:
        cells = (row["job"], named(row["before"]), named(row["after"]), row["action"])
        table.add_row(*map(export_record, cells))
    console.print(table)
    lines = [
        f"{export_record(row['job'])}: {export_record(row['reason'])}"
        for row in open_
        if row["reason"]
    ]
    if len(open_) > SHOWN:
        lines = [f"... {len(open_) - SHOWN} more in {TABLE}", *lines[:SHOWN]]
    counts = Counter(row["action"] for row in entries)
    told = ", ".join(f"{count} {_WORDS.get(action, action)}" for action, count in counts.items())
    for line in (*lines, f"{len(entries)} jobs: {told}; written to {out}", NEXT):
        console.print(line, soft_wrap=True)


def export_record(name: str) -> str:
    """Return a name as a terminal may have it: no codes, no marks that turn it round, not long.

    >>> export_record("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    plain = printable(name[: LONGEST + 1])
    return plain if len(plain) <= LONGEST else f"{plain[:LONGEST]}..."
