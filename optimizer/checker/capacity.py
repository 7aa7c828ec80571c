"""Judges rules 2 (capacity) and 3 (failover), and finds where one more task would fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimizer.checker.loads import Loads
from optimizer.checker.violations import Violations


def judge_capacity(loads: Loads, complaints: Violations) -> None:
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


def judge_failover(loads: Loads, complaints: Violations) -> None:
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


Flags = NDArray[np.bool_]


class FreeCapacity:
    """The servers on which one more task of a job fits."""

    def __init__(self, loads: Loads) -> None:
        self._moments = loads.moments
        self._home = loads.estate.backup_server
        self._full = (loads.limit >= 0) & (loads.planned >= loads.limit)
        # A task on a server weighs in each loss of that server; one on the backup server in all.
        self._full_failover = np.zeros_like(self._full)
        failover_limit = loads.failover_limit()
        if failover_limit is not None:
            for _, servers, load in loads.losses():
                full = load >= failover_limit
                self._full_failover[[*servers, self._home]] |= full
        self._known: dict[tuple[int, bool], Flags] = {}

    def fits(self, job: int, takeover: bool) -> Flags:
        """Return the servers on which one more task of a job fits, shape (servers,).

        ``takeover`` tells whether the backup server connects to its VM, so that it would have to
        stand in for it.
        """
        key = int(self._moments.activity[job]), takeover
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._fits(*key)
        return known

    def _fits(self, activity: int, takeover: bool) -> Flags:
        spans = self._moments.during(activity)
        full = np.asarray(self._full[:, spans].any(axis=1))
        weighs = np.full(len(full), takeover)
        weighs[self._home] = True
        return np.asarray(~(full | (weighs & self._full_failover[:, spans].any(axis=1))))
