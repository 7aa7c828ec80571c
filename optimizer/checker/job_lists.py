"""Judges job_before.csv: what the jobs of job_proxies.csv named when the plan was made."""

from __future__ import annotations

from models.estate import Estate
from optimizer.checker.plan_files import PlanFiles
from optimizer.checker.violations import Violations


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
