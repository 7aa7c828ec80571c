"""How loaded every server is at every moment, and what a loss would bring the backup server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.estate import Estate
from optimizer.check.moments import Moments
from optimizer.check.roster import OTHER, Roster
from optimizer.check.service import Service

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Loads:
    """Tasks per span of the week, as estate.md defines load.

    ``planned`` has shape (servers, spans), ``own`` (the backup server's non-Windows tasks) has
    shape (spans,). ``taken_over`` is the part of ``planned`` whose VM the backup server connects
    to, the takeover; None where rule 3 is not enforced.
    """

    estate: Estate
    moments: Moments
    planned: Whole
    own: Whole
    taken_over: Whole | None

    def anyway(self, server: int) -> Whole:
        """Return the tasks that a server runs whatever the plan, shape (spans,)."""
        running = int(self.estate.servers["running_tasks"].iloc[server])
        own = self.own if server == self.estate.backup_server else 0 * self.own
        return running + own

    def limit(self, server: int) -> Whole | None:
        """Return how many planned tasks rule 2 allows a server, (spans,); None: any number."""
        most = int(self.estate.servers["max_tasks"].iloc[server])
        return None if most < 0 else np.maximum(0, most - self.anyway(server))

    def busiest(self, server: int) -> int:
        """Return the load of a server at its busiest moment, P(s)."""
        return int((self.anyway(server) + self.planned[server]).max())

    def failover_limit(self) -> Whole | None:
        """Return what rule 3 allows, shape (spans,); None where it says nothing."""
        settings, home = self.estate.settings, self.estate.backup_server
        most = settings.failover_tasks
        if most is None:
            most = int(self.estate.servers["max_tasks"].iloc[home])
        if settings.failover_capacity != "enforce" or most < 0:
            return None
        return np.maximum(0, most - self.anyway(home))

    def losses(self) -> Iterator[tuple[str, list[int], Whole]]:
        """Yield each loss of rule 3: its name, its servers, and what then runs on the backup
        server of the plan, shape (spans,)."""
        if self.taken_over is None:
            return
        stays = self.planned[self.estate.backup_server]
        for name, servers in _losses(self.estate):
            yield name, servers, stays + self.taken_over[servers].sum(axis=0)


def loads_of(estate: Estate, roster: Roster, service: Service, moments: Moments) -> Loads:
    """Count the tasks on every server at every moment of the week."""
    activity = moments.activity[roster.job]
    planned_activity = activity[service.task]
    own = activity[roster.kind == OTHER]
    over = service.takeover
    size = len(estate.servers)
    return Loads(
        estate,
        moments,
        moments.counts(service.proxy, planned_activity, size),
        moments.counts(np.zeros_like(own), own, 1)[0],
        moments.counts(service.proxy[over], planned_activity[over], size)
        if estate.settings.failover_capacity == "enforce"
        else None,
    )


def _losses(estate: Estate) -> Iterator[tuple[str, list[int]]]:
    """Yield every loss that rule 3 speaks of: its name and the servers that go."""
    home = estate.backup_server
    names = estate.servers["server"].tolist()
    others = [code for code in range(len(names)) if code != home]
    if estate.settings.failover_survive == "server":
        yield from ((f"server {names[code]!r}", [code]) for code in others)
        return
    site_of = estate.networks["site"].tolist()
    sites = [
        {site_of[network] for network in estate.network_sets[number]} - {""}
        for number in estate.servers["network_set"].tolist()
    ]
    for site in sorted(set(site_of) - {""} - sites[home]):
        yield f"site {site!r}", [code for code in others if site in sites[code]]
    for code in others:
        if not sites[code] or sites[code] & sites[home]:
            yield f"server {names[code]!r}", [code]
