"""Judges job_proxies.csv: per job the servers that the plan uses for it."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd

from optimizer.check.roster import Roster
from optimizer.check.service import Service
from optimizer.check.verdict import Complaints
from optimizer.check.written import Written


def judge_job_proxies(
    roster: Roster,
    service: Service,
    servers: list[str],
    written: Written,
    complaints: Complaints,
) -> None:
    """Complain of jobs whose list is missing, twice there, not sorted, or not what is used."""
    used: dict[str, set[str]] = defaultdict(set)
    for pair in pd.unique(roster.job[service.task] * len(servers) + service.proxy).tolist():
        place, server = divmod(pair, len(servers))
        used[roster.job_names[place]].add(servers[server])
    expected = {job: ";".join(sorted(names)) for job, names in used.items()}
    found: dict[str, str] = {}
    jobs, lists = (written.columns[name].to_pylist() for name in ("job", "proxies"))
    for job, proxies in zip(jobs, lists, strict=True):
        if job in found:
            complaints.add("jobs in two rows", f"{written.file}: job {job!r} stands there twice")
        found.setdefault(job, proxies)
    for job in sorted(expected.keys() | found.keys()):
        if found.get(job) != expected.get(job):
            complaints.add(
                "jobs with wrong proxies",
                f"{written.file}: job {job!r} has proxies {_shown(found.get(job))}, "
                f"expected {_shown(expected.get(job))}",
            )
    if jobs != sorted(jobs):
        complaints.add("unsorted files", f"{written.file}: rows are not sorted by job (byte order)")


def _shown(proxies: str | None) -> str:
    return "no row" if proxies is None else repr(proxies)
