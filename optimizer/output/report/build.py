"""Builds the data of a report: all figures and names that it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from models.plan import OTHER, WINDOWS
from models.report_data import JobChange, Report
from optimizer.analysis.what_if.study import failover_tasks
from optimizer.output.report.counts import assumptions, findings, unassigned
from optimizer.output.report.facts import ReportFacts
from optimizer.output.report.failures import worst_failures
from optimizer.output.report.firewall import port_rules
from optimizer.output.report.map.places import build_map, locate
from optimizer.output.report.search_index import search_rows
from optimizer.output.report.servers import moves_by_server, server_weeks
from optimizer.output.report.weeks import compare_weeks


def build_report(
    facts: ReportFacts, coordinates: Mapping[str, tuple[float, float]], step: Callable[[str], None]
) -> Report:
    """Build the report of ``facts``; ``coordinates`` has latitude and longitude of sites."""
    estate, tasks, details = facts.estate, facts.tasks, facts.details
    kinds = np.bincount(tasks.kind, minlength=3)
    figures = compare_weeks(facts, step)
    step("map")
    where = locate(estate)
    places, lines = build_map(facts, where, coordinates)
    failures, scenarios, left_out = worst_failures(facts, where, step)
    step("servers, jobs, ports")
    servers = server_weeks(facts)
    ruleset = estate.settings.ruleset
    return Report(
        estate=estate.settings.name or estate.folder.resolve().name,
        backup_server=facts.servers[estate.backup_server],
        vms=len(estate.vms),
        tasks=len(tasks),
        windows_tasks=int(kinds[WINDOWS]),
        own_tasks=int(kinds[OTHER]),
        assigned=int(facts.assigned.sum()),
        ruleset=ruleset,
        balance=estate.settings.balance,
        versions=details.versions,
        inputs=details.inputs,
        aims=details.aims,
        weeks=figures,
        unassigned=unassigned(facts),
        unprotected=int((facts.assigned & ~facts.protected).sum()),
        overloaded=[week for week in servers if week.limit is not None and week.peak > week.limit],
        findings=findings(details.findings),
        servers=servers,
        places=places,
        lines=lines,
        failures=failures,
        failover_limit=failover_tasks(estate),
        scenarios=scenarios,
        scenarios_left_out=left_out,
        jobs=job_changes(facts),
        moves_by_server=moves_by_server(facts),
        rules=port_rules(facts),
        assumptions=assumptions(details.findings, ruleset),
        search=search_rows(facts),
    )


NO_RUNS = (0, 0, 0, 1)


def job_changes(facts: ReportFacts) -> list[JobChange]:
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
