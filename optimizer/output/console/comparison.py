"""A plan beside what the product would do by itself: for the terminal, and as a record."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.table import Table

from models.plan import Plan
from optimizer.lists.selection import JobLists
from optimizer.output.console.job_lists import share
from optimizer.output.console.terminal import Terminal
from optimizer.simulation.results import Simulation
from optimizer.simulation.week_figures import Figures, figures_of, figures_of_plan

COLUMNS = {"plan": "plan", "by_itself": "by itself", "in_job_lists": "in the job lists"}


def comparison(plan: Plan, lists: JobLists, by_itself: Simulation) -> dict[str, Figures]:
    """Return the figures of the week as planned, of the product by itself, and in the lists."""
    found = figures_of_plan(plan), figures_of(by_itself), lists.figures
    return dict(zip(COLUMNS, found, strict=True))


def record(figures: dict[str, Figures]) -> dict[str, Any]:
    """Return what ``--json`` prints of the figures."""
    return {name: asdict(column) for name, column in figures.items()}


def print_comparison(figures: dict[str, Figures]) -> None:
    """Print the figures side by side."""
    table = Table(title="The runs of a week", title_justify="left")
    table.add_column("")
    for heading in COLUMNS.values():
        table.add_column(heading, justify="right")
    columns = [_column(figures[name]) for name in COLUMNS]
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    console = Terminal()
    console.print(table)
    console.print(_sentence(figures["by_itself"]))


def _column(figures: Figures) -> dict[str, str]:
    tiers = {f"tier {tier}": str(runs) for tier, runs in enumerate(figures.tiers, start=1)}
    return tiers | {
        "failed": str(figures.failed),
        "failed over": str(figures.failed_over),
        "peak": str(figures.peak),
        "task-minutes above max_tasks": str(figures.overload),
    }


def _sentence(alone: Figures) -> str:
    runs = sum(alone.tiers) + alone.failed
    first = alone.tiers[0]
    return (
        f"By itself the product would serve {first} of {runs} runs ({share(first, runs)}) in "
        f"tier 1, let {alone.failed} fail and overload servers by {alone.overload} task-minutes"
    )
