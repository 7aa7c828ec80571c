"""Load descent: lists for all jobs that leave little overload, proposed from a simpler week.

Whole lists of nearby servers are tried job by job while all other runs stay where they are; what
comes of it is for the five weeks to evaluate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.week import WEEK
from models.week_aims import First
from models.week_plan import Servers, WeekFigures
from optimizer.lists.choice_rules import ChoiceRules
from optimizer.lists.compiled_descent import (
    DescentArrays,
    StateArrays,
    descend_loads,
    scratch_arrays,
)
from optimizer.lists.compiled_trials import OUTCOMES, NearbyArrays, RunArrays
from optimizer.lists.week_jobs import DESCENDING_ORDER, WeekEstate
from optimizer.solver.deadline import Deadline

WEEKS_TRIED = (0, 3, 4)
PASSES = 4
MOST_NEARBY = 62
UNLIMITED = 1 << 40
MARGINS = (0.2, 0.1, 0.03, 0.0)


class LoadDescent:
    """Proposes choices of all jobs of ``week``, by descent on its loads.

    ``nearby`` are each job's servers (places) that count, ``starts`` lists of each that are worth a
    try.
    """

    def __init__(
        self,
        week: WeekEstate,
        rules: ChoiceRules,
        nearby: Sequence[Sequence[int]],
        starts: Sequence[Sequence[Servers]],
    ) -> None:
        self._week, self._rules = week, rules
        servers = week.servers
        self._fixed = np.array([not allowed.any() for allowed in rules.allowed], dtype=np.bool_)
        self._nearby = [
            np.array(sorted(places)[:MOST_NEARBY], dtype=np.int64)
            if not is_fixed
            else np.flatnonzero(servers.mask(today))[:MOST_NEARBY]
            for places, today, is_fixed in zip(nearby, rules.today, self._fixed, strict=True)
        ]
        self._nearby = [places[places != servers.own] for places in self._nearby]
        self._fixed |= np.array([not len(places) for places in self._nearby], dtype=np.bool_)
        self._starts = [
            list(dict.fromkeys(self._bits(job, choice) for choice in of_job))
            for job, of_job in enumerate(starts)
        ]

    def propose(
        self, first: First, planned: WeekFigures, deadline: Deadline
    ) -> Iterator[list[Servers]]:
        """Yield choices of all jobs, those first that leave least room free.

        Room left free makes jobs move that are in the way of others; less and less is, until no
        limit is broken, or the ``deadline`` has passed.
        """
        if not self._week.jobs or self._fixed.all():
            return
        servers = self._week.servers
        nearby, runs = self._nearby_arrays(), self._run_arrays()
        reached = len(WEEKS_TRIED) * np.cumsum([planned.tier1, planned.tier2, planned.tier3])
        size = [len(job.tasks) * job.duration for job in self._week.jobs]
        order = np.argsort(size, kind="stable")[::-1]
        state = self._state(nearby, runs)
        scratch = scratch_arrays(state)
        most = np.where(servers.limit < 0, UNLIMITED, servers.limit)
        descent = DescentArrays(
            nearby=nearby,
            runs=runs,
            anyway=servers.running,
            limit=_leave_free(most, MARGINS[0]),
            planned=reached,
            is_limits=first == "limits",
            starts=np.array([bits for of_job in self._starts for bits in of_job]),
            first_start=np.cumsum([0, *map(len, self._starts)]),
            fixed=self._fixed,
            least=self._rules.least,
        )
        # The nominal week is enough to begin with.
        one = descent._replace(
            runs=runs._replace(begin=runs.begin[:1], end=runs.end[:1]),
            planned=reached // len(WEEKS_TRIED),
        )
        descend_loads(one, state, scratch, order, 0, True)
        found = []
        for margin in MARGINS:
            descent = descent._replace(limit=_leave_free(most, margin))
            descend_loads(descent, state, scratch, order, PASSES, False)
            found.append(state.lists.tolist())
            if not (state.load > most[:, None]).any() or deadline.remaining() <= 0:
                break
        for lists in reversed(found):
            yield [self._choice(job, bits) for job, bits in enumerate(lists)]

    def _state(self, nearby: NearbyArrays, runs: RunArrays) -> StateArrays:
        """Return the state in which each job has the first list to try, and has begun nothing."""
        jobs, (weeks, moments) = len(self._week.jobs), runs.last.shape
        widest = int(np.diff(nearby.first_nearby).max(initial=1))
        return StateArrays(
            lists=np.array([of_job[0] for of_job in self._starts], dtype=np.int64),
            load=np.tile(self._week.servers.running.astype(np.int32)[:, None], (weeks, 1, moments)),
            begun=np.zeros((weeks, runs.begin.shape[1], widest), dtype=np.int32),
            became=np.zeros((jobs, OUTCOMES), dtype=np.int64),
            totals=np.zeros(OUTCOMES, dtype=np.int64),
        )

    def _bits(self, job: int, choice: Servers) -> int:
        nearby = self._nearby[job]
        return int(self._week.servers.mask(choice)[nearby] @ (1 << np.arange(len(nearby))))

    def _choice(self, job: int, bits: int) -> Servers:
        """Return the list of these bits, or what the job has today where none may be set."""
        places = [
            place for cell, place in enumerate(self._nearby[job].tolist()) if bits >> cell & 1
        ]
        choice = tuple(self._week.servers.code[places].tolist())
        allowed = choice and not self._fixed[job] and self._rules.allows(job, choice)
        return choice if allowed else self._rules.today[job]

    def _nearby_arrays(self) -> NearbyArrays:
        near, connects, offers, tasks, missed = [], [], [], [], []
        own = self._week.servers.own
        for job, places in zip(self._week.jobs, self._nearby, strict=True):
            power = np.int64(1) << np.arange(len(places), dtype=np.int64)
            near.append(job.near[:, places] @ power)
            connects.append(job.connects[:, places] @ power)
            offers.append(job.offerable[:, places] @ power)
            tasks.append(job.count)
            missed.append(np.maximum(job.tier(own)[:, own], 0))
        return NearbyArrays(
            first_nearby=np.cumsum([0, *map(len, self._nearby)]),
            nearby=np.concatenate(self._nearby).astype(np.int64),
            first_kind=np.cumsum([0, *map(len, tasks)]),
            near=_concatenated(near),
            connects=_concatenated(connects),
            offers=_concatenated(offers),
            tasks=_concatenated(tasks),
            missed=_concatenated(missed),
        )

    def _run_arrays(self) -> RunArrays:
        jobs = self._week.jobs
        job_of = np.repeat(np.arange(len(jobs)), [len(job.starts[0]) for job in jobs])
        duration = np.array([job.duration for job in jobs])[job_of]
        tasks = np.array([len(job.tasks) for job in jobs])[job_of]
        begins, ends, lasts, sequences = [], [], [], []
        for week in WEEKS_TRIED:
            start = np.concatenate([np.array(job.starts[week], dtype=np.int64) for job in jobs])
            moments = np.unique(np.concatenate([start, (start + duration) % WEEK]))
            begin = np.searchsorted(moments, start)
            end = np.searchsorted(moments, (start + duration) % WEEK)
            # A week begins where least is in progress: that is least changed by what comes before.
            change = np.bincount(begin, tasks, len(moments)) - np.bincount(end, tasks, len(moments))
            since = (begin - np.argmin(np.cumsum(change)) - 1) % len(moments)
            sequences.append(np.lexsort((-job_of if DESCENDING_ORDER[week] else job_of, since)))
            begins.append(begin)
            ends.append(np.where(end <= begin, end + len(moments), end))
            lasts.append(np.diff(moments, append=moments[0] + WEEK))
        widest = max(map(len, lasts))
        return RunArrays(
            first_run=np.cumsum([0, *(len(job.starts[0]) for job in jobs)]),
            begin=np.array(begins),
            end=np.array(ends),
            moments=np.array([len(last) for last in lasts]),
            last=np.array([np.pad(last, (0, widest - len(last))) for last in lasts]),
            sequence=np.array(sequences),
            job=job_of,
        )


def _leave_free(limit: Counts, share: float) -> Counts:
    """Return the limits that leave a ``share`` of each server free, one task at least."""
    return np.asarray(np.maximum(limit * (1 - share), 1).astype(np.int64))


def _concatenated(parts: Sequence[NDArray[np.generic]]) -> Counts:
    return np.concatenate(parts).astype(np.int64)
