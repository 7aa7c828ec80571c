"""Judges rule 2 (capacity) and rule 3 (failover) at every moment of the week."""

from __future__ import annotations

import numpy as np

from optimizer.check.loads import Loads
from optimizer.check.verdict import Complaints


def judge_capacity(loads: Loads, complaints: Complaints) -> None:
    """Complain of each server that has too many planned tasks, at its worst moment."""
    names = loads.estate.servers["server"].tolist()
    excess = np.where(loads.limit < 0, 0, loads.planned - loads.limit)
    spans = excess.argmax(axis=1)
    for server in np.flatnonzero((excess > 0).any(axis=1)).tolist():
        span = int(spans[server])
        complaints.add(
            "servers above their max_tasks",
            f"server {names[server]!r} at {loads.moments.name(span)}: "
            f"{loads.planned[server, span]} planned tasks, expected {loads.limit[server, span]} "
            "at most (max_tasks less what it runs anyway)",
        )


def judge_failover(loads: Loads, complaints: Complaints) -> None:
    """Complain of each loss that the backup server could not stand in for, at its worst moment."""
    limit = loads.failover_limit()
    if limit is None:
        return
    home = loads.estate.servers["server"].iloc[loads.estate.backup_server]
    for name, _, load in loads.losses():
        span = int((load - limit).argmax())
        if load[span] > limit[span]:
            complaints.add(
                "losses that the backup server cannot stand in for",
                f"{name} lost at {loads.moments.name(span)}: {load[span]} planned tasks on the "
                f"backup server {home!r}, expected {limit[span]} at most (failover.tasks less "
                "what it runs anyway)",
            )
