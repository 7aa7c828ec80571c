"""Bounds on load: the least overload and peak of a week, whatever lists the jobs have.

At any minute the tasks of some rows (`Placements`) in progress fit only on the servers of these
rows: what is more than their room is overload, and it lifts the busiest of them. Which rows say
most is a minimum cut (Hall's theorem); whatever the solver of flows says, each bound is counted
anew from the rows, in whole tasks.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import max_flow

from models.assignment_problem import Counts
from models.estate import Estate
from models.plan import OTHER, Tasks
from models.week import WEEK
from optimizer.eligibility.tiers import Eligibility
from optimizer.lists.placements import Placements
from optimizer.lists.run_clock import RunClock

WORK = 4_000_000  # arcs looked at for one figure of a week: a count, so that bytes stay the same
FLOWS, LEAST_FLOWS = 300, 10  # of one week, and of one part of it
UNLIMITED = 2**40

Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ServerLoads:
    """What each server (code) may and does run anyway.

    ``limit`` is `UNLIMITED` without one, ``running`` counts tasks of other roles, ``own_tasks``
    per job (code) what the backup server ``own`` runs itself; ``candidate`` ones count for the
    peak.
    """

    limit: Counts
    running: Counts
    own_tasks: Counts
    own: int
    candidate: NDArray[np.bool_]


def server_loads(estate: Estate, tasks: Tasks, eligibility: Eligibility) -> ServerLoads:
    """Return what the servers of the estate run anyway."""
    limit = estate.servers["max_tasks"].to_numpy().astype(np.int64)
    others = tasks.job[tasks.kind == OTHER]
    return ServerLoads(
        limit=np.where(limit < 0, UNLIMITED, limit),
        running=estate.servers["running_tasks"].to_numpy().astype(np.int64),
        own_tasks=np.bincount(others, minlength=len(estate.jobs)).astype(np.int64),
        own=estate.backup_server,
        candidate=eligibility.candidate,
    )


class WeekLoadBounds:
    """Bounds on the load of one week, for tasks that may run as ``placements`` say."""

    def __init__(self, loads: ServerLoads, where: Placements, clock: RunClock) -> None:
        self.loads, self.placements = loads, where
        self.own_work = clock.in_progress(loads.own_tasks)
        here = np.zeros(len(loads.own_tasks), dtype=np.bool_)
        here[where.job] = True
        self.clock = clock.of_jobs(here)

    @cached_property
    def minutes(self) -> NDArray[np.int64]:
        """Return minutes at which different tasks or own work are in progress.

        A mark for each job tells. Should two sets of runs have the same mark, one is not looked
        at: a bound stays a bound.
        """
        mark = np.random.default_rng(0).integers(1, 2**37, len(self.loads.own_tasks))
        seen = self.clock.in_progress(mark) + self.own_work * 2**38
        return np.asarray(np.unique(seen, return_index=True)[1])

    def overload_anyway(self) -> int:
        """Return the task-minutes of overload that no Windows task has a part in."""
        loads = self.loads
        shown = loads.candidate.copy()
        shown[loads.own] = False
        above = np.maximum(loads.running - loads.limit, 0)[shown].sum()
        own = self.own_work + loads.running[loads.own] - loads.limit[loads.own]
        return int(above * WEEK + np.maximum(own, 0).sum())

    def without_room(self) -> Counts:
        """Return how many Windows tasks are overload at each minute of the week, at least."""
        least = np.zeros(WEEK, dtype=np.int64)
        parts = self._parts(self.loads.limit)
        for part in parts:
            least += self._of(part)._least_above(part, len(parts))
        return least

    def _of(self, part: Rows) -> WeekLoadBounds:
        """Return the bounds that look only at the tasks of a part."""
        of_part = copy(self)
        of_part.placements = self.placements.of_groups(part[self.placements.row])
        here = np.zeros(len(self.loads.own_tasks), dtype=np.bool_)
        here[of_part.placements.job] = True
        of_part.clock = self.clock.of_jobs(here)
        of_part.__dict__.pop("minutes", None)
        return of_part

    def _least_above(self, part: Rows, parts: int) -> Counts:
        """Return how many tasks of a part find no room at each minute, at least."""
        limit = self.loads.limit
        least = np.zeros(WEEK, dtype=np.int64)
        short: dict[bytes, Counts] = {}
        cuts = (
            graph.cut(self._rows_at(minute), self._room_at(minute, limit))
            for minute, graph in self._busiest(part, limit, parts)
        )
        for rows in chain([part], cuts):
            # What is short in pieces that share no server adds up, at any minute.
            pieces = self._split(rows)
            for piece in pieces:
                if piece.tobytes() not in short:
                    above = self._demand(piece) - self._room(piece, limit)
                    short[piece.tobytes()] = np.maximum(above, 0)
            total = sum((short[piece.tobytes()] for piece in pieces), np.zeros_like(least))
            np.maximum(least, total, out=least)
        return least

    def peak(self, known: int, within_limits: bool, elsewhere: Counts | int = 0) -> int:
        """Return the least peak of the week, where some lists are known to have the peak ``known``.

        ``within_limits`` tells that no server is above its limit, ``elsewhere`` how many tasks at
        most, at each minute, run on other servers than ``placements`` have.
        """
        least = min(known, self._peak_anyway())
        parts = self._parts(self._most(least, within_limits))
        for part in parts:
            bounds = self._of(part)
            least = bounds._lift(part, least, known, within_limits, elsewhere)
            for minute, graph in bounds._busiest(
                part, self._most(least, within_limits), len(parts)
            ):
                while least < known:
                    most = self._most(least, within_limits)
                    rows = graph.cut(bounds._rows_at(minute), self._room_at(minute, most))
                    higher = bounds._lift(rows, least, known, within_limits, elsewhere)
                    if higher == least:
                        break
                    least = higher
        return least

    def _lift(
        self, rows: Rows, low: int, high: int, within_limits: bool, elsewhere: Counts | int
    ) -> int:
        """Return the least peak from ``low`` to ``high`` that has room for ``rows``."""
        if low >= high or self._fits(rows, low, within_limits, elsewhere):
            return low
        while low + 1 < high:
            middle = (low + high) // 2
            if self._fits(rows, middle, within_limits, elsewhere):
                high = middle
            else:
                low = middle
        return high

    def _fits(self, rows: Rows, peak: int, within_limits: bool, elsewhere: Counts | int) -> bool:
        room = self._room(rows, self._most(peak, within_limits))
        return bool((self._demand(rows) - room <= elsewhere).all())

    def _most(self, peak: int, within_limits: bool) -> Counts:
        """Return how many tasks each server may run at once, for a ``peak`` of the week."""
        loads = self.loads
        limit = loads.limit
        most = np.where(loads.candidate, min(peak, UNLIMITED), UNLIMITED)
        return np.minimum(most, limit) if within_limits else most

    def _peak_anyway(self) -> int:
        """Return the peak of what servers run anyway."""
        loads = self.loads
        busiest = loads.running.copy()
        busiest[loads.own] += self.own_work.max()
        return int(busiest[loads.candidate].max(initial=0))

    def _parts(self, most: Counts) -> list[Rows]:
        """Return the rows that some server limits, as masks: in parts that share no server.

        Rows with a server that may run any number need no other.
        """
        servers = self.placements.servers
        unlimited = servers[:, most >= UNLIMITED].any(axis=1)
        return self._split(np.asarray(servers.any(axis=1) & ~unlimited))

    def _split(self, rows: Rows) -> list[Rows]:
        """Return ``rows`` in parts that share no server."""
        table = self.placements.servers[rows]
        label: NDArray[np.int64] = np.arange(len(table))
        while True:
            of_server = np.where(table, label[:, None], len(table)).min(axis=0, initial=len(table))
            joined = np.where(table, of_server, len(table)).min(axis=1, initial=len(table))
            if np.array_equal(joined, label):
                break
            label = joined
        parts = []
        for number in np.unique(label):
            part = np.zeros(len(rows), dtype=np.bool_)
            part[np.flatnonzero(rows)[label == number]] = True
            parts.append(part)
        return parts

    def _busiest(self, part: Rows, most: Counts, parts: int) -> Iterator[tuple[int, _FlowGraph]]:
        """Yield minutes at which a part has more tasks in progress than room, most tasks first.

        The room is that of the servers of each row of the part (of so many ``parts``), if tasks may
        run ``most``; it goes as far as the `WORK` does. A part of one row has no others that could
        say more.
        """
        if part.sum() == 1:
            return
        demand = self._demand(part)
        minutes = self.minutes[(demand > self._tightest(part, most))[self.minutes]]
        graph = _FlowGraph(self.placements.servers, part)
        order = np.argsort(-demand[minutes], kind="stable")
        # Of many minutes some of all sizes: what is short at one is often short at those alike.
        share = max(LEAST_FLOWS, FLOWS // parts)
        most_flows = max(1, min(share, WORK // len(graph) // parts))
        for place in order[:: -(-len(order) // most_flows) or 1].tolist():
            yield int(minutes[place]), graph

    def _demand(self, rows: Rows) -> Counts:
        """Count the tasks of ``rows`` in progress at each minute."""
        weight = self.placements.weight(rows, len(self.loads.own_tasks))
        return self.clock.in_progress(weight)

    def _rows_at(self, minute: int) -> Counts:
        """Count the tasks of each row in progress at ``minute``."""
        active = self.clock.active(minute, len(self.loads.own_tasks))
        placed = self.placements
        tasks = np.bincount(placed.row, placed.count * active[placed.job], len(placed.servers))
        return tasks.astype(np.int64)

    def _room(self, rows: Rows, most: Counts) -> Counts:
        """Return how many tasks the servers of ``rows`` have room for at each minute."""
        servers = np.asarray(self.placements.servers[rows].any(axis=0))
        own = self.loads.own
        room = np.maximum(most - self.loads.running, 0)
        others = int(room[servers].sum()) - int(servers[own]) * int(room[own])
        of_own = np.maximum(most[own] - self.loads.running[own] - self.own_work, 0)
        return np.asarray(others + int(servers[own]) * of_own)

    def _tightest(self, part: Rows, most: Counts) -> Counts:
        """Return how many tasks the row of a part with least room has room for at each minute."""
        own, running = self.loads.own, self.loads.running
        room = np.maximum(most - running, 0)
        room[own] = 0
        servers = self.placements.servers[part]
        others, has_own = servers @ room, servers[:, own]
        of_own = np.maximum(most[own] - running[own] - self.own_work, 0)
        with_own = int(others[has_own].min(initial=UNLIMITED)) + of_own
        return np.asarray(np.minimum(with_own, int(others[~has_own].min(initial=UNLIMITED))))

    def _room_at(self, minute: int, most: Counts) -> Counts:
        """Return how many tasks each server has room for at ``minute``."""
        anyway = self.loads.running.copy()
        anyway[self.loads.own] += self.own_work[minute]
        return np.asarray(np.maximum(most - anyway, 0))


class _FlowGraph:
    """The rows of a part and their servers as a network of flows."""

    def __init__(self, servers: NDArray[np.bool_], part: Rows) -> None:
        self._part = part
        self._rows = np.flatnonzero(part)
        self._servers = np.flatnonzero(servers[part].any(axis=0))
        self._from, self._to = np.nonzero(servers[np.ix_(self._rows, self._servers)])

    def __len__(self) -> int:
        return len(self._from)

    def cut(self, tasks: Counts, room: Counts) -> Rows:
        """Return the rows for whose ``tasks`` the ``room`` of their servers is shortest."""
        rows, servers = len(self._rows), len(self._servers)
        source, sink = rows + servers, rows + servers + 1
        supply, capacity = tasks[self._rows], room[self._servers]
        flow = max_flow.SimpleMaxFlow()
        for tail, head, most in (
            (np.full(rows, source), np.arange(rows), supply),
            (self._from, rows + self._to, np.full(len(self), supply.sum())),
            (rows + np.arange(servers), np.full(servers, sink), capacity),
        ):
            flow.add_arcs_with_capacity(tail.astype(np.int32), head.astype(np.int32), most)
        if flow.solve(source, sink) != flow.OPTIMAL:
            raise AssertionError("a network of flows without cycles has a largest flow")
        near = np.asarray(flow.get_source_side_min_cut(), dtype=np.int64)
        short = np.zeros_like(self._part)
        short[self._rows[near[near < rows]]] = True
        return short
