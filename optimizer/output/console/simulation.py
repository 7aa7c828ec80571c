"""What a person sees of a simulation on the terminal, within 80 columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.table import Table

from models.week_plan import WeekFigures
from optimizer.output.console.terminal import Terminal
from optimizer.simulation.results import Agreement, Simulation

WORST = 10


def print_simulation(
    simulation: Simulation, agreement: Agreement | None, out: Path, today: WeekFigures | None = None
) -> None:
    """Print the runs per tier, the most overloaded servers, and how far a plan was followed.

    Beside a plan's lists stands the week of ``today``.
    """
    console = Terminal()
    console.print(_served(simulation, today))
    if simulation.overload:
        console.print(_overloaded(simulation))
    if agreement is not None:
        console.tell(followed(agreement))
    console.tell(
        f"{len(simulation.runs)} runs, {simulation.failed_over} failed over, "
        f"{simulation.failed} failed; peak {simulation.peak}; written to {out}",
    )


def _served(simulation: Simulation, today: WeekFigures | None) -> Table:
    title = "The product by itself" if today is None else "Inside the plan's lists"
    table = Table(title=title, title_justify="left")
    table.add_column("tier")
    for name in ("runs", "share", *["today"] * (today is not None)):
        table.add_column(name, justify="right")
    rows = [
        *((str(tier), runs, f"tier{tier}") for tier, runs in enumerate(simulation.tiers, start=1)),
        ("failed", simulation.failed, "failed"),
    ]
    for tier, runs, figure in rows:
        before = [] if today is None else [str(getattr(today, figure))]
        table.add_row(tier, str(runs), share(runs, len(simulation.runs)), *before)
    if today is not None:
        overload = sum(simulation.overload.values())
        table.add_row("overload", str(overload), "", str(today.overload_minutes))
    return table


def _overloaded(simulation: Simulation) -> Table:
    table = Table(title="The most overloaded servers", title_justify="left")
    table.add_column("server", overflow="fold")
    for name in ("busiest", "max_tasks", "task-minutes above"):
        table.add_column(name, justify="right")
    servers, spans = simulation.estate.servers, simulation.spans
    busiest = np.zeros(len(servers), dtype=np.int64)
    np.maximum.at(busiest, spans.server, spans.running + spans.planned)
    worst = sorted(simulation.overload.items(), key=lambda item: -item[1])
    for server, minutes in worst[:WORST]:
        limit = servers["max_tasks"].iloc[server]
        table.add_row(
            servers["server"].iloc[server], str(busiest[server]), str(limit), str(minutes)
        )
    return table


def followed(agreement: Agreement) -> str:
    """Say how many runs are where the plan wants them."""
    planned, tier = agreement.planned_runs, agreement.in_planned_tier
    on_server = agreement.on_planned_server
    return (
        f"of {planned} planned runs {on_server} ({share(on_server, planned)}) are on their server, "
        f"{tier} ({share(tier, planned)}) in their tier"
    )


def share(part: int, whole: int) -> str:
    """Return ``part`` of ``whole`` in percent, "-" of nothing."""
    return f"{part / whole:.1%}" if whole else "-"
