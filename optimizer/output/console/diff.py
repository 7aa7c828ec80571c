"""What a person sees of two assignments that differ, within 80 columns; the same as a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
from rich.table import Table

from optimizer.analysis.plan_diff import SIDES, ChoiceDifference, Difference
from optimizer.output.console.plan import count_words
from optimizer.output.console.terminal import Terminal

SHOWN = 20


def record(found: Difference) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    tables = {
        "jobs": found.jobs,
        "servers": found.servers,
        "sites": found.by_site,
        "tiers": found.tiers,
        "moves": found.moves,
    }
    records = {
        name: None if table is None else table.to_dict("records") for name, table in tables.items()
    }
    choices = None if found.choices is None else [asdict(choice) for choice in found.choices]
    return found.totals | records | {"choices": choices}


def print_difference(found: Difference) -> None:
    """Print what moves per job and server, jobs, servers, sites and tiers, most first; choices."""
    console = Terminal()
    flow = ["leave", "arrive"]
    _print(console, "Moves", found.moves, ["tasks"])
    _print(console, "Jobs", found.jobs, [*found.totals])
    _print(console, "Servers", found.servers, flow)
    if found.by_site is not None:
        _print(console, "Sites", found.by_site, flow)
    _print(console, "Tiers", found.tiers, ["tasks"])
    if found.choices:
        _print_choices(console, found.choices)
    words = (f"{tasks} {_worded(flag)}" for flag, tasks in found.totals.items())
    console.tell(f"{len(found.tasks)} tasks: {', '.join(words)}")


def _print_choices(console: Terminal, choices: Sequence[ChoiceDifference]) -> None:
    """Print what is to be selected in each job, on either side."""
    table = Table(title=f"Choices of {count_words(len(choices), 'job')}", title_justify="left")
    for name in ("job", *SIDES):
        table.add_column(name, overflow="fold")
    for choice in choices[:SHOWN]:
        table.add_row(choice.job, _selected(choice.before), _selected(choice.after))
    console.print(table)
    if len(choices) > SHOWN:
        console.tell(f"... {len(choices) - SHOWN} more; --json has all of them")


def _selected(servers: tuple[str, ...] | None) -> str:
    if servers is None:
        return "not in the plan"
    return ", ".join(servers) or "automatic selection"


def _print(console: Terminal, title: str, rows: pd.DataFrame, changes: list[str]) -> None:
    """Print the rows with any ``changes``, those with most first; nothing for none."""
    changed = rows[rows[changes].any(axis=1)]
    order = changed[changes].sum(axis=1).sort_values(ascending=False, kind="stable").index
    if not len(order):
        return
    table = Table(title=title, title_justify="left")
    for name, column in rows.items():
        justify: Any = "right" if column.dtype == int else "left"
        table.add_column(_worded(str(name)), justify=justify, overflow="fold")
    for row in changed.loc[order[:SHOWN]].itertuples(index=False):
        table.add_row(*map(str, row))
    console.print(table)
    if len(order) > SHOWN:
        console.tell(f"... {len(order) - SHOWN} more; --json has all of them")


def _worded(name: str) -> str:
    return name.replace("_", " ")
