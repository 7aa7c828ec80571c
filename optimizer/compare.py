"""A week of a plan in the figures of a simulation, so that both stand side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.plan import WINDOWS, Plan
from optimizer.outputs.loads import loads
from optimizer.simulate.result import Simulation, overload, peak


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
    starts = plan.estate.jobs["days"].map(len).to_numpy()[plan.tasks.job]
    windows = plan.tasks.kind == WINDOWS
    runs = np.bincount(plan.tier[windows], weights=starts[windows], minlength=5)
    failed, *tiers = runs.astype(int).tolist()
    spans = loads(plan)
    return Figures(
        tiers=tuple(tiers),
        failed=failed,
        failed_over=0,
        peak=peak(plan.estate, plan.candidate, spans),
        overload=sum(overload(plan.estate, spans).values()),
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
