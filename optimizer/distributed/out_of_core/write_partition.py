"""Expands, labels, writes and judges a partition."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.estate import Estate
from models.plan import Plan, Unassigned
from optimizer.checker.loads import Loads
from optimizer.checker.plan_files import read_plan_files
from optimizer.checker.row_checks import check_rows
from optimizer.checker.unassigned import judge_reasons
from optimizer.checker.violations import Violations
from optimizer.checker.week_roster import WeekRoster, order_tasks
from optimizer.distributed.out_of_core.partition import RowEdges, edge_rows, read_partition
from optimizer.distributed.out_of_core.scratch import dump
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.findings import find_failing, find_stranded
from optimizer.eligibility.tiers import Eligibility
from optimizer.formulation.solution_mapping import Arcs, lookup, pair_key
from optimizer.output.plan_writer import write_tasks
from optimizer.output.vm_names import name_vms
from optimizer.planner import build_plan

COMPACT, ROSTER, SEEN = "compact.npz", "roster.npz", "seen"
SERVED = ["job", "kind", "proxy", "tier"]
ASSIGNMENTS, UNASSIGNED = TASK_FILES = ("assignments.csv", "unassigned.csv")


@dataclass(frozen=True)
class SharedInputs:
    """What all partitions share.

    The VMs of ``estate`` are the signatures, ``eligibility`` is theirs, ``spare`` tells which
    groups have capacity left.
    """

    estate: Estate
    eligibility: Eligibility
    spare: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PartitionInput:
    """The input of one partition: its arcs, and its groups by job and signature."""

    arcs: Arcs
    groups: pd.DataFrame


@dataclass(frozen=True)
class WrittenPartition:
    """The result of a partition, but for what the checker saw, which lies in `SEEN`.

    ``served`` counts its tasks by `SERVED`; ``edges`` are those of each file.
    """

    served: pd.DataFrame
    reasons: Counter[Unassigned]
    stranded: int
    failing: Counter[int]
    violations: Violations
    edges: dict[str, RowEdges | None]


def write_partition(
    shared: SharedInputs, rows: Path, share: PartitionInput, folder: Path
) -> WrittenPartition:
    """Write a partition's part of `TASK_FILES` into ``folder``, and judge it.

    Arrays with an element per task are left for the week: `COMPACT`, from which the choices of
    jobs are planned, and `ROSTER`, what the checker found, from which it replays them.
    """
    partition = read_partition(shared.estate, rows)
    estate, tasks = partition.estate, partition.tasks
    signature = partition.signature[tasks.vm]
    eligibility = replace(
        shared.eligibility, profile=shared.eligibility.profile[partition.signature]
    )
    groups = share.groups
    known = pair_key(groups["job"].to_numpy(), groups["signature"].to_numpy())
    group = groups["group"].to_numpy()[lookup(known, pair_key(tasks.job, signature))[1]]
    plan = build_plan(PlanningContext(estate, tasks, eligibility), group, share.arcs, shared.spare)
    folder.mkdir(exist_ok=True)
    write_tasks(plan, name_vms(estate, partition.shared), folder)
    np.savez(
        folder / COMPACT,
        job=tasks.job, signature=signature, kind=tasks.kind, proxy=plan.proxy, tier=plan.tier,
    )  # fmt: skip
    violations = Violations()
    files = {name: read_plan_files(folder, name, violations) for name in TASK_FILES}
    assignments, unassigned = files[ASSIGNMENTS], files[UNASSIGNED]
    checked = check_rows(estate, assignments, unassigned, violations, partition.shared)
    _save(order_tasks(estate, checked.roster, checked.planned), folder / ROSTER)
    seen = checked.seen
    dump(replace(seen, loads=replace(seen.loads, estate=shared.estate)), folder / SEEN)
    return WrittenPartition(
        served=_served(plan),
        reasons=Counter((-1, reason, detail) for _, reason, detail in plan.unassigned),
        stranded=find_stranded(plan),
        failing=find_failing(plan),
        violations=violations,
        edges={name: edge_rows(file) for name, file in files.items()},
    )


def judge_again(
    shared: SharedInputs, rows: Path, folder: Path, loads: Loads, coverage_proven: bool
) -> Violations:
    """Judge the reasons of a partition's unassigned tasks, now that the load of all is known."""
    estate, unheard, violations = (
        read_partition(shared.estate, rows).estate,
        Violations(),
        Violations(),
    )
    assignments, unassigned = (read_plan_files(folder, name, unheard) for name in TASK_FILES)
    checked = check_rows(estate, assignments, unassigned, unheard)
    judge_reasons(estate, checked, loads, unassigned, coverage_proven, violations)
    return violations


def _served(plan: Plan) -> pd.DataFrame:
    columns = {
        "job": plan.tasks.job, "kind": plan.tasks.kind, "proxy": plan.proxy, "tier": plan.tier
    }  # fmt: skip
    return pd.DataFrame(columns).groupby(SERVED, as_index=False).size()


def _save(roster: WeekRoster, path: Path) -> None:
    """Save a roster in few bytes; nothing tells its VMs apart, which only replayed splits need."""
    job, planned = (column.astype(np.int32) for column in (roster.job, roster.planned))
    vm = np.zeros(len(job), dtype=np.int8)
    np.savez(path, job=job, vm=vm, kind=roster.kind, sets=roster.sets, planned=planned)
