"""Writes what to select in each job, and the jobs to split, as files and as a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.estate import Codes, Estate
from models.week_plan import JobChoice, JobPart, WeekFiguresSummary, WeekPlan
from optimizer.files.csv_writer import write_csv
from optimizer.output.week_words import note_of

FIGURES = ("runs", "failed", "tier1", "tier2", "tier3", "tier4", "failed_over", "overload_minutes")
SPLIT_COLUMNS = ("job", "rank", "part", "name", "choice", "proxies", "vm", "vm_name")
NamesOf = Callable[[Codes], Sequence[tuple[str, str]]]


def write_week(estate: Estate, week: WeekPlan, names_of: NamesOf, folder: Path) -> None:
    """Write the files of ``week``; ``names_of`` gives id and name of VMs (codes)."""
    servers = estate.servers["server"].tolist()
    jobs = estate.jobs["job"].tolist()
    before = [";".join(names) for names in estate.jobs["proxies"]]

    def proxies_of(choice: JobChoice) -> str:
        return _cell(servers, choice.servers) if choice.is_set else before[choice.job]

    rows = [(choice, proxies_of(choice)) for choice in week.choices]
    columns = {
        "job": [jobs[choice.job] for choice, _ in rows],
        "choice": [_kind(proxies) for _, proxies in rows],
        "proxies": [proxies for _, proxies in rows],
        "change": ["set" if choice.is_set else "keep" for choice, _ in rows],
        **{name: [str(getattr(choice, name)) for choice, _ in rows] for name in FIGURES},
        "certainty": [str(choice.certainty) for choice, _ in rows],
        "note": [note_of(choice) for choice, _ in rows],
    }
    write_csv(folder / "job_proxies.csv", columns)
    named = [choice.job for choice in week.choices]
    said = {"job": [jobs[job] for job in named], "proxies": [before[job] for job in named]}
    write_csv(folder / "job_before.csv", said)
    _write_splits(week, jobs, servers, names_of, folder / "job_splits.csv")


def _write_splits(
    week: WeekPlan, jobs: Sequence[str], servers: Sequence[str], names_of: NamesOf, path: Path
) -> None:
    """Write a row for each VM of each split job, sorted by job and VM (bytes)."""
    rows = []
    for split in week.splits:
        for number, part in enumerate(split.parts, start=1):
            head = (jobs[split.job], str(split.rank), str(number), *_named(servers, part))
            rows += [(*head, *names) for names in names_of(part.vms)]
    rows.sort(key=lambda row: (row[0].encode(), row[6].encode()))
    columns = {name: [row[place] for row in rows] for place, name in enumerate(SPLIT_COLUMNS)}
    write_csv(path, columns)


def _named(servers: Sequence[str], part: JobPart) -> tuple[str, str, str]:
    proxies = _cell(servers, part.servers)
    return part.name, _kind(proxies), proxies


def _kind(proxies: str) -> str:
    return "list" if proxies else "automatic"


def _cell(servers: Sequence[str], codes: Iterable[int]) -> str:
    return ";".join(servers[code] for code in codes)


def week_record(estate: Estate, week: WeekPlan) -> dict[str, Any]:
    """Return what ``plan.json`` says of the week."""
    jobs = estate.jobs["job"].tolist()
    return {
        "first": week.first,
        "plan": asdict(week.plan),
        "today": _summary(week.today),
        "automatic": _summary(week.automatic),
        "lists": _summary(week.lists),
        "lists_and_splits": _summary(week.lists_and_splits),
        "bound": asdict(week.bound),
        "splits": [
            {"job": jobs[split.job], "rank": split.rank} | _summary(split.weeks)
            for split in week.splits
        ],
        "aims": [asdict(aim) for aim in week.aims],
    }


def _summary(weeks: WeekFiguresSummary) -> dict[str, Any]:
    return {
        "nominal": asdict(weeks.nominal), "mean": dict(weeks.mean), "worst": asdict(weeks.worst),
    }  # fmt: skip
