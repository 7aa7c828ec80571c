"""Change batch: the figures of many changes to the same weeks at once, a change a row.

All that any of the changes may touch is replayed in one go: arrays have an axis more, and what is
in closed form costs about as much for forty changes as for one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.week import WEEK
from models.week_plan import WEEKS, Servers
from optimizer.lists.dispatch import (
    ON_BACKUP,
    OUTCOMES,
    OfferGroup,
    Offering,
    dispatch,
    dispatch_all,
    estimate_all,
)
from optimizer.lists.five_weeks import OVERLOAD, PEAK, Component, FiveWeeks, Weeks, bits_of
from optimizer.lists.timelines import Segment
from optimizer.lists.week_jobs import DESCENDING_ORDER, DESCENDING_TIES

CELLS = 4_000_000
ESTIMATED = (0, 3)
Rows = NDArray[np.intp]
Move = Mapping[int, Servers]


@dataclass(frozen=True, slots=True)
class _Start:
    """A group of one job, where its servers are among those replayed, and for which rows."""

    group: OfferGroup
    local: NDArray[np.intp]
    rows: Rows | None


def figures_of_changes(
    judge: FiveWeeks, weeks: Weeks, moves: Sequence[Move], exact: bool = True
) -> Counts:
    """Return the figures of ``weeks`` after each of ``moves``, shape (moves, weeks, figures).

    Not ``exact`` ones are estimates, to be compared with each other only: of some of the weeks,
    tasks that differ in what they are offered dispatched block by block.
    """
    jobs = sorted({job for move in moves for job in move})
    offered = [
        {job: judge.offering(job, move.get(job, weeks.choices[job])) for job in jobs}
        for move in moves
    ]
    touched = 0
    groups = {
        group.number: group
        for offerings in offered
        for offering in offerings.values()
        for group in offering.groups
    }
    for group in groups.values():
        touched |= bits_of(group)
    gone = {group.number for job in jobs for group in weeks.offerings[job].groups}
    pool: list[Component] = []
    stay: list[Component] = []
    for component in weeks.components:
        meets = component.servers & touched or not gone.isdisjoint(component.numbers)
        (pool if meets else stay).append(component)
    others = [member for part in pool for member in part.members if member[0] not in jobs]
    figures = np.zeros((len(moves), WEEKS, PEAK + 1), dtype=np.int64)
    figures += weeks.figures - sum(part.figures for part in pool)
    peak = np.full(WEEKS, judge.idle_peak)
    for part in stay:
        np.maximum(peak, part.figures[:, PEAK], out=peak)
    figures[:, :, PEAK] = peak
    replayed = _Batch(judge, others, offered, list(groups.values()), exact)
    if replayed.cells > CELLS and len(moves) > 1:
        half = len(moves) // 2
        parts = (moves[:half], moves[half:])
        return np.concatenate([figures_of_changes(judge, weeks, part, exact) for part in parts])
    replayed.add_to(figures)
    _add_backup(judge, weeks, offered, jobs, pool, replayed, figures)
    return figures


def _add_backup(
    judge: FiveWeeks,
    weeks: Weeks,
    offered: Sequence[Mapping[int, Offering]],
    jobs: Sequence[int],
    pool: Sequence[Component],
    replayed: _Batch,
    figures: Counts,
) -> None:
    """Add what needs no dispatch, and the load of the backup server."""
    base = weeks.backup_change.copy()
    for part in pool:
        judge.take_over(base, part, -1)
    before, _ = judge.backup_load(weeks.backup_change)
    known: dict[bytes, tuple[Counts, Counts]] = {}
    for row, offerings in enumerate(offered):
        change = base.copy()
        for job in jobs:
            old, new = weeks.offerings[job].outcomes, offerings[job].outcomes
            figures[row, :, :OUTCOMES] += (new - old) * len(judge.jobs[job].starts[0])
            judge.take_always(change, job, int(new[ON_BACKUP] - old[ON_BACKUP]))
        for week, start, job, tasks in replayed.taken:
            if tasks[row]:
                judge.take(change, judge.jobs[job], week, start, int(tasks[row]))
        name = change.tobytes()
        if name not in known:
            known[name] = judge.backup_load(change)
        overload, peak = known[name]
        figures[row, :, OVERLOAD] += overload - before
        np.maximum(figures[row, :, PEAK], peak, out=figures[row, :, PEAK])


class _Batch:
    """All jobs that some change may touch, replayed for each of them."""

    def __init__(
        self,
        judge: FiveWeeks,
        others: Sequence[tuple[int, OfferGroup]],
        offered: Sequence[Mapping[int, Offering]],
        groups: Sequence[OfferGroup],
        exact: bool,
    ) -> None:
        self._judge, self._exact = judge, exact
        self.taken: list[tuple[int, int, int, Counts]] = []
        every = [group.servers for _, group in others] + [group.servers for group in groups]
        self._servers = np.unique(np.concatenate([np.zeros(0, dtype=np.intp), *every]))
        self._width = len(offered)
        starts: dict[int, list[_Start]] = {}
        for job, group in others:
            starts.setdefault(job, []).append(self._start(group, None))
        rows: dict[tuple[int, int], list[int]] = {}
        for row, offerings in enumerate(offered):
            for job, offering in offerings.items():
                for group in offering.groups:
                    rows.setdefault((job, group.number), []).append(row)
        of_number = {group.number: group for group in groups}
        for (job, number), of_group in rows.items():
            every_row = len(of_group) == self._width
            start = self._start(of_number[number], None if every_row else np.array(of_group))
            starts.setdefault(job, []).append(start)
        self._starts = starts

    def _start(self, group: OfferGroup, rows: Rows | None) -> _Start:
        return _Start(group, np.searchsorted(self._servers, group.servers), rows)

    @property
    def cells(self) -> int:
        """Return about how large its history is."""
        if not self._starts:
            return 0
        segments = self._judge.segments(tuple(sorted(self._starts)))
        longest = max(len(segment.actions) for of_week in segments for segment in of_week)
        return self._width * len(self._servers) * longest

    def add_to(self, figures: Counts) -> None:
        """Add what is replayed to the figures of each change."""
        if not self._starts:
            return
        segments = self._judge.segments(tuple(sorted(self._starts)))
        for week, of_week in enumerate(segments):
            if self._exact or week in ESTIMATED:
                for segment in of_week:
                    self._replay(week, segment, figures)

    def _replay(self, week: int, segment: Segment, figures: Counts) -> None:
        judge, servers, width = self._judge, self._servers, self._width
        running, limit = judge.servers.running[servers], judge.limit[servers]
        ties, order = DESCENDING_TIES[week], DESCENDING_ORDER[week]
        load = np.tile(running, (width, 1))
        minutes = sorted({0, *(action[0] for action in segment.actions)})
        history = np.empty((len(minutes), width, len(servers)), dtype=np.int32)
        outcomes = np.zeros((width, OUTCOMES), dtype=np.int64)
        in_progress: dict[int, list[tuple[_Start, Counts]]] = {}
        known: dict[tuple[int, bytes], tuple[Counts, Counts]] = {}
        row = 0
        for minute, is_start, job, number in segment.actions:
            if minute != minutes[row]:
                history[row] = load
                row += 1
            if not is_start:
                for start, begun in in_progress.pop(number):
                    _add(load, start, -begun)
                continue
            in_progress[number] = []
            for start in self._starts[job]:
                begun, became = self._begin(start, load, ties, order, known)
                _add(load, start, begun)
                in_progress[number].append((start, begun))
                if minute >= segment.begin:
                    rows = slice(None) if start.rows is None else start.rows
                    outcomes[rows] += became
                    if became[..., ON_BACKUP].any():
                        tasks = np.zeros(width, dtype=np.int64)
                        tasks[rows] = became[..., ON_BACKUP]
                        self.taken += [
                            (week, (begin + minute) % WEEK, job, tasks) for begin in segment.at
                        ]
        history[row] = load
        lasts = np.diff(np.clip([*minutes, segment.end], segment.begin, segment.end))
        above = np.maximum(history - limit, 0).sum(axis=2) - np.maximum(running - limit, 0).sum()
        times = len(segment.at)
        figures[:, week, :OUTCOMES] += outcomes * times
        figures[:, week, OVERLOAD] += (lasts @ above) * times
        busiest = history[lasts > 0].max(axis=0, initial=0)
        for change in range(width):
            peak = int(busiest[change].max(initial=0))
            figures[change, week, PEAK] = max(figures[change, week, PEAK], peak)

    def _begin(
        self,
        start: _Start,
        load: Counts,
        ties: bool,
        order: bool,
        known: dict[tuple[int, bytes], tuple[Counts, Counts]],
    ) -> tuple[Counts, Counts]:
        """Return what each server begins, per row, and what becomes of the tasks."""
        group, judge = start.group, self._judge
        rows = load[:, start.local] if start.rows is None else load[np.ix_(start.rows, start.local)]
        name = group.number, rows.tobytes()
        if name in known:
            return known[name]
        if (rows == rows[0]).all():
            met = ties, order, group.number, rows[0].tobytes()
            if met not in judge.dispatched:
                judge.dispatched[met] = dispatch(group, rows[0], ties, order)
                judge.work += group.work
            one, same = judge.dispatched[met]
            known[name] = np.tile(one, (len(rows), 1)), same
            return known[name]
        begun = dispatch_all(group, rows, ties)
        if begun is not None and group.fixed is not None:
            judge.work += 40
            known[name] = begun, group.fixed
            return known[name]
        if not self._exact:
            judge.work += 60 * len(group.blocks) * len(group.pieces)
            known[name] = estimate_all(group, rows, ties, order)
            return known[name]
        begun = np.empty_like(rows)
        became = np.empty((len(rows), OUTCOMES), dtype=np.int64)
        for place, here in enumerate(rows):
            met = ties, order, group.number, here.tobytes()
            if met not in judge.dispatched:
                judge.dispatched[met] = dispatch(group, here, ties, order)
                judge.work += group.work
            begun[place], became[place] = judge.dispatched[met]
        judge.work += 3 * len(rows)
        known[name] = begun, became
        return known[name]


def _add(load: Counts, start: _Start, begun: Counts) -> None:
    if start.rows is None:
        load[:, start.local] += begun
    else:
        load[np.ix_(start.rows, start.local)] += begun
