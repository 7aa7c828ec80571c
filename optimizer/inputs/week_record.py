"""Reads back what a plan folder says of the week: figures, choices of jobs, splits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.estate import Estate
from models.week_plan import First, WeekAim, WeekFigures, WeekFiguresSummary
from optimizer.files.text_table import items
from optimizer.inputs.plan_folder import RECORD, plan_table, unreadable

JOB_PROXIES, BEFORE, SPLITS = "job_proxies.csv", "job_before.csv", "job_splits.csv"


@dataclass(frozen=True, slots=True)
class SplitFigures:
    """The weeks with the split of ``job`` and all of better ``rank``."""

    job: str
    rank: int
    weeks: WeekFiguresSummary


@dataclass(frozen=True, slots=True)
class WeekRecord:
    """What `plan.json` says of the week; the fields are those of `WeekPlan`."""

    first: First
    plan: WeekFigures
    today: WeekFiguresSummary
    automatic: WeekFiguresSummary
    lists: WeekFiguresSummary
    lists_and_splits: WeekFiguresSummary
    bound: WeekFigures
    splits: tuple[SplitFigures, ...]
    aims: tuple[WeekAim, ...]


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """A row of `job_proxies.csv`, names and words as written, with the servers ``before``."""

    job: str
    servers: tuple[str, ...]
    before: tuple[str, ...]
    is_set: bool
    certainty: str
    note: str


@dataclass(frozen=True, slots=True)
class SplitPart:
    """A part of a split job: its ``name``, its servers (none: automatic), and its VMs.

    ``vms`` is what people call them.
    """

    job: str
    rank: int
    part: int
    name: str
    servers: tuple[str, ...]
    vms: tuple[str, ...]
    ids: tuple[str, ...]


def find_freed_jobs(estate: Estate, after: Path) -> list[str]:
    """Find the jobs that name just what the plan in ``after`` set: they are free again.

    Parts of split jobs are among them under the names that the plan gave them. The estate may have
    changed since. Raises PlanError where the plan cannot be read.
    """
    was_set = {row.job: set(row.servers) for row in read_choice_rows(after) if row.is_set}
    was_set |= {part.name: set(part.servers) for part in read_splits(after)}
    pairs = zip(estate.jobs["job"], estate.jobs["proxies"], strict=True)
    return [job for job, proxies in pairs if proxies and was_set.get(job) == set(proxies)]


def read_week(folder: Path) -> WeekRecord:
    """Read the week of the plan in ``folder``; PlanError where it is not there."""
    path = folder / RECORD
    try:
        week: Any = json.loads(path.read_bytes())["week"]
        return WeekRecord(
            first=week["first"],
            plan=WeekFigures(**week["plan"]),
            today=_summary(week["today"]),
            automatic=_summary(week["automatic"]),
            lists=_summary(week["lists"]),
            lists_and_splits=_summary(week["lists_and_splits"]),
            bound=WeekFigures(**week["bound"]),
            splits=tuple(
                SplitFigures(split["job"], split["rank"], _summary(split))
                for split in week["splits"]
            ),
            aims=tuple(WeekAim(**aim) for aim in week["aims"]),
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise unreadable(path, "it does not tell of the week") from error


def _summary(weeks: Mapping[str, Any]) -> WeekFiguresSummary:
    return WeekFiguresSummary(
        WeekFigures(**weeks["nominal"]), dict(weeks["mean"]), WeekFigures(**weeks["worst"])
    )


def read_choice_rows(folder: Path) -> list[ChoiceRow]:
    """Read what the plan in ``folder`` has for each job; PlanError where it cannot be read."""
    columns = ("job", "proxies", "change", "certainty", "note")
    rows = plan_table(folder, JOB_PROXIES, columns)
    seen = plan_table(folder, BEFORE, ("job", "proxies"))
    pairs = zip(*(seen.columns[name].to_pylist() for name in ("job", "proxies")), strict=True)
    before = {job: items(proxies) for job, proxies in pairs}
    cells = zip(*(rows.columns[name].to_pylist() for name in columns), strict=True)
    return [
        ChoiceRow(job, items(proxies), before.get(job, ()), change == "set", certainty, note)
        for job, proxies, change, certainty, note in cells
    ]


def read_splits(folder: Path) -> list[SplitPart]:
    """Read the parts of split jobs, by rank; PlanError where they cannot be read."""
    columns = ("job", "rank", "part", "name", "proxies", "vm", "vm_name")
    rows = plan_table(folder, SPLITS, columns)
    parts: dict[tuple[int, str, int], tuple[str, tuple[str, ...], list[tuple[str, str]]]] = {}
    cells = zip(*(rows.columns[name].to_pylist() for name in columns), strict=True)
    try:
        for job, rank, part, name, proxies, vm, vm_name in cells:
            key = int(rank), job, int(part)
            parts.setdefault(key, (name, items(proxies), []))[2].append((vm_name or vm, vm))
    except ValueError as error:
        raise unreadable(folder / SPLITS, f"{error}: is no number") from error
    return [
        SplitPart(job, rank, part, name, servers, *map(tuple, zip(*vms, strict=True)))
        for (rank, job, part), (name, servers, vms) in sorted(parts.items())
    ]
