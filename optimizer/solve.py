"""One aim after another: bound it, reach the bound or come close, lock it, next.

Knows nothing of proxies. Aims are taken together while the relaxation alone settles them: each
is bounded, taken as reached, and locked; then one search near the relaxation's last point looks
for an integer plan that reaches all of those bounds, which proves them all. Where there is none
near, each aim gets a search of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from models.program import FREE, Aim, Floats, Ints, Program, Rows
from optimizer.deadline import Deadline
from optimizer.relax import Relaxation
from optimizer.search import Effort, Found, search

BOXES = (0, 1, 4)
QUICK = 2.0
THOROUGH = 30.0


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
    """The point reached, and each aim's stage in order."""

    x: Ints
    stages: tuple[Stage, ...]


Slack = Callable[[str, int], int]


def solve(
    program: Program,
    start: Ints,
    relabelled: Callable[[Ints], Ints],
    slack: Slack,
    deadline: Deadline,
    seed: int = 0,
    progress: Callable[[Stage], None] = lambda stage: None,
) -> Solution:
    """Return a point of ``program``, its aims optimised in strict lexicographic order.

    ``start`` is any point that keeps the rows. ``relabelled`` rewrites a point with every aim
    counted truly. ``slack`` says how much of an aim's value the later ones may give back.
    """
    return _Stages(program, start, relabelled, slack, deadline, seed, progress).run()


class _Stages:
    def __init__(
        self,
        program: Program,
        start: Ints,
        relabelled: Callable[[Ints], Ints],
        slack: Slack,
        deadline: Deadline,
        seed: int,
        progress: Callable[[Stage], None],
    ) -> None:
        self._program = program
        self._x = start
        self._relabelled = relabelled
        self._slack = slack
        self._deadline = deadline
        self._seed = seed
        self._progress = progress
        self._relaxation = Relaxation(program)
        self._stages: list[Stage] = []

    def run(self) -> Solution:
        for aims in self._runs():
            if len(aims) == 1 or not self._together(aims):
                for aim in aims:
                    self._alone(aim)
        return Solution(self._x, tuple(self._stages))

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

    def _together(self, aims: list[Aim]) -> bool:
        """Try to reach the relaxation's bounds of all ``aims`` at once; False where it fails."""
        began = time.monotonic()
        relaxed, clocks = [], []
        for aim in aims:
            relaxed.append(self._relaxation.solve(aim, self._deadline))
            clocks.append(time.monotonic())
            if relaxed[-1].x is None:
                break
            self._relaxation.add(lock(aim, relaxed[-1].bound))
        locks = [lock(aim, result.bound) for aim, result in zip(aims, relaxed, strict=False)]
        whole = len(relaxed) == len(aims) and relaxed[-1].x is not None
        found = None
        if whole:
            locked = replace(self._program, rows=Rows.joined([self._program.rows, *locks]))
            found = self._x if locked.admits(self._x) else None
            if found is None:
                found = self._near(locked, None, relaxed[-1].x, lambda found: True).x
                found = None if found is None else self._relabelled(found)
        if found is None:
            self._relaxation.remove_last(sum(result.x is not None for result in relaxed))
            return False
        self._x = found
        self._relaxation.remove_last(1)
        self._program = replace(locked, rows=locked.rows.without_last(1))
        self._lock(aims[-1], relaxed[-1].bound)
        seconds = np.diff([began, *clocks])
        seconds[-1] += time.monotonic() - clocks[-1]
        for aim, result, spent in zip(aims, relaxed, seconds, strict=True):
            self._record(Stage(aim.name, result.bound, result.bound, float(spent)))
        return True

    def _alone(self, aim: Aim) -> None:
        """Optimise one aim, from the point that the aims before it have left."""
        began = time.monotonic()
        relaxed = self._relaxation.solve(aim, self._deadline)
        bound = relaxed.bound
        if aim.value(self._x) != bound:
            target = relaxed.bound
            found = self._near(
                self._program, aim, relaxed.x, lambda found: aim.value(found) == target
            )
            self._take(aim, found)
        if aim.value(self._x) != bound:
            found = search(self._program, aim, self._x, self._effort(THOROUGH))
            self._take(aim, found)
            if found.bound is not None:
                bound = (min if aim.maximise else max)(bound, found.bound)
        value = aim.value(self._x)
        self._lock(aim, value)
        self._record(Stage(aim.name, value, bound, time.monotonic() - began))

    def _lock(self, aim: Aim, value: int) -> None:
        """Keep ``aim`` at ``value`` from now on, less what later aims may give back."""
        given = self._slack(aim.name, value)
        kept = lock(aim, value - given if aim.maximise else value + given)
        self._program = replace(self._program, rows=Rows.joined([self._program.rows, kept]))
        self._relaxation.add(kept)

    def _near(
        self,
        program: Program,
        aim: Aim | None,
        point: Floats | None,
        enough: Callable[[Ints], bool],
    ) -> Found:
        """Search boxes around a fractional point, then around where the squares stand now."""
        best = Found(None, None)
        if point is None:
            return best
        for width in BOXES:
            box = boxed(program, point, width)
            hint = np.clip(np.round(point).astype(np.int64), box.lower, box.upper)
            found = search(box, aim, hint, self._effort(QUICK))
            if found.x is not None and (best.x is None or _better(aim, found.x, best.x)):
                best = found
            if best.x is not None and enough(best.x):
                break
        return best

    def _take(self, aim: Aim, found: Found) -> None:
        if found.x is None:
            return
        x = self._relabelled(found.x)
        if _better(aim, x, self._x) and self._program.admits(x):
            self._x = x

    def _effort(self, deterministic: float) -> Effort:
        return Effort(deterministic, self._deadline, self._seed)

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


def boxed(program: Program, point: Floats, width: int) -> Program:
    """Return ``program`` with each decision within ``width`` of the fractional ``point``.

    Decisions that are 0 there stay 0: a vertex has few others.
    """
    lower, upper = program.lower.copy(), program.upper.copy()
    chosen = slice(0, program.decisions)
    floor = np.floor(point[chosen] + 1e-6).astype(np.int64)
    ceiling = np.ceil(point[chosen] - 1e-6).astype(np.int64)
    room = np.where(ceiling > 0, width, 0)
    lower[chosen] = np.clip(floor - room, lower[chosen], upper[chosen])
    upper[chosen] = np.clip(ceiling + room, lower[chosen], upper[chosen])
    return replace(program, lower=lower, upper=upper)


def _better(aim: Aim | None, x: Ints, than: Ints) -> bool:
    if aim is None:
        return False
    return aim.value(x) > aim.value(than) if aim.maximise else aim.value(x) < aim.value(than)
