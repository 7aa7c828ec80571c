"""Compiled exchange moves: tasks change servers, one alone or two with each other.

All else of that search is in `exchanges`; only this is done in machine code, over flat arrays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.integer_program import Ints
from optimizer.machine_code import compiled, compiled_helper

PER_MILLE = 1000
SWAPS = 2  # one move in so many is of two tasks


class TaskArrays(NamedTuple):
    """Per task: its kind, its activity, and its server of today (-1 for none)."""

    kind: Ints
    activity: Ints
    today: Ints


class CountedServers(NamedTuple):
    """Per server: whether and how peak and balance count it. The last one is no server at all."""

    counted: NDArray[np.bool_]
    limit: Ints


class Rules(NamedTuple):
    """What a task loads, and what the aims gain by it.

    ``worth`` has by kind and server what a task counts there, negative where it may not be;
    ``stay`` what it counts on its server of today. ``peak`` and ``balance`` are what one more of
    them costs, ``most`` is what both together cannot gain in a move. An aim outweighs all later
    ones. ``loss`` has, from ``first_loss[2 * server + flag]`` on, the rows of load that a task
    counts in beside the server's, where its kind ``is_lost`` (flag 1) or not; ``instant``, from
    ``first_instant[activity]`` on, when.
    """

    worth: Ints
    stay: int
    peak: int
    balance: int
    most: int
    lowest_peak: int
    by_use: bool
    is_lost: Ints
    first_loss: Ints
    loss: Ints
    first_instant: Ints
    instant: Ints


@compiled_helper
def _draw(random, size):
    """Draw a whole number below ``size`` (a linear congruential generator, Knuth's constants)."""
    random[0] = random[0] * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
    return np.int64((random[0] >> np.uint64(33)) % np.uint64(size))


@compiled_helper
def _move(load, instants, first_loss, loss, flag, old, new):
    """Take a task's load from its ``old`` server, and the losses that has, to a ``new`` one."""
    for instant in instants:
        load[old, instant] -= 1
        load[new, instant] += 1
    for number in range(first_loss[2 * old + flag], first_loss[2 * old + flag + 1]):
        for instant in instants:
            load[loss[number], instant] -= 1
    for number in range(first_loss[2 * new + flag], first_loss[2 * new + flag + 1]):
        for instant in instants:
            load[loss[number], instant] += 1


@compiled_helper
def _is_over(load, most):
    """Tell whether a load is over its limit at any instant."""
    over = False
    for instant in range(len(load)):  # to its end: without a way out it is done in parallel
        over |= load[instant] > most[instant]
    return over


@compiled_helper
def _fits(load, most, first_loss, loss, server):
    """Tell whether the loads of a server and of all its losses are within their limits."""
    over = _is_over(load[server], most[server])
    for number in range(first_loss[2 * server], first_loss[2 * server + 2]):
        over |= _is_over(load[loss[number]], most[loss[number]])
    return not over


@compiled_helper
def _busiest(load):
    """Return the load at the busiest instant."""
    most = load[0]
    for instant in range(len(load)):
        most = max(most, load[instant])
    return most


@compiled_helper
def _count(busiest, counted, limit, by_use):
    """Return what peak and balance count of a server's busiest moment."""
    if not counted:
        return np.int64(0), np.int64(0)
    figure = -(-PER_MILLE * busiest // limit) if by_use else busiest
    return figure, figure * figure


@compiled
def exchange(tasks, servers, rules, server_of, load, most, random, steps):
    """Try so many random moves; make those by which no aim is worse, or only after a better one.

    A task goes to another server, or two of two servers change places. ``server_of`` each task,
    ``load`` (servers, then losses, by instant) and the state of ``random`` are changed in place;
    ``most`` is what each load may be.
    """
    # Arrays of a tuple would be counted as used whenever a helper gets the tuple: half the time.
    kinds, activities, today = tasks.kind, tasks.activity, tasks.today
    worth, is_lost = rules.worth, rules.is_lost
    first_loss, loss = rules.first_loss, rules.loss
    first_instant, instant = rules.first_instant, rules.instant
    counted, limit = servers.counted, servers.limit
    size, nowhere = len(server_of), len(counted) - 1
    busiest, figure, square = np.zeros((3, nowhere + 1), dtype=np.int64)
    for server in range(nowhere + 1):
        busiest[server] = _busiest(load[server])
        figure[server], square[server] = _count(
            busiest[server], counted[server], limit[server], rules.by_use
        )
    peak = max(rules.lowest_peak, figure.max())
    for _ in range(steps):
        one, two = _draw(random, size), np.int64(-1)
        old, kind = server_of[one], kinds[one]
        if _draw(random, SWAPS) == 0:
            two = _draw(random, size)
            new = server_of[two]
        else:
            new = _draw(random, nowhere)
        # What the tasks' labels and servers of today gain: most moves end here.
        if old == new or worth[kind, new] < 0:
            continue
        gain = worth[kind, new] - worth[kind, old]
        gain += rules.stay * (np.int64(today[one] == new) - np.int64(today[one] == old))
        if two >= 0:
            back = kinds[two]
            if worth[back, old] < 0:
                continue
            gain += worth[back, old] - worth[back, new]
            gain += rules.stay * (np.int64(today[two] == old) - np.int64(today[two] == new))
        if gain < -rules.most:
            continue
        busy = instant[first_instant[activities[one]] : first_instant[activities[one] + 1]]
        if two < 0 and gain <= 0 and square[new] >= square[old]:
            # Where the higher one rises the lower one cannot fall by as much: most others end here.
            rises = False
            for moment in busy:
                rises |= load[new, moment] >= busiest[new]
            if rises:
                continue
        # The loads after the move, and what peak and balance gain.
        _move(load, busy, first_loss, loss, is_lost[kind], old, new)
        if two >= 0:
            freed = instant[first_instant[activities[two]] : first_instant[activities[two] + 1]]
            _move(load, freed, first_loss, loss, is_lost[back], new, old)
        if _fits(load, most, first_loss, loss, old) and _fits(load, most, first_loss, loss, new):
            before = busiest[old], figure[old], square[old], busiest[new], figure[new], square[new]
            for server in (old, new):
                busiest[server] = _busiest(load[server])
                figure[server], square[server] = _count(
                    busiest[server], counted[server], limit[server], rules.by_use
                )
            highest = max(peak, figure[old], figure[new])
            if highest == peak and (before[1] == peak or before[4] == peak):
                highest = max(rules.lowest_peak, figure.max())
            gain -= rules.peak * (highest - peak)
            gain -= rules.balance * (square[old] + square[new] - before[2] - before[5])
            if gain >= 0:
                peak, server_of[one] = highest, new
                if two >= 0:
                    server_of[two] = old
                continue
            busiest[old], figure[old], square[old], busiest[new], figure[new], square[new] = before
        _move(load, busy, first_loss, loss, is_lost[kind], new, old)
        if two >= 0:
            _move(load, freed, first_loss, loss, is_lost[back], old, new)
