"""From an estate's folder to where more proxies help, and which of today's are not needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models.estate import Estate
from models.plan import WINDOWS
from optimizer.deadline import Deadline
from optimizer.eligibility import candidates, licensed
from optimizer.place.curve import Placement, Point
from optimizer.place.machines import from_file, in_networks
from optimizer.place.targets import target
from optimizer.sources.folder import read_estate
from optimizer.tasks import tasks_of


@dataclass(frozen=True)
class Wish:
    """What is asked: at most ``most`` proxies more, ``until`` a target is reached where one is
    given; the machines of the file ``candidates``, or ``each`` of ``capacity`` in every network
    with tasks. ``greedy``: also one by one."""

    most: int
    until: str | None = None
    candidates: Path | None = None
    capacity: int | None = None
    each: int = 1
    greedy: bool = False


@dataclass(frozen=True)
class Places:
    """The curve, from 0 more proxies on; the same one by one; the fewest of today's proxies.

    ``estate`` has the machines behind its first ``today`` servers, and what should be known of
    them behind its first ``told`` findings. ``reached`` tells whether the target was, None
    without one.
    """

    estate: Estate
    today: int
    told: int
    tasks: int
    curve: list[Point] = field(default_factory=list)
    greedy: list[Point] = field(default_factory=list)
    fewest: Point | None = None
    reached: bool | None = None

    @property
    def usable(self) -> list[int]:
        """Return today's proxies, the backup server not among them."""
        today = candidates(self.estate)[: self.today] & licensed(self.estate)[: self.today]
        today[self.estate.backup_server] = False
        return [int(code) for code in np.flatnonzero(today)]


def run(
    folder: Path,
    wish: Wish,
    time_limit: float | None,
    workers: int,
    seed: int,
    step: Callable[[str], None],
) -> Places:
    """Work out where more proxies help in the estate of a folder.

    Raises EstateError, and TargetError for a target that is none.
    """
    step("reading")
    estate = read_estate(folder)
    tasks = tasks_of(estate)
    windows = int((tasks.kind == WINDOWS).sum())
    if wish.candidates is None:
        with_machines = in_networks(estate, tasks, wish.capacity, wish.each)
    else:
        with_machines = from_file(estate, wish.candidates)
    objectives = with_machines.settings.objectives
    enough = None if wish.until is None else target(wish.until, objectives, windows)
    deadline = Deadline(time_limit)
    placement = Placement(with_machines, len(estate.servers), deadline, seed, workers)
    curve, greedy = [], []
    for point in _numbered(placement.best(), wish.most, step, "proxies"):
        curve.append(point)
        if enough is not None and enough.reached(point.stages):
            break
    if wish.greedy:
        greedy = list(_numbered(placement.greedy(), len(curve) - 1, step, "proxies, one by one"))
    step("which of today's proxies are needed")
    return Places(
        estate=with_machines,
        today=len(estate.servers),
        told=len(estate.findings),
        tasks=windows,
        curve=curve,
        greedy=greedy,
        fewest=placement.fewest(),
        reached=None if enough is None else enough.reached(curve[-1].stages),
    )


def _numbered(
    points: Iterator[Point], most: int, step: Callable[[str], None], what: str
) -> Iterator[Point]:
    step(f"0 {what}")
    for count, point in enumerate(points):
        yield point
        if count == most:
            return
        step(f"{count + 1} {what}")
