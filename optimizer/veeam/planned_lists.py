"""What a plan wants of each job, and what it saw there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import EstateError, PlanError
from optimizer.files.replacement import recover
from optimizer.files.table_reader import read_table
from optimizer.files.text_table import TextTable, items

WANTED, SEEN = "job_proxies.csv", "job_before.csv"
COLUMNS = ("job", "proxies")
CHOICE, CHANGE = "choice", "change"
AUTOMATIC, LIST = "automatic", "list"
AGAIN = "run `gip plan` again"


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A job's servers by name, none for automatic selection: ``wanted``, and as ``seen``."""

    job: str
    wanted: tuple[str, ...]
    seen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedLists:
    """What a plan sets and what it keeps, in the order of its file.

    The SHA-256 of each file that says so. A kept job is to stay as ``seen``, so nothing is sent for
    it.
    """

    wishes: tuple[PlannedChange, ...]
    kept: tuple[PlannedChange, ...]
    sha256: dict[str, str]


def read_planned_lists(plan: Path) -> PlannedLists:
    """Return what the plan in a folder wants; raise PlanError where it cannot be read."""
    recover(plan)
    wanted = _table(plan / WANTED, (*COLUMNS, CHOICE, CHANGE))
    seen = _table(plan / SEEN, COLUMNS)
    before = _lists(plan / SEEN, seen)
    changes = wanted.columns[CHANGE].to_pylist()
    choices = wanted.columns[CHOICE].to_pylist()
    found: dict[str, list[PlannedChange]] = {"set": [], "keep": []}
    for (job, servers), choice, change in zip(
        _lists(plan / WANTED, wanted).items(), choices, changes, strict=True
    ):
        if job not in before:
            raise PlanError(f"{plan / SEEN}: has no row for job {job!r}; {AGAIN}")
        if change not in found:
            raise PlanError(f"{plan / WANTED}: change {change!r} is not set or keep; {AGAIN}")
        if choice != (LIST if servers else AUTOMATIC):
            why = f"choice {choice!r} of job {job!r} does not go with its proxies"
            raise PlanError(f"{plan / WANTED}: {why}; {AGAIN}")
        found[change].append(PlannedChange(job, servers, before[job]))
    sha256 = {WANTED: wanted.sha256, SEEN: seen.sha256}
    return PlannedLists(tuple(found["set"]), tuple(found["keep"]), sha256)


def _table(path: Path, columns: Sequence[str]) -> TextTable:
    try:
        table = read_table(path, columns)
    except EstateError as error:
        raise PlanError(f"{path}: {error.problems[0].reason}; {AGAIN}") from error
    missing = [column for column in columns if column not in table.columns]
    if table.problems or missing:
        why = str(table.problems[0]) if table.problems else f"has no column {missing[0]!r}"
        raise PlanError(f"{path}: {why}; {AGAIN}")
    return table


def _lists(path: Path, table: TextTable) -> dict[str, tuple[str, ...]]:
    """Return the servers of each job, each once, in their order."""
    jobs, cells = (table.columns[column].to_pylist() for column in COLUMNS)
    found: dict[str, tuple[str, ...]] = {}
    for job, cell in zip(jobs, cells, strict=True):
        if job in found:
            raise PlanError(f"{path}: has job {job!r} twice; {AGAIN}")
        found[job] = tuple(dict.fromkeys(items(cell)))
    return found
