"""The last step of a piece: expanded, labelled, written and judged."""

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
from optimizer.checker.plan_files import PlanFiles, read_plan_files
from optimizer.checker.row_checks import check_rows
from optimizer.checker.unassigned import judge_reasons
from optimizer.checker.violations import Violations
from optimizer.distributed.out_of_core.partition import read_partition
from optimizer.distributed.out_of_core.scratch import dump
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.findings import find_stranded
from optimizer.eligibility.tiers import Eligibility
from optimizer.formulation.solution_mapping import Arcs, lookup, pair_key
from optimizer.output.plan_writer import write_tasks
from optimizer.planner import build_plan

COMPACT, SEEN = "compact.npz", "seen"
SERVED = ["job", "kind", "proxy", "tier"]
ASSIGNMENTS, UNASSIGNED = TASK_FILES = ("assignments.csv", "unassigned.csv")


@dataclass(frozen=True)
class SharedInputs:
    """What all pieces have in common: an estate whose VMs are the looks, what each look's VMs
    could have as proxies, and which groups there is room for."""

    estate: Estate
    eligibility: Eligibility
    spare: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PartitionInput:
    """What a piece is given: its arcs, and its groups by job and look."""

    arcs: Arcs
    groups: pd.DataFrame


@dataclass(frozen=True)
class WrittenPartition:
    """What a finished piece comes to, but for what the checker saw, which lies in `SEEN`.

    ``served`` counts its tasks by `SERVED`; ``edges`` has the first and the last row of each file
    that has any.
    """

    served: pd.DataFrame
    reasons: Counter[Unassigned]
    stranded: int
    complaints: Violations
    edges: dict[str, tuple[tuple[str, bytes], tuple[str, bytes]]]


def write_partition(
    frame: SharedInputs, rows: Path, share: PartitionInput, folder: Path
) -> WrittenPartition:
    """Write a piece's part of `TASK_FILES` into ``folder``, and judge it.

    `COMPACT` has what the lists of the jobs are made of: arrays with an element per task.
    """
    piece = read_partition(frame.estate, rows)
    estate, tasks = piece.estate, piece.tasks
    look = piece.look[tasks.vm]
    eligibility = replace(frame.eligibility, profile=frame.eligibility.profile[piece.look])
    groups = share.groups
    known = pair_key(groups["job"].to_numpy(), groups["look"].to_numpy())
    group = groups["group"].to_numpy()[lookup(known, pair_key(tasks.job, look))[1]]
    plan = build_plan(PlanningContext(estate, tasks, eligibility), group, share.arcs, frame.spare)
    folder.mkdir(exist_ok=True)
    write_tasks(plan, folder)
    proxy = np.where(plan.tier > 0, plan.proxy, -1).astype(np.int32)
    np.savez(
        folder / COMPACT,
        job=tasks.job, look=look, kind=tasks.kind, proxy=proxy, tier=plan.tier,
    )  # fmt: skip
    complaints = Violations()
    files = {name: read_plan_files(folder, name, complaints) for name in TASK_FILES}
    seen = check_rows(estate, files[ASSIGNMENTS], files[UNASSIGNED], complaints).seen
    dump(replace(seen, loads=replace(seen.loads, estate=frame.estate)), folder / SEEN)
    return WrittenPartition(
        served=_served(plan),
        reasons=Counter((-1, reason, detail) for _, reason, detail in plan.unassigned),
        stranded=find_stranded(plan),
        complaints=complaints,
        edges={name: _edges(file) for name, file in files.items() if len(file)},
    )


def judge_again(
    frame: SharedInputs, rows: Path, folder: Path, loads: Loads, coverage_proven: bool
) -> Violations:
    """Judge the reasons of a piece's unassigned tasks, now that the load of all is known."""
    estate, unheard, complaints = (
        read_partition(frame.estate, rows).estate,
        Violations(),
        Violations(),
    )
    assignments, unassigned = (read_plan_files(folder, name, unheard) for name in TASK_FILES)
    look = check_rows(estate, assignments, unassigned, unheard)
    judge_reasons(estate, look, loads, unassigned, coverage_proven, complaints)
    return complaints


def _served(plan: Plan) -> pd.DataFrame:
    columns = {
        "job": plan.tasks.job, "kind": plan.tasks.kind, "proxy": plan.proxy, "tier": plan.tier
    }  # fmt: skip
    return pd.DataFrame(columns).groupby(SERVED, as_index=False).size()


def _edges(written: PlanFiles) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    first, last = (
        (written.text("job", row), written.text("vm", row).encode())
        for row in (0, len(written) - 1)
    )
    return first, last
