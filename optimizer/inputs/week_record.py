"""Reads back what a plan folder says of the week: figures, choices of jobs, splits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models.diagnostics import Finding
from models.errors import PlanError
from models.estate import Estate
from models.week_aims import First
from models.week_plan import WeekAim, WeekFigures, WeekFiguresSummary
from optimizer.files.reading import parse_json, read_bytes
from optimizer.files.text_table import items
from optimizer.inputs.plan_folder import CHANGES, RECORD, plan_table, typed, unreadable

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


def free_after(estate: Estate, after: Path) -> Estate:
    """Free the jobs that name just what the plan in ``after``, the one applied last, set in them.

    Parts of split jobs are among them under the names that the plan gave them. The estate may have
    changed since; jobs that name something else than the plan set or saw stay bound, with a
    finding. Raises PlanError where the plan cannot be read, or where all its jobs are like that.
    """
    rows = [row for row in read_choice_rows(after) if row.is_set]
    was_set = {row.job: set(row.servers) for row in rows}
    was_set |= {part.name: set(part.servers) for part in read_splits(after)}
    now = {
        job: set(proxies)
        for job, proxies in zip(estate.jobs["job"], estate.jobs["proxies"], strict=True)
    }
    freed = [job for job, proxies in now.items() if proxies and was_set.get(job) == proxies]
    known = {row.job for row in rows if now.get(row.job) in (set(row.servers), set(row.before))}
    other = [row for row in rows if row.job in now and row.job not in known]
    if rows and not known:
        raise PlanError(_not_applied_last(after, rows, other, now))
    findings = (
        Finding("warning", "changed_since_plan", row.job, _differing(row, now[row.job]))
        for row in other
    )
    return replace(estate.with_free(freed), findings=(*estate.findings, *findings))


def _differing(row: ChoiceRow, now: set[str]) -> str:
    was_set = _selected(row.servers)
    return f"selects {_selected(now)}, not {was_set} as the plan given with --after set; it is kept"


def _selected(servers: Collection[str]) -> str:
    return ", ".join(sorted(servers)) or "automatic selection"


def _not_applied_last(
    after: Path, rows: Sequence[ChoiceRow], other: Sequence[ChoiceRow], now: dict[str, set[str]]
) -> str:
    """Return why nothing can be planned after a plan, as a person would say it."""
    others = [f"{row.job!r} selects {_selected(now[row.job])}" for row in other[:1]]
    gone = [f"{row.job!r} is gone" for row in rows if row.job not in now][:1]
    return (
        f"{after}: is not the plan applied last: no job selects what it set, or what it saw "
        f"before ({', '.join(others + gone)}). Give --after the plan that was applied last, or "
        "leave --after out: then the lists of today bind, but for jobs in [lists] free"
    )


def read_week(folder: Path) -> WeekRecord:
    """Read the week of the plan in ``folder``; PlanError where it is not there."""
    path = folder / RECORD
    try:
        week: Any = parse_json(read_bytes(path))["week"]
        splits = [
            {"job": split["job"], "rank": split["rank"], "weeks": split} for split in week["splits"]
        ]
        return typed(week | {"splits": splits}, WeekRecord)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise unreadable(path, "it does not tell of the week") from error


def read_choice_rows(folder: Path) -> list[ChoiceRow]:
    """Read what the plan in ``folder`` has for each job; PlanError where it cannot be read."""
    columns = ("job", "proxies", "change", "certainty", "note")
    rows = plan_table(folder, JOB_PROXIES, columns)
    seen = plan_table(folder, BEFORE, ("job", "proxies"))
    pairs = zip(*(seen.columns[name].to_pylist() for name in ("job", "proxies")), strict=True)
    before = {job: items(proxies) for job, proxies in pairs}
    cells = list(zip(*(rows.columns[name].to_pylist() for name in columns), strict=True))
    odd = next((change for _, _, change, _, _ in cells if change not in CHANGES), None)
    if odd is not None:
        raise unreadable(folder / JOB_PROXIES, f"change {odd!r} is none of keep and set")
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
