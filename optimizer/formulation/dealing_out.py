"""Deals the tasks of a class of servers out to its members.

A member's *share* is what it has at most where all are filled up evenly. Tasks that stay where they
are come first, the others by first-fit in order of start, which finds a dealing within the shares
where windows do not come back. An integer program over the class finds the one that leaves out
least, is over the shares by least, and lets most tasks stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.integer_program import FREE, Aim, IntegerProgram, Ints, LinearRows
from optimizer.formulation.solution_mapping import Arcs, match_flows
from optimizer.solver.cp_sat import SearchLimits
from optimizer.solver.lexicographic import LexicographicSolver

PLENTY = 2**40
ORDERS = 16
# A larger program would take longer than what it gains is worth.
CELLS = 200_000
Active = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Dealing:
    """What there is to deal out.

    ``active`` tells which activity is active, shape (moments, activities). Per group: its
    ``activity`` and the ``count`` of its tasks. Per member: its ``share``, which is as even between
    any ``least`` and ``most`` if the sum is the same, and the ``room`` that it has at all.
    ``stays`` are (group, member, count) of tasks that may stay where they are.
    """

    active: Active
    activity: Ints
    count: Counts
    share: Counts
    least: Counts
    most: Counts
    room: Counts
    stays: Arcs

    @property
    def tasks(self) -> Counts:
        """Return the tasks of each activity."""
        return np.bincount(self.activity, self.count, self.active.shape[1]).astype(np.int64)

    def over(self, placed: Counts) -> Counts:
        """Return by how much each member is over its share with ``placed`` tasks."""
        busiest = (self.active @ placed).max(axis=0)
        return np.asarray(np.maximum(busiest - self.share, 0))


@dataclass(frozen=True, slots=True)
class _Placement:
    """Tasks ``placed``, shape (activities, members), and of each of the stays how many stayed."""

    placed: Counts
    stayed: Counts


def deal_out(dealing: Dealing, effort: SearchLimits) -> Arcs:
    """Return (group, member, count) of all tasks; member -1 are those that fit on none."""
    dealt = _deal_greedily(dealing)
    group, member, most = dealing.stays
    could_stay = np.minimum(np.bincount(group, most, len(dealing.count)), dealing.count).sum()
    good = dealt.stayed.sum() == could_stay and not _is_short(dealing, dealt)
    if not good and dealt.placed.size + len(group) <= CELLS:
        dealt = _deal_best(dealing, dealt, effort)
    # Groups of one activity are interchangeable, but for those that stay.
    staying = np.bincount(group, dealt.stayed, len(dealing.count)).astype(np.int64)
    others = dealt.placed.copy()
    np.subtract.at(others, (dealing.activity[group], member), dealt.stayed)
    sent = np.column_stack([others, dealing.tasks - dealt.placed.sum(axis=1)])
    activities, sinks = sent.shape
    matched = match_flows(
        dealing.activity, np.arange(len(dealing.count)), dealing.count - staying,
        np.repeat(np.arange(activities), sinks),
        np.tile(np.append(np.arange(sinks - 1), -1), activities),
        sent.reshape(-1),
    )  # fmt: skip
    at_group, at_member, count = (
        np.concatenate(both) for both in zip((group, member, dealt.stayed), matched, strict=True)
    )
    return at_group[count > 0], at_member[count > 0], count[count > 0]


def _is_short(dealing: Dealing, dealt: _Placement) -> bool:
    return bool(dealt.placed.sum() < dealing.count.sum() or dealing.over(dealt.placed).any())


def _deal_greedily(dealing: Dealing) -> _Placement:
    """Return the best of several greedy dealings: those that stay first, then without them."""
    tried = []
    for stayed in (_stay(dealing), np.zeros_like(dealing.stays[2])):
        for order in _orders(dealing.active):
            dealt = _Placement(_first_fit(dealing, stayed, order), stayed)
            if not _is_short(dealing, dealt):
                return dealt
            tried.append(dealt)
    return max(tried, key=lambda it: (it.placed.sum(), -dealing.over(it.placed).sum()))


def _stay(dealing: Dealing) -> Counts:
    """Return how many of the stays fit within the shares, those of the fewest moments first."""
    left = np.repeat(dealing.share[:, None], len(dealing.active), axis=1)
    rest, stayed = dealing.count.copy(), np.zeros_like(dealing.stays[2])
    moments = dealing.active.sum(axis=0)[dealing.activity]
    rows = list(zip(*(column.tolist() for column in dealing.stays), strict=True))
    for place in np.argsort(moments[dealing.stays[0]], kind="stable").tolist():
        group, member, most = rows[place]
        during = dealing.active[:, dealing.activity[group]]
        stayed[place] = min(most, rest[group], left[member, during].min())
        rest[group] -= stayed[place]
        left[member, during] -= stayed[place]
    return stayed


def _orders(active: Active) -> Iterator[Ints]:
    """Yield orders by start, longest first, of weeks that begin at several moments."""
    moments = len(active)
    for turn in np.unique(np.arange(ORDERS) * moments // ORDERS).tolist():
        turned = np.roll(active, -turn, axis=0)
        yield np.lexsort((-turned.sum(axis=0), turned.argmax(axis=0)))


def _first_fit(dealing: Dealing, stayed: Counts, order: Ints) -> Counts:
    """Place all but what has ``stayed``, activities in ``order``.

    What fits into no share goes where least is over and there is room.
    """
    group, member, _ = dealing.stays
    placed = np.zeros((dealing.active.shape[1], len(dealing.share)), dtype=np.int64)
    np.add.at(placed, (dealing.activity[group], member), stayed)
    left = (dealing.share - dealing.active @ placed).T
    spare = dealing.room - dealing.share
    tasks = dealing.tasks - placed.sum(axis=1)
    for activity in order.tolist():
        during = dealing.active[:, activity]
        rest = int(tasks[activity])
        while rest:
            room = left[:, during].min(axis=1)
            # Those that have most to do already come first: idle ones fit anything that comes.
            first = np.argsort(left.sum(axis=1), kind="stable")
            if room.max() > 0:
                offer = np.maximum(room[first], 0)
            else:
                first = first[(room + spare > 0)[first]]
                if not len(first):
                    break
                first = first[room[first] == room[first].max()]
                offer = np.ones_like(first)
            taken = np.minimum(offer, np.maximum(rest - (np.cumsum(offer) - offer), 0))
            placed[activity, first] += taken
            left[first[:, None], np.flatnonzero(during)] -= taken[:, None]
            rest -= int(taken.sum())
    return placed


def _deal_best(dealing: Dealing, start: _Placement, effort: SearchLimits) -> _Placement:
    """Return the best dealing of an integer program, from ``start`` on.

    Columns: the tasks of each activity on each member, how many of the stays stay, how many tasks
    of each activity are left out, how much each member is over its share, and its share.
    """
    active, (group, member, most) = dealing.active, dealing.stays
    activities, members = start.placed.shape
    ends = np.cumsum([start.placed.size, len(group), activities, members, members])
    cell, stay, out, over, share = np.split(np.arange(ends[-1]), ends[:-1])
    moment, activity = np.nonzero(active)
    every = np.arange(len(active) * members)
    each = np.arange(members)
    rows = [
        # Every task is on a member, or left out.
        _rows(dealing.tasks, dealing.tasks, (cell // members, cell, 1), (out - out[0], out, 1)),
        # At each moment a member's tasks, less what it is over, are within its share.
        _at_most(
            np.zeros_like(every),
            (_cells(moment, members), _cells(activity, members), 1),
            (every, over[every % members], -1),
            (every, share[every % members], -1),
        ),
        # A member has no more than it has room for.
        _at_most(dealing.room, (each, over, 1), (each, share, 1)),
        _at_most(dealing.share.sum(keepdims=True), (np.zeros_like(each), share, 1)),
        # Those that stay are among the tasks of their activity there, and of their group.
        _at_most(
            np.zeros_like(cell),
            (dealing.activity[group] * members + member, stay, 1),
            (cell, cell, -1),
        ),
        _at_most(dealing.count, (group, stay, 1)),
    ]
    x = np.concatenate(
        [
            start.placed.reshape(-1), start.stayed, dealing.tasks - start.placed.sum(axis=1),
            dealing.over(start.placed), dealing.share,
        ]
    )  # fmt: skip
    none = np.zeros(0, dtype=np.int64)
    short = [
        (name, columns) for name, columns in (("out", out), ("over", over)) if x[columns].any()
    ]
    program = IntegerProgram(
        lower=np.concatenate([np.zeros_like(x[: share[0]]), dealing.least]),
        upper=np.concatenate(
            [
                np.repeat(dealing.tasks, members), most, x[out],
                dealing.room * x[over].any(), dealing.most,
            ]
        ),
        decisions=len(x),
        rows=LinearRows.concatenate(rows),
        definitions=(),
        squares=(none, none),
        aims=(
            *(Aim(name, False, columns, np.ones_like(columns)) for name, columns in short),
            Aim("stay", True, stay, np.ones_like(stay)),
        ),
    )  # fmt: skip
    best = LexicographicSolver(
        program,
        x,
        lambda point: point,
        lambda point, deadline: point,
        lambda aim, value: 0,
        (effort, effort),
        lambda event: None,
    ).run()
    return _Placement(best.x[cell].reshape(start.placed.shape), best.x[stay])


def _cells(row: Ints, width: int) -> Ints:
    """Return the places of all that is in each ``row`` of a matrix so wide."""
    return np.asarray((row[:, None] * width + np.arange(width)).reshape(-1))


def _at_most(limit: Counts, *terms: tuple[Ints, Ints, int]) -> LinearRows:
    return _rows(np.full(len(limit), -FREE), limit, *terms)


def _rows(lower: Counts, upper: Counts, *terms: tuple[Ints, Ints, int]) -> LinearRows:
    """Return the rows of ``terms``: row, column and the coefficient of them all."""
    rows, columns, coefficients = zip(*terms, strict=True)
    return LinearRows(
        np.concatenate(rows),
        np.concatenate(columns),
        np.repeat(coefficients, [len(row) for row in rows]),
        lower,
        upper,
    )
