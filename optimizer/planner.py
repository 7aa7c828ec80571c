"""Estate in, plan out: the whole of the planning, in the order in which it happens."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.estate import Codes, Estate
from models.plan import (
    NETWORK,
    NO_CONNECTION,
    OTHER,
    POWERSHELL_DIRECT,
    AimResult,
    Plan,
    Tasks,
    Unassigned,
)
from models.program import Ints
from optimizer.aims import formulate
from optimizer.deadline import Deadline
from optimizer.eligibility import Eligibility, qualify
from optimizer.findings import findings
from optimizer.flows import Arcs, point, served
from optimizer.groups import collapse, expand
from optimizer.network import Network
from optimizer.pools import ways
from optimizer.reasons import unassigned
from optimizer.solve import Stage, solve
from optimizer.tasks import byte_rank, tasks_of


def plan(
    estate: Estate,
    deadline: Deadline | None = None,
    seed: int = 0,
    workers: int | None = None,
    pooling: bool = True,
    progress: Callable[[Stage], None] = lambda stage: None,
) -> Plan:
    """Return the plan of ``estate``; the same one for the same input, seed and versions.

    Only ``deadline`` can make a difference: what it cuts short says so.
    """
    tasks = tasks_of(estate)
    eligibility = qualify(estate, Network(estate))
    problem, group = collapse(estate, tasks, eligibility)
    settings = estate.settings
    tiers_apart = any(settings.slack(aim, 10**9) for aim in ("coverage", "tier1", "tier2"))
    program, columns = formulate(problem, settings, ways(problem, pooling, tiers_apart))

    def relabelled(x: Ints) -> Ints:
        return point(problem, program, columns, served(columns, x))

    solution = solve(
        program,
        program.settle(np.zeros_like(program.lower)),
        relabelled,
        settings.slack,
        deadline or Deadline(),
        seed,
        progress,
    )
    arcs = served(columns, solution.x)
    proxy = _by_name(estate, group, tasks.current, arcs)
    results = [
        _result(stage, aim.value(solution.x), aim.maximise)
        for stage, aim in zip(solution.stages, program.aims, strict=True)
    ]
    return _labelled(
        estate,
        tasks,
        eligibility,
        proxy,
        results,
        unassigned(estate, tasks, eligibility, problem, group, proxy, arcs),
    )


def _by_name(estate: Estate, group: Codes, current: Codes, arcs: Arcs) -> Codes:
    """Expand counts to tasks, the servers of a group taken in byte order of their names."""
    rank = byte_rank(estate.servers["server"])
    named = np.argsort(rank)
    arc_group, arc_server, count = arcs
    order = np.lexsort((rank[arc_server], arc_group))
    ranked = (arc_group[order], rank[arc_server[order]], count[order])
    wish = np.where(current >= 0, rank[current], -1).astype(np.int32)
    place = expand(group, wish, ranked)
    return np.where(place >= 0, named[place], -1).astype(np.int32)


def _result(stage: Stage, value: int, maximise: bool) -> AimResult:
    """Return the aim's record; an aim that time cut short may have gained by later ones."""
    best = max(stage.best, value) if maximise else min(stage.best, value)
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
    has = served_by >= 0
    planned = proxy >= 0
    tier = np.where(planned, eligibility.tier[profile, proxy], 0).astype(np.int8)
    by_network = eligibility.by_network[profile, served_by]
    connected = has & (eligibility.tier[profile, served_by] > 0)
    connection = np.where(
        connected, np.where(by_network, NETWORK, POWERSHELL_DIRECT), NO_CONNECTION
    )
    takes_over = planned & (proxy != own) & eligibility.takeover(own)[profile]
    return Plan(
        estate=estate,
        tasks=tasks,
        proxy=served_by.astype(np.int32),
        tier=tier,
        connection=connection.astype(np.int8),
        protected=planned & eligibility.protected[profile, proxy],
        failover=np.where(takes_over, own, -1).astype(np.int32),
        candidate=eligibility.candidate,
        unassigned=left,
        aims=aims,
        findings=findings(estate, tasks, eligibility, proxy, left),
    )
