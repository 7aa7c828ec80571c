"""How far the product by itself does what a plan wants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.estate import Codes
from optimizer.simulate.result import Runs, Simulation

Tiers = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of the runs whose task has a proxy in the plan: how many are on it, or in its tier."""

    planned_runs: int
    on_planned_server: int
    in_planned_tier: int


def agreement(runs: Runs, proxy: Codes, tier: Tiers) -> Agreement:
    """Compare ``runs`` with a plan's ``proxy`` and ``tier`` of each task, -1 and 0 for none."""
    return Agreement(*(int(which.sum()) for which in _agreeing(runs, proxy, tier)))


def agreement_by_job(simulation: Simulation, proxy: Codes, tier: Tiers) -> pd.DataFrame:
    """Return the same for each job with planned runs: ``job`` and the fields of `Agreement`."""
    runs, jobs = simulation.runs, simulation.estate.jobs["job"]
    job = simulation.tasks.job[runs.task]
    planned, on_server, in_tier = (
        np.bincount(job[which], minlength=len(jobs)) for which in _agreeing(runs, proxy, tier)
    )
    columns = {"planned_runs": planned, "on_planned_server": on_server, "in_planned_tier": in_tier}
    whole = pd.DataFrame({"job": jobs.to_numpy(dtype=object)} | columns)
    return whole[planned > 0].sort_values("job", ignore_index=True)


def _agreeing(runs: Runs, proxy: Codes, tier: Tiers) -> tuple[NDArray[np.bool_], ...]:
    """Return which runs are planned, which on their server, which in their tier."""
    wanted = proxy[runs.task]
    planned = wanted >= 0
    in_tier = planned & (runs.tier == tier[runs.task])
    return planned, planned & (runs.proxy == wanted), in_tier
