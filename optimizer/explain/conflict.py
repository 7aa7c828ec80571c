"""Why nobody serves a task: the facts about it and about its servers' room, as a CP-SAT model.

All facts are assumptions. Taken as given is that every other task that the plan serves stays
served, by whatever server its own options allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from models.estate import Codes, Estate
from models.plan import Tasks
from models.problem import Problem
from optimizer.eligibility import Eligibility
from optimizer.explain.hurdles import Fact, Hurdles
from optimizer.explain.smallest import UndecidedError, deterministic_solver, smallest_conflict
from optimizer.groups import collapse


def conflict(
    estate: Estate,
    tasks: Tasks,
    proxy: Codes,
    eligibility: Eligibility,
    task: int,
    hurdles: Sequence[Hurdles],
) -> tuple[Fact, ...] | None:
    """Return a smallest set of facts that leaves ``task`` without a server, sorted.

    ``proxy`` is the plan's, a server code per task, -1 for none. None where nothing forbids it.
    UndecidedError where CP-SAT ran out of its limits.
    """
    problem, group = collapse(estate, tasks, eligibility)
    model = _Model(problem, int(group[task]), estate.servers["server"].tolist())
    model.serve_the_others(group, proxy)
    model.serve(hurdles)
    model.limit_loads()
    model.survive_losses()
    found = smallest_conflict(len(model.facts), model.holding)
    return None if found is None else tuple(sorted(list(model.facts)[fact] for fact in found))


class _Model:
    """``facts`` gives each fact its literal; ``of_task`` each server's way of serving the task."""

    def __init__(self, problem: Problem, group: int, names: Sequence[str]) -> None:
        self._problem, self._group, self._names = problem, group, names
        self._model = cp_model.CpModel()
        self.facts: dict[Fact, Any] = {}
        self.of_task: dict[int, Any] = {}
        self._counts: dict[tuple[int, int], Any] = {}

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
        inside = np.zeros(len(kind), dtype=np.bool_)
        while not inside[fresh := np.unique(groups[reach[servers]])].all():
            inside[fresh] = True
            reach |= (label[kind[fresh]] > 0).any(axis=0)
        for one in np.flatnonzero(inside).tolist():
            options = np.flatnonzero(label[kind[one]] > 0).tolist()
            for server in options:
                self._counts[one, server] = self._model.new_int_var(0, int(number[one]), "")
            self._model.add(
                sum(self._counts[one, server] for server in options) == int(number[one])
            )

    def serve(self, hurdles: Sequence[Hurdles]) -> None:
        """Serve the task by one server that no fact in force keeps from it."""
        model = self._model
        for server, at in enumerate(hurdles):
            self.of_task[server] = serves = model.new_bool_var("")
            for fact in at.own:
                model.add_implication(self._fact(fact), ~serves)
            if at.connects:
                continue
            ways = [self._way(at.network)]
            if at.hyperv:
                ways.append(self._way(at.direct))
            model.add_bool_or([~serves, *ways])
        model.add_exactly_one(self.of_task.values())

    def _way(self, hurdles: Sequence[Fact]) -> Any:
        way = self._model.new_bool_var("")
        for fact in hurdles:
            self._model.add_implication(self._fact(fact), ~way)
        return way

    def limit_loads(self) -> None:
        """Keep ``max_tasks`` at every moment."""
        problem = self._problem
        for server in sorted({server for _, server in self._counts} | self._options()):
            if problem.limit[server] < 0:
                continue
            running = int(problem.running[server])
            anyway = f", {running} of them its other roles'" if running else ""
            text = f"{self._names[server]} runs at most {problem.limit[server]} tasks{anyway}"
            self._limit([server], [], int(problem.limit[server]), server, Fact("max_tasks", text))

    def survive_losses(self) -> None:
        """Leave the backup server the room to take over (S16)."""
        problem, own = self._problem, self._problem.backup_server
        if problem.failover_limit is None:
            return
        text = f"{self._names[own]} must be able to stand in, with {problem.failover_limit} tasks"
        for loss in problem.losses:
            self._limit([own], loss, problem.failover_limit, own, Fact("S16", text))

    def _options(self) -> set[int]:
        if self._group < 0:
            return set()
        row = self._problem.label[self._problem.kind[self._group]]
        return set(np.flatnonzero(row > 0).tolist())

    def _limit(
        self, servers: Sequence[int], lost: Sequence[int], limit: int, at: int, fact: Fact
    ) -> None:
        """Hold all tasks of ``servers`` and those taken over from ``lost`` within ``limit``."""
        problem = self._problem

        def counts(group: int, server: int) -> bool:
            taken_over = server in lost and problem.takeover[problem.kind[group]]
            return server in servers or bool(taken_over)

        loads = [(pair[0], count) for pair, count in self._counts.items() if counts(*pair)]
        mine = [server for server in sorted(self._options()) if counts(self._group, server)]
        loads += [(self._group, self.of_task[server]) for server in mine]
        moments = problem.moments_of(at)
        for active, own in zip(moments.active, moments.own.tolist(), strict=True):
            terms = [count for group, count in loads if active[problem.activity[group]]]
            room = max(0, limit - int(problem.running[at]) - own)
            if terms:
                self._model.add(sum(terms) <= room).only_enforce_if(self._fact(fact))

    def holding(self, wanted: frozenset[int]) -> frozenset[int] | None:
        """Return the most facts that hold together with those ``wanted``; None if these cannot."""
        literals = list(self.facts.values())
        self._model.clear_assumptions()
        self._model.add_assumptions([literals[fact] for fact in sorted(wanted)])
        self._model.maximize(sum(literals))
        solver = deterministic_solver()
        status = solver.solve(self._model)
        if status == cp_model.INFEASIBLE:
            return None
        if status == cp_model.UNKNOWN:
            raise UndecidedError
        return frozenset(n for n, literal in enumerate(literals) if solver.boolean_value(literal))
