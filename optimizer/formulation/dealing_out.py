"""Deals tasks out to equal servers so that none has more than its share at any moment.

A server's *share* is its part of the busiest moment's total: T // m of T tasks on m servers, or one
more. First-fit in order of start finds such a dealing where windows do not come back; else CP-SAT
looks for the one that is over the shares by least.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.integer_program import FREE, Aim, IntegerProgram, Ints, LinearRows
from optimizer.solver.cp_sat import SearchLimits, solve_cp_sat

ORDERS = 16
# A larger search would take longer than what it gains is worth.
CELLS = 200_000
Active = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Shares:
    """How many tasks of each activity each server has, shape (activities, servers).

    ``even`` tells that these are all tasks, and that no server has more than its share.
    """

    count: Counts
    even: bool


def deal_out(
    active: Active, tasks: Counts, servers: int, most: int | None, effort: SearchLimits
) -> Shares:
    """Deal the ``tasks`` of each activity out to equal ``servers``.

    A server takes ``most`` at once, any number without that; tasks that fit on none are left out.
    ``active`` tells which activity is active, shape (moments, activities).
    """
    total = int((active @ tasks).max(initial=0))
    share = total // servers + (np.arange(servers) < total % servers)
    best, least = np.zeros((len(tasks), servers), dtype=np.int64), None
    for order in _orders(active):
        count = _first_fit(active, tasks, share, order)
        over = int(np.maximum(active @ count - share, 0).max(axis=0).sum())
        if over == 0:
            return Shares(count, even=True)
        if least is None or over < least:
            best, least = count, over
    if best.size <= CELLS:
        room = None if most is None else most - share
        best = _least_over(active, tasks, share, room, best, effort)
    even = bool((active @ best <= share).all())
    return Shares(best if most is None else _within(active, best, most), even)


def _within(active: Active, count: Counts, most: int) -> Counts:
    """Return the tasks of each server less those that make it more than ``most`` at once."""
    kept = count.copy()
    for server in np.flatnonzero((active @ count > most).any(axis=0)).tolist():
        while (full := active @ kept[:, server] > most).any():
            # What is there in most of the moments that are too full.
            kept[np.argmax(active[full].sum(axis=0) * (kept[:, server] > 0)), server] -= 1
    return kept


def _orders(active: Active) -> list[Ints]:
    """Return orders by start, longest first, of weeks that begin at several moments."""
    moments = len(active)
    found = []
    for turn in np.unique(np.arange(ORDERS) * moments // ORDERS).tolist():
        turned = np.roll(active, -turn, axis=0)
        found.append(np.lexsort((-turned.sum(axis=0), turned.argmax(axis=0))))
    return found


def _first_fit(active: Active, tasks: Counts, share: Ints, order: Ints) -> Counts:
    """Take activities in ``order``; what fits on no server goes where least is over."""
    left = np.repeat(share[:, None], len(active), axis=1)
    count = np.zeros((len(tasks), len(share)), dtype=np.int64)
    for activity in order.tolist():
        during = active[:, activity]
        rest = int(tasks[activity])
        while rest:
            room = left[:, during].min(axis=1)
            # Those that have most to do already come first: idle ones fit anything that comes.
            first = np.argsort(left.sum(axis=1), kind="stable")
            if room.max() > 0:
                offer = np.maximum(room[first], 0)
            else:
                first = first[room[first] == room.max()]
                offer = np.ones_like(first)
            taken = np.minimum(offer, np.maximum(rest - (np.cumsum(offer) - offer), 0))
            count[activity, first] += taken
            left[first[:, None], np.flatnonzero(during)] -= taken[:, None]
            rest -= int(taken.sum())
    return count


def _least_over(
    active: Active,
    tasks: Counts,
    share: Ints,
    room: Ints | None,
    hint: Counts,
    effort: SearchLimits,
) -> Counts:
    """Return the dealing that is over the shares by least, ``hint`` if none is better.

    Columns: the count of each activity on each server, then how much each server is over.
    """
    activities, servers = hint.shape
    moment, activity = np.nonzero(active)
    cell = np.arange(activities * servers)
    over = len(cell) + np.arange(servers)
    # For each moment and server: its tasks, less what it is over, are within its share.
    at_once = (moment[:, None] * servers + np.arange(servers)).reshape(-1)
    placed = (activity[:, None] * servers + np.arange(servers)).reshape(-1)
    every = np.arange(len(active) * servers)
    free = np.full(len(every), -FREE)
    rows = [
        LinearRows(cell // servers, cell, np.ones_like(cell), tasks, tasks),
        LinearRows(
            np.concatenate([at_once, every]),
            np.concatenate([placed, over[every % servers]]),
            np.repeat([1, -1], [len(placed), len(every)]),
            free,
            share[every % servers],
        ),
    ]
    none = np.zeros(0, dtype=np.int64)
    sum_over = Aim("over", False, over, np.ones_like(over))
    most = np.full(servers, int(tasks.sum())) if room is None else np.maximum(room, 0)
    program = IntegerProgram(
        lower=np.zeros(len(cell) + servers, dtype=np.int64),
        upper=np.concatenate([np.repeat(tasks, servers), most]),
        decisions=len(cell) + servers,
        rows=LinearRows.concatenate(rows),
        definitions=(),
        squares=(none, none),
        aims=(sum_over,),
    )
    above = np.maximum(active @ hint - share, 0).max(axis=0)
    found = solve_cp_sat(program, sum_over, np.concatenate([hint.reshape(-1), above]), effort)
    return hint if found.x is None else found.x[: len(cell)].reshape(hint.shape)
