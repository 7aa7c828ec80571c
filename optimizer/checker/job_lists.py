"""Judges job lists: job_proxies.csv, and job_before.csv, what the same jobs named before.

A job's list has some of the servers that the plan uses for it. Which of them bring the product
nearest to the plan is a matter of degree, not of rules.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from models.estate import Estate
from optimizer.checker.plan_files import PlanFiles
from optimizer.checker.violations import Violations

Whole = NDArray[np.int64]


def judge_job_proxies(
    estate: Estate, pairs: Whole, written: PlanFiles, complaints: Violations
) -> None:
    """Complain of jobs whose list is missing, twice there, empty, not sorted, or has others.

    ``pairs`` are those of job and server, as codes, that the plan has, shape (pairs, 2).
    """
    names, servers = estate.jobs["job"].tolist(), estate.servers["server"].tolist()
    used: dict[str, set[str]] = defaultdict(set)
    for place, server in pairs.tolist():
        used[names[place]].add(servers[server])
    found: dict[str, str] = {}
    jobs, lists = (written.columns[name].to_pylist() for name in ("job", "proxies"))
    for job, proxies in zip(jobs, lists, strict=True):
        if job in found:
            complaints.add("jobs in two rows", f"{written.file}: job {job!r} stands there twice")
        found.setdefault(job, proxies)
    for job in sorted(used.keys() | found.keys()):
        wrong = _wrong(found.get(job), sorted(used.get(job, ())))
        if wrong:
            complaints.add("jobs with wrong proxies", f"{written.file}: job {job!r} {wrong}")
    if jobs != sorted(jobs):
        complaints.add("unsorted files", f"{written.file}: rows are not sorted by job (byte order)")


def judge_job_before(
    estate: Estate, lists: PlanFiles, written: PlanFiles, complaints: Violations
) -> None:
    """Complain of jobs in job_before.csv other than in job_proxies.csv, or unlike in jobs.csv."""
    said = dict(zip(estate.jobs["job"], estate.jobs["proxies"], strict=True))
    wanted, jobs = (file.columns["job"].to_pylist() for file in (lists, written))
    for job, proxies in zip(jobs, written.columns["proxies"].to_pylist(), strict=True):
        expected = ";".join(said.get(job, ()))
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


def _wrong(proxies: str | None, used: list[str]) -> str | None:
    """Say what is wrong with a job's list, given the servers that the plan uses, sorted."""
    if proxies is None:
        return f"has no row, expected some of {';'.join(used)!r}"
    if not used:
        return f"has proxies {proxies!r}, expected no row: the plan serves none of its tasks"
    listed = proxies.split(";")
    if listed == [name for name in used if name in set(listed)]:
        return None
    return f"has proxies {proxies!r}, expected some of {';'.join(used)!r}, each once, sorted"
