"""Findings of a plan: assumptions made, and what looks like trouble."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from models.diagnostics import Finding
from models.estate import Estate
from models.plan import AimResult, Plan, Reason, Tasks
from models.ruleset import (
    RULESETS,
    is_windows,
)
from optimizer.eligibility.guest_rules import per_text
from optimizer.eligibility.tiers import Eligibility
from optimizer.eligibility.work_findings import work_findings

TIERS_IN_LISTS = "the four priorities hold among the servers that a job names, too"
BY_DOMAIN = (
    "a guest with a gMSA is offered servers of its domain only; the vendor says that it needs one, "
    "not that the product looks for one"
)
SAME_NETWORK = "same network means a network in common; VLAN and site names play no part"


def findings(
    estate: Estate,
    eligibility: Eligibility,
    stale: Sequence[Finding],
    unassigned: Mapping[Reason, int],
    stranded: int,
    failing: Mapping[int, int],
    tasks: Tasks,
    aims: Sequence[AimResult],
) -> list[Finding]:
    """Return all findings of reading and planning, sorted.

    ``stale`` are those of `current.csv`, ``unassigned`` counts tasks by reason, ``stranded`` those
    that the backup server could not take over, ``failing`` by job those of `find_failing`.
    """
    found = [*estate.findings, *stale, *_assumptions(estate), *_servers(estate, eligibility)]
    found += _guests(estate, eligibility)
    found += work_findings(estate, tasks, eligibility.candidate, aims)
    found += [
        Finding("warning", "unassigned", reason, f"tasks without a proxy: {count}")
        for reason, count in unassigned.items()
    ]
    found += _doubtful_proofs(aims)
    if stranded:
        detail = f"tasks that the backup server could not take over: {stranded}"
        found.append(Finding("warning", "no_failover", "plan", detail))
    for job, count in failing.items():
        detail = f"{count} of its VMs require success and have no proxy: their backup fails"
        found.append(Finding("warning", "required_success", estate.jobs["job"].iloc[job], detail))
    return sorted(set(found))


def _doubtful_proofs(aims: Sequence[AimResult]) -> Iterator[Finding]:
    """Yield the aims on which searches contradict each other, or had no second opinion."""
    for aim in aims:
        if aim.proof == "disputed":
            detail = (
                "one search of CP-SAT ruled out what another one, without presolve, has found: "
                "a defect of the solver; the aim is not proven, its bound is that of multipliers"
            )
            yield Finding("warning", "solver_disagrees", aim.aim, detail)
        elif aim.proof == "unconfirmed":
            detail = "the bound is what one search of CP-SAT says, which no other one confirmed"
            yield Finding("info", "unconfirmed_bound", aim.aim, detail)


def find_stranded(plan: Plan) -> int:
    """Return how many tasks of a proxy the backup server could not take over (S16)."""
    served = (plan.tier > 0) & (plan.proxy != plan.estate.backup_server)
    return int((served & (plan.failover < 0)).sum())


def find_failing(plan: Plan) -> Counter[int]:
    """Count by job (code) the tasks without a proxy whose VM requires success of guest work."""
    required = (plan.estate.vms["vss"] == "require_success").to_numpy()
    left = np.array([task for task, _, _ in plan.unassigned], dtype=np.int64)
    return Counter(plan.tasks.job[left[required[plan.tasks.vm[left]]]].tolist())


def _assumptions(estate: Estate) -> Iterator[Finding]:
    texts = [SAME_NETWORK, *RULESETS[estate.settings.ruleset].assumptions]
    if any(estate.jobs["proxy_codes"]):
        texts.append(TIERS_IN_LISTS)
    if len(_accounts(estate)):
        texts.append(BY_DOMAIN)
    for text in texts:
        yield Finding("info", "assumption", estate.settings.ruleset, text)
    if estate.links is None:
        detail = "without links every network is taken to reach every other"
        yield Finding("warning", "no_links", "links.csv", detail)
    if not estate.settings.proxies_licensed:
        detail = "a socket licence below Enterprise allows no proxy but the backup server (S3)"
        yield Finding("warning", "license", estate.settings.license_edition, detail)


def _accounts(estate: Estate) -> list[str]:
    """Return the domains of the gMSAs of Windows guests, sorted."""
    windows = per_text(estate.vms["os"], is_windows)
    return sorted(set(estate.vms["gmsa_domain"][windows]) - {""})


def _guests(estate: Estate, eligibility: Eligibility) -> Iterator[Finding]:
    """Yield the domains of gMSAs in which no server is."""
    servers = estate.servers[eligibility.usable]
    joined = set(servers["domain"][[is_windows(os) for os in servers["os"]]])
    for domain in _accounts(estate):
        if domain not in joined:
            detail = (
                "no Windows server that may be a proxy is in this domain of a gMSA: its VMs have "
                "no proxy; fill in domain in servers"
            )
            yield Finding("warning", "gmsa_without_server", domain, detail)


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
