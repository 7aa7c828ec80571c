"""Reads a plan folder back: assignments and job lists, and the details that a report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from models.errors import EstateError, PlanError
from models.estate import Codes, Estate
from models.plan import AimResult, Tasks
from optimizer.files.reading import parse_json, read_bytes
from optimizer.files.replacement import recover
from optimizer.files.table_reader import read_table
from optimizer.files.text_table import TextTable, items
from optimizer.inputs.estate_folder.references import look_up

Kind = TypeVar("Kind")
UNASSIGNED, FINDINGS = "unassigned.csv", "findings.csv"


@dataclass(frozen=True, slots=True)
class Details:
    """The details of a plan beside its assignments.

    Per task ``reason`` is a code into ``reasons``, -1 where it is not in `unassigned.csv`.
    """

    reason: NDArray[np.int8]
    reasons: tuple[str, ...]
    findings: TextTable
    aims: tuple[AimResult, ...]
    versions: Mapping[str, str]
    inputs: Mapping[str, str]


def read_details(estate: Estate, tasks: Tasks, folder: Path) -> Details:
    """Read the details of the plan in ``folder``; PlanError where they cannot be read."""
    rows = plan_table(folder, UNASSIGNED, ("job", "vm", "reason"))
    reason = np.full(len(tasks), -1, dtype=np.int8)
    reason[tasks_at(estate, tasks, rows)] = rows.columns["reason"].indices.to_numpy()
    aims, versions, inputs = _record(folder / RECORD)
    return Details(
        reason=reason,
        reasons=tuple(rows.columns["reason"].dictionary.to_pylist()),
        findings=plan_table(folder, FINDINGS, ("severity", "code", "subject", "detail")),
        aims=aims,
        versions=versions,
        inputs=inputs,
    )


def _record(path: Path) -> tuple[tuple[AimResult, ...], dict[str, str], dict[str, str]]:
    try:
        record: Any = parse_json(read_bytes(path))
        aims = typed(record["aims"], tuple[AimResult, ...])
        tool = typed(record["tool"], dict[str, str])
        return aims, tool, typed(record["inputs"], dict[str, str])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise unreadable(path, "it is not the record of a plan") from error


RECORD, ASSIGNMENTS, JOB_PROXIES = "plan.json", "assignments.csv", "job_proxies.csv"
COLUMNS = {
    ASSIGNMENTS: ("job", "vm", "proxy", "tier"),
    JOB_PROXIES: ("job", "choice", "proxies", "change"),
}
CHANGES = ("keep", "set")
FORMAT = 1
TIERS = ("", "1", "2", "3", "4")
AGAIN = "run `gip plan` again"


@dataclass(frozen=True, slots=True)
class PlannedChoice:
    """A row of `job_proxies.csv`.

    Servers (codes), none for automatic selection, and whether they are to be set.
    """

    servers: tuple[int, ...]
    is_set: bool


@dataclass(frozen=True)
class PlanFolder:
    """The assignments and job lists of the plan in ``folder``.

    Per task, in the order of `find_tasks`: ``proxy``, a server code, -1 where unassigned, and
    ``tier``, 0 where there is none. ``choices`` gives jobs, by name, what the plan has for them;
    jobs ``freed`` are those whose choice an earlier plan set (`--after`).
    """

    folder: Path
    proxy: Codes
    tier: NDArray[np.int8]
    choices: Mapping[str, PlannedChoice]
    freed: tuple[str, ...] = ()

    @property
    def lists(self) -> dict[str, tuple[int, ...]]:
        """Return the servers of each job with a row, none for automatic selection."""
        return {job: choice.servers for job, choice in self.choices.items()}


def read_plan(estate: Estate, tasks: Tasks, folder: Path) -> PlanFolder:
    """Read the plan in ``folder``; PlanError where it cannot be read or is of another estate."""
    freed = _same_inputs(estate, folder)
    rows = plan_table(folder, ASSIGNMENTS)
    server = _codes(estate.servers["server"], rows, "proxy")
    task = tasks_at(estate, tasks, rows)
    proxy = np.full(len(tasks), -1, dtype=np.int32)
    proxy[task] = server
    tier = np.zeros(len(tasks), dtype=np.int8)
    tier[task] = tiers(rows)
    return PlanFolder(folder, proxy, tier, read_choices(estate, folder), freed)


def tasks_at(estate: Estate, tasks: Tasks, rows: TextTable) -> Codes:
    """Return the place in all ``tasks`` of each row, by its job and vm; PlanError for others."""
    job, vm = _codes(estate.jobs["job"], rows, "job"), _codes(estate.vms["vm"], rows, "vm")
    wanted = job.astype(np.int64) * len(estate.vms) + vm
    pairs = pd.Index(tasks.job.astype(np.int64) * len(estate.vms) + tasks.vm)
    task: Codes = pairs.get_indexer(pd.Index(wanted)).astype(np.int32)
    _refuse(rows, "vm", task < 0, "is no task of the estate")
    _refuse(rows, "vm", pd.Series(task).duplicated().to_numpy(), "has a row for its job already")
    return task


def plan_table(folder: Path, file: str, columns: Sequence[str] = ()) -> TextTable:
    """Read ``columns`` of one of a plan's files, by default those that commands read.

    Raises PlanError where the file or a column is missing or broken.
    """
    columns = columns or COLUMNS[file]
    recover(folder)
    try:
        table = read_table(folder / file, columns)
    except EstateError as error:
        why = error.problems[0].reason.removeprefix("cannot be read: ")
        raise unreadable(folder / file, why) from error
    if table.problems:
        raise unreadable(folder / file, f"line {table.problems[0].line} is broken")
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise unreadable(folder / file, f"it has no column {missing[0]!r}")
    return table


def tiers(rows: TextTable) -> NDArray[np.int8]:
    """Return the tier of each row of assignments, 0 where the cell is empty."""
    cells = rows.columns["tier"]
    number = {text: tier for tier, text in enumerate(TIERS)}
    codes = np.array([number.get(text, -1) for text in cells.dictionary.to_pylist()], dtype=np.int8)
    found: NDArray[np.int8] = codes[cells.indices.to_numpy()]
    _refuse(rows, "tier", found < 0, "is no tier")
    return found


def _same_inputs(estate: Estate, folder: Path) -> tuple[str, ...]:
    """Return the jobs that the plan freed; PlanError where it was made of other files."""
    recover(folder)
    try:
        record: Any = parse_json(read_bytes(folder / RECORD))
        inputs = typed(record["inputs"], dict[str, str])
        freed = typed(record["settings"]["lists"]["freed_after"], tuple[str, ...])
        number = record["format"]
    except OSError as error:
        raise unreadable(folder / RECORD, error.strerror or str(error)) from error
    except (ValueError, TypeError, KeyError) as error:
        raise unreadable(folder / RECORD, "it is not the record of a plan") from error
    if number != FORMAT:
        raise unreadable(folder / RECORD, f"its format is {number!r}, not {FORMAT}")
    both = sorted(inputs.keys() | estate.inputs.keys())
    differing = [file for file in both if inputs.get(file) != estate.inputs.get(file)]
    if differing:
        raise PlanError(
            f"{folder}: is not a plan of {estate.folder}: {', '.join(differing)} "
            f"{'is' if len(differing) == 1 else 'are'} not as when it was made; "
            f"{AGAIN}, or name the estate that it was made of"
        )
    return freed


def read_choices(estate: Estate, folder: Path) -> dict[str, PlannedChoice]:
    """Read what a plan has for each job; PlanError where it is of another estate, or broken."""
    rows = plan_table(folder, JOB_PROXIES)
    job_codes = pd.Series(_codes(estate.jobs["job"], rows, "job"))
    _refuse(rows, "job", job_codes.duplicated().to_numpy(), "has a row already")
    code = {name: number for number, name in enumerate(estate.servers["server"].tolist())}
    lists = [items(cell) for cell in rows.columns["proxies"].to_pylist()]
    unknown = np.array([any(name not in code for name in names) for names in lists], np.bool_)
    _refuse(rows, "proxies", unknown, "is not a list of servers of the estate")
    jobs = rows.columns["job"].to_pylist()
    found = [tuple(sorted({code[name] for name in names})) for names in lists]
    choices = rows.columns["choice"].to_pylist()
    fits = [
        choice == ("list" if names else "automatic")
        for choice, names in zip(choices, lists, strict=True)
    ]
    _refuse(rows, "choice", ~np.array(fits, np.bool_), "does not go with the row's proxies")
    changes = rows.columns["change"].to_pylist()
    _refuse(rows, "change", ~np.isin(changes, CHANGES), "is none of keep and set")
    return {
        job: PlannedChoice(servers, change == "set")
        for job, servers, change in zip(jobs, found, changes, strict=True)
    }


def _codes(names: pd.Series[str], rows: TextTable, column: str) -> Codes:
    _, (codes,) = look_up(pa.array(names, pa.string()), [rows.columns[column]])
    _refuse(rows, column, codes < 0, "is not in the estate")
    return codes


def _refuse(rows: TextTable, column: str, wrong: NDArray[np.bool_], reason: str) -> None:
    """Raise PlanError for the first row that is ``wrong``."""
    if wrong.any():
        row = int(np.argmax(wrong))
        (line,) = rows.lines([row])
        text = rows.text(column, row)
        raise PlanError(f"{rows.file}:{line}: {column}: {text!r} {reason}; {AGAIN}")


def typed(value: Any, kind: type[Kind]) -> Kind:
    """Return what JSON has as an object of ``kind``; ValueError where a part is of another type."""
    return msgspec.convert(value, kind)


def unreadable(path: Path, why: str) -> PlanError:
    """Return the error of a part of a plan that cannot be read."""
    return PlanError(f"{path}: cannot be read as part of a plan: {why}; {AGAIN}")
