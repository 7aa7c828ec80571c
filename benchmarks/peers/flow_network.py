"""A question with one activity as a network: groups, pools, servers, and a sink."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.question import Assignment, Question
from models.assignment_problem import PROTECTED, SAME_SITE, TIER
from models.integer_program import Ints
from optimizer.formulation.grouping import assign_tasks
from optimizer.formulation.pools import build_arcs
from optimizer.formulation.solution_mapping import to_assignment
from optimizer.formulation.variables import PER_MILLE, build_variables


class FlowNetwork:
    """Arcs with bounds: the planner's arcs, what stays unserved, what the servers run.

    ``lower`` and ``upper`` shrink to the flows that are best for the aims so far.
    """

    def __init__(self, question: Question) -> None:
        problem = question.problem
        self._question = question
        self._columns = build_variables(problem, build_arcs(problem), False)
        way = self._columns.ways
        groups, servers = len(problem.count), len(problem.limit)
        first = groups + len(way.activity)
        sink, total = first + servers, int(problem.count.sum())
        ends = (
            (way.arc_group, first + way.arc_server),
            (way.in_group, groups + way.in_pool),
            (groups + way.out_pool, first + way.out_server),
            (way.keep_group, first + way.keep_server),
            (np.arange(groups), np.full(groups, sink)),
            (first + np.arange(servers), np.full(servers, sink)),
        )
        self.tail: Ints = np.concatenate([tail for tail, _ in ends]).astype(np.int64)
        self.head: Ints = np.concatenate([head for _, head in ends]).astype(np.int64)
        self.supply: Ints = np.append(problem.count, np.zeros(sink + 1 - groups, dtype=np.int64))
        self.supply[sink] = -total
        on = question.active.any(axis=1)
        self._beside: Ints = question.anyway[on].max(axis=0, initial=0)
        self._floor: Ints = question.anyway.max(axis=0, initial=0)
        self._most: Ints = question.room[on].min(axis=0, initial=total)
        self._counted = problem.candidate & (not self._by_use or problem.limit > 0)
        self._servers = len(self.tail) - servers
        self._server: Ints = np.arange(servers)
        self._unit: Ints = np.full(servers, -1)
        self.lower: Ints = np.zeros(len(self.tail), dtype=np.int64)
        self.upper: Ints = np.append(np.full(self._servers, total), self._most)
        self.upper[self._columns.keeps] = way.keep_most

    @property
    def _by_use(self) -> bool:
        return self._question.estate.settings.balance == "utilisation"

    def figure(self, planned: Ints) -> Ints:
        """Return what peak and balance count of each server with so many ``planned`` tasks."""
        load = np.maximum(self._floor, self._beside + planned)
        if self._by_use:
            load = -(-PER_MILLE * load // np.maximum(self._question.problem.limit, 1))
        return np.where(self._counted, load, 0)

    def peaks(self) -> tuple[int, int]:
        """Return the least and the greatest that the peak can be."""
        least, most = self.figure(np.zeros_like(self._most)), self.figure(self._most)
        return int(least.max(initial=0)), int(most.max(initial=0))

    def capped(self, peak: int) -> Ints:
        """Return ``upper`` with all servers at ``peak`` or below."""
        limit = self._question.problem.limit
        load = peak * limit // PER_MILLE if self._by_use else np.full_like(limit, peak)
        most = np.where(self._counted, np.maximum(load - self._beside, 0), self._most)
        upper = self.upper.copy()
        mine, whole = most[self._server], self._unit < 0
        tail = upper[self._servers :]
        upper[self._servers :] = np.where(
            whole, np.minimum(tail, mine), np.where(self._unit < mine, tail, 0)
        )
        return upper

    def units(self) -> int:
        """Return how many arcs `split` makes."""
        return int(self.upper[self._servers :].sum())

    def split(self) -> None:
        """Give every task that a server may run an arc of its own."""
        if (self._unit >= 0).any():
            return
        kept = self._servers
        least, most = self.lower[kept:], self.upper[kept:]
        self._server = np.repeat(np.arange(len(most)), most)
        self._unit = np.arange(len(self._server)) - np.repeat(np.cumsum(most) - most, most)
        self.tail = np.append(self.tail[:kept], self.tail[kept:][self._server])
        self.head = np.append(self.head[:kept], self.head[kept:][self._server])
        self.lower = np.append(self.lower[:kept], self._unit < least[self._server])
        self.upper = np.append(self.upper[:kept], np.ones_like(self._unit))

    def cost(self, aim: str) -> Ints:
        """Return what a unit on each arc costs: less than nothing for aims that are maximised."""
        way, cost = self._columns.ways, np.zeros(len(self.tail), dtype=np.int64)
        counted = np.concatenate([self._columns.arcs, self._columns.inflows, self._columns.keeps])
        label = np.concatenate([way.arc_label, way.in_label, way.keep_label])
        if aim == "balance":
            cost[self._servers :] = self._marginal()
        elif aim == "moves":
            cost[self._columns.keeps] = -1
        else:
            cost[counted] = -_counts(aim, label).astype(np.int64)
        return cost

    def assignment(self, flow: Ints) -> Assignment:
        """Return the tasks' servers in ``flow``."""
        arcs = to_assignment(self._columns, flow)
        return assign_tasks(self._question.group, self._question.tasks.current, arcs)

    def _marginal(self) -> Ints:
        """Return by how much each unit lifts its server's square."""
        limit = np.maximum(self._question.problem.limit, 1)[self._server]

        def square(planned: Ints) -> Ints:
            load = np.maximum(self._floor[self._server], self._beside[self._server] + planned)
            figure = -(-PER_MILLE * load // limit) if self._by_use else load
            return np.where(self._counted[self._server], figure**2, 0)

        return square(self._unit + 1) - square(self._unit)


def _counts(aim: str, label: NDArray[np.int8]) -> NDArray[np.bool_]:
    flags = {"protected": PROTECTED, "same_site": SAME_SITE}
    if aim in flags:
        return label & flags[aim] > 0
    return label > 0 if aim == "coverage" else label // TIER == int(aim[-1])
