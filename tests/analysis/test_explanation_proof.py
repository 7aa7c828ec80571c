"""Obstacles, changes and conflicts against the oracle and plain enumeration."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import random_estates
from hypothesis import HealthCheck, assume, given, settings

from models.diagnostics import counted
from models.estate import Estate
from models.plan import WINDOWS, Plan
from optimizer.analysis.explanation.conflict_model import find_conflict
from optimizer.analysis.explanation.explainer import Explainer
from optimizer.analysis.explanation.obstacles import Fact, ObstacleFinder, Obstacles
from optimizer.analysis.explanation.repairs import apply_edit
from optimizer.analysis.explanation.routes import Routes
from optimizer.eligibility.context import PlanningContext
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.planner import plan

plain = settings(deadline=None, suppress_health_check=list(HealthCheck))
plain = settings(parent=plain, max_examples=plain.max_examples // 6)


@contextmanager
def planned_spec(spec: dict[str, Any]) -> Iterator[Plan]:
    with tempfile.TemporaryDirectory() as folder:
        random_estates.write(spec, Path(folder))
        yield plan(read_estate(Path(folder)))


def obstacles_of(read: Estate, job: int, vm: int) -> list[Obstacles]:
    finder = ObstacleFinder(read, Routes(read), job, vm)
    return [finder.obstacles(server) for server in range(len(read.servers))]


@plain
@given(random_estates.estates())
def test_obstacles_are_what_the_oracle_says(spec: dict[str, Any]) -> None:
    truth = oracle.Estate(spec)
    with planned_spec(spec) as made:
        jobs, vms, servers = (
            made.estate.jobs["job"], made.estate.vms["vm"], made.estate.servers["server"]
        )  # fmt: skip
        for task in np.flatnonzero(made.tasks.kind == WINDOWS).tolist():
            job, vm = int(made.tasks.job[task]), int(made.tasks.vm[task])
            for server, at in enumerate(obstacles_of(made.estate, job, vm)):
                name, key = servers[server], (jobs[job], vms[vm])
                assert at.none == ((key, name) in truth.options)
                # What the guest has against a server is among its own; the oracle's connection
                # has it, too.
                refused = {"gMSA", "platform"} & {fact.rule for fact in at.own}
                connection = truth.connection(truth.servers[name], vms[vm])
                assert (at.connects and not refused) == bool(connection)


@plain
@given(random_estates.estates())
def test_a_change_makes_the_best_plan_better(spec: dict[str, Any]) -> None:
    with planned_spec(spec) as made:
        before = [aim.best for aim in made.aims[:4]]
        proven = all(aim.value == aim.best and aim.proven for aim in made.aims[:4])
        assume(proven)
        waiting = np.flatnonzero((made.tasks.kind == WINDOWS) & (made.tier != 1))[:3]
        explainer = Explainer(PlanningContext.build(made.estate, made.tasks), made.proxy, made.tier)
        for task in waiting.tolist():
            for change in explainer.explain(task).changes:
                after = plan(apply_edit(made.estate, change.edit)).aims[:4]
                assert [aim.best for aim in after] > before


class Brute:
    """Tries all servers for all tasks that have to be served, under some of the facts."""

    def __init__(self, spec: dict[str, Any], made: Plan, task: int, at: list[Obstacles]) -> None:
        self.truth = truth = oracle.Estate(spec)
        self.names = made.estate.servers["server"].tolist()
        jobs, vms = made.estate.jobs["job"], made.estate.vms["vm"]
        pairs = zip(made.tasks.job.tolist(), made.tasks.vm.tolist(), strict=True)
        keys = [(jobs[job], vms[vm]) for job, vm in pairs]
        self.at, self.task = at, keys[task]
        self.others = [keys[n] for n in np.flatnonzero(made.tier > 0).tolist()]
        self.minutes = np.unique(np.array(list(truth.active.values())), axis=1, return_index=True)[
            1
        ]
        self.caps = {
            Fact("max_tasks", text): name
            for name, text in ((n, self.limit(n)) for n in self.names)
            if text and any((key, name) in truth.options for key in [*self.others, self.task])
        }

    def limit(self, name: str) -> str:
        server = self.truth.servers[name]
        if server.limit is None:
            return ""
        anyway = f", {server.running} of them its other roles'" if server.running else ""
        return f"{name} runs at most {counted(server.limit, 'task')}{anyway}"

    @property
    def facts(self) -> list[Fact]:
        found = {fact for at in self.at for fact in at.own}
        for at in self.at:
            if not at.connects:
                found |= {*at.network, *(at.direct if at.hyperv else ())}
        return sorted(found | self.caps.keys())

    def open(self, name: str, facts: set[Fact]) -> bool:
        at = self.at[self.names.index(name)]
        ways = [at.network, at.direct] if at.hyperv else [at.network]
        return facts.isdisjoint(at.own) and (
            at.connects or any(facts.isdisjoint(way) for way in ways)
        )

    def feasible(self, facts: set[Fact]) -> bool:
        limited = {name for fact, name in self.caps.items() if fact in facts}
        rows = {name: self.truth.room[name][self.minutes].copy() for name in limited}
        for name in self.names:
            known = (self.task, name) in self.truth.options
            if self.open(name, facts):
                load = self.truth.active[self.task[0]][self.minutes] * known
                if self.fits(rows, name, load, list(self.others)):
                    return True
        return False

    def fits(self, rows: Any, name: str, load: Any, left: list[Any]) -> bool:
        if name in rows:
            rows = rows | {name: rows[name] - load}
            if load.any() and (rows[name][load > 0] < 0).any():
                return False
        if not left:
            return True
        key, *rest = left
        active = self.truth.active[key[0]][self.minutes]
        options = [server for server in self.names if (key, server) in self.truth.options]
        free = [server for server in options if server not in rows]
        return any(self.fits(rows, server, active, rest) for server in free[:1] or options)


@plain
@given(random_estates.estates(most_servers=4, most_tasks=9))
def test_no_smaller_set_of_facts_forbids_it(spec: dict[str, Any]) -> None:
    assume(spec["settings"].get("failover", {}).get("capacity") != "enforce")
    with planned_spec(spec) as made:
        waiting = np.flatnonzero((made.tasks.kind == WINDOWS) & (made.proxy < 0)).tolist()
        assume(waiting)
        read, task = made.estate, waiting[0]
        at = obstacles_of(read, int(made.tasks.job[task]), int(made.tasks.vm[task]))
        found = find_conflict(PlanningContext.build(read, made.tasks), made.proxy, task, at)
    brute = Brute(spec, made, task, at)
    if found is None:
        assert brute.feasible(set(brute.facts))
        return
    assert set(found) <= set(brute.facts)
    assert not brute.feasible(set(found))
    fewer = len(found) - 1
    if fewer >= 0 and comb(len(brute.facts), fewer) <= 500:
        assert all(brute.feasible(set(some)) for some in combinations(brute.facts, fewer))
    else:
        assert all(brute.feasible(set(found) - {fact}) for fact in found)
