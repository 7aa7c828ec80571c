"""What to select in each job: servers before and after, and what comes of it."""

from __future__ import annotations

from models.report import JobChange
from optimizer.report.facts import Facts

NO_RUNS = (0, 0, 0, 1)


def job_changes(facts: Facts) -> list[JobChange]:
    """Return each job that the plan has a list for, by name in byte order."""
    jobs, servers = facts.estate.jobs, facts.servers
    before = facts.details.before
    if before is None:
        named = zip(jobs["job"].tolist(), jobs["proxy_codes"].tolist(), strict=True)
        before = {job: tuple(servers[code] for code in codes) for job, codes in named}
    found = []
    for job in sorted(facts.plan.job_proxies, key=str.encode):
        runs, as_planned, in_tier, parts = facts.details.agreement.get(job, NO_RUNS)
        after = tuple(servers[code] for code in facts.plan.job_proxies[job])
        found.append(
            JobChange(
                job=job,
                before=before.get(job, ()),
                after=after,
                runs=runs,
                as_planned=as_planned,
                in_tier=in_tier,
                parts=parts,
            )
        )
    return found
