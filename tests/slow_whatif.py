"""What `gip whatif` says, as its help says it: task by task, minute by minute.

Shares nothing with the planner: a spec's facts come from the oracle, of which what is lost is
taken away. A plan is a mapping of planned tasks (job, VM) to their proxy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import oracle
from oracle import WEEK, Assignment

KEPT, FAILED_OVER, LOST, GONE = "kept", "failed_over", "lost", "gone"


class Broken:
    """An estate without what ``fail`` names, and what then becomes of a plan."""

    def __init__(self, spec: Mapping[str, Any], plan: Assignment, fail: Sequence[str]) -> None:
        self.plan = plan
        self.estate = estate = oracle.Estate(spec)
        self.backup_server = estate.backup.name
        whole = dict(estate.vm_networks)
        lost_servers, lost_networks = set(), set()
        for text in fail:
            kind, name = text.split(":", 1)
            if kind == "server":
                lost_servers.add(name)
            elif kind == "network":
                lost_networks.add(name)
            elif kind == "link" and estate.links is not None:
                ends = name.split("~")
                estate.links = [link for link in estate.links if sorted(link[:2]) != sorted(ends)]
            elif kind == "site":
                there = {n for n in estate.networks if estate.sites([n]) == {name}}
                lost_networks |= there
                lost_servers |= {
                    server.name
                    for server in estate.servers.values()
                    if server.networks and server.networks <= there
                }
        if estate.links is not None:
            estate.links = [link for link in estate.links if not lost_networks & {*link[:2]}]
        estate.vm_networks = {vm: networks - lost_networks for vm, networks in whole.items()}
        estate.servers = {
            name: replace(server, networks=server.networks - lost_networks)
            for name, server in estate.servers.items()
            if name not in lost_servers
        }
        self.gone = {vm for vm in whole if whole[vm] and not estate.vm_networks[vm]}

    def fate(self, task: tuple[str, str]) -> tuple[str, int]:
        """Return what becomes of a task with a proxy, and the tier in which it is served."""
        vm = task[1]
        if vm in self.gone:
            return GONE, 0
        for fate, name in ((KEPT, self.plan[task]), (FAILED_OVER, self.backup_server)):
            server = self.estate.servers.get(name)
            if server and self.estate.connection(server, vm):
                near = server.networks & self.estate.vm_networks[vm]
                return fate, (1 if near else 3) + (name == self.backup_server)
        return LOST, 0

    @property
    def fates(self) -> dict[str, int]:
        """Return how many tasks are kept, failed over, lost and gone."""
        counted = Counter(self.fate(task)[0] for task in self.plan)
        return {fate: counted[fate] for fate in (KEPT, FAILED_OVER, LOST, GONE)}

    @property
    def tiers(self) -> dict[str, int]:
        """Return how many tasks are still served in each tier."""
        counted = Counter(self.fate(task)[1] for task in self.plan)
        return {str(tier): counted[tier] for tier in (1, 2, 3, 4)}

    @property
    def failing_over(self) -> set[tuple[str, str]]:
        """Return the tasks that fail over."""
        return {task for task in self.plan if self.fate(task)[0] == FAILED_OVER}

    @property
    def load(self) -> np.ndarray[Any, Any]:
        """Return what the backup server runs at every minute of the week."""
        if self.backup_server not in self.estate.servers:
            return np.zeros(WEEK, dtype=np.int64)
        load = np.full(WEEK, self.estate.backup.running, dtype=np.int64)
        for job, vm in self.estate.tasks.own:
            if vm not in self.gone:
                load += self.estate.active[job]
        for task, proxy in self.plan.items():
            fate, _ = self.fate(task)
            if fate == FAILED_OVER or (fate == KEPT and proxy == self.backup_server):
                load += self.estate.active[task[0]]
        return load


def every_failure(spec: Mapping[str, Any]) -> list[str]:
    """Return the failures of a sweep, in its order."""
    links: dict[frozenset[str], str] = {}
    for row in sorted(spec.get("links", ()), key=lambda row: (row["from"], row["to"])):
        links.setdefault(frozenset((row["from"], row["to"])), f"{row['from']}~{row['to']}")
    sites = {row.get("site", "") for row in spec["networks"]} - {""}
    return [
        *(f"server:{name}" for name in sorted(row["server"] for row in spec["servers"])),
        *(f"link:{name}" for name in sorted(links.values())),
        *(f"network:{name}" for name in sorted(row["network"] for row in spec["networks"])),
        *(f"site:{name}" for name in sorted(sites)),
    ]
