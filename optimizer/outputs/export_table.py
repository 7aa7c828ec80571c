"""What an export holds, for people, within 80 columns, and what to do with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from optimizer.exports.document import NONE
from optimizer.exports.run import SCRIPTS, TABLE, named

SHOWN = 20
LONGEST = 120
NEXT = f"""\
Next: take a configuration backup. Where the REST interface covers the jobs, use
`gip apply`. For the others copy the folder to the backup server and run there
  Get-Help .\\{SCRIPTS[0]} -Full
  .\\{SCRIPTS[0]} -WhatIf
  .\\{SCRIPTS[0]} -JobName 'a job that matters little'
It uses internals that the vendor does not support, and was never run yet;
{SCRIPTS[1]} puts back what it changed."""


def print_export(entries: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Print a row per job that changes, how many do, and what to do next."""
    console = Console()
    table = Table(title="What to select in the jobs", title_justify="left")
    for name in ("job", "before", "after", "action"):
        table.add_column(name, overflow="fold")
    changed = [row for row in entries if row["action"] != NONE]
    for row in changed[:SHOWN]:
        cells = (row["job"], named(row["before"]), named(row["after"]), row["action"])
        table.add_row(*(Text(shown(cell)) for cell in cells))
    console.print(table)
    if len(changed) > SHOWN:
        console.print(f"... {len(changed) - SHOWN} more in {TABLE}", highlight=False)
    said = f"{len(entries)} jobs, {len(changed)} to change; written to {out}"
    console.print(said, soft_wrap=True, highlight=False, markup=False)
    console.print(NEXT, soft_wrap=True, highlight=False, markup=False)


def shown(name: str) -> str:
    """Return a name as a terminal may have it: no codes, no marks that turn it round, not long.

    >>> shown("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    plain = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name[: LONGEST + 1])
    return plain if len(plain) <= LONGEST else f"{plain[:LONGEST]}..."
