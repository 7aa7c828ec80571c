"""What a plan's reader should know: assumptions made, and what looks like trouble."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from models.estate import Codes, Estate
from models.finding import Finding
from models.plan import WINDOWS, Tasks, Unassigned
from models.ruleset import RULESETS
from optimizer.eligibility import Eligibility
from optimizer.tasks import stale_rows

TIERS_IN_LISTS = "the four priorities hold among the servers that a job names, too"
SAME_NETWORK = "same network means a network in common; VLAN and site names play no part"


def findings(
    estate: Estate,
    tasks: Tasks,
    eligibility: Eligibility,
    proxy: Codes,
    unassigned: Sequence[Unassigned],
) -> list[Finding]:
    """Return all findings of reading and planning, sorted."""
    found = list(estate.findings) + stale_rows(estate, tasks)
    found += _assumptions(estate)
    found += _servers(estate, eligibility)
    reasons = Counter(reason for _, reason, _ in unassigned)
    found += [
        Finding("warning", "unassigned", reason, f"tasks without a proxy: {count}")
        for reason, count in reasons.items()
    ]
    planned = (tasks.kind == WINDOWS) & (proxy >= 0)
    stranded = planned & (proxy != estate.backup_server)
    stranded &= ~eligibility.takeover(estate.backup_server)[eligibility.profile[tasks.vm]]
    if stranded.any():
        detail = f"tasks that the backup server could not take over: {int(stranded.sum())}"
        found.append(Finding("warning", "no_failover", "plan", detail))
    return sorted(set(found))


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
