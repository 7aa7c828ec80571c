"""Places more proxies where they help most, and finds which of today's are not needed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models.aims import MINIMISED
from models.diagnostics import did_you_mean
from models.errors import GipError
from models.estate import Estate
from models.plan import WINDOWS
from models.solve_events import Stage
from optimizer.analysis.placement.frontier import FrontierPoint, PlacementSolver
from optimizer.analysis.placement.sites import machine_per_network, machines_from_file
from optimizer.eligibility.tasks import find_tasks
from optimizer.eligibility.tiers import find_candidates, find_licensed
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.solver.deadline import Deadline


@dataclass(frozen=True)
class PlacementRequest:
    """The options of a placement.

    At most ``most`` proxies more, ``until`` a target is reached where one is given; machines are
    those of the file ``candidates``, or ``each`` of ``capacity`` in every network with tasks.
    ``greedy``: also one by one.
    """

    most: int
    until: str | None = None
    candidates: Path | None = None
    capacity: int | None = None
    each: int = 1
    greedy: bool = False


@dataclass(frozen=True)
class PlacementStudy:
    """The curve, from 0 more proxies on; the same one by one; the fewest of today's proxies.

    ``estate`` has the machines behind its first ``today`` servers, and what should be known of
    them behind its first ``known`` findings. ``reached`` tells whether the target was, None
    without one.
    """

    estate: Estate
    today: int
    known: int
    tasks: int
    curve: list[FrontierPoint] = field(default_factory=list)
    greedy: list[FrontierPoint] = field(default_factory=list)
    fewest: FrontierPoint | None = None
    reached: bool | None = None

    @property
    def usable(self) -> list[int]:
        """Return today's proxies, the backup server not among them."""
        today = (
            find_candidates(self.estate)[: self.today] & find_licensed(self.estate)[: self.today]
        )
        today[self.estate.backup_server] = False
        return [int(code) for code in np.flatnonzero(today)]


def find_places(
    folder: Path,
    request: PlacementRequest,
    time_limit: float | None,
    seed: int,
    step: Callable[[str], None],
) -> PlacementStudy:
    """Find where more proxies help in the estate of a folder.

    Raises EstateError, and TargetError for a target that is none.
    """
    step("reading")
    estate = read_estate(folder)
    tasks = find_tasks(estate)
    windows = int((tasks.kind == WINDOWS).sum())
    if request.candidates is None:
        with_machines = machine_per_network(estate, tasks, request.capacity, request.each)
    else:
        with_machines = machines_from_file(estate, request.candidates)
    objectives = with_machines.settings.objectives
    enough = None if request.until is None else parse_target(request.until, objectives, windows)
    deadline = Deadline(time_limit)
    placement = PlacementSolver(with_machines, len(estate.servers), deadline, seed)
    curve, greedy = [], []
    for point in _numbered(placement.best(), request.most, step, "proxies"):
        curve.append(point)
        if enough is not None and enough.reached(point.stages):
            break
    if request.greedy:
        greedy = list(_numbered(placement.greedy(), len(curve) - 1, step, "proxies, one by one"))
    step("which of today's proxies are needed")
    return PlacementStudy(
        estate=with_machines,
        today=len(estate.servers),
        known=len(estate.findings),
        tasks=windows,
        curve=curve,
        greedy=greedy,
        fewest=placement.fewest(),
        reached=None if enough is None else enough.reached(curve[-1].stages),
    )


def _numbered(
    points: Iterator[FrontierPoint], most: int, step: Callable[[str], None], what: str
) -> Iterator[FrontierPoint]:
    step(f"0 {what}")
    for count, point in enumerate(points):
        yield point
        if count == most:
            return
        step(f"{count + 1} {what}")


_TARGET = re.compile(r"(?P<aim>[a-z0-9_]+):(?P<number>\d+(?:\.\d+)?)(?P<percent>%?)")


class TargetError(GipError):
    """A target is not one: what is wrong with it, what to write."""


@dataclass(frozen=True, slots=True)
class Target:
    """The ``figure`` that ``aim`` has to reach, or where it is made small not to exceed."""

    aim: str
    figure: float

    def reached(self, stages: Sequence[Stage]) -> bool:
        """Tell whether a point's aims are good enough."""
        best = next(stage.best for stage in stages if stage.aim == self.aim)
        return best <= self.figure if self.aim in MINIMISED else best >= self.figure


def parse_target(text: str, aims: Sequence[str], tasks: int) -> Target:
    """Return the target that ``text`` writes, as in tier1:95% or peak:20.

    A share is one of ``tasks``, the Windows tasks. Raises TargetError.
    """
    found = _TARGET.fullmatch(text.strip())
    if not found:
        raise TargetError(f"--until {text!r}: write AIM:NUMBER or AIM:SHARE%, as in tier1:95%")
    aim = found["aim"]
    if aim not in aims:
        hint = did_you_mean(aim, aims)
        raise TargetError(f"--until {text!r}: {aim!r} is none of {', '.join(aims)}{hint}")
    if found["percent"] and aim in MINIMISED:
        raise TargetError(f"--until {text!r}: {aim} is no share of the tasks; write a number")
    number = float(found["number"])
    return Target(aim, number / 100 * tasks if found["percent"] else number)
