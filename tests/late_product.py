"""The five weeks of docs/certainty.md, one choice after another.

That is `slow_simulation` with other ties, orders and starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import oracle
from oracle import WEEK, Server
from slow_simulation import Product


class LateProduct(Product):
    """Two weeks of the product in the ``week``-th of five weeks; ``names`` are what jobs are
    called when it comes to order and delay, where that differs."""

    def __init__(
        self, spec: Mapping[str, Any], lists: Mapping[str, Sequence[str]], week: int
    ) -> None:
        self.estate = oracle.Estate(spec)
        self.lists = lists
        self.knows_connections = False
        self.in_progress, self.all = [], []
        self.number = {3: 0, 4: 1}.get(week)
        self.ties_descend, self.order_descends = week in (1, 4), week in (2, 4)
        jobs = {job for job, _ in self.estate.tasks.windows + self.estate.tasks.own}
        starts = [(start, job) for job in jobs for start in self.starts(job)]
        starts.sort(key=lambda pair: pair[1], reverse=self.order_descends)
        starts.sort(key=lambda pair: pair[0])
        for self.now, job in starts:
            self.in_progress = [run for run in self.in_progress if run.end > self.now]
            self.begin(job)

    def starts(self, job: str) -> set[int]:
        late = 0
        if self.number is not None:
            digest = sha256(job.encode()).digest()[4 * self.number : 4 * self.number + 4]
            late = int.from_bytes(digest, "big") % 11
        first = {(start + late) % WEEK for start in super().starts(job) if start < WEEK}
        return first | {start + WEEK for start in first}

    def begin(self, job: str) -> None:
        for of_job, vm in self.estate.tasks.own:
            if of_job == job:
                self.add(job, vm, self.estate.backup.name, 0, "", False, windows=False)
        vms = sorted(vm for of_job, vm in self.estate.tasks.windows if of_job == job)
        for vm in reversed(vms) if self.order_descends else vms:
            self.choose(job, vm)

    def choose(self, job: str, vm: str) -> None:
        candidates = self.candidates(job, vm)
        backup = self.estate.backup
        if candidates:
            best = min(self.tier(server, vm) for server in candidates)
            equals = sorted(
                (server for server in candidates if self.tier(server, vm) == best),
                key=lambda server: server.name,
                reverse=self.ties_descend,
            )
            pick = min(equals, key=self.load)
            if connection := self.estate.connection(pick, vm):
                self.add(job, vm, pick.name, best, connection, False)
                return
        if connection := self.estate.connection(backup, vm):
            self.add(job, vm, backup.name, self.tier(backup, vm), connection, True)
        else:
            self.add(job, vm, "", 0, "", False)

    def figures(self) -> list[int]:
        """Return failed, tier 1 to 4, failed over, protected, same site, overload, peak."""
        runs, servers = self.runs, self.estate.servers
        tiers = [sum(run.proxy != "" and run.tier == tier for run in runs) for tier in (1, 2, 3, 4)]
        served = [(servers[run.proxy], run.vm) for run in runs if run.proxy]
        return [
            sum(run.proxy == "" for run in runs),
            *tiers,
            sum(run.failed_over for run in runs),
            sum(self.estate.protected(*pair) for pair in served),
            sum(self.in_same_site(*pair) for pair in served),
            sum(self.overload.values()),
            self.busiest,
        ]

    def in_same_site(self, server: Server, vm: str) -> bool:
        """Tell whether server and VM have a site in common."""
        estate = self.estate
        return bool(estate.sites(server.networks) & estate.sites(estate.vm_networks[vm]))
