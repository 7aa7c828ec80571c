"""Estate in, plan out: all steps of planning, in their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.aims import MINIMISED
from models.estate import Codes, Estate
from models.plan import OTHER, AimResult, Plan
from models.solve_events import Stage, Watch
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.findings import find_failing, find_stranded, findings
from optimizer.eligibility.tasks import stale_rows
from optimizer.formulation.solution_mapping import Arcs
from optimizer.formulation.solve_assignment import Solution, assigned_servers, solve_assignment
from optimizer.formulation.staged_solve import SolveOptions
from optimizer.formulation.unassigned import explain_unassigned, groups_with_capacity
from optimizer.solver.deadline import Deadline


def plan(
    estate: Estate,
    deadline: Deadline | None = None,
    seed: int = 0,
    workers: int = 1,
    pooling: bool = True,
    progress: Watch = lambda stage: None,
    context: PlanningContext | None = None,
) -> Plan:
    """Plan ``estate``; the same plan for the same input, seed and versions.

    Only ``deadline`` can make a difference: what it cuts short says so. A ``context`` of the
    estate at hand is not built again.
    """
    context = context or PlanningContext.build(estate)
    options = SolveOptions(estate.settings, deadline or Deadline(), seed, workers, pooling)
    return plan_of_solution(context, solve_assignment(context, options, progress))


def plan_of_solution(context: PlanningContext, best: Solution) -> Plan:
    """Return the plan of the best assignment found, with its aims and findings."""
    estate = context.estate
    spare = groups_with_capacity(best.problem, best.arcs)
    made = build_plan(context, best.group, best.arcs, spare)
    reasons = Counter(reason for _, reason, _ in made.unassigned)
    aims = aim_results(estate, best)
    stale = stale_rows(estate, context.tasks)
    stranded = find_stranded(made)
    found = findings(
        estate, context.eligibility, stale, reasons, stranded, find_failing(made), context.tasks,
        aims,
    )  # fmt: skip
    return replace(made, aims=aims, findings=found)


def aim_results(estate: Estate, best: Solution) -> list[AimResult]:
    """Return the result of every aim."""
    found: list[AimResult] = []
    for stage, value in zip(best.stages, best.values, strict=True):
        result = _result(stage, value, estate.settings.slack)
        found.append(replace(result, conditional=not all(aim.proven for aim in found)))
    return found


def _result(stage: Stage, value: int, slack: Callable[[str, int], int]) -> AimResult:
    """Return the aim's result.

    Where time cut an earlier aim short, later ones may have improved it, and so this one, too, or
    at its cost: then ``best`` is what the plan has.
    """
    given = slack(stage.aim, stage.best)
    lost = value - stage.best if stage.aim in MINIMISED else stage.best - value
    best = stage.best if 0 <= lost <= given else value
    proven = best == stage.bound
    # A disputed aim's bound is that of multipliers: a later aim's plan may have come to meet it.
    proof = "duals" if proven and stage.proof == "disputed" else stage.proof
    return AimResult(stage.aim, value, best, stage.bound, proven, proof, stage.seconds)


def build_plan(
    context: PlanningContext, group: Codes, arcs: Arcs, spare: NDArray[np.bool_]
) -> Plan:
    """Build the plan from ``arcs``, every task with its labels; aims and findings are left empty.

    ``group`` is each task's; ``spare`` tells which groups have capacity left.
    """
    estate, tasks, eligibility = context.estate, context.tasks, context.eligibility
    own = estate.backup_server
    proxy = assigned_servers(estate, tasks, group, arcs)
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
        unassigned=explain_unassigned(context, group, proxy, spare),
        aims=(),
        findings=(),
    )
