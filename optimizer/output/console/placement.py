"""Where more proxies help, as a person sees it within 80 columns, and as a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from optimizer.analysis.placement.frontier import FrontierPoint
from optimizer.analysis.placement.placement import PlacementStudy
from optimizer.output.console.terminal import Terminal

SHORT = {"coverage": "served", "protected": "protect", "same_site": "site"}


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
        console.print(text, soft_wrap=True)
    _print(console, _curve(places.curve, "The best places for more proxies"))
    _listed(console, places, places.curve)
    if places.greedy:
        _print(console, _curve(places.greedy, "One by one, each stays where it is"))
        _listed(console, places, places.greedy)
    if places.reached is False:
        console.print("The target is not reached with so many.")
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


def _print(console: Console, table: Table) -> None:
    if console.measure(table, options=console.options.update(width=999)).maximum > console.width:
        table.padding = (0, 0, 0, 0)  # figures of a million VMs
    console.print(table)


def _listed(console: Console, places: PlacementStudy, points: Sequence[FrontierPoint]) -> None:
    before: set[int] = set()
    for count, point in enumerate(points[1:], start=1):
        names = ", ".join(_names(places, point)) or "none helps"
        gains = ", ".join(
            f"{stage.aim} {stage.best - last.best:+}"
            for stage, last in zip(point.stages, points[count - 1].stages, strict=True)
            if stage.best != last.best
        )
        nested = "" if before <= set(point.proxies) else " (other places than before)"
        console.print(f"{count}: {names}{nested}", soft_wrap=True)
        console.print(f"   {gains or 'no gain'}", soft_wrap=True)
        before = set(point.proxies)


def _today(console: Console, places: PlacementStudy, fewest: FrontierPoint) -> None:
    spare = _spare(places, fewest)
    sure = "" if fewest.proven else " (not proven to be the most)"
    if spare:
        needed = "is not needed" if len(spare) == 1 else "are not needed"
        text = f"{len(spare)} of today's {len(places.usable)} proxies {needed}"
        console.print(f"{text}, no task being lost or in a lower tier{sure}: {', '.join(spare)}",
                      soft_wrap=True)  # fmt: skip
    else:
        console.print("All of today's proxies are needed.")
