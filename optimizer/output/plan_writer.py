"""Writes the files of a plan, as the contract lists them."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from models.assignment_problem import Counts
from models.diagnostics import Finding
from models.estate import Estate
from models.plan import CONNECTIONS, OTHER, UNKNOWN, WINDOWS, Plan
from models.week import clock
from models.week_plan import WeekPlan
from optimizer.eligibility.server_load import Spans, plan_load
from optimizer.eligibility.tasks import byte_rank
from optimizer.files.csv_writer import named, write_csv
from optimizer.output.split_writer import find_job_vms, write_splits
from optimizer.output.vm_names import name_vms
from optimizer.output.week_writer import week_record, write_choices

TOOLS = ("gip-planner", "ortools", "networkx", "pandas", "pyarrow")
FORMAT = 1


def write_plan(plan: Plan, week: WeekPlan, folder: Path, seed: int) -> None:
    """Write all files of ``plan``, with what to select in its jobs, into ``folder``."""
    estate, called = plan.estate, name_vms(plan.estate)
    write_tasks(plan, called, folder)
    rows = find_job_vms(estate, plan.tasks, [split.job for split in week.splits])
    write_splits(estate, week.splits, rows, called, folder / "job_splits.csv")
    write_summaries(plan, week, folder, seed)


def write_tasks(plan: Plan, called: pa.Array, folder: Path) -> None:
    """Write the files that have a row for each task, with what people have ``called`` each VM."""
    _assignments(plan, called, folder / "assignments.csv")
    _unassigned(plan, called, folder / "unassigned.csv")


def write_summaries(plan: Plan, week: WeekPlan, folder: Path, seed: int) -> None:
    """Write the files that name no VM; rows of tasks may stand for several that are alike."""
    write_choices(plan.estate, week, folder)
    write_proxy_load(plan.estate, plan_load(plan), folder / "proxy_load.csv")
    _findings(all_findings(plan, week), folder / "findings.csv")
    text = json.dumps(record(plan, week, seed), indent=2, ensure_ascii=False) + "\n"
    (folder / "plan.json").write_bytes(text.encode())


def _assignments(plan: Plan, called: pa.Array, path: Path) -> None:
    estate, tasks = plan.estate, plan.tasks
    has = plan.proxy >= 0
    servers = estate.servers["server"]
    previous = tasks.current[has]
    gone = np.flatnonzero((previous < 0) & tasks.has_current[has])
    previous[gone], names = pd.factorize(tasks.previous[has][gone])
    previous[gone] += len(servers)
    write_csv(
        path,
        {
            "job": named(estate.jobs["job"], tasks.job[has]),
            "vm": named(estate.vms["vm"], tasks.vm[has]),
            "proxy": named(servers, plan.proxy[has]),
            "tier": named(["", "1", "2", "3", "4"], plan.tier[has]),
            "connection": named(CONNECTIONS, plan.connection[has]),
            "protected": named(["false", "true"], plan.protected[has].astype(np.int8)),
            "failover_proxy": named(servers, plan.failover[has]),
            "previous_proxy": named([*servers, *names], previous),
            "vm_name": named(called, tasks.vm[has]),
        },
    )


def _unassigned(plan: Plan, called: pa.Array, path: Path) -> None:
    estate, tasks = plan.estate, plan.tasks
    rows = np.array([task for task, _, _ in plan.unassigned], dtype=np.int64)
    write_csv(
        path,
        {
            "job": named(estate.jobs["job"], tasks.job[rows]),
            "vm": named(estate.vms["vm"], tasks.vm[rows]),
            "reason": [reason for _, reason, _ in plan.unassigned],
            "detail": [detail for _, _, detail in plan.unassigned],
            "vm_name": named(called, tasks.vm[rows]),
        },
    )


def all_findings(plan: Plan, week: WeekPlan) -> list[Finding]:
    """Return the findings on the estate, its plan and the choices of its jobs, sorted."""
    return sorted({*plan.findings, *week.findings})


def _findings(rows: Sequence[Finding], path: Path) -> None:
    fields = ("severity", "code", "subject", "detail")
    write_csv(path, {field: [getattr(row, field) for row in rows] for field in fields})


def tools() -> dict[str, str]:
    """Return the versions of what makes a plan: with others it may be another."""
    return {name: version(name) for name in TOOLS} | {"python": platform.python_version()}


def record(plan: Plan, week: WeekPlan, seed: int) -> dict[str, Any]:
    """Return what ``plan.json`` holds."""
    tasks = plan.tasks
    kinds = np.bincount(tasks.kind, tasks.count, 3)
    return {
        "format": FORMAT,
        "tool": tools(),
        "inputs": dict(plan.estate.inputs),
        "settings": _settings(plan.estate) | {"seed": seed},
        "aims": [
            {
                "aim": aim.aim,
                "value": aim.value,
                "best": aim.best,
                "bound": aim.bound,
                "proven": aim.proven,
                "proof": aim.proof,
                "conditional": aim.conditional,
                "seconds": round(aim.seconds, 3),
            }
            for aim in plan.aims
        ],
        "totals": {
            "tasks": int(tasks.count.sum()),
            "windows_tasks": int(kinds[WINDOWS]),
            "own_tasks": int(kinds[OTHER]),
            "unknown_tasks": int(kinds[UNKNOWN]),
            "assigned": int(tasks.count[(plan.proxy >= 0) & (tasks.kind == WINDOWS)].sum()),
            "unassigned": len(plan.unassigned),
            "servers_used": int((np.bincount(plan.proxy[plan.tier > 0]) > 0).sum()),
            "findings": len(all_findings(plan, week)),
            "jobs_to_split": len(week.splits),
        },
        "week": week_record(plan.estate, week),
    }


def _settings(estate: Estate) -> dict[str, Any]:
    settings = estate.settings
    return {
        "name": settings.name,
        "ruleset": settings.ruleset,
        "license": {"type": settings.license_type, "edition": settings.license_edition},
        "connections": {"powershell_direct": settings.powershell_direct},
        "failover": {
            "capacity": settings.failover_capacity,
            "survive": settings.failover_survive,
            "tasks": settings.failover_tasks,
        },
        "planning": {
            "balance": settings.balance,
            "objectives": list(settings.objectives),
            "tolerance": {aim: float(share) for aim, share in settings.tolerance.items()},
        },
        "lists": {
            "first": settings.lists.first,
            "free": "all" if settings.lists.all_free else sorted(settings.lists.free),
            "keep": sorted(settings.lists.keep),
            "most_changes": settings.lists.most_changes,
            "least_servers": settings.lists.least_servers,
            "cross_sites": settings.lists.cross_sites,
            "freed_after": _freed(estate),
        },
    }


def _freed(estate: Estate) -> list[str]:
    """Return the jobs that are free because an earlier plan set what they name (`--after`)."""
    wishes = estate.settings.lists
    jobs = estate.jobs[["job", "proxy_codes", "bound_codes"]].itertuples(index=False, name=None)
    return [
        job
        for job, named, bound in jobs
        if named and not bound and not wishes.all_free and job not in wishes.free
    ]


def write_proxy_load(estate: Estate, spans: Spans, path: Path) -> None:
    """Write ``spans``, sorted by server (bytes) and time."""
    servers = estate.servers
    order = np.lexsort((spans.begin, byte_rank(servers["server"])[spans.server]))
    limit = servers["max_tasks"].to_numpy()[spans.server[order]]
    write_csv(
        path,
        {
            "server": named(servers["server"], spans.server[order]),
            "from": _worded(spans.begin[order], clock),
            "to": _worded(spans.end[order], clock),
            "running_tasks": _worded(spans.running[order], str),
            "planned_tasks": _worded(spans.planned[order], str),
            "max_tasks": _worded(limit, lambda tasks: "" if tasks < 0 else str(tasks)),
        },
    )


def _worded(numbers: Counts, word: Callable[[int], str]) -> pa.DictionaryArray:
    """Return each number as text, each different one worded once."""
    codes, distinct = pd.factorize(numbers)
    return named([word(number) for number in distinct.tolist()], codes)
