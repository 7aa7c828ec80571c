"""Replans an estate without what is lost, with as few moves as its aims allow."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from models.aims import MOVES
from models.estate import Codes, Estate
from models.plan import WINDOWS, Tasks
from models.settings import Settings
from optimizer.analysis.what_if.task_classes import TIERS
from optimizer.eligibility.failures import Losses, estate_after
from optimizer.planner import plan


@dataclass(frozen=True, slots=True)
class Replanned:
    """The best plan without what is lost, of those the one with the fewest moves.

    ``tiers`` counts its tasks by tier, 1 to 4; ``unassigned`` those that had a proxy and have
    none, ``moves`` those whose proxy differs. VMs that are gone are not among them.
    """

    tiers: tuple[int, ...]
    unassigned: int
    moves: int
    proven: bool


def replan(estate: Estate, tasks: Tasks, proxy: Codes, losses: Losses) -> Replanned:
    """Plan ``estate`` without what is lost, beginning at a plan that gives each task ``proxy``."""
    made = plan(prepare_replan(estate, tasks, proxy, losses))
    had = made.tasks.has_current & (made.tasks.kind == WINDOWS)
    return Replanned(
        tiers=tuple(int((made.tier == number).sum()) for number in TIERS),
        unassigned=int((had & (made.proxy < 0)).sum()),
        moves=int((had & (made.proxy != made.tasks.current)).sum()),
        proven=all(aim.proven for aim in made.aims),
    )


def prepare_replan(estate: Estate, tasks: Tasks, proxy: Codes, losses: Losses) -> Estate:
    """Return ``estate`` without what is lost, ``proxy`` being today's assignment.

    Few moves are an aim, the last one where the settings have none.
    """
    planned = np.flatnonzero((tasks.kind == WINDOWS) & (proxy >= 0))
    codes = {"job_code": tasks.job, "vm_code": tasks.vm, "proxy_code": proxy}
    current = pd.DataFrame({name: array[planned] for name, array in codes.items()})
    current["proxy"] = estate.servers["server"].to_numpy()[current["proxy_code"]]
    return replace(
        estate_after(estate, losses), current=current, settings=_with_moves(estate.settings)
    )


def _with_moves(settings: Settings) -> Settings:
    if MOVES.name in settings.objectives:
        return settings
    return replace(settings, objectives=(*settings.objectives, MOVES.name))
