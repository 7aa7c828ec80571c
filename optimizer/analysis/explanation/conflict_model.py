"""Models why nobody serves a task: facts of the estate and capacity, for CP-SAT."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from models.assignment_problem import AssignmentProblem, Counts
from models.diagnostics import counted
from models.estate import Codes
from optimizer.analysis.explanation.minimal_conflict import (
    MOST_WORK,
    DisputedError,
    UndecidedError,
    deterministic_solver,
    find_minimal_conflict,
)
from optimizer.analysis.explanation.obstacles import Fact, Obstacles
from optimizer.eligibility.context import PlanningContext
from optimizer.formulation.grouping import group_tasks


def find_conflict(
    context: PlanningContext, proxy: Codes, task: int, obstacles: Sequence[Obstacles]
) -> tuple[Fact, ...] | None:
    """Find a smallest set of facts that leaves ``task`` without a server, sorted.

    ``proxy`` is the plan's, a server code per task, -1 for none. None where nothing forbids it.
    UndecidedError where CP-SAT ran out of its limits, DisputedError where a second search of it
    contradicts the first.
    """
    problem, group = group_tasks(context)
    model = _Model(problem, int(group[task]), context.estate.servers["server"].tolist())
    model.serve_the_others(group, proxy)
    model.serve(obstacles)
    model.limit_loads()
    model.survive_losses()
    needed = [number for number, fact in enumerate(model.facts) if fact in model.alone]
    found = find_minimal_conflict(len(model.facts), model.grow_from, needed)
    return None if found is None else tuple(sorted(list(model.facts)[fact] for fact in found))


class _Model:
    """The CP-SAT model of a task that nobody serves.

    ``facts`` gives each fact its literal; without any one of ``alone`` all others could hold.
    """

    def __init__(self, problem: AssignmentProblem, group: int, names: Sequence[str]) -> None:
        self._problem, self._group, self._names = problem, group, names
        self._model = cp_model.CpModel()
        self.facts: dict[Fact, Any] = {}
        self.alone: set[Fact] = set()
        self._relieving: set[int] = set()
        self._counts: dict[int, list[tuple[int, Any]]] = defaultdict(list)
        self._work_left = MOST_WORK

    def _fact(self, fact: Fact) -> Any:
        if fact not in self.facts:
            self.facts[fact] = self._model.new_bool_var("")
        return self.facts[fact]

    def serve_the_others(self, group: Codes, proxy: Codes) -> None:
        """Serve as many other tasks of each group as the plan does.

        Only groups and servers count that the task could push aside, directly or by turns.
        """
        label, kind = self._problem.label, self._problem.kind
        served = (group >= 0) & (proxy >= 0)
        width = label.shape[1]
        pairs, counts = np.unique(
            group[served].astype(np.int64) * width + proxy[served], return_counts=True
        )
        groups, servers = np.divmod(pairs, width)
        number = np.bincount(groups, counts, len(kind)).astype(int)
        reach = np.zeros(width, dtype=np.bool_)
        if self._group >= 0:
            reach |= label[kind[self._group]] > 0
        if self._problem.failover_limit is not None:
            reach[:] = True
        elif self._group >= 0:
            self._relieving = relieving_servers(self._problem, self._group, groups, servers)
        inside = np.zeros(len(kind), dtype=np.bool_)
        while not inside[fresh := np.unique(groups[reach[servers]])].all():
            inside[fresh] = True
            reach |= (label[kind[fresh]] > 0).any(axis=0)
        for one in np.flatnonzero(inside).tolist():
            total = int(number[one])
            numbers: list[Any] = []
            for server in np.flatnonzero(label[kind[one]] > 0).tolist():
                numbers.append(self._model.new_int_var(0, total, ""))
                self._counts[server].append((one, numbers[-1]))
            self._model.add(sum(numbers) == total)

    def serve(self, obstacles: Sequence[Obstacles]) -> None:
        """Serve the task by one server that no fact in force keeps from it."""
        model = self._model
        of_task: list[Any] = []
        for server, at in enumerate(obstacles):
            serves = model.new_bool_var("")
            of_task.append(serves)
            if self._group >= 0 and self._problem.label[self._problem.kind[self._group], server]:
                self._counts[server].append((self._group, serves))
            for fact in at.own:
                model.add_implication(self._fact(fact), ~serves)
            connections = [at.network, at.direct] if at.hyperv else [at.network]
            if not at.connects:
                model.add_bool_or([~serves, *map(self._connection, connections)])
            elif len(at.own) == 1:
                self.alone.update(at.own)
            if not at.own:
                self.alone.update(
                    connection[0]
                    for connection in connections
                    if len(connection) == 1 and not at.connects
                )
        model.add_exactly_one(of_task)

    def _connection(self, obstacles: Sequence[Fact]) -> Any:
        connection = self._model.new_bool_var("")
        for fact in obstacles:
            self._model.add_implication(self._fact(fact), ~connection)
        return connection

    def limit_loads(self) -> None:
        """Keep ``max_tasks`` at every moment."""
        problem = self._problem
        for server in sorted(self._counts):
            limit, running = int(problem.limit[server]), int(problem.running[server])
            if limit < 0:
                continue
            others = f", {running} of them its other roles'" if running else ""
            most = f"{counted(limit, 'task')}{others}"
            fact = Fact("max_tasks", f"{self._names[server]} runs at most {most}")
            self._limit(server, (), limit, fact)
            if server in self._relieving:
                self.alone.add(fact)

    def survive_losses(self) -> None:
        """Leave the backup server the capacity to take over (S16)."""
        limit, own = self._problem.failover_limit, self._problem.backup_server
        if limit is None:
            return
        text = f"{self._names[own]} must be able to take over {counted(limit, 'task')}"
        for loss in self._problem.losses:
            self._limit(own, loss, limit, Fact("S16", text))

    def _limit(self, server: int, lost: Sequence[int], limit: int, fact: Fact) -> None:
        """Hold the tasks of ``server`` and those taken over from ``lost`` within ``limit``."""
        problem, counts = self._problem, self._counts.get(server, []).copy()
        for other in lost:
            there = self._counts.get(other, [])
            counts += [(g, count) for g, count in there if problem.takeover[problem.kind[g]]]
        moments = problem.moments_of(server)
        for active, own in zip(moments.active, moments.own.tolist(), strict=True):
            terms = [count for group, count in counts if active[problem.activity[group]]]
            free = max(0, limit - int(problem.running[server]) - own)
            if terms:
                self._model.add(sum(terms) <= free).only_enforce_if(self._fact(fact))

    def grow_from(self, wanted: frozenset[int]) -> frozenset[int] | None:
        """Grow ``wanted`` facts by others that can hold with them, until no more can.

        None where the wanted ones cannot hold, by two searches.
        """
        if not self._can_hold(wanted):
            if self._can_hold(wanted, presolve=False):
                raise DisputedError
            return None
        return self._grow(wanted, sorted(frozenset(range(len(self.facts))) - wanted))

    def _grow(self, held: frozenset[int], rest: list[int]) -> frozenset[int]:
        """Return ``held`` and those of ``rest`` that can hold as well, found by halves."""
        if not rest or self._can_hold(held.union(rest)):
            return held.union(rest)
        if len(rest) == 1:
            return held
        half = len(rest) // 2
        return self._grow(self._grow(held, rest[:half]), rest[half:])

    def _can_hold(self, facts: frozenset[int], presolve: bool = True) -> bool:
        """Tell whether ``facts`` can hold, whatever of the others do.

        These are dropped, not left to choose: what is left are plain sums, which CP-SAT knows the
        relaxation of. Nor are they assumptions, of which presolve would know nothing.
        """
        for number, literal in enumerate(self.facts.values()):
            domain = self._model.proto.variables[literal.index].domain
            domain[0] = domain[1] = int(number in facts)
        solver = deterministic_solver(self._work_left, presolve)
        status = solver.solve(self._model)
        self._work_left -= solver.response_proto.deterministic_time
        if status == cp_model.UNKNOWN:
            raise UndecidedError
        return bool(status == cp_model.OPTIMAL)


def relieving_servers(
    problem: AssignmentProblem, group: int, groups: Counts, servers: Counts
) -> set[int]:
    """Return servers any one of which, without its ``max_tasks``, would let in a task of ``group``.

    ``groups`` and ``servers`` are aligned: which group's tasks are on which server. Each server is
    found by a chain: the task takes the place of another that runs whenever it does, that one
    takes a place on the next server, and so on. There may be more; failover is left out of account.
    """
    active = np.concatenate([problem.moments.active, problem.own_moments.active]).astype(np.int64)
    outside = active.T @ (1 - active)  # moments at which one activity is active and another is not
    options = problem.label > 0
    seen: set[tuple[int, int]] = set()
    ahead = [(group, int(problem.activity[group]))]
    while ahead:
        moving, activity = ahead.pop()
        for server in np.flatnonzero(options[problem.kind[moving]]).tolist():
            if (server, activity) in seen:
                continue
            seen.add((server, activity))
            there = groups[servers == server]
            makes_way = there[outside[activity, problem.activity[there]] == 0]
            ahead += [(int(other), int(problem.activity[other])) for other in makes_way]
    return {server for server, _ in seen}
