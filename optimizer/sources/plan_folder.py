"""Reads a plan's folder back, as the plan of the estate that it was made of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from models.errors import EstateError, PlanError
from models.estate import Codes, Estate
from models.plan import Tasks
from optimizer.sources.cells import items
from optimizer.sources.names import look_up
from optimizer.sources.raw_table import RawTable
from optimizer.sources.table_file import read_table

RECORD, ASSIGNMENTS, JOB_PROXIES = "plan.json", "assignments.csv", "job_proxies.csv"
COLUMNS = {ASSIGNMENTS: ("job", "vm", "proxy", "tier"), JOB_PROXIES: ("job", "proxies")}
TIERS = ("", "1", "2", "3", "4")
AGAIN = "run `gip plan` again"


@dataclass(frozen=True)
class PlanFolder:
    """What a plan in ``folder`` says.

    Per task, in the order of `tasks_of`: ``proxy``, a server code, -1 where unassigned, and
    ``tier``, 0 where there is none. ``job_proxies`` gives jobs, by name, the codes of the servers
    that the plan uses for them.
    """

    folder: Path
    proxy: Codes
    tier: NDArray[np.int8]
    job_proxies: Mapping[str, tuple[int, ...]]


def read_plan(estate: Estate, tasks: Tasks, folder: Path) -> PlanFolder:
    """Return the plan in ``folder``; PlanError where it cannot be read or is of another estate."""
    _same_inputs(estate, folder)
    rows = plan_table(folder, ASSIGNMENTS)
    server = _codes(estate.servers["server"], rows, "proxy")
    task = tasks_at(estate, tasks, rows)
    proxy = np.full(len(tasks), -1, dtype=np.int32)
    proxy[task] = server
    tier = np.zeros(len(tasks), dtype=np.int8)
    tier[task] = tiers(rows)
    return PlanFolder(folder, proxy, tier, _job_proxies(estate, folder))


def tasks_at(estate: Estate, tasks: Tasks, rows: RawTable) -> Codes:
    """Return the place in all ``tasks`` of each row, by its job and vm; PlanError for others."""
    job, vm = _codes(estate.jobs["job"], rows, "job"), _codes(estate.vms["vm"], rows, "vm")
    wanted = job.astype(np.int64) * len(estate.vms) + vm
    pairs = pd.Index(tasks.job.astype(np.int64) * len(estate.vms) + tasks.vm)
    task: Codes = pairs.get_indexer(pd.Index(wanted)).astype(np.int32)
    _refuse(rows, "vm", task < 0, "is no task of the estate")
    _refuse(rows, "vm", pd.Series(task).duplicated().to_numpy(), "has a row for its job already")
    return task


def plan_table(folder: Path, file: str, columns: Sequence[str] = ()) -> RawTable:
    """Return ``columns`` of one of a plan's files, by default those that commands read; PlanError
    without them."""
    columns = columns or COLUMNS[file]
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


def tiers(rows: RawTable) -> NDArray[np.int8]:
    """Return the tier of each row of assignments, 0 where the cell is empty."""
    cells = rows.columns["tier"]
    number = {text: tier for tier, text in enumerate(TIERS)}
    codes = np.array([number.get(text, -1) for text in cells.dictionary.to_pylist()], dtype=np.int8)
    found: NDArray[np.int8] = codes[cells.indices.to_numpy()]
    _refuse(rows, "tier", found < 0, "is no tier")
    return found


def _same_inputs(estate: Estate, folder: Path) -> None:
    """Raise PlanError where the plan was made of other files than the estate's."""
    try:
        record: Any = json.loads((folder / RECORD).read_bytes())
        inputs = dict(record["inputs"])
    except OSError as error:
        raise unreadable(folder / RECORD, error.strerror or str(error)) from error
    except (ValueError, TypeError, KeyError) as error:
        raise unreadable(folder / RECORD, "it is not the record of a plan") from error
    both = sorted(inputs.keys() | estate.inputs.keys())
    differing = [file for file in both if inputs.get(file) != estate.inputs.get(file)]
    if differing:
        raise PlanError(
            f"{folder}: is not a plan of {estate.folder}: {', '.join(differing)} "
            f"{'is' if len(differing) == 1 else 'are'} not as when it was made; "
            f"{AGAIN}, or name the estate that it was made of"
        )


def _job_proxies(estate: Estate, folder: Path) -> dict[str, tuple[int, ...]]:
    rows = plan_table(folder, JOB_PROXIES)
    _codes(estate.jobs["job"], rows, "job")
    code = {name: number for number, name in enumerate(estate.servers["server"].tolist())}
    lists = [items(cell) for cell in rows.columns["proxies"].to_pylist()]
    unknown = np.array([any(name not in code for name in names) for names in lists], np.bool_)
    _refuse(rows, "proxies", unknown, "is not a list of servers of the estate")
    jobs = rows.columns["job"].to_pylist()
    found = [tuple(code[name] for name in names) for names in lists]
    return dict(zip(jobs, found, strict=True))


def _codes(names: pd.Series[str], rows: RawTable, column: str) -> Codes:
    _, (codes,) = look_up(pa.array(names, pa.string()), [rows.columns[column]])
    _refuse(rows, column, codes < 0, "is not in the estate")
    return codes


def _refuse(rows: RawTable, column: str, wrong: NDArray[np.bool_], reason: str) -> None:
    """Raise PlanError for the first row that is ``wrong``."""
    if wrong.any():
        row = int(np.argmax(wrong))
        (line,) = rows.lines([row])
        text = rows.text(column, row)
        raise PlanError(f"{rows.file}:{line}: {column}: {text!r} {reason}; {AGAIN}")


def unreadable(path: Path, why: str) -> PlanError:
    """Return the error of a part of a plan that cannot be read."""
    return PlanError(f"{path}: cannot be read as part of a plan: {why}; {AGAIN}")
