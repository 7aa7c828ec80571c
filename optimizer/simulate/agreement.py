"""How far the product by itself does what a plan wants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.estate import Codes
from optimizer.simulate.result import Runs

Tiers = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of the runs whose task has a proxy in the plan: how many are on it, or in its tier."""

    planned_runs: int
    on_planned_server: int
    in_planned_tier: int


def agreement(runs: Runs, proxy: Codes, tier: Tiers) -> Agreement:
    """Compare ``runs`` with a plan's ``proxy`` and ``tier`` of each task, -1 and 0 for none."""
    wanted = proxy[runs.task]
    planned = wanted >= 0
    on_server = planned & (runs.proxy == wanted)
    in_tier = planned & (runs.tier == tier[runs.task])
    return Agreement(int(planned.sum()), int(on_server.sum()), int(in_tier.sum()))
