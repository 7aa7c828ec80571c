"""Where one more task would fit without breaking rules 2 and 3."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimizer.check.loads import Loads

Flags = NDArray[np.bool_]


class Room:
    """Answers on which servers one more task of a job fits."""

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
