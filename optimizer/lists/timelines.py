"""Timelines: the starts and ends of some jobs in each of the five weeks, cut where all are idle.

Between two idle moments nothing is remembered, so segments of a week that are alike (one night
and the next) are replayed once. Jobs that are never all idle need the product's two weeks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from models.week import WEEK
from optimizer.lists.week_jobs import DESCENDING_ORDER, WeekJob

Action = tuple[int, bool, int, int]


@dataclass(frozen=True, slots=True)
class Segment:
    """Part of a week: its ``actions`` in order, (minute, is it a start, job, number of the run).

    Minutes count from the segment's begin; it happens ``at`` these minutes of the week. Only what
    is between ``begin`` and ``end`` counts. ``shape`` tells segments apart: each job's starts.
    """

    shape: tuple[tuple[int, int], ...]
    actions: tuple[Action, ...]
    at: tuple[int, ...]
    begin: int
    end: int

    @property
    def jobs(self) -> set[int]:
        """Return the jobs that run in it."""
        return {job for job, _ in self.shape}


def segments(jobs: Sequence[WeekJob], numbers: Sequence[int]) -> tuple[tuple[Segment, ...], ...]:
    """Return the segments of each of the five weeks; ``numbers`` (sorted) are jobs of ``jobs``."""
    return tuple(
        _of_week(
            sorted(
                (start, -job if descending else job)
                for job in numbers
                for start in jobs[job].starts[week]
            ),
            jobs,
        )
        for week, descending in enumerate(DESCENDING_ORDER)
    )


def _of_week(starts: list[tuple[int, int]], jobs: Sequence[WeekJob]) -> tuple[Segment, ...]:
    events = [(start, abs(job)) for start, job in starts]
    if not events:
        return ()
    cuts = []
    reach = max(start + jobs[job].duration for start, job in events) - WEEK
    for place, (start, job) in enumerate(events):
        if start >= reach:
            cuts.append(place)
        reach = max(reach, start + jobs[job].duration)
    if not cuts:
        twice = [*events, *((start + WEEK, job) for start, job in events)]
        return (Segment(_shape(twice), _actions(twice, jobs), (0,), WEEK, 2 * WEEK),)
    turned = [*events[cuts[0] :], *((start + WEEK, job) for start, job in events[: cuts[0]])]
    bounds = [place - cuts[0] for place in cuts] + [len(turned)]
    found: dict[tuple[tuple[int, int], ...], list[int]] = {}
    for first, last in pairwise(bounds):
        begin = turned[first][0]
        shape = tuple((job, start - begin) for start, job in turned[first:last])
        found.setdefault(shape, []).append(begin % WEEK)
    made = []
    for shape, at in found.items():
        relative = [(start, job) for job, start in shape]
        actions = _actions(relative, jobs)
        made.append(Segment(shape, actions, tuple(at), 0, max(action[0] for action in actions)))
    return tuple(made)


def _shape(events: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return events (start, job) the other way round."""
    return tuple((job, start) for start, job in events)


def _actions(events: Sequence[tuple[int, int]], jobs: Sequence[WeekJob]) -> tuple[Action, ...]:
    """Return starts and ends in order: what ends makes room for what starts."""
    ends = [
        (start + jobs[job].duration, False, job, number)
        for number, (start, job) in enumerate(events)
    ]
    begins = [(start, True, job, number) for number, (start, job) in enumerate(events)]
    return tuple(sorted([*ends, *begins], key=lambda action: (action[0], action[1], action[3])))
