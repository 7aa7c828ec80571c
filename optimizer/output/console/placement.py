"""Where more proxies help, as a person sees it within 80 columns, and as a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from optimizer.analysis.placement.frontier import FrontierPoint
from optimizer.analysis.placement.placement import PlacementStudy
from optimizer.output.console.terminal import Terminal

SHORT = {"same_site": "same\nsite"}


def record(places: PlacementStudy) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    fewest = places.fewest
    return {
        "windows_tasks": places.tasks,
        "candidates": places.estate.servers["server"].tolist()[places.today :],
        "findings": [asdict(finding) for finding in places.estate.findings],
        "reached": places.reached,
        "curve": [_record(places, point) for point in places.curve],
        "greedy": [_record(places, point) for point in places.greedy],
        "today": fewest
        and {"needed": _names(places, fewest), "spare": _spare(places, fewest)}
        | {"proven": fewest.proven},
    }


def _record(places: PlacementStudy, point: FrontierPoint) -> dict[str, Any]:
    return {
        "proxies": _names(places, point),
        "aims": [
            {"aim": stage.aim, "value": stage.best, "bound": stage.bound, "proven": stage.proven}
            for stage in point.stages
        ],
        "seconds": round(point.seconds, 3),
    }


def _names(places: PlacementStudy, point: FrontierPoint) -> list[str]:
    return [str(places.estate.servers["server"].iloc[code]) for code in point.proxies]


def _spare(places: PlacementStudy, fewest: FrontierPoint) -> list[str]:
    """Return today's proxies that no aim needs."""
    needed = set(fewest.proxies)
    return [
        str(places.estate.servers["server"].iloc[code])
        for code in places.usable
        if code not in needed
    ]


def print_places(places: PlacementStudy) -> None:
    """Print the curves, what each further proxy gains, and who is not needed today."""
    console = Terminal()
    for finding in places.estate.findings[places.known :]:
        text = f"{finding.severity}: {finding.subject}: {finding.detail}"
        console.tell(text)
    _print(console, _curve(places.curve, "The best places for more proxies"))
    _listed(console, places, places.curve)
    if places.greedy:
        _print(console, _curve(places.greedy, "One by one, each stays where it is"))
        _listed(console, places, places.greedy)
    if places.reached is False:
        console.tell("The target is not reached with so many.")
    if places.fewest is not None:
        _today(console, places, places.fewest)


def _curve(points: Sequence[FrontierPoint], title: str) -> Table:
    table = Table(title=f"{title}; ! = not proven", title_justify="left")
    table.add_column("more", justify="right")
    for stage in points[0].stages:
        table.add_column(SHORT.get(stage.aim, stage.aim), justify="right", no_wrap=True)
    for count, point in enumerate(points):
        cells = [f"{stage.best}{'' if stage.proven else '!'}" for stage in point.stages]
        table.add_row(str(count), *cells)
    return table


def _print(console: Terminal, table: Table) -> None:
    if console.measure(table, options=console.options.update(width=999)).maximum > console.width:
        table.padding = (0, 0, 0, 0)  # figures of a million VMs
    console.print(table)


def _listed(console: Terminal, places: PlacementStudy, points: Sequence[FrontierPoint]) -> None:
    before: set[int] = set()
    for count, point in enumerate(points[1:], start=1):
        names = ", ".join(_names(places, point)) or "none helps"
        gains = ", ".join(
            f"{stage.aim} {stage.best - last.best:+}"
            for stage, last in zip(point.stages, points[count - 1].stages, strict=True)
            if stage.best != last.best
        )
        nested = "" if before <= set(point.proxies) else " (other places than before)"
        console.tell(f"{count}: {names}{nested}")
        console.tell(f"   {gains or 'no gain'}")
        before = set(point.proxies)


def _today(console: Terminal, places: PlacementStudy, fewest: FrontierPoint) -> None:
    spare = _spare(places, fewest)
    sure = "" if fewest.proven else " (not proven to be the most)"
    if spare:
        count = "One" if len(spare) == 1 else str(len(spare))
        needed = "is not needed" if len(spare) == 1 else "are not needed"
        console.tell(
            f"{count} of today's {len(places.usable)} proxies {needed}{sure}: {', '.join(spare)}. "
            "Without them every task keeps its proxy and its tier."
        )
    else:
        console.tell("All of today's proxies are needed.")
