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
from optimizer.check.loads import Loads
from optimizer.check.reasons import judge_reasons
from optimizer.check.seen import look_at
from optimizer.check.verdict import Complaints
from optimizer.check.written import Written, read_written
from optimizer.eligibility import Eligibility
from optimizer.findings import stranded
from optimizer.flows import Arcs, find, key
from optimizer.outputs.plan_files import write_tasks
from optimizer.pieces.piece import read_piece
from optimizer.pieces.shelf import put
from optimizer.planner import labelled

COMPACT, SEEN = "compact.npz", "seen"
SERVED = ["job", "kind", "proxy", "tier"]
ASSIGNMENTS, UNASSIGNED = TASK_FILES = ("assignments.csv", "unassigned.csv")


@dataclass(frozen=True)
class Frame:
    """What all pieces have in common: an estate whose VMs are the looks, what each look's VMs
    could have as proxies, and which groups there is room for."""

    estate: Estate
    eligibility: Eligibility
    spare: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Share:
    """What a piece is given: its arcs, and its groups by job and look."""

    arcs: Arcs
    groups: pd.DataFrame


@dataclass(frozen=True)
class Finished:
    """What a finished piece comes to, but for what the checker saw, which lies in `SEEN`.

    ``served`` counts its tasks by `SERVED`; ``edges`` has the first and the last row of each file
    that has any.
    """

    served: pd.DataFrame
    reasons: Counter[Unassigned]
    stranded: int
    complaints: Complaints
    edges: dict[str, tuple[tuple[str, bytes], tuple[str, bytes]]]


def finish(frame: Frame, rows: Path, share: Share, folder: Path) -> Finished:
    """Write a piece's part of `TASK_FILES` into ``folder``, and judge it.

    `COMPACT` has what the lists of the jobs are made of: arrays with an element per task.
    """
    piece = read_piece(frame.estate, rows)
    estate, tasks = piece.estate, piece.tasks
    look = piece.look[tasks.vm]
    eligibility = replace(frame.eligibility, profile=frame.eligibility.profile[piece.look])
    groups = share.groups
    known = key(groups["job"].to_numpy(), groups["look"].to_numpy())
    group = groups["group"].to_numpy()[find(known, key(tasks.job, look))[1]]
    plan = labelled(estate, tasks, eligibility, group, share.arcs, frame.spare)
    folder.mkdir(exist_ok=True)
    write_tasks(plan, folder)
    proxy = np.where(plan.tier > 0, plan.proxy, -1).astype(np.int32)
    np.savez(
        folder / COMPACT,
        job=tasks.job, look=look, kind=tasks.kind, proxy=proxy, tier=plan.tier,
    )  # fmt: skip
    complaints = Complaints()
    files = {name: read_written(folder, name, complaints) for name in TASK_FILES}
    seen = look_at(estate, files[ASSIGNMENTS], files[UNASSIGNED], complaints).seen
    put(replace(seen, loads=replace(seen.loads, estate=frame.estate)), folder / SEEN)
    return Finished(
        served=_served(plan),
        reasons=Counter((-1, reason, detail) for _, reason, detail in plan.unassigned),
        stranded=stranded(plan),
        complaints=complaints,
        edges={name: _edges(file) for name, file in files.items() if len(file)},
    )


def judge_again(
    frame: Frame, rows: Path, folder: Path, loads: Loads, coverage_proven: bool
) -> Complaints:
    """Judge the reasons of a piece's unassigned tasks, now that the load of all is known."""
    estate, unheard, complaints = read_piece(frame.estate, rows).estate, Complaints(), Complaints()
    assignments, unassigned = (read_written(folder, name, unheard) for name in TASK_FILES)
    look = look_at(estate, assignments, unassigned, unheard)
    judge_reasons(estate, look, loads, unassigned, coverage_proven, complaints)
    return complaints


def _served(plan: Plan) -> pd.DataFrame:
    columns = {
        "job": plan.tasks.job, "kind": plan.tasks.kind, "proxy": plan.proxy, "tier": plan.tier
    }  # fmt: skip
    return pd.DataFrame(columns).groupby(SERVED, as_index=False).size()


def _edges(written: Written) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    first, last = (
        (written.text("job", row), written.text("vm", row).encode())
        for row in (0, len(written) - 1)
    )
    return first, last
