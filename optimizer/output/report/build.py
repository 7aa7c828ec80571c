"""Builds the data of a report: all figures and names that it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from models.plan import OTHER, WINDOWS
from models.report_data import Report
from optimizer.analysis.what_if.study import failover_tasks
from optimizer.output.report.counts import assumptions, findings, unassigned
from optimizer.output.report.facts import ReportFacts
from optimizer.output.report.failures import worst_failures
from optimizer.output.report.firewall import port_rules
from optimizer.output.report.map.places import build_map, locate
from optimizer.output.report.search_index import search_rows
from optimizer.output.report.servers import moves_by_server, server_weeks
from optimizer.output.report.week_story import job_changes, other_weeks, split_jobs, week_columns


def build_report(
    facts: ReportFacts, coordinates: Mapping[str, tuple[float, float]], step: Callable[[str], None]
) -> Report:
    """Build the report of ``facts``; ``coordinates`` has latitude and longitude of sites."""
    estate, tasks, details = facts.estate, facts.tasks, facts.details
    kinds = np.bincount(tasks.kind, minlength=3)
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
        first=facts.week.first,
        weeks=week_columns(facts.week),
        other_weeks=other_weeks(facts.week),
        week_aims=facts.week.aims,
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
        jobs=job_changes(facts.week.first, facts.choices),
        kept_jobs=sum(not row.is_set for row in facts.choices),
        splits=split_jobs(facts.week, facts.parts),
        moves_by_server=moves_by_server(facts),
        rules=port_rules(facts),
        assumptions=assumptions(details.findings, ruleset),
        search=search_rows(facts),
    )
