"""Everything that a report shows, in the order in which it is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from models.plan import OTHER, WINDOWS
from models.report import Report
from optimizer.report.counts import assumptions, findings, unassigned
from optimizer.report.facts import Facts
from optimizer.report.failures import worst_failures
from optimizer.report.firewall import port_rules
from optimizer.report.jobs import job_changes
from optimizer.report.places import map_of, whereabouts
from optimizer.report.search import search_rows
from optimizer.report.servers import moves_by_server, server_weeks
from optimizer.report.weeks import weeks
from optimizer.whatif import failover_tasks


def report_of(
    facts: Facts, coordinates: Mapping[str, tuple[float, float]], step: Callable[[str], None]
) -> Report:
    """Return the report of ``facts``; ``coordinates`` has latitude and longitude of sites."""
    estate, tasks, details = facts.estate, facts.tasks, facts.details
    kinds = np.bincount(tasks.kind, minlength=3)
    figures = weeks(facts, step)
    step("map")
    where = whereabouts(estate)
    places, lines = map_of(facts, where, coordinates)
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
