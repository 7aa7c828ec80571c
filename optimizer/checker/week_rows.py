"""Judges job_proxies.csv: which jobs have a row, what is selected in them, and what follows.

Beside it job_before.csv: what these jobs named when the plan was made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.estate import Estate
from optimizer.checker.plan_files import PlanFiles
from optimizer.checker.violations import Violations
from optimizer.checker.week_choices import Choice, Choices
from optimizer.checker.week_figures import TIERS, Outcome

COUNTS = ("runs", "failed", *TIERS, "failed_over", "overload_minutes")
LIST, AUTOMATIC = "list", "automatic"


@dataclass(frozen=True)
class Rows:
    """The rows of job_proxies.csv by job: the choice in force, and the jobs in which it is set."""

    file: str
    cells: Mapping[str, Mapping[str, str]]
    choices: Mapping[str, Choice]
    changed: frozenset[str]


def read_rows(written: PlanFiles, choices: Choices, complaints: Violations) -> Rows | None:
    """Judge which rows there are and whether each choice is allowed.

    None where nothing can be replayed, as rows are missing or name what is not there.
    """
    table = {name: column.to_pylist() for name, column in written.columns.items()}
    jobs: list[str] = table["job"]
    wanted = choices.jobs
    for job in sorted(set(wanted) - set(jobs)):
        complaints.add(
            "jobs without a row", f"{written.file}: job {job!r} has no row, expected one"
        )
    for job in sorted(set(jobs) - set(wanted)):
        complaints.add(
            "rows too many",
            f"{written.file}: job {job!r} has a row, expected none: no enabled job of that name "
            "has Windows tasks",
        )
    for job in sorted({job for job in jobs if jobs.count(job) > 1} if len(jobs) > len(set(jobs))
                      else ()):  # fmt: skip
        complaints.add("jobs in two rows", f"{written.file}: job {job!r} stands there twice")
    if jobs != sorted(jobs):
        complaints.add("unsorted files", f"{written.file}: rows are not sorted by job (byte order)")
    cells = {
        job: {name: table[name][row] for name in table}
        for row, job in reversed(list(enumerate(jobs)))
    }
    if set(jobs) != set(wanted):
        return None
    made = {job: parse_choice(cells[job]["proxies"]) for job in wanted}
    changed = frozenset(job for job in wanted if cells[job]["change"] == "set")
    for job in wanted:
        for kind, sentence in _wrong(choices, job, cells[job], made[job]):
            complaints.add(kind, f"{written.file}: job {job!r} {sentence}")
    most = choices.wishes.most_changes
    if most is not None and len(changed) > most:
        complaints.add(
            "too many changes",
            f"{written.file}: {len(changed)} rows are set, expected {most} at most "
            "([lists] most_changes)",
        )
    if any(name not in choices.place for choice in made.values() for name in choice):
        return None
    return Rows(written.file, cells, made, changed)


def parse_choice(proxies: str) -> Choice:
    """Return the servers that a cell names; none are automatic selection."""
    return tuple(name for name in proxies.split(";") if name)


def kind_of(choice: Choice) -> str:
    """Return what a row calls a choice."""
    return LIST if choice else AUTOMATIC


def _wrong(
    choices: Choices, job: str, cells: Mapping[str, str], choice: Choice
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the choice in a row: its kind, and a sentence."""
    unknown = [name for name in choice if name not in choices.place]
    if cells["choice"] != kind_of(choice) or cells["proxies"] != ";".join(choice):
        yield (
            "jobs with a wrong choice",
            f"has choice {cells['choice']!r} and proxies {cells['proxies']!r}, "
            f"expected {kind_of(choice)!r} and {';'.join(choice)!r}",
        )
    if unknown:
        yield "jobs with unknown proxies", f"has proxy {unknown[0]!r}, which is not in servers"
    elif cells["change"] == "keep":
        today = ";".join(choices.today[job])
        if cells["proxies"] != today:
            yield (
                "jobs that keep something else",
                f"keeps proxies {cells['proxies']!r}, expected {today!r} as in jobs.csv",
            )
    elif cells["change"] != "set":
        yield "jobs with a wrong change", f"has change {cells['change']!r}, expected keep or set"
    elif why := choices.why_not(job, choice):
        yield "jobs with a choice that is not theirs", why
    elif choice == choices.today[job]:
        yield "jobs set to what they have", "is set to what jobs.csv says, expected keep"


def judge_figures(rows: Rows, week: Outcome, complaints: Violations) -> None:
    """Complain of each figure of a row that is not that of the nominal ``week``."""
    overload = week.overload().tolist()
    for number, unit in enumerate(week.replay.units):
        if unit.name not in rows.cells:
            continue
        counts = week.counts[number].tolist()
        expected = (sum(counts), *counts, int(week.failed_over[number]), overload[number])
        cells = rows.cells[unit.name]
        for name, value in zip(COUNTS, expected, strict=True):
            if cells[name] != str(value):
                complaints.add(
                    f"jobs with a wrong {name}",
                    f"{rows.file}: job {unit.name!r} has {name} {cells[name]!r}, expected {value}",
                )


def judge_certainty(
    rows: Rows, choices: Choices, weeks: Sequence[Outcome], complaints: Violations
) -> None:
    """Complain of each certainty that is not so.

    Where a task's tier depends on its pick, five ``weeks`` tell likely from depends; one does not.
    """
    for number, unit in enumerate(weeks[0].replay.units):
        job = unit.name
        if job not in rows.cells:
            continue
        found = rows.cells[job]["certainty"]
        if choices.offers(job, rows.choices[job]).is_certain:
            expected = ["guaranteed"]
        elif len(weeks) == 1:
            expected = ["likely", "depends"]
        else:
            counts = np.array([week.counts[number] for week in weeks])
            expected = ["likely" if (counts == counts[0]).all() else "depends"]
        if found not in expected:
            complaints.add(
                "jobs with a wrong certainty",
                f"{rows.file}: job {job!r} has certainty {found!r}, "
                f"expected {' or '.join(expected)}",
            )


def judge_job_before(
    estate: Estate, lists: PlanFiles, written: PlanFiles, complaints: Violations
) -> None:
    """Complain of jobs in job_before.csv other than in job_proxies.csv, or unlike in jobs.csv."""
    proxies_today = dict(zip(estate.jobs["job"], estate.jobs["proxies"], strict=True))
    wanted, jobs = (file.columns["job"].to_pylist() for file in (lists, written))
    for job, proxies in zip(jobs, written.columns["proxies"].to_pylist(), strict=True):
        expected = ";".join(proxies_today.get(job, ()))
        if proxies != expected:
            complaints.add(
                "jobs with wrong proxies before",
                f"{written.file}: job {job!r} has proxies {proxies!r}, "
                f"expected {expected!r} as in jobs.csv",
            )
    if jobs != wanted:
        complaints.add(
            "files with other jobs",
            f"{written.file}: jobs are not those of {lists.file}, in the same order",
        )
