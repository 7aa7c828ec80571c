"""Compiled replay: weeks of some groups of tasks, start by start (S15), in machine code.

All else in this room decides what is replayed; only here is it done, over flat arrays. A group's
*cells* are its servers; what a start met and began is kept per cell, so that a start which meets
the same loads again (the next night, or after a change elsewhere) is not dispatched anew.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.week import WEEK
from optimizer.machine_code import compiled, compiled_helper

FAILED, FAILED_OVER, PROTECTED, SAME_SITE, ON_BACKUP = 0, 5, 6, 7, 8
OUTCOMES = 9
OVERLOAD, PEAK = OUTCOMES, OUTCOMES + 1
IS_NEAR, CONNECTS, IS_PROTECTED, IS_SAME_SITE, NOT_OFFERED = 1, 2, 4, 8, 16
DISPATCH_WORK = 20

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


class JobArrays(NamedTuple):
    """What jobs are, whatever they choose; ``views``, by job, kind and place, has bits.

    ``missed``, by job and kind, is what becomes of a task that the backup server has to take (S16).
    """

    first_task: Longs
    kind: Ints
    first_kind: Longs
    views: NDArray[np.uint8]
    missed: Longs
    duration: Longs
    together: Longs  # most runs of the job in progress at once


class GroupArrays(NamedTuple):
    """The groups of tasks to dispatch, as flat arrays.

    ``offer_of`` has, by kind of the job, which of the group's offers it picks from (-1: not in the
    group), ``member`` the cells in each offer. ``fixed`` are the outcomes of a start of a group
    whose tasks all suit the same servers alike.
    """

    job: Ints
    tasks: Ints
    is_level: NDArray[np.bool_]
    first_cell: Longs
    server: Ints
    first_kind: Longs
    offer_of: Ints
    first_offer: Longs
    first_member: Longs
    member: Ints
    fixed: Longs


class ServerArrays(NamedTuple):
    """The servers in order of name: what they run anyway, and their limits."""

    running: Longs
    limit: Longs


class WeekActions(NamedTuple):
    """Starts and ends in one week, in order: ``minute``, ``job``, and whether it is a start."""

    minute: Ints
    job: Ints
    is_start: NDArray[np.bool_]


@compiled_helper
def _sift(heap, low, place, size):
    key = heap[low + place]
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and heap[low + child + 1] < heap[low + child]:
            child += 1
        if heap[low + child] >= key:
            break
        heap[low + place] = heap[low + child]
        place = child
    heap[low + place] = key


@compiled_helper
def _fill_evenly(load, tasks, descending, begun):
    """Fill the least loaded of servers that suit all ``tasks`` (S15): some number fills up last."""
    size = len(load)
    low = load[0]
    for cell in range(size):
        low = min(low, load[cell])
    height, highest = low, low + tasks  # the least height that holds all, found by halves
    while height < highest:
        middle = (height + highest) // 2
        room = np.int64(0)
        for cell in range(size):
            room += max(middle - load[cell], 0)
        if room >= tasks:
            highest = middle
        else:
            height = middle + 1
    above = -np.int64(tasks)
    for cell in range(size):
        begun[cell] = max(height - load[cell], 0)
        above += begun[cell]
    for turn in range(size):
        cell = turn if descending else size - 1 - turn
        if above > 0 and begun[cell] > 0:
            begun[cell] -= 1
            above -= 1


@compiled_helper
def _dispatch(group, jobs, groups, load, ties, order, begun, outcomes):
    """Dispatch one start (S15): what each cell begins, and what becomes of the tasks.

    A pick that does not connect is taken over by the backup server, or fails (S16). Each offer is a
    heap of keys (load, then turn). Loads only grow meanwhile, so the top is the pick as soon as it
    is up to date.
    """
    first, size = groups.first_cell[group], len(load)
    for cell in range(size):
        begun[cell] = 0
    if groups.is_level[group]:
        _fill_evenly(load, groups.tasks[group], ties, begun)
        for outcome in range(OUTCOMES):
            outcomes[outcome] = groups.fixed[group, outcome]
        return
    for outcome in range(OUTCOMES):
        outcomes[outcome] = 0
    job = groups.job[group]
    offer_of, first_offer = groups.first_kind[group], groups.first_offer[group]
    offers = groups.first_offer[group + 1] - first_offer - 1
    base = groups.first_member[first_offer]
    heap = np.empty(groups.first_member[first_offer + offers] - base, dtype=np.int64)
    for offer in range(offers):
        low = groups.first_member[first_offer + offer] - base
        high = groups.first_member[first_offer + offer + 1] - base
        for place in range(low, high):
            cell = groups.member[base + place]
            turn = size - 1 - cell if ties else cell
            heap[place] = load[cell] * size + turn
        for place in range((high - low) // 2 - 1, -1, -1):
            _sift(heap, low, place, high - low)
    places = len(jobs.views) // jobs.first_kind[-1]
    begin, end = jobs.first_task[job], jobs.first_task[job + 1]
    kinds = jobs.first_kind[job]
    for task in range(end - begin):
        kind = jobs.kind[end - 1 - task if order else begin + task]
        offer = groups.offer_of[offer_of + kind]
        if offer < 0:
            continue
        low = groups.first_member[first_offer + offer] - base
        high = groups.first_member[first_offer + offer + 1] - base
        while True:
            key = heap[low]
            cell = key % size
            if ties:
                cell = size - 1 - cell
            now = (load[cell] + begun[cell]) * size + key % size
            if key == now:
                break
            heap[low] = now
            _sift(heap, low, 0, high - low)
        view = jobs.views[(kinds + kind) * places + groups.server[first + cell]]
        if view & CONNECTS:
            begun[cell] += 1
            outcomes[1 if view & IS_NEAR else 3] += 1
            outcomes[PROTECTED] += (view & IS_PROTECTED) != 0
            outcomes[SAME_SITE] += (view & IS_SAME_SITE) != 0
        else:
            for outcome in range(OUTCOMES):
                outcomes[outcome] += jobs.missed[kinds + kind, outcome]


@compiled_helper
def is_same(one, other):
    """Tell whether two arrays of one length are equal."""
    for place in range(len(one)):
        if one[place] != other[place]:
            return False
    return True


@compiled
def replay(
    jobs, groups, servers, actions, chosen, cells, first_of_job, ids, cut, ties, order,
    kept, met, kept_begun, kept_outcomes, keep, at, figures, by_group, by_server, change,
):  # fmt: skip
    """Replay one week of the groups ``chosen``, all others away; return how much work it was.

    ``ids`` are the ``actions`` of their jobs, gone through from ``cut`` on, a moment at which all
    are idle, or twice round if there is none (-1). ``met``, ``kept_begun`` and ``kept_outcomes``
    have, in cells from ``kept[group]`` on (-1: nothing), what an earlier replay met, and get what
    this one meets if ``keep`` says so. Results are added to ``figures``, ``by_group`` and, for the
    backup server's load, ``change`` (places: ``at``).
    """
    many = len(chosen)
    idle = cut >= 0
    begin, end = (-1, 1 << 40) if idle else (WEEK, 2 * WEEK)
    load = servers.running.copy()
    last = np.zeros(len(load), dtype=np.int64)
    busiest = np.zeros(len(load), dtype=np.int64)
    # What is in progress: a ring of runs for each group.
    ring = np.zeros(many + 1, dtype=np.int64)
    for number in range(many):
        size = cells[number + 1] - cells[number]
        ring[number + 1] = ring[number] + size * jobs.together[groups.job[chosen[number]]]
    running = np.zeros(ring[many], dtype=np.int32)
    opened = np.zeros(many, dtype=np.int64)
    closed = np.zeros(many, dtype=np.int64)
    skip = np.zeros(many, dtype=np.int64)
    if not idle:
        for action in ids:
            if (
                actions.is_start[action]
                and actions.minute[action] + jobs.duration[actions.job[action]] >= WEEK
            ):
                job = actions.job[action]
                for number in range(first_of_job[job], first_of_job[job + 1]):
                    skip[number] += 1
    seen = np.zeros(many, dtype=np.bool_)
    seen_load = np.zeros(cells[many], dtype=np.int64)
    seen_begun = np.zeros(cells[many], dtype=np.int64)
    seen_outcomes = np.zeros((many, OUTCOMES), dtype=np.int64)
    overload, work = np.int64(0), np.int64(0)
    start_at = max(cut, 0)
    for step in range(len(ids) if idle else 2 * len(ids)):
        place = start_at + step
        action = ids[place % len(ids)]
        job, minute = actions.job[action], actions.minute[action] + place // len(ids) * WEEK
        for number in range(first_of_job[job], first_of_job[job + 1]):
            group = chosen[number]
            first, low, size = (
                groups.first_cell[group],
                cells[number],
                cells[number + 1] - cells[number],
            )
            together = jobs.together[job]
            work += 1 + size // 16
            if not actions.is_start[action]:
                if skip[number] > 0:
                    skip[number] -= 1
                    continue
                slot = ring[number] + closed[number] % together * size
                closed[number] += 1
                sign = -1
            else:
                slot = ring[number] + opened[number] % together * size
                opened[number] += 1
                sign = 1
                here = np.empty(size, dtype=np.int64)
                for cell in range(size):
                    here[cell] = load[groups.server[first + cell]]
                at_kept = kept[group]
                if at_kept >= 0 and is_same(here, met[at_kept : at_kept + size]):
                    for cell in range(size):
                        seen_begun[low + cell] = kept_begun[at_kept + cell]
                        seen_load[low + cell] = here[cell]
                    for outcome in range(OUTCOMES):
                        seen_outcomes[number, outcome] = kept_outcomes[group, outcome]
                elif not (seen[number] and is_same(here, seen_load[low : low + size])):
                    _dispatch(
                        group, jobs, groups, here, ties, order,
                        seen_begun[low : low + size], seen_outcomes[number],
                    )  # fmt: skip
                    work += DISPATCH_WORK + size // 4
                    if not groups.is_level[group]:
                        work += groups.tasks[group]
                    for cell in range(size):
                        seen_load[low + cell] = here[cell]
                    if keep and not seen[number]:
                        for cell in range(size):
                            met[at_kept + cell] = here[cell]
                            kept_begun[at_kept + cell] = seen_begun[low + cell]
                        for outcome in range(OUTCOMES):
                            kept_outcomes[group, outcome] = seen_outcomes[number, outcome]
                seen[number] = True
                for cell in range(size):
                    running[slot + cell] = seen_begun[low + cell]
                if minute >= begin:
                    for outcome in range(OUTCOMES):
                        by_group[number, outcome] += seen_outcomes[number, outcome]
                # Failed over, and in progress this week: passes need not pick alike, so that only
                # where there is one do runs go round.
                tasks = seen_outcomes[number, ON_BACKUP]
                over = minute + jobs.duration[job]
                if tasks and over > begin:
                    since = max(minute, begin) % WEEK
                    change[at[since]] += tasks
                    if idle and since + jobs.duration[job] >= WEEK:
                        change[at[0]] += tasks
                    if idle or over < end:
                        change[at[over % WEEK]] -= tasks
            for cell in range(size):
                tasks = running[slot + cell]
                if tasks:
                    server = groups.server[first + cell]
                    since = max(last[server], begin)
                    if minute > since:
                        limit = servers.limit[server]
                        above = (min(minute, end) - since) * (
                            max(load[server] - limit, 0) - max(servers.running[server] - limit, 0)
                        )
                        overload += above
                        by_server[server] += above
                        busiest[server] = max(busiest[server], load[server])
                    last[server] = max(last[server], minute)
                    load[server] += sign * tasks
    peak = np.int64(0)
    for number in range(many):
        for cell in range(groups.first_cell[chosen[number]], groups.first_cell[chosen[number] + 1]):
            server = groups.server[cell]
            limit = servers.limit[server]
            if not idle and last[server] < end:
                above = (end - max(last[server], begin)) * (
                    max(load[server] - limit, 0) - max(servers.running[server] - limit, 0)
                )
                overload += above
                by_server[server] += above
                busiest[server] = max(busiest[server], load[server])
                last[server] = end
            peak = max(peak, busiest[server])
        for outcome in range(OUTCOMES):
            figures[outcome] += by_group[number, outcome]
    figures[OVERLOAD] += overload
    figures[PEAK] = max(figures[PEAK], peak)
    return work
