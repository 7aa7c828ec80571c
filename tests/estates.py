"""Small estates in short rows, so that a test reads like the case that it is about.

A row is its table's main cells and then ``column=value`` for others, the last one counts:
``"p east;hq max_tasks=2 os=Windows 11"``. A link is ``"a - b"``, or ``"a > b"`` one way. The
server called `bs` is the backup server.
"""

from __future__ import annotations

import random
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import random_estates

from models.estate import Codes, Estate
from models.plan import Plan
from models.week_plan import WeekPlan
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.tasks import find_tasks
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.lists.week_planner import plan_week
from optimizer.output.plan_writer import write_plan
from optimizer.planner import plan

Rows = Sequence[str]

DATA = Path(__file__).parents[1] / "data"
TINY, BRANCHES = DATA / "tiny", DATA / "branch-offices"
MAIN = {
    "servers": ("server", "networks"),
    "networks": ("network", "site"),
    "links": ("from", "both_ways", "to"),
    "vms": ("vm", "networks"),
    "jobs": ("job", "start", "duration_minutes"),
    "job_vms": ("job", "vm"),
    "current": ("job", "vm", "proxy"),
}
USUAL = {
    "servers": {"os": "Windows Server 2022"},
    "vms": {"os": "Windows Server 2022"},
    "jobs": {"application_aware": "true"},
}
ARROWS = {"-": "yes", ">": "no"}
FIRST = ["coverage", "tier1", "tier2", "tier3"]


def estate(
    folder: Path,
    servers: Rows,
    vms: Rows,
    *,
    networks: Rows | None = None,
    links: Rows | None = None,
    jobs: Rows = ("j 22:00 60",),
    job_vms: Rows | None = None,
    current: Rows | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Estate:
    """Write the estate into ``folder`` and read it.

    Without ``networks`` there are those that are named (addresses are not), each at a site of
    its own name. Without ``job_vms`` every job processes every VM.
    """
    spec: dict[str, Any] = {
        "servers": _table("servers", servers),
        "vms": _table("vms", vms),
        "jobs": _table("jobs", jobs),
        "settings": settings or {},
    }
    for row in spec["servers"]:
        row["roles"] += "; backup_server" if row["server"] == "bs" else ""
    if networks is None:
        networks = [f"{name} {name}" for name in _named(spec["servers"] + spec["vms"])]
    if job_vms is None:
        pairs = product(spec["jobs"], spec["vms"])
        job_vms = [f"{job['job']} {vm['vm']}" for job, vm in pairs]
    others = {"networks": networks, "links": links, "job_vms": job_vms, "current": current}
    spec |= {name: _table(name, rows) for name, rows in others.items() if rows is not None}
    random_estates.write(spec, folder)
    return read_estate(folder)


def planned(folder: Path, servers: Rows, vms: Rows, **others: Any) -> Plan:
    """Return the plan of the `estate` of these rows."""
    return plan(estate(folder, servers, vms, **others))


def write(plan: Plan, folder: Path, seed: int = 0) -> WeekPlan:
    """Write all files of ``plan`` into ``folder``; return what it says of the week."""
    week = plan_week(PlanningContext.build(plan.estate, plan.tasks), plan)
    write_plan(plan, week, folder, seed)
    return week


def proxies(plan: Plan) -> dict[str, str]:
    """Return the server of each VM that has one; no VM may be in two jobs."""
    return {plan.estate.vms["vm"][vm]: name for vm, name in _served(plan)}


def servers_of_tasks(read: Estate, on: Mapping[tuple[str, str], str]) -> Codes:
    """Return the server of each task, -1 where ``on`` has none for job and VM."""
    tasks = find_tasks(read)
    code = {name: number for number, name in enumerate(read.servers["server"])}
    pairs = zip(read.jobs["job"][tasks.job], read.vms["vm"][tasks.vm], strict=True)
    return np.array([code.get(on.get(pair, ""), -1) for pair in pairs], dtype=np.int32)


def load(plan: Plan) -> dict[str, int]:
    """Return how many tasks each server serves, servers without any left out."""
    names = [name for _, name in _served(plan)]
    return {name: names.count(name) for name in sorted(set(names))}


def reasons(plan: Plan) -> dict[str, str]:
    """Return why VMs have no proxy; no VM may be in two jobs."""
    vm = plan.estate.vms["vm"]
    return {vm[plan.tasks.vm[task]]: reason for task, reason, _ in plan.unassigned}


def values(plan: Plan) -> dict[str, int]:
    """Return the value of each aim; AssertionError where one is not proven."""
    assert [aim.aim for aim in plan.aims if not aim.proven] == []
    return {aim.aim: aim.value for aim in plan.aims}


def _served(plan: Plan) -> list[tuple[int, str]]:
    names = plan.estate.servers["server"]
    pairs = zip(plan.tasks.vm.tolist(), plan.proxy.tolist(), strict=True)
    return [(vm, names[proxy]) for vm, proxy in pairs if proxy >= 0]


def _table(name: str, rows: Rows) -> list[dict[str, str]]:
    blank = dict.fromkeys(random_estates.COLUMNS[name], "")
    return [blank | USUAL.get(name, {}) | _row(MAIN[name], row) for row in rows]


def _row(main: Sequence[str], text: str) -> dict[str, str]:
    first, *others = re.split(r"\s+(?=\w+=)", text)
    cells = [ARROWS.get(cell, cell) for cell in first.split()]
    return dict(zip(main, cells, strict=False)) | dict(cell.split("=", 1) for cell in others)


def _named(rows: Sequence[Mapping[str, str]]) -> list[str]:
    names = [name.strip() for row in rows for name in row["networks"].split(";")]
    return sorted({name for name in names if name and "." not in name})


def put(folder: Path, *names: str, estate: Path = TINY) -> Path:
    """Copy an estate to each of these names below ``folder``."""
    for name in names:
        shutil.copytree(estate, folder / name)
    return folder


def read_with_lists(
    spec: Mapping[str, Any], seed: int
) -> tuple[Estate, dict[str, tuple[int, ...]]]:
    """Return the estate of a random spec, and up to two servers (codes) that each job names."""
    chance = random.Random(seed)  # noqa: S311
    with tempfile.TemporaryDirectory() as folder:
        random_estates.write(spec, Path(folder))
        read = read_estate(Path(folder))
    codes = range(len(read.servers))
    most = min(2, len(codes))
    jobs = read.jobs["job"]
    return read, {job: tuple(chance.sample(codes, chance.randint(0, most))) for job in jobs}
