"""Writes the files of a plan, as the contract lists them."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from models.assignment_problem import Counts
from models.estate import Codes, Estate
from models.plan import CONNECTIONS, OTHER, UNKNOWN, WINDOWS, Plan
from models.settings import Settings
from models.week import clock
from optimizer.eligibility.server_load import Spans, plan_load
from optimizer.eligibility.tasks import byte_rank
from optimizer.files.csv_writer import named, write_csv
from optimizer.lists.selection import JobLists

VmsOf = Callable[[Codes], Sequence[str]]


def write_job_lists(estate: Estate, lists: JobLists, vms_of: VmsOf, folder: Path) -> None:
    """Write ``job_proxies.csv`` and the other files of a row per job, and ``job_splits.csv``.

    ``vms_of`` gives the names of the VMs of tasks, given by their places in all tasks.
    """
    servers = estate.servers["server"].tolist()

    def listed(codes: Iterable[int]) -> str:
        return ";".join(servers[code] for code in codes)

    proxies = [listed(codes) for codes in lists.lists.values()]
    write_csv(folder / "job_proxies.csv", {"job": list(lists.lists), "proxies": proxies})
    said = dict(zip(estate.jobs["job"], estate.jobs["proxies"], strict=True))
    before = [";".join(said[job]) for job in lists.lists]
    write_csv(folder / "job_before.csv", {"job": list(lists.lists), "proxies": before})
    parts = [len(lists.splits.get(job, [()])) for job in lists.by_job["job"]]
    agreed = lists.by_job.assign(parts=parts).astype(str).to_dict("list")
    write_csv(folder / "job_agreement.csv", {str(name): cells for name, cells in agreed.items()})
    rows = [
        (job, str(number), listed(part.servers), vm)
        for job, parts in lists.splits.items()
        for number, part in enumerate(parts, start=1)
        for vm in vms_of(np.sort(part.tasks))
    ]
    fields = ("job", "part", "proxies", "vm")
    columns = {field: [row[place] for row in rows] for place, field in enumerate(fields)}
    write_csv(folder / "job_splits.csv", columns)


TOOLS = ("gip-planner", "ortools", "networkx", "pandas", "pyarrow")
FORMAT = 1


def write_plan(plan: Plan, lists: JobLists, folder: Path, seed: int) -> None:
    """Write all files of ``plan``, with the ``lists`` to select in its jobs, into ``folder``."""
    write_tasks(plan, folder)

    def vms_of(tasks: Codes) -> list[str]:
        return plan.estate.vms["vm"].iloc[plan.tasks.vm[tasks]].tolist()

    write_whole(plan, lists, vms_of, folder, seed)


def write_tasks(plan: Plan, folder: Path) -> None:
    """Write the files that have a row for each task."""
    _assignments(plan, folder / "assignments.csv")
    _unassigned(plan, folder / "unassigned.csv")


def write_whole(plan: Plan, lists: JobLists, vms_of: VmsOf, folder: Path, seed: int) -> None:
    """Write the other files; for these, rows of tasks may stand for several that are alike.

    ``vms_of`` gives the names of the VMs of tasks that ``lists`` speaks of.
    """
    write_job_lists(plan.estate, lists, vms_of, folder)
    write_proxy_load(plan.estate, plan_load(plan), folder / "proxy_load.csv")
    _findings(plan, folder / "findings.csv")
    text = json.dumps(record(plan, lists, seed), indent=2, ensure_ascii=False) + "\n"
    (folder / "plan.json").write_bytes(text.encode())


def _assignments(plan: Plan, path: Path) -> None:
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
        },
    )


def _unassigned(plan: Plan, path: Path) -> None:
    estate, tasks = plan.estate, plan.tasks
    rows = np.array([task for task, _, _ in plan.unassigned], dtype=np.int64)
    write_csv(
        path,
        {
            "job": named(estate.jobs["job"], tasks.job[rows]),
            "vm": named(estate.vms["vm"], tasks.vm[rows]),
            "reason": [reason for _, reason, _ in plan.unassigned],
            "detail": [detail for _, _, detail in plan.unassigned],
        },
    )


def _findings(plan: Plan, path: Path) -> None:
    rows = plan.findings
    fields = ("severity", "code", "subject", "detail")
    write_csv(path, {field: [getattr(row, field) for row in rows] for field in fields})


def tools() -> dict[str, str]:
    """Return the versions of what makes a plan: with others it may be another."""
    return {name: version(name) for name in TOOLS} | {"python": platform.python_version()}


def record(plan: Plan, lists: JobLists, seed: int) -> dict[str, Any]:
    """Return what ``plan.json`` holds."""
    tasks = plan.tasks
    kinds = np.bincount(tasks.kind, tasks.count, 3)
    return {
        "format": FORMAT,
        "tool": tools(),
        "inputs": dict(plan.estate.inputs),
        "settings": _settings(plan.estate.settings) | {"seed": seed},
        "aims": [
            {
                "aim": aim.aim,
                "value": aim.value,
                "best": aim.best,
                "bound": aim.bound,
                "proven": aim.proven,
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
            "findings": len(plan.findings),
            **asdict(lists.agreement),
            "jobs_to_split": len(lists.splits),
        },
    }


def _settings(settings: Settings) -> dict[str, Any]:
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
    }


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
