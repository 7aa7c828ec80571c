"""Figures of a week, planned or simulated, to compare the two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.estate import Estate
from models.plan import WINDOWS, Plan, Tasks
from optimizer.eligibility.server_load import Spans, plan_load
from optimizer.simulation.results import Simulation, busiest_candidate, overload_minutes


@dataclass(frozen=True, slots=True)
class Figures:
    """What becomes of the Windows runs of one week.

    ``tiers`` counts those served in tier 1 to 4, ``failed`` those that nobody serves,
    ``failed_over`` those that the backup server takes over. ``peak`` is that of the aims,
    ``overload`` the task-minutes above ``max_tasks``, of all servers.
    """

    tiers: tuple[int, ...]
    failed: int
    failed_over: int
    peak: int
    overload: int


def figures_of_plan(plan: Plan) -> Figures:
    """Return the figures of the week as planned: every run on its proxy."""
    return figures_of_week(plan.estate, plan.tasks, plan.tier, plan.candidate, plan_load(plan))


def figures_of_week(
    estate: Estate,
    tasks: Tasks,
    tier: NDArray[np.int8],
    candidate: NDArray[np.bool_],
    spans: Spans,
    failed_over: NDArray[np.bool_] | None = None,
) -> Figures:
    """Return the figures of a week in which every run of a task is in the same ``tier``.

    ``tier`` is per task, 0 for none; the load is that of ``spans``, `peak` that of ``candidate``
    servers.
    """
    starts = estate.jobs["days"].map(len).to_numpy(dtype=np.int64)[tasks.job]
    windows = tasks.kind == WINDOWS
    runs = np.bincount(tier[windows], weights=starts[windows], minlength=5)
    failed, *tiers = runs.astype(int).tolist()
    return Figures(
        tiers=tuple(tiers),
        failed=failed,
        failed_over=0 if failed_over is None else int(starts[failed_over].sum()),
        peak=busiest_candidate(estate, candidate, spans),
        overload=sum(overload_minutes(estate, spans).values()),
    )


def figures_of(simulation: Simulation) -> Figures:
    """Return the figures of a simulated week."""
    return Figures(
        tiers=simulation.tiers,
        failed=simulation.failed,
        failed_over=simulation.failed_over,
        peak=simulation.peak,
        overload=sum(simulation.overload.values()),
    )
