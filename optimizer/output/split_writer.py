"""Writes job_splits.csv: of each job to split every VM once, with the part that takes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.estate import Codes, Estate
from models.plan import Tasks
from models.week_plan import JobSplit
from optimizer.eligibility.tasks import byte_rank
from optimizer.files.csv_writer import named, write_csv
from optimizer.output.week_writer import choice_kind, proxies_cell

HEAD = ("job", "rank", "part", "name", "choice", "proxies")


@dataclass(frozen=True, slots=True)
class JobVms:
    """Rows of `job_vms.csv`, sorted by name of the job and id of the VM (bytes).

    ``task`` is the place of each one's task among the plan's, -1 where it is none.
    """

    job: Codes
    vm: Codes
    task: Counts


def find_job_vms(estate: Estate, tasks: Tasks, jobs: Iterable[int], first: int = 0) -> JobVms:
    """Find all rows of ``jobs`` (codes), tasks or not.

    ``first`` is the place of the first of ``tasks`` where these are only part of the plan's.
    """
    pairs, wanted = estate.job_vms, list(jobs)
    rows = np.flatnonzero(np.isin(pairs["job_code"].to_numpy(), wanted))
    job, vm = (pairs[name].to_numpy()[rows] for name in ("job_code", "vm_code"))
    order = np.lexsort((byte_rank(estate.vms["vm"])[vm], byte_rank(estate.jobs["job"])[job]))
    job, vm = job[order], vm[order]
    # Both are in the same order, so the rows that are tasks have their places in turn.
    places = np.flatnonzero(np.isin(tasks.job, wanted))
    size = np.int64(len(estate.vms))
    is_task = np.isin(job * size + vm, tasks.job[places] * size + tasks.vm[places])
    task = np.full(len(job), -1, dtype=np.int64)
    task[is_task] = first + places
    return JobVms(job, vm, task)


def parts_of(split: JobSplit, task: Counts) -> NDArray[np.intp]:
    """Return the part (from 0) of each row of a split job, given the place of its task.

    What is no Windows task goes to the largest part, the first of equals.
    """
    largest = np.argmax([len(part.tasks) for part in split.parts])
    found = np.full(len(task), largest, dtype=np.intp)
    for number, part in enumerate(split.parts):
        found[np.isin(task, part.tasks)] = number
    return found


def write_splits(
    estate: Estate, splits: Sequence[JobSplit], rows: JobVms, called: pa.Array, path: Path
) -> None:
    """Write the ``rows`` of split jobs, with what people have ``called`` each VM."""
    jobs, servers = estate.jobs["job"].tolist(), estate.servers["server"].tolist()
    heads: list[tuple[str, ...]] = []
    place = np.zeros(len(rows.job), dtype=np.int32)
    for split in splits:
        mine = np.flatnonzero(rows.job == split.job)
        place[mine] = len(heads) + parts_of(split, rows.task[mine])
        for number, part in enumerate(split.parts, start=1):
            proxies = proxies_cell(servers, part.servers)
            of_part = (str(number), part.name, choice_kind(proxies), proxies)
            heads.append((jobs[split.job], str(split.rank), *of_part))
    columns = {name: named([head[at] for head in heads], place) for at, name in enumerate(HEAD)}
    vms = pa.array(rows.vm)
    ids = pa.array(estate.vms["vm"], pa.string()).take(vms)
    write_csv(path, {**columns, "vm": ids, "vm_name": called.take(vms)})
