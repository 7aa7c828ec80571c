"""Estate in, plan out: the whole of the planning, in the order in which it happens."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.estate import Codes, Estate
from models.plan import OTHER, AimResult, Plan, Tasks, Unassigned
from models.settings import MINIMISED
from optimizer.deadline import Deadline
from optimizer.eligibility import Eligibility, qualify
from optimizer.findings import findings
from optimizer.network import Network
from optimizer.optimise import optimise
from optimizer.reasons import unassigned
from optimizer.stage import Stage, Watch
from optimizer.tasks import tasks_of


def plan(
    estate: Estate,
    deadline: Deadline | None = None,
    seed: int = 0,
    workers: int = 1,
    pooling: bool = True,
    progress: Watch = lambda stage: None,
) -> Plan:
    """Return the plan of ``estate``; the same one for the same input, seed and versions.

    Only ``deadline`` can make a difference: what it cuts short says so.
    """
    tasks = tasks_of(estate)
    eligibility = qualify(estate, Network(estate))
    best = optimise(
        estate, tasks, eligibility, deadline or Deadline(), seed, workers, pooling, progress
    )
    aims = [
        _result(stage, value, estate.settings.slack)
        for stage, value in zip(best.stages, best.values, strict=True)
    ]
    left = unassigned(estate, tasks, eligibility, best)
    return _labelled(estate, tasks, eligibility, best.proxy, aims, left)


def _result(stage: Stage, value: int, slack: Callable[[str, int], int]) -> AimResult:
    """Return the aim's record.

    Where time cut an earlier aim short, later ones may have improved it, and so this one, too, or
    at its cost: then ``best`` is what the plan has.
    """
    given = slack(stage.aim, stage.best)
    lost = value - stage.best if stage.aim in MINIMISED else stage.best - value
    best = stage.best if 0 <= lost <= given else value
    return AimResult(stage.aim, value, best, stage.bound, best == stage.bound, stage.seconds)


def _labelled(
    estate: Estate,
    tasks: Tasks,
    eligibility: Eligibility,
    proxy: Codes,
    aims: list[AimResult],
    left: list[Unassigned],
) -> Plan:
    own = estate.backup_server
    profile = eligibility.profile[tasks.vm]
    served_by = np.where(tasks.kind == OTHER, own, proxy)
    planned = proxy >= 0
    takes_over = planned & (proxy != own) & eligibility.takeover(own)[profile]
    return Plan(
        estate=estate,
        tasks=tasks,
        proxy=served_by.astype(np.int32),
        tier=np.where(planned, eligibility.tier[profile, proxy], 0).astype(np.int8),
        connection=eligibility.connection(profile, served_by),
        protected=planned & eligibility.protected[profile, proxy],
        failover=np.where(takes_over, own, -1).astype(np.int32),
        candidate=eligibility.candidate,
        unassigned=left,
        aims=aims,
        findings=findings(estate, tasks, eligibility, proxy, left),
    )
