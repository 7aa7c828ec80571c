"""Computes the load of every server by span, and the backup server's after each loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.estate import Estate
from optimizer.checker.assignments import Service
from optimizer.checker.tasks import OTHER, TaskRows
from optimizer.checker.timeline import Timeline

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Loads:
    """Tasks per span of the week, as the glossary defines load.

    ``planned`` has shape (servers, spans), ``own`` (the backup server's non-Windows tasks) has
    shape (spans,). ``taken_over`` is the part of ``planned`` whose VM the backup server connects
    to, the takeover; None where rule 3 is not enforced.
    """

    estate: Estate
    moments: Timeline
    planned: Whole
    own: Whole
    taken_over: Whole | None

    def __add__(self, other: Loads) -> Loads:
        """Return the load of the tasks of both."""
        both = (self.taken_over, other.taken_over)
        return replace(
            self,
            planned=self.planned + other.planned,
            own=self.own + other.own,
            taken_over=None if both[0] is None or both[1] is None else both[0] + both[1],
        )

    @cached_property
    def baseline(self) -> Whole:
        """The load of each server that no plan changes, shape (servers, spans)."""
        running = self.estate.servers["running_tasks"].to_numpy(dtype=np.int64)
        baseline = np.repeat(running[:, np.newaxis], len(self.own), axis=1)
        baseline[self.estate.backup_server] += self.own
        return baseline

    @cached_property
    def limit(self) -> Whole:
        """How many planned tasks rule 2 allows each server, (servers, spans); -1: any number."""
        most = self.estate.servers["max_tasks"].to_numpy(dtype=np.int64)[:, np.newaxis]
        return np.where(most < 0, -1, np.maximum(0, most - self.baseline))

    @cached_property
    def busiest(self) -> Whole:
        """The load of each server at its busiest moment, P(s), shape (servers,)."""
        return np.asarray((self.baseline + self.planned).max(axis=1))

    def failover_limit(self) -> Whole | None:
        """Return what rule 3 allows, shape (spans,); None where it says nothing."""
        settings, home = self.estate.settings, self.estate.backup_server
        most = settings.failover_tasks
        if most is None:
            most = int(self.estate.servers["max_tasks"].iloc[home])
        if settings.failover_capacity != "enforce" or most < 0:
            return None
        return np.asarray(np.maximum(0, most - self.baseline[home]))

    def losses(self) -> Iterator[tuple[str, list[int], Whole]]:
        """Yield each loss of rule 3: its name, its servers, and the backup server's load after it.

        The load is of planned tasks, shape (spans,).
        """
        if self.taken_over is None:
            return
        stays = self.planned[self.estate.backup_server]
        for name, servers in _losses(self.estate):
            yield name, servers, stays + self.taken_over[servers].sum(axis=0)


def compute_loads(estate: Estate, roster: TaskRows, service: Service, moments: Timeline) -> Loads:
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
