"""Optimises aims lexicographically: bound one, reach the bound or come close, hold it, next.

Knows nothing of proxies. Aims are taken together while the relaxation alone settles them: each
is bounded, taken as reached, and held; then one search near the relaxation's last point looks
for an integer plan that reaches all of those bounds, which proves them all. Where there is none
near, each aim gets a search of its own. What only such a search says of a bound is asked of a
second one, without presolve.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from models.aims import Proof
from models.integer_program import FREE, Aim, Floats, IntegerProgram, Ints, hold_aim
from models.solve_events import AimProgress, Stage, Watch, report_better
from optimizer.solver.cp_sat import SearchLimits, SearchResult, solve_cp_sat
from optimizer.solver.deadline import Deadline
from optimizer.solver.few_rows import bound_by_few_rows, has_many_definitions, sums_squares
from optimizer.solver.lp_relaxation import LpBound, bound_by_lp, trivial
from optimizer.solver.neighbourhoods import (
    rounded,
    search_few_columns,
    search_near,
    search_same_definitions,
)
from optimizer.solver.root_sums import tighten_by_root_sum

BRIEF = 0.5
QUICK = 2.0
THOROUGH = 10.0
# Shares of the gap between bound and value, searched one after another.
SHARES = (0.0, 1 / 16, 1 / 4, 1.0)
# A gap this small, relative to the value, is worth a brief search only.
CLOSE = 0.005


@dataclass(frozen=True, slots=True)
class LexicographicSolution:
    """The point reached, each aim's stage in order, and the program with all that they settled.

    That is rows that hold the aims, bounds that leave out what none of the best plans does.
    ``before`` is the program that does not hold the last aim yet.
    """

    x: Ints
    stages: tuple[Stage, ...]
    program: IntegerProgram
    before: IntegerProgram


Slack = Callable[[str, int], int]
Improve = Callable[[Ints, Deadline], Ints]


def solve_lexicographic(
    program: IntegerProgram,
    start: Ints,
    relabelled: Callable[[Ints], Ints],
    improved: Improve,
    slack: Slack,
    deadline: Deadline,
    seed: int,
    progress: Watch,
) -> LexicographicSolution:
    """Return a point of ``program``, its aims optimised in strict lexicographic order.

    ``start`` is any point that keeps the rows. ``relabelled`` rewrites a point with every aim
    counted truly; ``improved`` returns one that is no worse, in the order of the aims, by a quick
    search of its own. ``slack`` says how much of an aim's value the later ones may give back.
    ``progress`` is told of each aim at work and of each stage; solvers' threads call it, too.
    """
    efforts = SearchLimits(QUICK, deadline, seed), SearchLimits(THOROUGH, deadline, seed)
    return LexicographicSolver(program, start, relabelled, improved, slack, efforts, progress).run()


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
        improved: Improve,
        slack: Slack,
        efforts: tuple[SearchLimits, SearchLimits],
        progress: Watch,
    ) -> None:
        self._program = self._before = program
        self._x = start
        self._relabelled, self._improved = relabelled, improved
        self._slack = slack
        self._quick, self._thorough = efforts
        self._deadline = self._quick.deadline
        self._progress = progress
        self._stages: list[Stage] = []
        self._exchanged: Ints | None = None
        limited = self._deadline.seconds is not None
        self._many_rows = has_many_definitions(program, limited)
        self._hurried = self._many_rows and limited

    def run(self) -> LexicographicSolution:
        for aims in self._batches():
            if self._deadline.remaining() <= 0:
                self._hold_as_they_are(aims)
                continue
            if self._hurried:
                self._improve()
            chain = [] if self._takes_few_rows(aims[0]) else self._bound_batch(aims)
            settled = len(chain) if chain and self._try_batch(aims, chain) else 0
            # The relaxation of an aim that was first in its run holds without any guess.
            known = chain[0].relaxed if len(aims) == len(chain) == 1 else None
            for place, aim in enumerate(aims[settled:], settled):
                if self._deadline.remaining() <= 0:
                    self._hold_as_they_are(aims[place:])
                    break
                self._solve_objective(aim, known)
        return LexicographicSolution(self._x, tuple(self._stages), self._program, self._before)

    def _hold_as_they_are(self, aims: list[Aim]) -> None:
        """Record and hold ``aims`` without any more work, since there is no time left."""
        held = [(aim, aim.value(self._x)) for aim in aims]
        *earlier, last = [hold_aim(aim, self._limit(aim, value)) for aim, value in held]
        bounds = [trivial(self._program, aim).bound for aim in aims]
        self._before = self._program.with_rows(earlier)
        self._program = self._before.with_rows([last])
        for (aim, value), bound in zip(held, bounds, strict=True):
            self._record(Stage(aim.name, value, bound, 0.0))

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

    def _takes_few_rows(self, aim: Aim) -> bool:
        """Tell whether few of many rows are looked at first: of squares, or in a hurry."""
        squared = self._is_squared(aim) or sums_squares(self._program)
        return self._hurried or (self._many_rows and squared)

    def _is_squared(self, aim: Aim) -> bool:
        return bool(np.isin(aim.column, self._program.squares[1]).any())

    def _try_batch(self, aims: list[Aim], chain: list[_BoundedObjective]) -> bool:
        """Try to reach the bounds of ``chain``, the first of ``aims``; tell whether it did."""
        began, last = time.monotonic(), chain[-1]
        # What the last aim may give back is for those after it: here its bound has to be reached.
        reached = last.relaxed.restrict_to_value(last.before, last.relaxed.bound)
        found: Ints | None = self._x
        if not reached.is_feasible(self._x):
            found = search_near(reached, None, last.point, None, self._quick).x
            if found is None and len(aims) > 1:  # of one aim alone that is the first search of all
                found = solve_cp_sat(reached, None, rounded(last.point, reached), self._quick).x
            found = None if found is None else self._relabelled(found)
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
            self._progress(AimProgress(aim.name))
            relaxed = bound_by_lp(program, aim, self._x, deadline)
            if relaxed.x is None:
                return
            yield _BoundedObjective(aim, program, relaxed, relaxed.x, time.monotonic() - began)
            program = relaxed.restrict_to_value(program, self._limit(aim, relaxed.bound))

    def _solve_objective(self, aim: Aim, known: LpBound | None) -> None:
        """Optimise one aim, from the point that the aims before it have left.

        Its relaxation may be ``known``.
        """
        began, before = time.monotonic(), self._program
        self._progress(AimProgress(aim.name, aim.value(self._x)))
        relaxed = known or self._relax(aim)
        bound = relaxed.bound
        self._progress(AimProgress(aim.name, aim.value(self._x), bound))
        if aim.value(self._x) != bound:
            self._improve()
        # Measured: at 200 windows the relaxation with loads held takes 10 s, and gains nothing.
        decided = bool((aim.column < before.decisions).all()) and not self._many_rows
        if aim.value(self._x) != bound and decided:
            self._take(aim, search_same_definitions(before, aim, self._x, self._quick))
        relaxed, bound = self._reach_or_tighten(aim, relaxed, before, bound)
        if relaxed.x is not None and not self._is_close(aim, bound):
            self._search_few_columns(aim, relaxed)
        bound, proof = self._closed(aim, relaxed, before, bound)
        value = aim.value(self._x)
        self._keep(aim, value, relaxed, before)
        self._record(Stage(aim.name, value, bound, time.monotonic() - began, proof))

    def _relax(self, aim: Aim) -> LpBound:
        """Return a bound of ``aim``, of few of many rows where a plan comes close to that."""
        program, deadline = self._program, self._deadline.share(0.5)
        squared = self._is_squared(aim)
        if not self._takes_few_rows(aim):
            return bound_by_lp(program, aim, self._x, deadline)
        self._improve()
        few = bound_by_few_rows(program, aim, self._x, deadline)
        self._search_few_columns(aim, few)
        deadline = self._deadline.share(0.5)  # of what the search has left
        if squared and few.bound != aim.value(self._x):
            again = bound_by_few_rows(program, aim, self._x, deadline)
            few = max(few, again, key=lambda found: aim.sign * -found.bound)
            limit = self._limit(aim, aim.value(self._x))
            few = tighten_by_root_sum(program, aim, few, self._x, limit, deadline)
        gap = abs(aim.value(self._x) - few.bound)
        if gap > (0 if aim.maximise else 2 * CLOSE * abs(few.bound)):
            relaxed = bound_by_lp(program, aim, self._x, deadline)
            if relaxed.x is not None:
                return relaxed
        return replace(few, x=None)

    def _search_few_columns(self, aim: Aim, relaxed: LpBound) -> None:
        effort = replace(self._quick, deadline=self._deadline.share(0.5))
        found = search_few_columns(self._program, aim, self._x, relaxed, effort)
        self._take(aim, SearchResult(found, None))

    def _reach_or_tighten(
        self, aim: Aim, relaxed: LpBound, before: IntegerProgram, bound: int
    ) -> tuple[LpBound, int]:
        """Search near the relaxation, then near a tighter one.

        The latter where its bound is not met and squares are summed, which are cut tighter.
        """
        squared = self._is_squared(aim)
        for last in (not squared, True):
            if aim.value(self._x) != bound and relaxed.x is not None:
                brief = not squared and self._is_close(aim, bound)
                effort = replace(self._quick, deterministic=BRIEF) if brief else self._quick
                found = search_near(before, aim, relaxed.x, bound, effort, self._x)
                self._take(aim, found)
            if last or aim.value(self._x) == bound:
                break
            limit = self._limit(aim, aim.value(self._x))
            tight = tighten_by_root_sum(
                before, aim, relaxed, self._x, limit, self._deadline.share(0.5)
            )
            if tight is relaxed:
                break
            relaxed, bound = tight, aim.tighter_bound(bound, tight.bound)
        return relaxed, bound

    def _is_close(self, aim: Aim, bound: int) -> bool:
        value = aim.value(self._x)
        return abs(value - bound) <= CLOSE * abs(value)

    def _improve(self) -> None:
        """Improve the point by the quick search, unless that is where it comes from."""
        if self._x is self._exchanged:
            return
        x = self._improved(self._x, self._deadline.share(0.5))
        due = self._program.aims[len(self._stages) :]
        # What earlier aims have given back is not taken again at the cost of those that are due.
        new, old = ([aim.sign * aim.value(y) for aim in due] for y in (x, self._x))
        if new >= old and self._program.is_feasible(x):
            self._x = x
        self._exchanged = self._x

    def _closed(
        self, aim: Aim, relaxed: LpBound, before: IntegerProgram, bound: int
    ) -> tuple[int, Proof]:
        """Search all points near ``bound``, then farther from it, until plan and bound meet.

        Returns the bound and what it rests on. The nearer to the relaxation's bound a point has to
        be, the more do its reduced costs fix: that no point is that good often takes a small part
        of the time that the best one takes. Where they are close a single brief search has to do.
        """
        by_duals = bound
        # Measured: of as many rows the whole is searched for a minute without a gain.
        if self._many_rows:
            return bound, "duals"
        close = self._is_close(aim, bound)
        allowed = left = BRIEF if close else self._thorough.deterministic
        for share in SHARES[-1:] if close or relaxed.x is None else SHARES:
            gap = abs(aim.value(self._x) - bound)
            if gap == 0 or left <= 0 or self._deadline.remaining() <= 0:
                break
            target = bound - aim.sign * int(share * (gap - 1))
            effort = replace(
                self._thorough,
                deterministic=left * max(share, 0.5),
                deadline=self._deadline.share(max(share, 0.5)),
                found=report_better(self._progress, aim, aim.value(self._x), bound),
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
        # A second opinion on part of a gap that is small anyway would take as long as all this.
        if bound == by_duals or (close and aim.value(self._x) != bound):
            return by_duals, "duals"
        better = relaxed.restrict_to_value(before, bound + aim.sign)
        work = BRIEF if close else max(self._quick.deterministic, allowed - left)
        proof = self._second_opinion(aim, better, work)
        if proof != "disputed":
            return bound, proof
        return by_duals, "duals" if aim.value(self._x) == by_duals else proof

    def _second_opinion(self, aim: Aim, better: IntegerProgram, work: float) -> Proof:
        """Ask for a second opinion: search without presolve what the first search ruled out.

        It looks for one of the ``better`` points, with at most as much ``work``; that point is
        taken where there is one.
        """
        effort = replace(
            self._thorough, deterministic=work, deadline=self._deadline.share(0.5), presolve=False
        )
        found = solve_cp_sat(better, None, self._x, effort)
        self._take(aim, found)
        if found.x is not None:
            return "disputed"
        return "search" if found.empty else "unconfirmed"

    def _keep(self, aim: Aim, value: int, relaxed: LpBound, before: IntegerProgram) -> None:
        """Hold ``aim`` at ``value``, less what later aims may give back."""
        self._before = before
        self._program = relaxed.restrict_to_value(before, self._limit(aim, value))

    def _limit(self, aim: Aim, value: int) -> int:
        return value - aim.sign * self._slack(aim.name, value)

    def _take(self, aim: Aim, found: SearchResult) -> None:
        if found.x is None:
            return
        x = self._relabelled(found.x)
        if aim.is_better(x, self._x) and self._program.is_feasible(x):
            self._x = x

    def _record(self, stage: Stage) -> None:
        self._stages.append(stage)
        self._progress(stage)
