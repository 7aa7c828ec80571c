"""Compiled trials: what one job does to the loads of servers with one list or another.

Lists are bits over the servers that count for a job (its *nearby* servers, at most 62). Tasks fill
their servers in closed form, kind after kind.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.machine_code import compiled_helper

Longs = NDArray[np.int64]
OUTCOMES = 5  # failed, tier 1 to 4
KEY = 9
MOST_SINGLES = 16


class NearbyArrays(NamedTuple):
    """Per job its ``nearby`` servers (places), and per kind of a job bits over them.

    Bits tell which are near, which connect, which may be offered; ``tasks`` how many a kind has,
    ``missed`` the outcome (failed, tier 1 to 4) of a task that the backup server has to take (S16).
    """

    first_nearby: Longs
    nearby: Longs
    first_kind: Longs
    near: Longs
    connects: Longs
    offers: Longs
    tasks: Longs
    missed: Longs


class RunArrays(NamedTuple):
    """Per job its runs, in moments of the week.

    A run is in progress from moment ``begin`` to before ``end``, round the week's end, shape
    (weeks, runs); moments ``last`` so long, shape (weeks, moments). ``sequence`` has the runs of
    each week as they begin one after another, ``job`` that of each run.
    """

    first_run: Longs
    begin: Longs
    end: Longs
    moments: Longs
    last: Longs
    sequence: Longs
    job: Longs


@compiled_helper
def moment_of(step, moments):
    """Return which of so many moments a step is that may go round the week's end."""
    return step if step < moments else step - moments


@compiled_helper
def _level_tasks(load, tasks, bits, connects, begun):
    """Fill the servers of ``bits`` evenly (S15); return how many tasks pick one that fails."""
    stop = np.int64(1) << 60  # a server that does not connect gets all once its turn has come
    low = np.int64(1) << 60
    for cell in range(len(load)):
        if bits >> cell & 1:
            here = load[cell] + begun[cell]
            if not connects >> cell & 1:
                stop = min(stop, here)
            else:
                low = min(low, here)
    # The least height that holds all tasks, found by halves.
    high = low + tasks
    bottom = low
    while bottom < high:
        middle = (bottom + high) // 2
        room = np.int64(0)
        for cell in range(len(load)):
            if bits >> cell & connects >> cell & 1:
                room += max(middle - load[cell] - begun[cell], 0)
        if room >= tasks:
            high = middle
        else:
            bottom = middle + 1
    height = min(bottom, stop)
    left = tasks
    for cell in range(len(load)):
        if bits >> cell & connects >> cell & 1:
            more = min(max(height - load[cell] - begun[cell], 0), left)
            begun[cell] += more
            left -= more
    return left


@compiled_helper
def place_tasks(nearby, job, bits, load, begun, outcomes):
    """Add what each nearby server begins and what becomes of the tasks of one start (S14, S15)."""
    for cell in range(len(begun)):
        begun[cell] = 0
    first, last = nearby.first_kind[job], nearby.first_kind[job + 1]
    for far in range(2):  # those that have fewer servers to pick from come first
        for kind in range(first, last):
            near = nearby.near[kind] & bits
            if (near == 0) != (far == 1):
                continue
            offered = near if near else bits & nearby.offers[kind]
            left = nearby.tasks[kind]
            if offered & nearby.connects[kind]:
                left = _level_tasks(load, left, offered, nearby.connects[kind], begun)
            outcomes[1 if near else 3] += nearby.tasks[kind] - left
            outcomes[nearby.missed[kind]] += left


@compiled_helper
def add_tasks(nearby, runs, job, load, begun, sign):
    """Add what the runs of a job have begun to the loads, or take it away."""
    low = nearby.first_nearby[job]
    size = nearby.first_nearby[job + 1] - low
    for week in range(len(runs.begin)):
        for run in range(runs.first_run[job], runs.first_run[job + 1]):
            begin, end = runs.begin[week, run], runs.end[week, run]
            for cell in range(size):
                tasks = sign * begun[week, run, cell]
                if tasks:
                    server = nearby.nearby[low + cell]
                    for step in range(begin, end):
                        load[week, server, moment_of(step, runs.moments[week])] += tasks


@compiled_helper
def fill_tiers(outcomes, totals, planned, is_limits, key):
    """Fill in what of a key are tiers, of a job's ``outcomes`` beside the ``totals`` of others."""
    reached = np.int64(0)
    key[0] = totals[0] + outcomes[0]
    for tier in range(1, 4):
        reached += totals[tier] + outcomes[tier]
        key[tier] = max(planned[tier - 1] - reached, 0) if is_limits else -reached
        key[tier + 4] = -reached


@compiled_helper
def find_best_outcomes(nearby, runs, job, bits, outcomes):
    """Fill what becomes of a job's tasks with the list ``bits`` at best, whatever the loads are."""
    starts = len(runs.begin) * (runs.first_run[job + 1] - runs.first_run[job])
    outcomes[:] = 0
    for kind in range(nearby.first_kind[job], nearby.first_kind[job + 1]):
        near = nearby.near[kind] & bits
        offered = near if near else bits & nearby.offers[kind]
        connects, missed = offered & nearby.connects[kind], nearby.missed[kind]
        best = missed
        if connects:
            best = 1 if near else 3
            if connects != offered and missed > 0:
                best = min(best, missed)
        outcomes[best] += nearby.tasks[kind] * starts


@compiled_helper
def try_list(
    nearby, runs, job, bits, load, highest, limit, most, begun, outcomes, totals, planned,
    is_limits, key,
):  # fmt: skip
    """Find what a job does with the list ``bits``: fill ``begun``, ``outcomes`` and ``key``.

    Tells whether it has no more than the ``most`` overload; if not, nothing is filled to the end.
    """
    low = nearby.first_nearby[job]
    size = nearby.first_nearby[job + 1] - low
    for outcome in range(OUTCOMES):
        outcomes[outcome] = 0
    one = np.zeros(OUTCOMES, dtype=np.int64)
    here = np.empty(size, dtype=np.int64)
    before = np.empty(size, dtype=np.int64)
    now = np.zeros(size, dtype=np.int64)
    overload, strain = 0.0, 0.0
    for week in range(len(runs.begin)):
        for cell in range(size):
            before[cell] = -1
        for run in range(runs.first_run[job], runs.first_run[job + 1]):
            if overload > most:
                return False
            begin, end = runs.begin[week, run], runs.end[week, run]
            alike = True
            for cell in range(size):
                here[cell] = load[week, nearby.nearby[low + cell], begin]
                alike &= here[cell] == before[cell] or not bits >> cell & 1
                before[cell] = here[cell]
            if not alike or size == 0:
                for outcome in range(OUTCOMES):
                    one[outcome] = 0
                place_tasks(nearby, job, bits, here, now, one)
            for outcome in range(OUTCOMES):
                outcomes[outcome] += one[outcome]
            for cell in range(size):
                tasks = now[cell]
                begun[week, run, cell] = tasks
                if tasks:
                    server = nearby.nearby[low + cell]
                    top = highest[week, run, cell] + tasks
                    strain += tasks * top / limit[server]
                    if top > limit[server]:
                        for step in range(begin, end):
                            moment = moment_of(step, runs.moments[week])
                            there = load[week, server, moment]
                            overload += runs.last[week, moment] * (
                                max(there + tasks - limit[server], 0)
                                - max(there - limit[server], 0)
                            )
    fill_tiers(outcomes, totals, planned, is_limits, key)
    key[4] = overload
    key[8] = strain
    return overload <= most


@compiled_helper
def is_less(one, other):
    """Tell whether a key is less; a strain that is hardly less does not count."""
    for place in range(8):
        if one[place] != other[place]:
            return one[place] < other[place]
    return one[8] < 0.98 * other[8]


@compiled_helper
def copy_begun(nearby, runs, job, source, target):
    """Copy what each nearby server begins in each run of a job."""
    for week in range(len(runs.begin)):
        for run in range(runs.first_run[job], runs.first_run[job + 1]):
            for cell in range(nearby.first_nearby[job + 1] - nearby.first_nearby[job]):
                target[week, run, cell] = source[week, run, cell]


@compiled_helper
def is_over(nearby, runs, job, load, limit, begun):
    """Tell whether a run of the job is on a server that is above its limit meanwhile."""
    low = nearby.first_nearby[job]
    for week in range(len(runs.begin)):
        for run in range(runs.first_run[job], runs.first_run[job + 1]):
            for cell in range(nearby.first_nearby[job + 1] - low):
                if begun[week, run, cell]:
                    server = nearby.nearby[low + cell]
                    for step in range(runs.begin[week, run], runs.end[week, run]):
                        if load[week, server, moment_of(step, runs.moments[week])] > limit[server]:
                            return True
    return False


@compiled_helper
def find_room(nearby, runs, job, load, limit, highest, room):
    """Fill ``highest`` load of nearby servers in each run, and the least ``room`` of all runs."""
    low = nearby.first_nearby[job]
    for cell in range(len(room)):
        room[cell] = 1 << 40
    for week in range(len(runs.begin)):
        for run in range(runs.first_run[job], runs.first_run[job + 1]):
            for cell in range(len(room)):
                server = nearby.nearby[low + cell]
                top = np.int32(0)
                for step in range(runs.begin[week, run], runs.end[week, run]):
                    top = max(top, load[week, server, moment_of(step, runs.moments[week])])
                highest[week, run, cell] = top
                room[cell] = min(room[cell], limit[server] - top)


@compiled_helper
def add_list(bits, tried, many):
    """Add a list to the ``many`` that are ``tried``, if it is new; return how many there are."""
    for place in range(many):
        if tried[place] == bits:
            return many
    tried[many] = bits
    return many + 1


@compiled_helper
def propose(nearby, job, room, tried, many):
    """Add lists to the ``many`` that are ``tried``; return how many there are then.

    They are single servers, those with most room, near ones and all, one of each.
    """
    near = np.int64(0)
    for kind in range(nearby.first_kind[job], nearby.first_kind[job + 1]):
        near |= nearby.near[kind]
    size = len(room)
    by_room = np.empty(size, dtype=np.int64)
    for place in range(size):
        by_room[place] = place
        for other in range(place, 0, -1):
            if room[by_room[other]] <= room[by_room[other - 1]]:
                break
            swapped = by_room[other]
            by_room[other] = by_room[other - 1]
            by_room[other - 1] = swapped
    all_bits, near_bits = np.int64(0), np.int64(0)
    best_near, best_far = np.int64(0), np.int64(0)
    for place in range(min(size, MOST_SINGLES)):
        bit = np.int64(1) << by_room[place]
        all_bits |= bit
        many = add_list(bit, tried, many)
        many = add_list(all_bits, tried, many)
        if near & bit:
            near_bits |= bit
            many = add_list(near_bits, tried, many)
            best_near = best_near or bit
        else:
            best_far = best_far or bit
            if best_near:
                many = add_list(best_near | bit, tried, many)
            if near:
                many = add_list(near | bit, tried, many)
    for place in range(min(size, MOST_SINGLES)):
        bit = np.int64(1) << by_room[place]
        if near & bit and best_far:
            many = add_list(bit | best_far, tried, many)
    return many


@compiled_helper
def servers_in(bits):
    """Count the servers of a list."""
    many = 0
    while bits:
        bits &= bits - 1
        many += 1
    return many
