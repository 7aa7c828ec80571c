"""Compiled descent on load: a list for each job in turn, as if all others stayed as they are.

After each pass all runs begin anew in order of time. Still results are proposals, to be replayed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.lists.compiled_trials import (
    KEY,
    OUTCOMES,
    Longs,
    NearbyArrays,
    RunArrays,
    add_list,
    add_tasks,
    copy_begun,
    fill_tiers,
    find_best_outcomes,
    find_room,
    is_less,
    is_over,
    moment_of,
    place_tasks,
    propose,
    servers_in,
    try_list,
)
from optimizer.machine_code import compiled, compiled_helper


class DescentArrays(NamedTuple):
    """What a descent is about.

    Servers run ``anyway`` so many tasks, their ``limit`` leaves some room free; ``planned`` are the
    runs in tiers 1 to k as planned. ``starts`` from ``first_start`` of a job on are lists to try,
    ``fixed`` jobs stay as they are, others list ``least`` servers at least.
    """

    nearby: NearbyArrays
    runs: RunArrays
    anyway: Longs
    limit: Longs
    planned: Longs
    is_limits: bool
    starts: Longs
    first_start: Longs
    fixed: NDArray[np.bool_]
    least: int


class StateArrays(NamedTuple):
    """Where a descent is: the ``lists`` (bits) of jobs, and what comes of them.

    ``load`` is what servers run, shape (weeks, servers, moments), ``begun`` what each run begins on
    nearby servers, ``became`` the outcomes of each job, ``totals`` of all.
    """

    lists: Longs
    load: NDArray[np.int32]
    begun: NDArray[np.int32]
    became: Longs
    totals: Longs


class ScratchArrays(NamedTuple):
    """Room to try lists in.

    The list ``tried`` last fills ``trial``, ``outcomes`` and ``key``, the best one so far ``best``,
    ``chosen`` and ``best_key``. ``highest`` and ``room`` are those of `find_room`.
    """

    trial: NDArray[np.int32]
    best: NDArray[np.int32]
    highest: NDArray[np.int32]
    outcomes: Longs
    chosen: Longs
    key: NDArray[np.float64]
    best_key: NDArray[np.float64]
    tried: Longs
    room: Longs


def scratch_arrays(state: StateArrays) -> ScratchArrays:
    """Return room to try lists in."""
    return ScratchArrays(
        trial=np.zeros_like(state.begun),
        best=np.zeros_like(state.begun),
        highest=np.zeros_like(state.begun),
        outcomes=np.zeros(OUTCOMES, dtype=np.int64),
        chosen=np.zeros(OUTCOMES, dtype=np.int64),
        key=np.zeros(KEY),
        best_key=np.zeros(KEY),
        tried=np.zeros(512, dtype=np.int64),
        room=np.zeros(state.begun.shape[2], dtype=np.int64),
    )


@compiled_helper
def _take_away(descent, state, job):
    """Take the tasks of a job away from its servers."""
    add_tasks(descent.nearby, descent.runs, job, state.load, state.begun, np.int64(-1))
    for outcome in range(OUTCOMES):
        state.totals[outcome] -= state.became[job, outcome]


@compiled_helper
def _put(descent, state, scratch, job, bits):
    """Put the tasks of a job on servers as tried last."""
    state.lists[job] = bits
    copy_begun(descent.nearby, descent.runs, job, scratch.best, state.begun)
    for outcome in range(OUTCOMES):
        state.became[job, outcome] = scratch.chosen[outcome]
        state.totals[outcome] += scratch.chosen[outcome]
    add_tasks(descent.nearby, descent.runs, job, state.load, state.begun, np.int64(1))


@compiled_helper
def _most_overload(descent, state, scratch, job, bits):
    """Return the most overload with which a list could be the best so far; -1 if it cannot be.

    Its tiers tell, whatever the loads are.
    """
    if servers_in(bits) < descent.least:
        return -1.0
    find_best_outcomes(descent.nearby, descent.runs, job, bits, scratch.outcomes)
    fill_tiers(scratch.outcomes, state.totals, descent.planned, descent.is_limits, scratch.key)
    for place in range(4):
        if scratch.key[place] != scratch.best_key[place]:
            return -1.0 if scratch.key[place] > scratch.best_key[place] else np.inf
    return scratch.best_key[4]


@compiled_helper
def _find_list(descent, state, scratch, job):
    """Return the best list found for a job whose tasks are away."""
    nearby, runs, tried = descent.nearby, descent.runs, scratch.tried
    size = nearby.first_nearby[job + 1] - nearby.first_nearby[job]
    room = scratch.room[:size]
    find_room(nearby, runs, job, state.load, descent.limit, scratch.highest, room)
    many = np.int64(1)
    tried[0] = state.lists[job]
    if not descent.fixed[job]:
        for place in range(descent.first_start[job], descent.first_start[job + 1]):
            many = add_list(descent.starts[place], tried, many)
        many = propose(nearby, job, room, tried, many)
    bits = np.int64(-1)
    at = np.int64(0)
    toggles = 0
    while at < many:
        one = tried[at]
        at += 1
        most = np.inf if bits < 0 else _most_overload(descent, state, scratch, job, one)
        if most >= 0:
            fits = try_list(
                nearby, runs, job, one, state.load, scratch.highest, descent.limit, most,
                scratch.trial, scratch.outcomes, state.totals, descent.planned, descent.is_limits,
                scratch.key,
            )  # fmt: skip
            if bits < 0 or (fits and is_less(scratch.key, scratch.best_key)):
                bits = one
                for place in range(KEY):
                    scratch.best_key[place] = scratch.key[place]
                for outcome in range(OUTCOMES):
                    scratch.chosen[outcome] = scratch.outcomes[outcome]
                copy_begun(nearby, runs, job, scratch.trial, scratch.best)
        if at == many and many > 1 and toggles < 2 and scratch.best_key[4] > 0:
            toggles += 1
            at, many = np.int64(0), np.int64(0)
            for cell in range(size):
                tried[many] = bits ^ (np.int64(1) << cell)
                many += 1
    return bits


@compiled_helper
def _begin_in_sequence(descent, state, scratch):
    """Let all runs begin anew, one after another in time: none meets what begins later (S15)."""
    nearby, runs, load = descent.nearby, descent.runs, state.load
    state.totals[:] = 0
    state.became[:] = 0
    for week in range(len(load)):
        for server in range(load.shape[1]):
            load[week, server] = descent.anyway[server]
        for run in runs.sequence[week]:
            job = runs.job[run]
            low = nearby.first_nearby[job]
            size = nearby.first_nearby[job + 1] - low
            begin, end = runs.begin[week, run], runs.end[week, run]
            here, begun = scratch.room[:size], state.begun[week, run, :size]
            for cell in range(size):
                here[cell] = load[week, nearby.nearby[low + cell], begin]
            scratch.outcomes[:] = 0
            place_tasks(nearby, job, state.lists[job], here, begun, scratch.outcomes)
            for outcome in range(OUTCOMES):
                state.became[job, outcome] += scratch.outcomes[outcome]
                state.totals[outcome] += scratch.outcomes[outcome]
            for cell in range(size):
                tasks, server = begun[cell], nearby.nearby[low + cell]
                if tasks:
                    for step in range(begin, end):
                        load[week, server, moment_of(step, runs.moments[week])] += tasks


@compiled
def descend_loads(descent, state, scratch, order, passes, anew):
    """Improve the lists of jobs in ``order`` that are on overloaded servers, ``passes`` times.

    ``anew`` gives each of them the best list found beside those before, instead.
    """
    if anew:
        for job in order:
            _put(descent, state, scratch, job, _find_list(descent, state, scratch, job))
        return
    _begin_in_sequence(descent, state, scratch)
    for _ in range(passes):
        changed = False
        for job in order:
            if not descent.fixed[job] and is_over(
                descent.nearby, descent.runs, job, state.load, descent.limit, state.begun
            ):
                _take_away(descent, state, job)
                bits = _find_list(descent, state, scratch, job)
                changed |= bits != state.lists[job]
                _put(descent, state, scratch, job, bits)
        _begin_in_sequence(descent, state, scratch)
        if not changed:
            break
