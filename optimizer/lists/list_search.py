"""Search for choices, always evaluated by the aims of the five weeks; never worse than today.

Where all combinations of choices are few, all are looked at. Else a local search starts from the
best of several weeks: one job's choice at a time, and two at once where jobs have few choices.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations, product
from math import prod

import numpy as np

from models.assignment_problem import Counts
from models.week_aims import First
from models.week_plan import WEEKS, Servers, WeekFigures
from optimizer.lists.choice_rules import ChoiceRules
from optimizer.lists.compiled import OVERLOAD, PEAK, PROTECTED, SAME_SITE
from optimizer.lists.five_weeks import FiveWeeks, Weeks
from optimizer.lists.week_jobs import WeekServers
from optimizer.solver.deadline import Deadline

Key = tuple[int, ...]
Move = Mapping[int, Servers]
ENUMERATED = 2048
PAIRS = 512
AFTER_AIMS = 2
SOME_WEEKS = (0,)
LARGE_WORK = 5_000
PRUNE_SHARE = 1.5


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Weeks with their ``key``: the aims in order, then the preference; smaller is better."""

    weeks: Weeks
    key: Key

    @property
    def aims(self) -> Key:
        """Return the part of the key that is before `changed`."""
        return self.key[:-AFTER_AIMS]


class ListSearch:
    """The search for the choices of all jobs; ``best`` is the best so far.

    It starts from ``choices``, by default today's; ``planned`` is the week as planned. It ends by a
    count of work, ``budget`` in microseconds or so, or after the ``deadline``. ``enumerated`` tells
    that ``best`` is the best of all, ``first_work`` what the first weeks took.
    """

    def __init__(
        self,
        evaluator: FiveWeeks,
        rules: ChoiceRules,
        first: First,
        planned: WeekFigures,
        budget: int,
        deadline: Deadline,
        choices: Sequence[Servers] | None = None,
    ) -> None:
        self.evaluator, self.rules, self.first = evaluator, rules, first
        self._planned = [planned.reached(tier) for tier in (1, 2, 3)]
        self._starts = [len(job.starts[0]) for job in evaluator.jobs]
        self.deadline = deadline
        self.enumerated = False
        self.today = self.evaluate(evaluator.replay(choices or rules.today))
        self.first_work = evaluator.work
        self.restart(self.today, budget)

    def restart(self, base: Evaluated, budget: int) -> None:
        """Search on from ``base``, with a ``budget`` of its own."""
        self.best, self._budget = base, budget
        self._end = self.evaluator.work + budget

    @property
    def over(self) -> bool:
        """Tell whether the search has to end."""
        return self.evaluator.work >= self._end or self.late

    @property
    def late(self) -> bool:
        """Tell whether the deadline has passed."""
        return self.deadline.remaining() <= 0

    @property
    def spent(self) -> float:
        """Return the share of the budget that is spent."""
        return 1 - (self._end - self.evaluator.work) / self._budget

    def evaluate(self, weeks: Weeks) -> Evaluated:
        """Evaluate weeks by the aims in order, then by how many servers changed jobs offer."""
        changed = offered = 0
        for job, choice in enumerate(weeks.choices):
            one, more = self._preference(job, choice)
            changed, offered = changed + one, offered + more
        return Evaluated(weeks, (*self._aims(weeks.figures), WEEKS * changed, -offered))

    def nominal(self, evaluated: Evaluated) -> Key:
        """Return the aims of the nominal week."""
        return self._aims(evaluated.weeks.figures[:1])

    def _preference(self, job: int, choice: Servers) -> tuple[int, int]:
        """Return whether a job is changed, and how many servers its runs are then offered."""
        if choice == self.rules.today[job]:
            return 0, 0
        return 1, self.evaluator.offering(job, choice).offered * self._starts[job]

    def key(self, base: Evaluated, move: Move) -> Key:
        """Return the key after ``move``."""
        changed, offered = base.key[-AFTER_AIMS:]
        for job, choice in move.items():
            for sign, of in ((-1, base.weeks.choices[job]), (1, choice)):
                one, servers = self._preference(job, of)
                changed, offered = changed + sign * one * WEEKS, offered - sign * servers
        return (*self._aims(self.evaluator.figures_after(base.weeks, move)), changed, offered)

    def _seems_no_worse(self, base: Evaluated, move: Move) -> bool:
        """Tell whether a move is no worse in some of the weeks."""
        weeks = list(SOME_WEEKS)
        after = self.evaluator.figures_after(base.weeks, move, weeks, if_no_worse=True)[weeks]
        return self._aims(after) <= self._aims(base.weeks.figures[weeks])

    def best_of(self, moves: Iterable[Move], exact: bool = True) -> bool:
        """Make the best of ``moves``, if it is better than none; tell whether it was made.

        If not ``exact``, only those are looked at that are no worse in some of the weeks.
        """
        base, limit = self.best, self.rules.most_changes
        best, made = base.key, None
        for move in moves:
            if self.over:
                break
            if not exact and not self._seems_no_worse(base, move):
                continue
            key = self.key(base, move)
            if key < best and (limit is None or key[-AFTER_AIMS] <= limit * WEEKS):
                best, made = key, move
        if made is not None:
            self.best = Evaluated(self.evaluator.change(base.weeks, made), best)
        return made is not None

    def _aims(self, figures: Counts) -> Key:
        """Return the aims before `changed`, in the order of `WEEK_AIMS`, smaller being better."""
        total = figures.sum(axis=0).tolist()
        tiers = tuple(-reached for reached in total[1:4])
        labels = -total[PROTECTED], -total[SAME_SITE], total[PEAK]
        if self.first == "tiers":
            return (total[0], *tiers, total[OVERLOAD], *labels)
        short = [0, 0, 0]
        for runs in figures[:, 1:4].tolist():
            for tier, (planned, reached) in enumerate(
                zip(self._planned, accumulate(runs), strict=True)
            ):
                short[tier] += max(planned - reached, 0)
        return (total[0], *short, total[OVERLOAD], *tiers, *labels)

    def evaluate_moves(self, base: Evaluated, moves: Mapping[int, Servers]) -> Evaluated:
        """Evaluate other choices of some jobs."""
        return self.evaluate(self.evaluator.change(base.weeks, moves))

    def permits(self, found: Evaluated) -> bool:
        """Tell whether no more jobs are changed than wished."""
        most = self.rules.most_changes
        return most is None or found.key[-AFTER_AIMS] <= most * WEEKS

    def consider(self, found: Evaluated) -> bool:
        """Keep ``found`` if it is better than the best so far."""
        better = found.key < self.best.key and self.permits(found)
        if better:
            self.best = found
        return better

    def enumerate(self, choices: Sequence[Sequence[Servers]]) -> None:
        """Look at all combinations of the jobs' choices; the first by bytes of equal ones."""
        found = self.today
        rows: list[tuple[Key, list[tuple[bytes, bytes]], Evaluated]] = []
        for combination in product(*choices):
            if self.late:
                break
            moves = {
                job: choice
                for job, choice in enumerate(combination)
                if choice != found.weeks.choices[job]
            }
            found = self.evaluate_moves(found, moves)
            if found.key <= self.best.key and self.permits(found):
                self.best = found
                rows.append((found.key, [self.rules.row(choice) for choice in combination], found))
        else:
            self.enumerated = True
        equal = [row for row in rows if row[0] == self.best.key]
        if equal:
            self.best = min(equal, key=lambda row: row[1])[2]

    def descend(self, jobs: Iterable[int], neighbourhood: Neighbourhood) -> bool:
        """Give each of ``jobs`` in turn the best of its choices; tell whether that helped."""
        helped = False
        for job in jobs:
            if self.over:
                break
            tried = [{job: choice} for choice in self.distinct(job, neighbourhood)]
            helped |= self.best_of(tried, neighbourhood.exact)
        return helped

    def distinct(self, job: int, neighbourhood: Neighbourhood) -> list[Servers]:
        """Return the choices to try in a job that are allowed and differ from what it has."""
        now, today = self.best.weeks.choices[job], self.rules.today[job]
        seen = {self.evaluator.offering(job, now).effect}
        found = [] if now == today else [today]
        for choice in neighbourhood.of(job, self.best):
            if self.rules.allows(job, choice):
                effect = self.evaluator.offering(job, choice).effect
                if effect not in seen:
                    seen.add(effect)
                    found.append(choice)
        return found

    def descend_in_pairs(self, choices: Sequence[Sequence[Servers]]) -> bool:
        """Give two jobs at once the best of their choices; tell whether that helped."""
        helped = False
        for one, other in combinations(range(len(choices)), 2):
            if len(choices[one]) * len(choices[other]) <= PAIRS:
                pairs = product(choices[one], choices[other])
                helped |= self.best_of({one: first, other: second} for first, second in pairs)
        return helped

    def prune(self) -> None:
        """Let jobs keep what they have wherever no aim before `changed` is worse for it.

        In a large estate many small ones at once, and half of them where these are too many. That
        has a budget of its own, so in the largest ones some change may be left that gains nothing.
        """
        last = self.evaluator.work + PRUNE_SHARE * self._budget
        runs = [job.runs for job in self.evaluator.jobs]
        kept = True
        while kept:
            kept = False
            jobs = [job for job, today in enumerate(self.rules.today) if self._is_set(job, today)]
            jobs.sort(key=runs.__getitem__, reverse=True)
            several = [jobs] if jobs and not self._is_small else [[job] for job in jobs]
            while several and not self.late and self.evaluator.work <= last:
                jobs = several.pop()
                move = {job: self.rules.today[job] for job in jobs}
                if self._is_small or self._seems_no_worse(self.best, move):
                    key = self.key(self.best, move)
                    if key[:-AFTER_AIMS] <= self.best.aims:
                        self.best = Evaluated(self.evaluator.change(self.best.weeks, move), key)
                        kept = True
                        continue
                if len(jobs) > 1:
                    half = len(jobs) // 2
                    several += [jobs[:half], jobs[half:]]

    @property
    def _is_small(self) -> bool:
        return self.first_work < LARGE_WORK

    def _is_set(self, job: int, today: Servers) -> bool:
        return self.best.weeks.choices[job] != today

    def widen(self, servers: WeekServers) -> None:
        """Where no aim is worse for it, offer more servers."""
        for job, today in enumerate(self.rules.today):
            wider = self._is_set(job, today) and len(self.best.weeks.choices[job]) > 0
            while wider and not self.over:
                there = self.best.weeks.choices[job]
                more = (
                    {job: servers.choice(np.isin(servers.code, [*there, code]))}
                    for code in servers.code[self.rules.allowed[job]].tolist()
                    if code not in there
                )
                wider = self.best_of(more, self._is_small)


class Neighbourhood(ABC):
    """The choices to try in a job, given what all jobs have; ``exact``: evaluated by all weeks."""

    exact = True

    @abstractmethod
    def of(self, job: int, base: Evaluated) -> Iterator[Servers]:
        """Yield choices of a job, the most promising first."""


class FixedNeighbourhood(Neighbourhood):
    """The same ``choices`` of each job, whatever all jobs have."""

    def __init__(self, choices: Sequence[Sequence[Servers]], exact: bool) -> None:
        self.choices, self.exact = choices, exact

    def of(self, job: int, base: Evaluated) -> Iterator[Servers]:
        """Yield all choices of a job."""
        yield from self.choices[job]


def has_few_combinations(choices: Sequence[Sequence[Servers]]) -> bool:
    """Tell whether all combinations of choices can be looked at."""
    return prod(map(len, choices)) <= ENUMERATED
