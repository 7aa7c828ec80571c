"""What a person sees when something fails, within 80 columns; and the same as a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from models.week import clock
from optimizer.analysis.what_if.study import Scenario, Study
from optimizer.analysis.what_if.task_classes import LossOutcome
from optimizer.analysis.what_if.week_outcome import WeekOutcome
from optimizer.output.console.terminal import Terminal

WORST = 20
MEANING = (
    "lost: tasks that nobody serves any more; gone: tasks of VMs that fail, too; fail over: tasks "
    "that the backup server takes over; peak: its tasks at its worst moment"
)


def record(study: Study) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    ranks = {place: rank for rank, place in enumerate(study.ranking, start=1)}
    return {
        "scenarios": [
            _record(study, scenario, ranks[place]) for place, scenario in enumerate(study.scenarios)
        ]
    }


def _record(study: Study, scenario: Scenario, rank: int) -> dict[str, Any]:
    outcome, replanned = scenario.outcome, scenario.replanned
    return {
        "fail": list(scenario.fail),
        "rank": rank,
        "kept": outcome.kept,
        "failed_over": outcome.failed_over,
        "lost": outcome.lost,
        "gone": outcome.gone,
        "backup_server_peak": outcome.peak,
        "backup_server_peak_at": None if outcome.peak_at is None else clock(outcome.peak_at),
        "backup_server_limit": study.limit,
        "tiers_before": _by_tier(study.before.tiers),
        "tiers_after": _by_tier(outcome.tiers),
        "single_points": list(scenario.single_points),
        **({} if scenario.week is None else {"week": asdict(scenario.week)}),
        "replanned": replanned
        and {
            "tiers": _by_tier(replanned.tiers),
            "unassigned": replanned.unassigned,
            "moves": replanned.moves,
            "proven": replanned.proven,
        },
    }


def _by_tier(tiers: Sequence[int]) -> dict[str, int]:
    return {str(tier): tasks for tier, tasks in enumerate(tiers, start=1)}


def print_study(study: Study) -> None:
    """Print the failures, most damage first, and the tiers of one alone or planned anew."""
    console = Terminal()
    console.print(_ranked(study))
    console.tell(MEANING)
    hidden = len(study.scenarios) - WORST
    if hidden > 0:
        console.tell(f"... {hidden} more; --json has all of them")
    if study.week_before is not None:
        console.print(_weeks(study, study.week_before))
    for place in study.ranking:
        scenario = study.scenarios[place]
        if scenario.replanned or len(study.scenarios) == 1:
            console.print(_tiers(study.before, scenario))


def _ranked(study: Study) -> Table:
    limit = "" if study.limit is None else f"; backup server's limit: {study.limit}, ! above it"
    table = Table(title=f"Failures, most damage first{limit}", title_justify="left")
    table.add_column("failure", overflow="fold")
    for name in ("lost", "gone", "fail over", "peak"):
        table.add_column(name, justify="right")
    table.add_column("at", no_wrap=True)
    for place in study.ranking[:WORST]:
        scenario = study.scenarios[place]
        outcome, points = scenario.outcome, scenario.single_points
        by = ["itself, a single point"] if points == scenario.fail else points
        table.add_row(
            "\n".join((" ".join(scenario.fail), *(f"  by {point}" for point in by))),
            *(str(tasks) for tasks in (outcome.lost, outcome.gone, outcome.failed_over)),
            f"{outcome.peak}{'!' if study.overload(scenario) else ''}",
            "-" if outcome.peak_at is None else clock(outcome.peak_at),
        )
    return table


def _weeks(study: Study, before: WeekOutcome) -> Table:
    """Return what becomes of the runs of a week inside the lists, nothing lost first."""
    table = Table(title="The runs of a week inside the plan's lists", title_justify="left")
    table.add_column("failure", overflow="fold")
    for name in ("lost", "gone", "fail over", "kept", "overload"):
        table.add_column(name, justify="right")
    shown = [study.scenarios[place] for place in study.ranking[:WORST]]
    for name, week in [("none", before), *((" ".join(s.fail), s.week) for s in shown)]:
        if week is not None:
            runs = (week.lost, week.gone, week.failed_over, week.kept, week.overload_minutes)
            table.add_row(name, *map(str, runs))
    return table


def _tiers(before: LossOutcome, scenario: Scenario) -> Table:
    """Return how many tasks are in which tier before, after failover, and planned anew."""
    after, anew = scenario.outcome, scenario.replanned
    table = Table("", title=" ".join(scenario.fail), title_justify="left")
    for name in ("before", "after", "re-planned")[: 2 + (anew is not None)]:
        table.add_column(name, justify="right")
    columns = [(*before.tiers, 0, 0, 0), (*after.tiers, after.lost, after.gone, after.failed_over)]
    if anew is not None:
        columns.append((*anew.tiers, anew.unassigned, after.gone, anew.moves))
    names = ("tier 1", "tier 2", "tier 3", "tier 4", "lost", "gone", "moved")
    for name, *tasks in zip(names, *columns, strict=True):
        table.add_row(name, *map(str, tasks))
    return table
