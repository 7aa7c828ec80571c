"""Checks the rows of tasks one by one, then what all of them come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.estate import Estate
from optimizer.checker.aims import aim_values, count_tasks
from optimizer.checker.assignments import Connections, compute_connections, compute_service
from optimizer.checker.capacity import judge_capacity, judge_failover
from optimizer.checker.labels import judge_labels, judge_rule_1, planned_servers
from optimizer.checker.load_file import judge_proxy_load
from optimizer.checker.loads import Loads, compute_loads
from optimizer.checker.paths import compute_paths
from optimizer.checker.plan_files import PlanFiles
from optimizer.checker.plan_record import judge_record, judge_totals
from optimizer.checker.tasks import NOWHERE, OTHER, WINDOWS, TaskRows, match_rows_to_tasks, today
from optimizer.checker.timeline import build_timeline
from optimizer.checker.violations import Judgement, Violations
from optimizer.checker.vm_names import judge_names
from optimizer.checker.week_rows import judge_job_before

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class RowSummary:
    """The summary of some tasks whose rows are judged; summaries of others can be added.

    ``counts`` are the values of the aims that count tasks.
    """

    loads: Loads
    counts: Mapping[str, int]
    tasks: int
    windows: int
    own_work: int
    unassigned: int

    def __add__(self, other: RowSummary) -> RowSummary:
        """Return the summary of the tasks of both."""
        return RowSummary(
            self.loads + other.loads,
            {aim: count + other.counts[aim] for aim, count in self.counts.items()},
            self.tasks + other.tasks,
            self.windows + other.windows,
            self.own_work + other.own_work,
            self.unassigned + other.unassigned,
        )


@dataclass(frozen=True)
class RowCheck:
    """The tasks of an estate matched with a plan's rows, and their summary."""

    roster: TaskRows
    connections: Connections
    planned: Whole
    seen: RowSummary


def check_rows(
    estate: Estate,
    assignments: PlanFiles,
    unassigned: PlanFiles,
    complaints: Violations,
    shared: NDArray[np.bool_] | None = None,
) -> RowCheck:
    """Judge every row by itself (rule 1, labels, names), and return the summary of all of them.

    ``shared`` tells which VMs share their name where the estate at hand is only part of one.
    """
    roster = match_rows_to_tasks(estate, assignments, unassigned, complaints, shared)
    server = planned_servers(estate, roster, assignments, complaints)
    connections = compute_connections(estate, compute_paths(estate))
    service = compute_service(estate, roster, server, connections)
    judge_rule_1(estate, roster, service, complaints)
    current = today(estate, roster)
    judge_labels(estate, roster, service, connections, current, assignments, complaints)
    for written in (assignments, unassigned):
        judge_names(roster.vm_names, roster.called, written, complaints)
    kinds = np.bincount(roster.kind, minlength=3)
    seen = RowSummary(
        loads=compute_loads(estate, roster, service, build_timeline(estate)),
        counts=count_tasks(estate, roster, service, current),
        tasks=len(roster.key),
        windows=int(kinds[WINDOWS]),
        own_work=int(kinds[OTHER]),
        unassigned=int(np.sum(roster.left_out != NOWHERE)),
    )
    return RowCheck(roster, connections, server, seen)


def check_totals(
    estate: Estate,
    seen: RowSummary,
    files: Mapping[str, PlanFiles],
    record: Mapping[str, Any],
    complaints: Violations,
) -> Judgement:
    """Judge the totals of all tasks: rules 2 and 3, job lists, proxy_load.csv, plan.json."""
    judge_capacity(seen.loads, complaints)
    judge_failover(seen.loads, complaints)
    if "job_before.csv" in files:
        judge_job_before(estate, files["job_proxies.csv"], files["job_before.csv"], complaints)
    judge_proxy_load(seen.loads, files["proxy_load.csv"], complaints)
    values = aim_values(estate, seen.counts, seen.loads)
    judge_record(estate, record, values, complaints)
    totals = {
        "tasks": seen.tasks,
        "windows_tasks": seen.windows,
        "own_tasks": seen.own_work,
        "unknown_tasks": seen.tasks - seen.windows - seen.own_work,
        "assigned": seen.counts["coverage"],
        "unassigned": seen.unassigned,
        "servers_used": int(np.sum(seen.loads.planned.any(axis=1))),
        "findings": len(files["findings.csv"]),
    }
    if "job_splits.csv" in files:  # out of core it is read in parts
        totals["jobs_to_split"] = len(files["job_splits.csv"].columns["job"].unique())
    judge_totals(record, totals, complaints)
    return Judgement(
        violations=complaints.sentences(),
        values=values,
        tasks=seen.tasks,
        windows=seen.windows,
        own_work=seen.own_work,
        assigned=seen.counts["coverage"],
        unassigned=seen.unassigned,
    )
