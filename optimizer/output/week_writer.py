"""Writes what to select in each job as files, and the week that follows as a record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.estate import Estate
from models.week_plan import JobChoice, WeekFiguresSummary, WeekPlan
from optimizer.files.csv_writer import write_csv
from optimizer.output.week_words import note_of

FIGURES = ("runs", "failed", "tier1", "tier2", "tier3", "tier4", "failed_over", "overload_minutes")


def write_choices(estate: Estate, week: WeekPlan, folder: Path) -> None:
    """Write job_proxies.csv and job_before.csv."""
    servers = estate.servers["server"].tolist()
    jobs = estate.jobs["job"].tolist()
    before = [";".join(names) for names in estate.jobs["proxies"]]

    def proxies_of(choice: JobChoice) -> str:
        return proxies_cell(servers, choice.servers) if choice.is_set else before[choice.job]

    rows = [(choice, proxies_of(choice)) for choice in week.choices]
    columns = {
        "job": [jobs[choice.job] for choice, _ in rows],
        "choice": [choice_kind(proxies) for _, proxies in rows],
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


def choice_kind(proxies: str) -> str:
    """Return what a row calls the choice of its ``proxies``."""
    return "list" if proxies else "automatic"


def proxies_cell(servers: Sequence[str], codes: Iterable[int]) -> str:
    """Return the cell that names servers."""
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
