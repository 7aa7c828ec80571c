"""Compiled replay: weeks of some groups of tasks, start by start (S15), in machine code.

All else in this package decides what is replayed; here it is done, over flat arrays. A group's
*cells* are its servers; what each start met and began is kept per cell, so that a start which meets
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
VIEWS = 32
ACTION_WORK = 10
COUNTLESS = 1 << 40

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


class KeptArrays(NamedTuple):
    """What starts of groups met in earlier replays of one week, and what they began.

    ``slots`` counts those of a group (0: nothing is kept), which its starts take in turn, the first
    with number ``first_slot`` and cells from ``first_cell`` on. ``met`` and ``begun`` are loads and
    tasks by cell, ``outcomes`` those by slot.
    """

    slots: Longs
    first_slot: Longs
    first_cell: Longs
    met: Ints
    begun: Ints
    outcomes: Longs


class WeekActions(NamedTuple):
    """Starts and ends in one week, in order: ``minute``, ``job``, and whether it is a start."""

    minute: Ints
    job: Ints
    is_start: NDArray[np.bool_]


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

    A pick that does not connect is taken over by the backup server, or fails (S16). The servers of
    each offer are gone through in turn for those at its least load. Loads only grow meanwhile, so
    one that is passed by is above that for good. Returns how much work it was.
    """
    first, size = groups.first_cell[group], len(load)
    if groups.is_level[group]:
        _fill_evenly(load, groups.tasks[group], ties, begun)
        for outcome in range(OUTCOMES):
            outcomes[outcome] = groups.fixed[group, outcome]
        return np.int64(2 * size)
    for cell in range(size):
        begun[cell] = load[cell]
    job = groups.job[group]
    offer_of, first_offer = groups.first_kind[group], groups.first_offer[group]
    offers = groups.first_offer[group + 1] - first_offer - 1
    least = np.full(offers, np.int64(-1))
    passed = np.zeros(offers, dtype=np.int64)
    seen = np.zeros(VIEWS, dtype=np.int64)  # picks by what the server is to the task
    outcomes[:] = 0
    places = len(jobs.views) // jobs.first_kind[-1]
    begin, end = jobs.first_task[job], jobs.first_task[job + 1]
    kinds = jobs.first_kind[job]
    steps = np.int64(0)
    for task in range(end - begin):
        kind = jobs.kind[end - 1 - task if order else begin + task]
        offer = groups.offer_of[offer_of + kind]
        if offer < 0:
            continue
        low = groups.first_member[first_offer + offer]
        many = groups.first_member[first_offer + offer + 1] - low
        at, height = passed[offer], least[offer]
        while True:
            if at == many or height < 0:
                height = begun[groups.member[low]]
                for place in range(low + 1, low + many):
                    height = min(height, begun[groups.member[place]])
                least[offer] = height
                steps += 2 * many
                at = np.int64(0)
            cell = groups.member[low + many - 1 - at if ties else low + at]
            if begun[cell] == height:
                break
            at += 1
        passed[offer] = at
        view = jobs.views[(kinds + kind) * places + groups.server[first + cell]]
        seen[view] += 1
        if view & CONNECTS:
            begun[cell] += 1
        else:
            for outcome in range(OUTCOMES):
                outcomes[outcome] += jobs.missed[kinds + kind, outcome]
    for view in range(VIEWS):
        if view & CONNECTS:
            outcomes[1 if view & IS_NEAR else 3] += seen[view]
            outcomes[PROTECTED] += seen[view] if view & IS_PROTECTED else 0
            outcomes[SAME_SITE] += seen[view] if view & IS_SAME_SITE else 0
    for cell in range(size):
        begun[cell] -= load[cell]
    return steps + groups.tasks[group]


@compiled
def begin_group(group, jobs, groups, load, begun, outcomes):
    """Dispatch one start of the nominal week, as `_dispatch` does."""
    _dispatch(group, jobs, groups, load, False, False, begun, outcomes)


@compiled_helper
def is_same(kept, low, here, size):
    """Tell whether ``size`` values from ``low`` on are those of ``here``."""
    for place in range(size):
        if kept[low + place] != here[place]:
            return False
    return True


@compiled
def replay(
    jobs, groups, servers, actions, chosen, cells, first_of_job, ids, cut, ties, order,
    kept, keep, most, at, figures, by_group, by_server, change,
):  # fmt: skip
    """Replay one week of the groups ``chosen``, all others away; return how much work it was.

    ``ids`` are the ``actions`` of their jobs, gone through from ``cut`` on, a moment at which all
    are idle, or twice round if there is none (-1). ``kept`` has what an earlier replay met, and
    gets what this one meets if ``keep`` says so. Results are added to ``figures``, ``by_group``
    and, for the backup server's load, ``change`` (places: ``at``). Where these groups come to more
    overload than ``most``, the week is left off, with failures without number.
    """
    many = len(chosen)
    idle = cut >= 0
    begin, end = (-1, 1 << 40) if idle else (WEEK, 2 * WEEK)
    load = servers.running.copy()
    last = np.full(len(load), max(begin, 0))
    busiest = np.zeros(len(load), dtype=np.int64)
    # What is in progress: a ring of runs for each group.
    ring = np.zeros(many + 1, dtype=np.int64)
    widest = np.int64(0)
    for number in range(many):
        size = cells[number + 1] - cells[number]
        widest = max(widest, size)
        ring[number + 1] = ring[number] + size * jobs.together[groups.job[chosen[number]]]
    running = np.zeros(ring[many], dtype=np.int32)
    opened, closed = ring[:-1].copy(), ring[:-1].copy()
    turns = np.zeros(many, dtype=np.int64)
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
    here = np.empty(widest, dtype=np.int64)
    seen = np.zeros(many, dtype=np.bool_)
    seen_load = np.zeros(cells[many], dtype=np.int64)
    seen_begun = np.zeros(cells[many], dtype=np.int64)
    seen_outcomes = np.zeros((many, OUTCOMES), dtype=np.int64)
    overload, work = np.int64(0), np.int64(0)
    place, week = np.int64(max(cut, 0)), np.int64(0)
    for _ in range(len(ids) if idle else 2 * len(ids)):
        if place == len(ids):
            place, week = np.int64(0), np.int64(WEEK)
        if overload > most:
            figures[FAILED] += COUNTLESS
            return work
        action = ids[place]
        place += 1
        job, minute = actions.job[action], actions.minute[action] + week
        for number in range(first_of_job[job], first_of_job[job + 1]):
            group = chosen[number]
            first, low = groups.first_cell[group], cells[number]
            size = cells[number + 1] - low
            work += ACTION_WORK + size
            if not actions.is_start[action]:
                if skip[number] > 0:
                    skip[number] -= 1
                    continue
                slot = closed[number]
                closed[number] = slot + size if slot + size < ring[number + 1] else ring[number]
                sign = -1
            else:
                slot = opened[number]
                opened[number] = slot + size if slot + size < ring[number + 1] else ring[number]
                sign = 1
                turn = turns[number]
                turns[number] = turn + 1 if turn + 1 < kept.slots[group] else 0
                at_kept, first_slot = kept.first_cell[group] + turn * size, kept.first_slot[group]
                alike = kept.slots[group] > 0
                for cell in range(size):
                    here[cell] = load[groups.server[first + cell]]
                    alike = alike and here[cell] == kept.met[at_kept + cell]
                if alike:
                    for cell in range(size):
                        running[slot + cell] = kept.begun[at_kept + cell]
                    outcomes = kept.outcomes[first_slot + turn]
                else:
                    outcomes = seen_outcomes[number]
                    if not (seen[number] and is_same(seen_load, low, here, size)):
                        seen[number] = True
                        work += _dispatch(
                            group, jobs, groups, here[:size], ties, order,
                            seen_begun[low : low + size], outcomes,
                        )  # fmt: skip
                        for cell in range(size):
                            seen_load[low + cell] = here[cell]
                    for cell in range(size):
                        running[slot + cell] = seen_begun[low + cell]
                    if keep and kept.slots[group] > 0:
                        for cell in range(size):
                            kept.met[at_kept + cell] = here[cell]
                            kept.begun[at_kept + cell] = seen_begun[low + cell]
                        for outcome in range(OUTCOMES):
                            kept.outcomes[first_slot + turn, outcome] = outcomes[outcome]
                if minute >= begin:
                    for outcome in range(OUTCOMES):
                        by_group[number, outcome] += outcomes[outcome]
                # Failed over, and in progress this week: passes need not pick alike, so that only
                # where there is one do runs go round.
                tasks = outcomes[ON_BACKUP]
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
                    if minute > last[server]:
                        above = (min(minute, end) - last[server]) * (
                            max(load[server] - servers.limit[server], 0)
                            - max(servers.running[server] - servers.limit[server], 0)
                        )
                        overload += above
                        by_server[server] += above
                        busiest[server] = max(busiest[server], load[server])
                        last[server] = minute
                    load[server] += sign * tasks
    peak = np.int64(0)
    for number in range(many):
        for cell in range(groups.first_cell[chosen[number]], groups.first_cell[chosen[number] + 1]):
            server = groups.server[cell]
            limit = servers.limit[server]
            if not idle and last[server] < end:
                above = (end - last[server]) * (
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
