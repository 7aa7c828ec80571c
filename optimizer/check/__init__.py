"""Judges a plan from the estate's tables and the written files alone.

Nothing here comes from the planner: what it knows of eligibility, load and protection is written
again from the contract, the plain way, so that the two cannot share a mistake.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.estate import Estate
from optimizer.check.aims import values_of
from optimizer.check.job_lists import judge_job_before, judge_job_proxies
from optimizer.check.labels import judge_labels, judge_rule_1, planned_servers
from optimizer.check.limits import judge_capacity, judge_failover
from optimizer.check.load_table import judge_proxy_load
from optimizer.check.loads import loads_of
from optimizer.check.moments import moments_of
from optimizer.check.paths import paths_of
from optimizer.check.reasons import judge_reasons
from optimizer.check.record import coverage_proven, judge_record
from optimizer.check.roster import NOWHERE, OTHER, WINDOWS, call_the_roll, today
from optimizer.check.service import connections_of, service_of
from optimizer.check.verdict import Complaints, Judgement
from optimizer.check.written import ADDED_LATER, COLUMNS, read_record, read_written

__all__ = ["Judgement", "judge"]


def judge(estate: Estate, folder: Path) -> Judgement:
    """Judge the plan in ``folder``: every rule, every label, every aim's value.

    Raise PlanError where one of its files is missing or cannot be read.
    """
    complaints = Complaints()
    record = read_record(folder)
    files = {
        file: read_written(folder, file, complaints)
        for file in COLUMNS
        if file not in ADDED_LATER or (folder / file).exists()
    }
    assignments, unassigned = files["assignments.csv"], files["unassigned.csv"]

    roster = call_the_roll(estate, assignments, unassigned, complaints)
    server = planned_servers(estate, roster, assignments, complaints)
    connections = connections_of(estate, paths_of(estate))
    service = service_of(estate, roster, server, connections)
    judge_rule_1(estate, roster, service, complaints)
    current = today(estate, roster)
    judge_labels(estate, roster, service, connections, current, assignments, complaints)

    loads = loads_of(estate, roster, service, moments_of(estate))
    judge_capacity(loads, complaints)
    judge_failover(loads, complaints)
    judge_reasons(
        estate, roster, connections, loads, unassigned, coverage_proven(record), complaints
    )

    servers = estate.servers["server"].tolist()
    judge_job_proxies(roster, service, servers, files["job_proxies.csv"], complaints)
    if "job_before.csv" in files:
        judge_job_before(estate, files["job_proxies.csv"], files["job_before.csv"], complaints)
    judge_proxy_load(loads, files["proxy_load.csv"], complaints)
    values = values_of(estate, roster, service, current, loads)
    judge_record(estate, record, values, complaints)
    return Judgement(
        violations=complaints.sentences(),
        values=values,
        tasks=len(roster.key),
        windows=int((roster.kind == WINDOWS).sum()),
        own_work=int((roster.kind == OTHER).sum()),
        assigned=len(service.task),
        unassigned=int(np.sum(roster.left_out != NOWHERE)),
    )
