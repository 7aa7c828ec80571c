"""Reads what a plan changes in the jobs, from its folder alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from models.change import JobChange
from models.errors import PlanError
from optimizer.sources.cells import items
from optimizer.sources.plan_folder import AGAIN, JOB_BEFORE, JOB_PROXIES, plan_table


def read_changes(folder: Path) -> tuple[JobChange, ...]:
    """Return a change for each job of ``job_proxies.csv``, in its order, some of them `is_none`.

    Raises PlanError where that file or ``job_before.csv`` is missing or broken.
    """
    wanted, before = (plan_table(folder, file) for file in (JOB_PROXIES, JOB_BEFORE))
    jobs, said = (rows.columns["job"].to_pylist() for rows in (wanted, before))
    if jobs != said:
        raise PlanError(
            f"{folder / JOB_BEFORE}: has other jobs than {JOB_PROXIES}, or in another order; {AGAIN}"
        )
    lists = [
        [items(cell) for cell in rows.columns["proxies"].to_pylist()] for rows in (before, wanted)
    ]
    changes = [JobChange(*row) for row in zip(jobs, *lists, strict=True)]
    _refuse(folder, [change.job for change in changes if not change.after], "names no server")
    _refuse(folder, sorted({job for job in jobs if jobs.count(job) > 1}), "has two rows")
    return tuple(changes)


def _refuse(folder: Path, jobs: Sequence[str], why: str) -> None:
    if jobs:
        raise PlanError(f"{folder / JOB_PROXIES}: job {jobs[0]!r} {why}; {AGAIN}")
