"""Certainty: which jobs' failures and tiers follow from their choice alone, whatever loads are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.week_plan import Servers
from optimizer.eligibility.tiers import Eligibility
from optimizer.lists.server_classes import TIER_BITS, Mask, classify, server_views
from optimizer.lists.tier_outcomes import outcomes
from optimizer.simulation.candidate_sets import JobTasks


def guaranteed_jobs(
    working: Sequence[JobTasks], chosen: Sequence[Servers], eligibility: Eligibility, own: int
) -> NDArray[np.bool_]:
    """Tell which of the jobs ``working`` are *guaranteed* their failures and tiers.

    ``chosen`` are the servers (codes) that each selects, none for automatic; those that may not
    serve are not offered. Loads, ties and starts play no part unless a kind of VM is offered both
    servers that connect and servers that do not. ``own`` is the backup server.
    """
    servers = len(eligibility.usable)
    views = server_views(eligibility) & np.uint8(TIER_BITS)
    types = classify(views, own, np.arange(servers))
    sure = np.zeros(len(working), dtype=np.bool_)
    for place, (of, codes) in enumerate(zip(working, chosen, strict=True)):
        listed = types.sizes(_listed(codes, eligibility.usable)) > 0
        found = outcomes(types.views[of.profiles], int(types.of[own]), listed[None])
        sure[place] = np.array_equal(found.worst, found.best)
    return sure


def _listed(codes: Servers, usable: Mask) -> Mask:
    if not codes:
        return usable
    named = np.zeros_like(usable)
    named[list(codes)] = True
    return named & usable
