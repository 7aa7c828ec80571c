"""What a person sees at the end of a plan: the week that follows, and what to do about it.

Jobs come as lines, not as tables: names and lists are long, and terminals may be narrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from models.estate import Estate
from models.week_plan import JobChoice, JobSplit, WeekFigures, WeekPlan
from optimizer.output.console.terminal import Terminal
from optimizer.output.week_ranking import is_early, rank_gains
from optimizer.output.week_words import (
    CERTAINTIES,
    describe_costs,
    describe_gains,
    note_of,
)

SHOWN = 10
ROWS = {
    "failed": "failed",
    "tier1": "tier 1",
    "tier2": "tier 2",
    "tier3": "tier 3",
    "tier4": "tier 4",
    "overload_minutes": "overload",
    "peak": "peak",
}
UNITS = "Overload: task-minutes above the limits. Peak: tasks on the busiest server."
WORST = "Worst: of five weeks with other ties, another order, starts up to ten minutes late."


def print_week(console: Terminal, estate: Estate, week: WeekPlan, out: Path) -> None:
    """Print the week today and with the lists, what to select in which job, splits, what next."""
    _print_weeks(console, week)
    jobs, servers = estate.jobs["job"].tolist(), estate.servers["server"].tolist()
    changes = [choice for choice in week.choices if choice.is_set]
    changes.sort(key=lambda choice: rank_gains(week.first, choice.gains))
    early = [choice for choice in changes if is_early(week.first, choice.gains)]
    late = [choice for choice in changes if not is_early(week.first, choice.gains)]
    if not early:
        _print_line(console, _nothing_to_gain(week))
    for title, choices in (
        ("What to select in each job (Guest Processing), what gains most first:", early),
        ("These can wait; they gain only second paths, nearness or a lower peak:", late),
    ):
        if choices:
            _print_line(console, title)
            _print_choices(console, choices, jobs, servers)
    _print_line(console, _kept(week))
    if week.splits:
        _print_splits(console, week.splits, jobs, servers)
    _print_next(console, bool(changes), bool(week.splits), estate.folder, out)


def _print_weeks(console: Terminal, week: WeekPlan) -> None:
    """Print the one table: today, with these lists, with the splits, the best possible."""
    known = {"today": week.today, "lists": week.lists}
    if week.splits:
        known["split"] = week.lists_and_splits
    columns = {name: weeks.nominal for name, weeks in known.items()} | {"best": week.bound}
    worst = {name: weeks.worst for name, weeks in known.items()}
    steps = ["today", "with these lists", *["with the splits"] * bool(week.splits)]
    _print_line(console, f"Runs of a week: {', '.join(steps)}, the best possible")
    console.print(figures_table("", columns, worst))
    differ = any(worst[name] != columns[name] for name in worst)
    _print_line(console, UNITS)
    if differ:
        _print_line(console, WORST)


def figures_table(
    title: str, columns: Mapping[str, WeekFigures], worst: Mapping[str, WeekFigures] | None = None
) -> Table:
    """Return figures of weeks side by side; under them the ``worst``, where they differ."""
    table = Table(title=title or None, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("", min_width=8)
    for heading in columns:
        table.add_column(heading, justify="right", overflow="fold")
    for figure, heading in ROWS.items():
        nominal = {name: getattr(week, figure) for name, week in columns.items()}
        table.add_row(heading, *(f"{value:,}" for value in nominal.values()))
        worse = {name: getattr(week, figure) for name, week in (worst or {}).items()}
        if any(worse[name] != nominal[name] for name in worse):
            cells = (f"{worse[name]:,}" if name in worse else "" for name in nominal)
            table.add_row("  worst", *cells)
    return table


def _nothing_to_gain(week: WeekPlan) -> str:
    """Say that doing nothing is as good, and what stays as it is."""
    today = week.today.nominal
    left = [
        words
        for count, words in (
            (today.failed, f"{today.failed:,} failed runs"),
            (today.overload_minutes, f"{today.overload_minutes:,} task-minutes of overload"),
        )
        if count
    ]
    if week.splits:
        return "No list of servers does better than today's choices; splitting jobs does (below)."
    if not left:
        return "Nothing has to change: today's choices are as good as any."
    return (
        "Doing nothing is as good: no list of servers does better than today's choices. "
        f"What stays: {' and '.join(left)} a week."
    )


def _kept(week: WeekPlan) -> str:
    kept, whole = sum(not choice.is_set for choice in week.choices), len(week.choices)
    if kept == whole:
        return "Every job keeps what it has."
    return f"{kept} of {whole} jobs keep what they have." if kept else "No job stays as it is."


def _print_choices(
    console: Terminal, choices: Sequence[JobChoice], jobs: Sequence[str], servers: Sequence[str]
) -> None:
    for choice in choices[:SHOWN]:
        selected = name_choice(servers, choice.servers)
        _print_line(console, f"{jobs[choice.job]} -> {selected}", 2)
        _print_line(console, f"{note_of(choice)} ({CERTAINTIES[choice.certainty]})", 6)
    _print_rest(console, len(choices), "job_proxies.csv")


def _print_splits(
    console: Terminal, splits: Sequence[JobSplit], jobs: Sequence[str], servers: Sequence[str]
) -> None:
    _print_line(console, "Jobs to split, the best first:")
    for split in splits[:SHOWN]:
        costs = describe_costs(split.costs[:2])
        price = f", at the price of {costs}" if costs else ""
        gains = describe_gains(split.gains[:2])
        _print_line(console, f"{jobs[split.job]}: {gains}{price}", 2)
        for part in split.parts:
            count = f"{len(part.tasks):,} Windows VM{'' if len(part.tasks) == 1 else 's'}"
            selected = name_choice(servers, part.servers)
            _print_line(console, f"{part.name} ({count}) -> {selected}", 6)
    _print_rest(console, len(splits), "job_splits.csv")
    _print_line(console, "job_splits.csv says which VM goes into which job.")


def _print_next(console: Terminal, changes: bool, splits: bool, estate: Path, out: Path) -> None:
    console.tell("Next:")
    commands = [f"gip report {estate} {out} --out report.html --open"]
    if changes:
        commands += [
            f"gip export veeam {out} --out changes",
            f"gip apply {out} --url https://SERVER:9419",
        ]
    if splits:
        commands.append(f"gip plan {estate} --out NEXT --after {out}  (once the jobs are split)")
    for command in commands:
        console.print(f"  {command}", soft_wrap=True)


def name_choice(servers: Sequence[str], codes: Iterable[int]) -> str:
    """Return what a person selects: names of servers, or automatic selection."""
    return ", ".join(servers[code] for code in codes) or "automatic selection"


def _print_rest(console: Terminal, count: int, file: str) -> None:
    if count > SHOWN:
        _print_line(console, f"... and {count - SHOWN:,} more, in {file}", 2)


def _print_line(console: Terminal, text: str, indent: int = 0) -> None:
    """Print a sentence behind an ``indent``, within the width of the tables, in files, too."""
    console.tell(" " * indent + text, everywhere=True)
