"""Findings of a plan: assumptions made, and what looks like trouble."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from models.diagnostics import Finding
from models.estate import Estate
from models.plan import AimResult, Plan, Reason, Tasks
from models.ruleset import RULESETS
from optimizer.eligibility.tiers import Eligibility
from optimizer.eligibility.work_findings import work_findings

TIERS_IN_LISTS = "the four priorities hold among the servers that a job names, too"
SAME_NETWORK = "same network means a network in common; VLAN and site names play no part"


def findings(
    estate: Estate,
    eligibility: Eligibility,
    stale: Sequence[Finding],
    unassigned: Mapping[Reason, int],
    stranded: int,
    tasks: Tasks,
    aims: Sequence[AimResult],
) -> list[Finding]:
    """Return all findings of reading and planning, sorted.

    ``stale`` are those of `current.csv`, ``unassigned`` counts tasks by reason, ``stranded`` those
    that the backup server could not take over.
    """
    found = [*estate.findings, *stale, *_assumptions(estate), *_servers(estate, eligibility)]
    found += work_findings(estate, tasks, eligibility.candidate, aims)
    found += [
        Finding("warning", "unassigned", reason, f"tasks without a proxy: {count}")
        for reason, count in unassigned.items()
    ]
    if stranded:
        detail = f"tasks that the backup server could not take over: {stranded}"
        found.append(Finding("warning", "no_failover", "plan", detail))
    return sorted(set(found))


def find_stranded(plan: Plan) -> int:
    """Return how many tasks of a proxy the backup server could not take over (S16)."""
    served = (plan.tier > 0) & (plan.proxy != plan.estate.backup_server)
    return int((served & (plan.failover < 0)).sum())


def _assumptions(estate: Estate) -> Iterator[Finding]:
    texts = [SAME_NETWORK, *RULESETS[estate.settings.ruleset].assumptions]
    if any(estate.jobs["proxy_codes"]):
        texts.append(TIERS_IN_LISTS)
    for text in texts:
        yield Finding("info", "assumption", estate.settings.ruleset, text)
    if estate.links is None:
        detail = "without links every network is taken to reach every other"
        yield Finding("warning", "no_links", "links.csv", detail)
    if not estate.settings.proxies_licensed:
        detail = "a socket licence below Enterprise allows no proxy but the backup server (S3)"
        yield Finding("warning", "license", estate.settings.license_edition, detail)


def _servers(estate: Estate, eligibility: Eligibility) -> Iterator[Finding]:
    names = estate.servers["server"].tolist()
    if not eligibility.candidate[estate.backup_server]:
        yield Finding(
            "warning", "backup_server_no_candidate", names[estate.backup_server],
            "the backup server itself cannot be a proxy: excluded, not available or not managed, "
            "or of another system",
        )  # fmt: skip
    named = {code for codes in estate.jobs["proxy_codes"] for code in codes}
    for code in sorted(named):
        if not eligibility.candidate[code]:
            detail = "named by a job, but cannot be a proxy"
            yield Finding("warning", "job_proxy_no_candidate", names[code], detail)
    unknown = estate.servers["network_set"].to_numpy() == 0
    for code in np.flatnonzero(unknown & eligibility.candidate).tolist():
        detail = "a candidate in no known network: it connects to nothing"
        yield Finding("warning", "server_without_network", names[code], detail)
