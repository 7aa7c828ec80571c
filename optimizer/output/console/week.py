"""What a person sees at the end of a plan: the week that follows, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from models.estate import Estate
from models.week_plan import (
    LABEL_AIMS,
    WEEK_AIMS,
    First,
    JobChoice,
    JobSplit,
    WeekFigures,
    WeekPlan,
)
from optimizer.output.week_words import describe_cost, describe_gain, note_of

SHOWN = 10
ROWS = {
    "failed": "failed",
    "tier1": "tier 1",
    "tier2": "tier 2",
    "tier3": "tier 3",
    "tier4": "tier 4",
    "overload_minutes": "overload, task-minutes",
    "peak": "busiest server, tasks",
}


def print_week(console: Console, estate: Estate, week: WeekPlan, out: Path) -> None:
    """Print the week today and with the lists, what to select in which job, splits, what next."""
    console.print(_weeks(week))
    jobs, servers = estate.jobs["job"].tolist(), estate.servers["server"].tolist()
    major, minor = _by_importance(week)
    if not major:
        same = "Whatever is selected" if not week.splits else "Whatever lists are selected"
        console.print(_nothing_to_gain(same, week), soft_wrap=True)
    for title, choices in (
        ("What to select in each job (guest processing)", major),
        ("Lists that gain only protection, site or peak", minor),
    ):
        if choices:
            _print_first(console, _choices(title, choices, jobs, servers), len(choices))
    kept = sum(not choice.is_set for choice in week.choices)
    if kept:
        console.print(f"{kept} of {len(week.choices)} jobs keep what they have")
    if week.splits:
        _print_first(console, _splits(week.splits, jobs, servers), len(week.splits))
        console.print("job_splits.csv has every VM of the jobs to make", soft_wrap=True)
    console.print(f"Next: {_next_command(bool(major or minor), out)}", soft_wrap=True)


def _nothing_to_gain(subject: str, week: WeekPlan) -> str:
    """Say that doing nothing is as good, and what stays as it is."""
    overload = week.today.nominal.overload_minutes
    if not overload and not week.today.nominal.failed:
        return "Nothing to change: today's choices are as good as any"
    left = f"{overload} task-minutes of overload" if overload else "the failed runs"
    if week.splits:
        return f"{subject}, {left} stay: only splitting jobs removes them (below)"
    return f"{subject}, {left} stay: no list of servers does better"


def _next_command(changes: bool, out: Path) -> str:
    if not changes:
        return f"gip report ESTATE {out} --out report.html shows the week to others"
    return f"gip export veeam {out} --out changes, or gip apply {out} --url https://SERVER:9419"


def _weeks(week: WeekPlan) -> Table:
    """Return the one table: today, with these lists, with the splits, the best possible."""
    columns: dict[str, WeekFigures] = {
        "today": week.today.nominal,
        "with these lists": week.lists.nominal,
    }
    if week.splits:
        columns["with the splits"] = week.lists_and_splits.nominal
    columns["best possible"] = week.bound
    return figures_table("The runs of a week", columns)


def figures_table(title: str, columns: dict[str, WeekFigures]) -> Table:
    """Return figures of weeks side by side."""
    table = Table(title=title, title_justify="left")
    table.add_column("", min_width=12)
    for heading in columns:
        table.add_column(heading, justify="right")
    for figure, heading in ROWS.items():
        table.add_row(heading, *(str(getattr(week, figure)) for week in columns.values()))
    return table


def _by_importance(week: WeekPlan) -> tuple[list[JobChoice], list[JobChoice]]:
    """Return what is to be set: what gains before `protected`, and what only from there on."""
    aims = WEEK_AIMS[week.first]
    late = aims.index(LABEL_AIMS[0])
    major: list[JobChoice] = []
    minor: list[JobChoice] = []
    for choice in week.choices:
        if choice.is_set:
            gained = min((aims.index(aim) for aim, _ in choice.gains), default=late)
            (major if gained < late else minor).append(choice)
    for choices in (major, minor):
        choices.sort(key=lambda choice: _importance(week.first, choice.gains))
    return major, minor


def _importance(first: First, gains: Sequence[tuple[str, int]]) -> list[tuple[int, int]]:
    return [(WEEK_AIMS[first].index(aim), -amount) for aim, amount in gains]


def _choices(
    title: str, choices: Sequence[JobChoice], jobs: Sequence[str], servers: Sequence[str]
) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("job", overflow="fold")
    table.add_column("select", overflow="fold")
    table.add_column("gains a week", overflow="fold")
    for choice in choices[:SHOWN]:
        table.add_row(jobs[choice.job], name_choice(servers, choice.servers), note_of(choice))
    return table


def _splits(splits: Sequence[JobSplit], jobs: Sequence[str], servers: Sequence[str]) -> Table:
    title = "Jobs to split, the best first; each line is a job to make"
    table = Table(title=title, title_justify="left")
    table.add_column("split", overflow="fold")
    table.add_column("into", overflow="fold")
    table.add_column("VMs", justify="right")
    table.add_column("select", overflow="fold")
    for split in splits[:SHOWN]:
        gains = ", ".join(describe_gain(aim, amount) for aim, amount in split.gains[:1])
        costs = ", ".join(describe_cost(aim, amount) for aim, amount in split.costs[:2])
        head = f"{jobs[split.job]}: {gains}" + (f", at the price of {costs}" if costs else "")
        for number, part in enumerate(split.parts):
            chosen = name_choice(servers, part.servers)
            table.add_row("" if number else head, part.name, str(len(part.vms)), chosen)
        table.add_section()
    return table


def name_choice(servers: Sequence[str], codes: Iterable[int]) -> str:
    """Return what a person selects: names of servers, or automatic."""
    return ", ".join(servers[code] for code in codes) or "automatic"


def _print_first(console: Console, table: Table, count: int) -> None:
    console.print(table)
    if count > SHOWN:
        console.print(f"... {count - SHOWN} more")
