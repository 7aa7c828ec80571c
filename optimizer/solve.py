"""One aim after another: bound it, reach the bound or come close, lock it, next.

Knows nothing of proxies. Aims are taken together while the relaxation alone settles them: each
is bounded, taken as reached, and locked; then one search near the relaxation's last point looks
for an integer plan that reaches all of those bounds, which proves them all. Where there is none
near, each aim gets a search of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.program import FREE, Aim, Floats, Ints, Program, Rows
from optimizer.boxes import boxes
from optimizer.deadline import Deadline
from optimizer.relax import Relaxation, Relaxed
from optimizer.search import ALL, Effort, Found, search

QUICK = 2.0
THOROUGH = 10.0


@dataclass(frozen=True, slots=True)
class Stage:
    """What became of one aim when it was its turn; proven where ``best`` meets ``bound``."""

    aim: str
    best: int
    bound: int
    seconds: float

    @property
    def proven(self) -> bool:
        """Tell whether no plan can do better."""
        return self.best == self.bound


@dataclass(frozen=True, slots=True)
class Solution:
    """The point reached, each aim's stage in order, and the program with all that they settled:
    rows that hold the aims, bounds that leave out what none of the best plans does. ``tangents``
    are the chords of squares that mattered, rows of (number of the square, k)."""

    x: Ints
    stages: tuple[Stage, ...]
    program: Program
    tangents: Ints


Slack = Callable[[str, int], int]


def solve(
    program: Program,
    start: Ints,
    relabelled: Callable[[Ints], Ints],
    slack: Slack,
    deadline: Deadline,
    seed: int,
    workers: int,
    progress: Callable[[Stage], None],
) -> Solution:
    """Return a point of ``program``, its aims optimised in strict lexicographic order.

    ``start`` is any point that keeps the rows. ``relabelled`` rewrites a point with every aim
    counted truly. ``slack`` says how much of an aim's value the later ones may give back.
    """
    efforts = Effort(QUICK, deadline, seed), Effort(THOROUGH, deadline, seed, workers, ALL)
    return _Stages(program, start, relabelled, slack, efforts, progress).run()


class _Stages:
    def __init__(
        self,
        program: Program,
        start: Ints,
        relabelled: Callable[[Ints], Ints],
        slack: Slack,
        efforts: tuple[Effort, Effort],
        progress: Callable[[Stage], None],
    ) -> None:
        self._program = program
        self._x = start
        self._relabelled = relabelled
        self._slack = slack
        self._quick, self._thorough = efforts
        self._deadline = self._quick.deadline
        self._progress = progress
        self._relaxation = Relaxation(program)
        self._stages: list[Stage] = []

    def run(self) -> Solution:
        for aims in self._runs():
            settled = self._together(aims) if len(aims) > 1 else 0
            for aim in aims[settled:]:
                self._alone(aim)
        tangents = np.concatenate([np.zeros((0, 2), dtype=np.int64), *self._relaxation.tangents])
        return Solution(self._x, tuple(self._stages), self._program, tangents)

    def _runs(self) -> list[list[Aim]]:
        """Return the aims in runs that end where squares are summed or something is given back."""
        runs: list[list[Aim]] = [[]]
        squares = self._program.squares[1]
        for aim in self._program.aims:
            squared = bool(len(squares)) and bool(np.isin(aim.column, squares).any())
            if squared and runs[-1]:
                runs.append([])
            runs[-1].append(aim)
            if squared or self._slack(aim.name, 10**9):
                runs.append([])
        return [aims for aims in runs if aims]

    def _together(self, aims: list[Aim]) -> int:
        """Try to reach the relaxation's bounds of the first ``aims`` at once; return how many.

        Each bound is taken as reached before the next one is asked for. That is a guess until a
        search has found the point; where it finds none all is taken back.
        """
        before, rows = self._program, self._relaxation.size
        relaxed, clocks = [], [time.monotonic()]
        deadline = self._deadline.share(0.5)
        for aim in aims:
            result = self._relaxation.solve(aim, deadline)
            if result.x is None:
                break
            point = result.x
            relaxed.append(result)
            clocks.append(time.monotonic())
            self._keep(aim, result.bound, result)
        # What the last aim may give back is for those after it: here its bound has to be reached.
        reached = self._program.also(
            [lock(a, r.bound) for a, r in zip(aims, relaxed, strict=False)]
        )
        found: Ints | None = self._x
        if relaxed and not reached.admits(self._x):
            found = self._near(reached, None, point).x
            found = None if found is None else self._relabelled(found)
        if found is None or not reached.admits(found):
            self._relaxation.remove_last(self._relaxation.size - rows)
            self._relaxation.confine(before.lower, before.upper)
            self._program = before
            return 0
        self._x = found
        clocks[-1] = time.monotonic()
        for aim, result, spent in zip(aims, relaxed, np.diff(clocks), strict=False):
            self._record(Stage(aim.name, result.bound, result.bound, float(spent)))
        return len(relaxed)

    def _alone(self, aim: Aim) -> None:
        """Optimise one aim, from the point that the aims before it have left."""
        began = time.monotonic()
        relaxed = self._relaxation.solve(aim, self._deadline.share(0.5))
        bound = relaxed.bound
        if aim.value(self._x) != bound and relaxed.x is not None:
            self._take(aim, self._near(self._program, aim, relaxed.x, bound))
        if aim.value(self._x) != bound:
            found = search(self._program, aim, self._x, self._thorough)
            self._take(aim, found)
            if found.bound is not None:
                bound = (min if aim.maximise else max)(bound, found.bound)
        value = aim.value(self._x)
        self._keep(aim, value, relaxed)
        self._record(Stage(aim.name, value, bound, time.monotonic() - began))

    def _keep(self, aim: Aim, value: int, relaxed: Relaxed) -> None:
        """Hold ``aim`` at ``value``, less what later aims may give back, and every column within
        what that leaves it."""
        given = self._slack(aim.name, value)
        limit = value - given if aim.maximise else value + given
        row = lock(aim, limit)
        lower, upper = relaxed.movable(aim, limit, self._program.lower, self._program.upper)
        self._program = self._program.also([row]).confined(lower, upper)
        self._relaxation.add(row)
        self._relaxation.confine(self._program.lower, self._program.upper)

    def _near(
        self, program: Program, aim: Aim | None, point: Floats, enough: int | None = None
    ) -> Found:
        """Search ever larger boxes around a fractional point, until one holds what is enough."""
        best = Found(None, None)
        for box in boxes(program, point):
            hint = np.clip(np.round(point).astype(np.int64), box.lower, box.upper)
            found = search(box, aim, hint, self._quick)
            if found.x is not None and (best.x is None or _better(aim, found.x, best.x)):
                best = found
            if best.x is not None and (aim is None or aim.value(best.x) == enough):
                break
        return best

    def _take(self, aim: Aim, found: Found) -> None:
        if found.x is None:
            return
        x = self._relabelled(found.x)
        if _better(aim, x, self._x) and self._program.admits(x):
            self._x = x

    def _record(self, stage: Stage) -> None:
        self._stages.append(stage)
        self._progress(stage)


def lock(aim: Aim, value: int) -> Rows:
    """Return the row that keeps ``aim`` at ``value`` or better."""
    limit = np.array([value - aim.constant])
    free = np.array([FREE])
    return Rows(
        row=np.zeros(len(aim.column), dtype=np.int64),
        column=aim.column,
        coefficient=aim.coefficient,
        lower=limit if aim.maximise else -free,
        upper=free if aim.maximise else limit,
    )


def _better(aim: Aim | None, x: Ints, than: Ints) -> bool:
    if aim is None:
        return False
    return aim.value(x) > aim.value(than) if aim.maximise else aim.value(x) < aim.value(than)
