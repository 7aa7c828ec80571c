"""The frontier of placement: the aims with 0, 1, 2 ... more proxies, proven or with bounds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from models.aims import LEADING, MINIMISED, PROTECTED, SAME_SITE
from models.estate import Estate
from models.integer_program import IntegerProgram, Ints
from models.solve_events import Stage
from optimizer.analysis.placement.facility_location import OpeningColumns, add_opening
from optimizer.eligibility.context import PlanningContext
from optimizer.formulation.solution_mapping import to_assignment, to_point
from optimizer.formulation.solve_assignment import Formulation, formulate_assignment
from optimizer.solver.deadline import Deadline
from optimizer.solver.lexicographic import solve_lexicographic

NOTHING = (np.zeros(0, dtype=np.int64),) * 3
KEPT = (*LEADING, PROTECTED.name, SAME_SITE.name)


@dataclass(frozen=True, slots=True)
class FrontierPoint:
    """The best plan with ``proxies`` (server codes) in use: what each aim comes to."""

    proxies: tuple[int, ...]
    stages: tuple[Stage, ...]
    seconds: float

    @property
    def goodness(self) -> tuple[int, ...]:
        """Return the aims' figures, the larger the better."""
        return tuple(-s.best if s.aim in MINIMISED else s.best for s in self.stages)

    @property
    def proven(self) -> bool:
        """Tell whether nothing is better."""
        return all(stage.proven for stage in self.stages)


@dataclass(frozen=True)
class PlacementSolver:
    """An estate, where the servers from ``first`` on are machines that could become proxies."""

    estate: Estate
    first: int
    deadline: Deadline
    seed: int = 0

    def best(self) -> Iterator[FrontierPoint]:
        """Yield the best point with at most 0, 1, 2 ... of the machines, up to all of them."""
        none = self._without
        yield none
        for count in range(1, len(self._machines.server) + 1):
            found = self._solved(self._machines, self._machines.most(count))
            yield better_point(found, none, self._tasks)

    def greedy(self) -> Iterator[FrontierPoint]:
        """Yield the same where each machine stays once it is there: an order to add them in."""
        found = self._without
        yield found
        for count in range(1, len(self._machines.server) + 1):
            more = self._solved(self._machines, self._machines.most(count, found.proxies))
            found = more if found.proxies else better_point(more, found, self._tasks)
            yield found

    def fewest(self) -> FrontierPoint:
        """Return the fewest of today's proxies that keep every aim of `KEPT` as good as it is.

        The backup server stays, since it is the failover target (S16).
        """
        alone = self._today
        candidate = alone._model.problem.candidate.copy()
        candidate[alone._model.problem.backup_server] = False
        among = alone._opening(np.flatnonzero(candidate))
        aims = [aim for aim in among.program.aims if aim.name in KEPT]
        return alone._solved(among, among.counting(aims))

    @cached_property
    def _without(self) -> FrontierPoint:
        return self._today._solved(self._today._machines, self._today._machines.program)

    @cached_property
    def _today(self) -> PlacementSolver:
        """Return today's servers alone.

        They have a model of their own, since a machine that is nowhere cannot be lost either:
        enforced failover (S16) asks something of the backup server as soon as there is another.
        """
        servers = self.estate.servers.iloc[: self.first]
        return replace(self, estate=replace(self.estate, servers=servers))

    @property
    def _tasks(self) -> int:
        return int(self._model.problem.count.sum())

    @cached_property
    def _machines(self) -> OpeningColumns:
        machines = np.arange(self.first, len(self.estate.servers))
        return self._opening(machines[self._model.problem.candidate[machines]])

    def _opening(self, servers: Ints) -> OpeningColumns:
        return add_opening(self._model.problem, self._model.program, self._model.columns, servers)

    @cached_property
    def _model(self) -> Formulation:
        context = PlanningContext.build(self.estate)
        return formulate_assignment(context, pooling=True)

    def _solved(self, among: OpeningColumns, program: IntegerProgram) -> FrontierPoint:
        problem, columns = self._model.problem, self._model.columns

        def canonicalise(x: Ints) -> Ints:
            return to_point(problem, program, columns, to_assignment(columns, x))

        began = time.monotonic()
        start = to_point(problem, program, columns, NOTHING)
        found = solve_lexicographic(
            program, start, canonicalise, lambda x, deadline: x, self.estate.settings.slack,
            self.deadline, self.seed, lambda stage: None,
        )  # fmt: skip
        proxies = tuple(among.opened(found.x))
        return FrontierPoint(proxies, found.stages, time.monotonic() - began)


def better_point(one: FrontierPoint, none: FrontierPoint, tasks: int) -> FrontierPoint:
    """Return the better of a point and that without any machine, as a point of the former's kind.

    Where time cut the search short, the latter's proofs say nothing of other choices: up to the
    first aim in which the two differ the search's own bounds hold, behind it only that there are
    so many ``tasks``, and no aim below 0.
    """
    if one.goodness >= none.goodness:
        return one
    if one.proven:
        return none
    pairs = list(zip(one.stages, none.stages, strict=True))
    first_differing = next(place for place, (a, b) in enumerate(pairs) if a.best != b.best)
    stages = [
        replace(
            mine,
            bound=theirs.bound
            if place <= first_differing
            else 0
            if mine.aim in MINIMISED
            else tasks,
        )
        for place, (theirs, mine) in enumerate(pairs)
    ]
    return replace(none, stages=tuple(stages), seconds=one.seconds)
