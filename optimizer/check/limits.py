"""Judges rule 2 (capacity) and rule 3 (failover) at every moment of the week."""

from __future__ import annotations

from optimizer.check.loads import Loads
from optimizer.check.verdict import Complaints


def judge_capacity(loads: Loads, complaints: Complaints) -> None:
    """Complain of each server that has too many planned tasks, at its worst moment."""
    for server, name in enumerate(loads.estate.servers["server"].tolist()):
        limit = loads.limit(server)
        if limit is None:
            continue
        planned = loads.planned[server]
        span = int((planned - limit).argmax())
        if planned[span] > limit[span]:
            complaints.add(
                "servers above their max_tasks",
                f"server {name!r} at {loads.moments.name(span)}: {planned[span]} planned tasks, "
                f"expected {limit[span]} at most (max_tasks less what it runs anyway)",
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
