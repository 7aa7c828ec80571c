"""How good the aims become with 0, 1, 2 ... more proxies, each point proven or with its bound."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from models.estate import Estate
from models.program import Ints, Program
from models.settings import MINIMISED
from optimizer.deadline import Deadline
from optimizer.eligibility import qualify
from optimizer.flows import point, served
from optimizer.network import Network
from optimizer.optimise import Model, model_of
from optimizer.place.opening import Opening, opening
from optimizer.solve import solve
from optimizer.stage import Stage
from optimizer.tasks import tasks_of

NOTHING = (np.zeros(0, dtype=np.int64),) * 3
KEPT = ("coverage", "tier1", "tier2", "tier3", "protected", "same_site")


@dataclass(frozen=True, slots=True)
class Point:
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
class Placement:
    """An estate, where the servers from ``first`` on are machines that could become proxies."""

    estate: Estate
    first: int
    deadline: Deadline
    seed: int = 0
    workers: int = 1

    def best(self) -> Iterator[Point]:
        """Yield the best point with at most 0, 1, 2 ... of the machines, up to all of them."""
        none = self._without
        yield none
        for count in range(1, len(self._machines.server) + 1):
            found = self._solved(self._machines, self._machines.most(count))
            yield better(found, none, self._tasks)

    def greedy(self) -> Iterator[Point]:
        """Yield the same where each machine stays once it is there: an order to add them in."""
        found = self._without
        yield found
        for count in range(1, len(self._machines.server) + 1):
            more = self._solved(self._machines, self._machines.most(count, found.proxies))
            found = more if found.proxies else better(more, found, self._tasks)
            yield found

    def fewest(self) -> Point:
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
    def _without(self) -> Point:
        return self._today._solved(self._today._machines, self._today._machines.program)

    @cached_property
    def _today(self) -> Placement:
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
    def _machines(self) -> Opening:
        machines = np.arange(self.first, len(self.estate.servers))
        return self._opening(machines[self._model.problem.candidate[machines]])

    def _opening(self, servers: Ints) -> Opening:
        return opening(self._model.problem, self._model.program, self._model.columns, servers)

    @cached_property
    def _model(self) -> Model:
        estate = self.estate
        return model_of(estate, tasks_of(estate), qualify(estate, Network(estate)), pooling=True)

    def _solved(self, among: Opening, program: Program) -> Point:
        problem, columns = self._model.problem, self._model.columns

        def relabelled(x: Ints) -> Ints:
            return point(problem, program, columns, served(columns, x))

        began = time.monotonic()
        start = point(problem, program, columns, NOTHING)
        found = solve(
            program, start, relabelled, self.estate.settings.slack, self.deadline, self.seed,
            self.workers, lambda stage: None,
        )  # fmt: skip
        proxies = tuple(among.opened(found.x))
        return Point(proxies, found.stages, time.monotonic() - began)


def better(one: Point, none: Point, tasks: int) -> Point:
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
    apart = next(place for place, (a, b) in enumerate(pairs) if a.best != b.best)
    stages = [
        replace(
            mine, bound=theirs.bound if place <= apart else 0 if mine.aim in MINIMISED else tasks
        )
        for place, (theirs, mine) in enumerate(pairs)
    ]
    return replace(none, stages=tuple(stages), seconds=one.seconds)
