"""Optimises aims lexicographically: bound one, reach the bound or come close, hold it, next.

Knows nothing of proxies. Aims are taken together while the relaxation alone settles them: each
is bounded, taken as reached, and held; then one search near the relaxation's last point looks
for an integer plan that reaches all of those bounds, which proves them all. Where there is none
near, each aim gets a search of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from models.integer_program import FREE, Aim, Floats, IntegerProgram, Ints
from models.solve_events import Stage, Trial, Watch
from optimizer.solver.cp_sat import SearchLimits, SearchResult, solve_cp_sat
from optimizer.solver.deadline import Deadline
from optimizer.solver.lp_relaxation import LpBound, bound_by_lp, relax_few, sketch
from optimizer.solver.neighbourhoods import neighbourhoods

QUICK = 2.0
THOROUGH = 10.0
# Shares of the gap between bound and value, searched one after another.
SHARES = (0.0, 1 / 16, 1 / 4, 1.0)
# A gap this small, relative to the value, is not worth a thorough search.
CLOSE = 0.005


@dataclass(frozen=True, slots=True)
class LexicographicSolution:
    """The point reached, each aim's stage in order, and the program with all that they settled:
    rows that hold the aims, bounds that leave out what none of the best plans does.

    ``before`` is the program that does not hold the last aim yet.
    """

    x: Ints
    stages: tuple[Stage, ...]
    program: IntegerProgram
    before: IntegerProgram


Slack = Callable[[str, int], int]


def solve_lexicographic(
    program: IntegerProgram,
    start: Ints,
    relabelled: Callable[[Ints], Ints],
    slack: Slack,
    deadline: Deadline,
    seed: int,
    progress: Watch,
) -> LexicographicSolution:
    """Return a point of ``program``, its aims optimised in strict lexicographic order.

    ``start`` is any point that keeps the rows. ``relabelled`` rewrites a point with every aim
    counted truly. ``slack`` says how much of an aim's value the later ones may give back.
    ``progress`` is told of each aim at work and of each stage; solvers' threads call it, too.
    """
    efforts = SearchLimits(QUICK, deadline, seed), SearchLimits(THOROUGH, deadline, seed)
    return LexicographicSolver(program, start, relabelled, slack, efforts, progress).run()


@dataclass(frozen=True, slots=True)
class _BoundedObjective:
    """An aim, the program before it, and its relaxation's bound and point."""

    aim: Aim
    before: IntegerProgram
    relaxed: LpBound
    point: Floats
    seconds: float


class LexicographicSolver:
    def __init__(
        self,
        program: IntegerProgram,
        start: Ints,
        relabelled: Callable[[Ints], Ints],
        slack: Slack,
        efforts: tuple[SearchLimits, SearchLimits],
        progress: Watch,
    ) -> None:
        self._program = self._before = program
        self._x = start
        self._canonicalise = relabelled
        self._slack = slack
        self._quick, self._thorough = efforts
        self._deadline = self._quick.deadline
        self._progress = progress
        self._stages: list[Stage] = []

    def run(self) -> LexicographicSolution:
        for aims in self._batches():
            hurried = self._hurried(aims[0])
            chain = self._bound_batch(aims)
            settled = len(chain) if chain and self._try_batch(aims, chain) else 0
            # The relaxation of an aim that was first in its run holds without any guess.
            known = chain[0].relaxed if len(aims) == len(chain) == 1 else None
            for aim in aims[settled:]:
                self._solve_objective(aim, known, hurried)
        return LexicographicSolution(self._x, tuple(self._stages), self._program, self._before)

    def _batches(self) -> list[list[Aim]]:
        """Return the aims in runs that end where squares are summed or something is given back."""
        runs: list[list[Aim]] = [[]]
        for aim in self._program.aims:
            squared = self._is_squared(aim)
            if squared and runs[-1]:
                runs.append([])
            runs[-1].append(aim)
            if squared or self._slack(aim.name, 10**9):
                runs.append([])
        return [aims for aims in runs if aims]

    def _is_squared(self, aim: Aim) -> bool:
        return bool(np.isin(aim.column, self._program.squares[1]).any())

    def _try_batch(self, aims: list[Aim], chain: list[_BoundedObjective]) -> bool:
        """Try to reach the bounds of ``chain``, the first of ``aims``; tell whether that settled
        them."""
        began, last = time.monotonic(), chain[-1]
        # What the last aim may give back is for those after it: here its bound has to be reached.
        reached = last.relaxed.restrict_to_value(last.before, last.relaxed.bound)
        found: Ints | None = self._x
        if not reached.is_feasible(self._x):
            found = self._near(reached, None, last.point).x
            if found is None:
                found = solve_cp_sat(reached, None, _rounded(last.point, reached), self._quick).x
            found = None if found is None else self._canonicalise(found)
        if found is None or not reached.is_feasible(found):
            return False
        self._x = found
        self._keep(last.aim, last.relaxed.bound, last.relaxed, last.before)
        bounds = {link.aim.name: link.relaxed.bound for link in chain}
        spent = {link.aim.name: link.seconds for link in chain}
        spent[last.aim.name] += time.monotonic() - began
        for aim in aims[: len(chain)]:
            self._record(Stage(aim.name, bounds[aim.name], bounds[aim.name], spent[aim.name]))
        return True

    def _bound_batch(self, aims: list[Aim]) -> list[_BoundedObjective]:
        """Return the relaxations of as many of the first ``aims`` as there is time for.

        Each bound is taken as reached before the next one is asked for. That is a guess until a
        search has found the point; where it finds none nothing is settled.

        The first aim mostly reaches its ceiling whatever the second does, and the second is
        easier to bound without it: then both bounds hold without any condition.
        """
        if len(aims) > 2 and aims[0].ceiling < FREE:
            links = self._links([aims[1], aims[0], *aims[2:]])
            chain = list(islice(links, 2))
            if len(chain) == 2 and chain[1].relaxed.bound == aims[0].ceiling:
                return [*chain, *links]
        return list(self._links(aims))

    def _links(self, aims: list[Aim]) -> Iterator[_BoundedObjective]:
        program, deadline = self._program, self._deadline.share(0.5)
        for aim in aims:
            began = time.monotonic()
            self._progress(Trial(aim.name))
            relaxed = bound_by_lp(program, aim, self._x, deadline)
            if relaxed.x is None:
                return
            yield _BoundedObjective(aim, program, relaxed, relaxed.x, time.monotonic() - began)
            program = relaxed.restrict_to_value(program, self._limit(aim, relaxed.bound))

    def _solve_objective(self, aim: Aim, known: LpBound | None, hurried: int | None) -> None:
        """Optimise one aim, from the point that the aims before it have left; its relaxation may
        be ``known``, or a bound from a ``hurried`` one."""
        began, before = time.monotonic(), self._program
        self._progress(Trial(aim.name, aim.value(self._x)))
        relaxed = known or bound_by_lp(before, aim, self._x, self._deadline.share(0.5))
        bound = relaxed.bound if hurried is None else aim.tighter(relaxed.bound, hurried)
        self._progress(Trial(aim.name, aim.value(self._x), bound))
        if aim.value(self._x) != bound and relaxed.x is not None:
            self._take(aim, self._near(before, aim, relaxed.x, bound))
        bound = self._closed(aim, relaxed, before, bound)
        value = aim.value(self._x)
        self._keep(aim, value, relaxed, before)
        self._record(Stage(aim.name, value, bound, time.monotonic() - began))

    def _hurried(self, aim: Aim) -> int | None:
        """Improve squares by a sketch where time is short; return its bound, None without one."""
        if self._deadline.seconds is None or not self._is_squared(aim):
            return None
        hurry, program = self._deadline.share(0.5), self._program
        rough = sketch(program, aim, self._x, hurry.share(0.5))
        if rough.x is not None:
            found = relax_few(program, aim, self._x, rough.x, hurry.share(0.7))
            if found.x is not None:
                few = found.proof.program
                self._take(aim, self._near(few, aim, found.x, found.bound, hurry))
        return rough.bound

    def _closed(self, aim: Aim, relaxed: LpBound, before: IntegerProgram, bound: int) -> int:
        """Search all points near ``bound``, then farther from it, until the plan's value and the
        bound meet; return the bound.

        The nearer to the relaxation's bound a point has to be, the more do its reduced costs
        fix: that no point is that good often takes a small part of the time that the best one
        takes.
        """
        value = aim.value(self._x)
        close = abs(value - bound) <= CLOSE * abs(value)
        left = (self._quick if close else self._thorough).deterministic
        for share in SHARES if relaxed.x is not None else SHARES[-1:]:
            gap = abs(aim.value(self._x) - bound)
            if gap == 0 or left <= 0:
                break
            target = bound - aim.sign * int(share * (gap - 1))
            effort = replace(
                self._thorough,
                deterministic=left * max(share, 0.5),
                deadline=self._deadline.share(max(share, 0.5)),
                found=self._report_progress(aim, bound),
            )
            found = solve_cp_sat(relaxed.restrict_to_value(before, target), aim, self._x, effort)
            left -= found.spent
            self._take(aim, found)
            # Points outside are worse than the target.
            outside = target - aim.sign
            inside = outside if found.empty else found.bound
            if inside is not None:
                worst = (max if aim.maximise else min)(inside, outside)
                bound = (min if aim.maximise else max)(bound, worst)
        return bound

    def _keep(self, aim: Aim, value: int, relaxed: LpBound, before: IntegerProgram) -> None:
        """Hold ``aim`` at ``value``, less what later aims may give back."""
        self._before = before
        self._program = relaxed.restrict_to_value(before, self._limit(aim, value))

    def _limit(self, aim: Aim, value: int) -> int:
        return value - aim.sign * self._slack(aim.name, value)

    def _near(
        self,
        program: IntegerProgram,
        aim: Aim | None,
        point: Floats,
        enough: int | None = None,
        deadline: Deadline | None = None,
    ) -> SearchResult:
        """Search ever larger boxes around a fractional point, until one holds what is enough or
        the effort for them all is spent.

        Measured: a wide box finds a point where one exists, but no best one in time.
        """
        best, left = SearchResult(None, None), self._quick.deterministic
        for box in neighbourhoods(program, point, wide=aim is None):
            deadline = deadline or self._deadline
            effort = replace(self._quick, deterministic=left, deadline=deadline)
            found = solve_cp_sat(box, aim, _rounded(point, box), effort)
            left -= found.spent
            if found.x is not None and (best.x is None or (aim and aim.is_better(found.x, best.x))):
                best = found
            met = best.x is not None and (aim is None or aim.value(best.x) == enough)
            if met or left <= 0:
                break
        return best

    def _take(self, aim: Aim, found: SearchResult) -> None:
        if found.x is None:
            return
        x = self._canonicalise(found.x)
        if aim.is_better(x, self._x) and self._program.is_feasible(x):
            self._x = x

    def _report_progress(self, aim: Aim, bound: int) -> Callable[[int], None]:
        """Tell the value so far; return a function that passes on better ones of plans found."""
        best = [aim.value(self._x)]
        self._progress(Trial(aim.name, best[0], bound))

        def found(value: int) -> None:
            if aim.sign * value > aim.sign * best[0]:
                best[0] = value
                self._progress(Trial(aim.name, value, bound))

        return found

    def _record(self, stage: Stage) -> None:
        self._stages.append(stage)
        self._progress(stage)


def _rounded(point: Floats, program: IntegerProgram) -> Ints:
    return np.clip(np.round(point).astype(np.int64), program.lower, program.upper)
