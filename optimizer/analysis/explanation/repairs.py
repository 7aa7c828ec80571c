"""Finds repairs: the single changes that let a task be served in a better tier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.estate import Codes, Estate
from models.plan import Tasks
from optimizer.analysis.explanation.capacity import ServerCapacity
from optimizer.analysis.explanation.obstacles import DIRECT_OFF, Fact, Obstacles, no_powershell
from optimizer.analysis.explanation.routes import Routes
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.failures import failover_limit

FLAG, PLACE, LINK, NEW_LINK = range(4)
SHOWN = 5
UNSERVED = 5
BUILT_IN = 5, "5.1"  # with Windows Server 2016 and later: as the estate has it, as one writes it
FLAGS = {"S9": ("managed", True), "available": ("available", True), "excluded": ("excluded", False)}


@dataclass(frozen=True, slots=True)
class Repair:
    """An edit of the estate, in words, and the ``server`` and ``tier`` that it leads to.

    By ``cost``, a flag or a list's entry is cheaper than capacity for one more task, that cheaper
    than a link, that cheaper than a new one.
    """

    cost: int
    tier: int
    server: int
    text: str
    edit: Edit


class RepairFinder:
    """Single changes for one task of a plan; ``proxy`` is a server code per task, -1 for none.

    ``tier`` is the task's, 0 where it has none.
    """

    def __init__(
        self, estate: Estate, tasks: Tasks, proxy: Codes, task: int, tier: int, paths: Routes
    ) -> None:
        self._estate, self._tasks, self._proxy, self._task = estate, tasks, proxy, task
        self._job, self._vm = int(tasks.job[task]), int(tasks.vm[task])
        self._tier = tier or UNSERVED
        self._paths = paths
        self._names: list[str] = estate.servers["server"].tolist()

    def find(
        self, obstacles: Sequence[Obstacles], capacity: ServerCapacity, same_site: NDArray[np.bool_]
    ) -> list[Repair]:
        """Find the changes that lead to a better tier, at most `SHOWN` for each, cheapest first.

        Of changes that cost the same, one for a server at the VM's site comes first.
        ``obstacles`` and ``same_site`` have those of every server. All other tasks stay where they
        are.
        """
        chosen: list[Repair] = []
        for tier in range(1, self._tier):
            found = [
                change
                for server, at in enumerate(obstacles)
                if self._best_tier(server) == tier
                for change in self._changes(server, tier, at, capacity.obstacles(server))
            ]
            found.sort(
                key=lambda c: (c.cost, not same_site[c.server], self._names[c.server].encode())
            )
            different = {change.text: change for change in reversed(found)}
            ordered = [change for change in found if different[change.text] is change]
            chosen += islice(filter(self._works, ordered), SHOWN)
        return sorted(chosen, key=lambda change: change.cost)

    def _best_tier(self, server: int) -> int:
        """Return the tier of ``server`` if nothing kept it from the VM (S14)."""
        sets = self._estate.network_sets
        own = sets[self._estate.servers["network_set"].iloc[server]]
        shared = set(own) & set(sets[self._estate.vms["network_set"].iloc[self._vm]])
        return (1 if shared else 3) + (server == self._estate.backup_server)

    def _changes(self, server: int, tier: int, at: Obstacles, full: list[Fact]) -> Iterator[Repair]:
        """Yield what takes away the one thing that keeps the task from ``server``."""
        if len(at.own) + (not at.connects) + len(full) != 1:
            return
        if not at.connects:
            if at.hyperv and {fact.text for fact in at.direct} == {DIRECT_OFF}:
                edit = Edit("settings", None, "powershell_direct", True)
                text = "set connections.powershell_direct = true in estate.toml"
                yield Repair(FLAG, tier, server, text, edit)
            name = self._names[server]
            if at.hyperv and {fact.text for fact in at.direct} == {no_powershell(name, "empty")}:
                edit = Edit("servers", server, "powershell_version", BUILT_IN[0])
                text = f"set powershell_version of {name} to {BUILT_IN[1]} in servers.csv"
                yield Repair(FLAG, tier, server, text, edit)
            yield from self._links(server, tier)
        elif full:
            yield self._place(server, tier, full[0])
        else:
            yield from self._flag(server, tier, at.own[0])

    def _flag(self, server: int, tier: int, fact: Fact) -> Iterator[Repair]:
        name = self._names[server]
        if fact.rule in FLAGS:
            column, value = FLAGS[fact.rule]
            text = f"set {column} of {name} to {str(value).lower()} in servers.csv"
            yield Repair(FLAG, tier, server, text, Edit("servers", server, column, value))
        elif fact.rule == "S13":
            jobs = self._estate.jobs
            text = f"add {name} to the proxies of job {jobs['job'].iloc[self._job]} in jobs.csv"
            listed = (*jobs["bound_codes"].iloc[self._job], server)
            yield Repair(FLAG, tier, server, text, Edit("jobs", self._job, "bound_codes", listed))

    def _place(self, server: int, tier: int, fact: Fact) -> Repair:
        if fact.rule == "max_tasks":
            more = int(self._estate.servers["max_tasks"].iloc[server]) + 1
            text = f"set max_tasks of {self._names[server]} to {more} in servers.csv"
            return Repair(PLACE, tier, server, text, Edit("servers", server, "max_tasks", more))
        more = (failover_limit(self._estate) or 0) + 1
        edit = Edit("settings", None, "failover_tasks", more)
        return Repair(PLACE, tier, server, f"set failover.tasks = {more} in estate.toml", edit)

    def _links(self, server: int, tier: int) -> Iterator[Repair]:
        sets = self._estate.network_sets
        source = sets[self._estate.servers["network_set"].iloc[server]]
        target = sets[self._estate.vms["network_set"].iloc[self._vm]]
        for link in self._paths.opening(source, target):
            if link.row is None:
                text = f"add a link from {link.start} to {link.end} to links.csv"
                edit = Edit("links", None, "", (link.start, link.end))
                yield Repair(NEW_LINK, tier, server, text, edit)
            else:
                ends = f"{link.start} to {link.end}"
                text = f"set {link.column} of the link between {ends} to true in links.csv"
                yield Repair(LINK, tier, server, text, Edit("links", link.row, link.column, True))

    def _works(self, change: Repair) -> bool:
        """Tell whether the server may really serve the task after the change."""
        estate, server = apply_edit(self._estate, change.edit), change.server
        context = PlanningContext.build(estate, self._tasks)
        eligibility = context.eligibility
        listed = estate.jobs["bound_codes"].iloc[self._job]
        tier = eligibility.tier[eligibility.profile[self._vm], server]
        capacity = ServerCapacity(context, self._proxy, self._task)
        return bool(
            eligibility.usable[server]
            and tier == change.tier
            and (not listed or server in listed)
            and not capacity.obstacles(server)
        )


@dataclass(frozen=True, slots=True)
class Edit:
    """``column`` of ``row`` of a table becomes ``value``; without a row it is a link of its own.

    The table "settings" has no rows.
    """

    table: str
    row: int | None
    column: str
    value: Any


def apply_edit(estate: Estate, edit: Edit) -> Estate:
    """Return the estate after ``edit``."""
    if edit.table == "settings":
        cell: dict[str, Any] = {edit.column: edit.value}
        return replace(estate, settings=replace(estate.settings, **cell))
    table: pd.DataFrame = getattr(estate, edit.table)
    if edit.row is None:
        new = dict(zip(("from", "to"), edit.value, strict=True)) | {"both_ways": False, "up": True}
        table = pd.concat([table, pd.DataFrame([new])], ignore_index=True)
    else:
        cells = table[edit.column].to_numpy(copy=True)
        if cells.dtype == np.object_:
            cells[edit.row : edit.row + 1] = [edit.value]
        else:
            cells[edit.row] = edit.value
        table = table.assign(**{edit.column: cells})
    tables: dict[str, Any] = {edit.table: table}
    return replace(estate, **tables)
