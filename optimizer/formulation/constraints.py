"""Builds the constraints: the rules of a plan as rows, one function each, in any order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import AssignmentProblem, Counts, LoadInstants, Members
from models.integer_program import FREE, DefinedColumns, Ints, LinearRows
from optimizer.formulation.levels import (
    STAYING,
    fill_levels,
    least_with_stays,
    level_of,
)
from optimizer.formulation.load_instants import restricted_to
from optimizer.formulation.variables import PER_MILLE, Variables, baseline_load, use

NEAR = (-2, -1, 0, 1)


def every_task_once(problem: AssignmentProblem, columns: Variables) -> LinearRows:
    """A group sends out no more tasks than it has."""
    ways = columns.ways
    column = np.concatenate([columns.arcs, columns.inflows, columns.keeps])
    return LinearRows(
        row=np.concatenate([ways.arc_group, ways.in_group, ways.keep_group]),
        column=column,
        coefficient=np.ones(len(column), dtype=np.int64),
        lower=np.full(len(problem.count), -FREE),
        upper=problem.count,
    )


def pool_flow_conservation(columns: Variables) -> LinearRows:
    """What flows into a pool flows on to its servers."""
    ways = columns.ways
    level = np.zeros(len(ways.activity), dtype=np.int64)
    return LinearRows(
        row=np.concatenate([ways.in_pool, ways.out_pool]),
        column=np.concatenate([columns.inflows, columns.outflows]),
        coefficient=np.repeat([1, -1], [len(columns.inflows), len(columns.outflows)]),
        lower=level,
        upper=level,
    )


def capacity(problem: AssignmentProblem, columns: Variables) -> DefinedColumns:
    """``P(s)`` is at least the load of each moment; its upper bound is the capacity."""
    blocks, targets = [], []
    order = np.argsort(columns.carrier_server, kind="stable")
    ends = np.searchsorted(columns.carrier_server[order], columns.loaded, side="right")
    known: dict[tuple[bool, bytes], LoadInstants] = {}
    starts = np.append(0, ends)[:-1]
    for server, target, start, end in zip(
        columns.loaded.tolist(), columns.load.tolist(), starts, ends, strict=True
    ):
        at_server = order[start:end]
        moments, rows = _per_moment(problem.moments_of(server), columns, at_server, known)
        blocks.append(_with_target(rows, target, problem.running[server] + moments.own))
        targets.append(np.full(len(rows), target))
    return _definition(blocks, targets, 1)


def backup_server_capacity(problem: AssignmentProblem, columns: Variables) -> LinearRows:
    """The backup server's own tasks come and go, so its capacity differs by the moment."""
    server = problem.backup_server
    if problem.limit[server] < 0:
        return LinearRows.concatenate([])
    at_server = np.flatnonzero(columns.carrier_server == server)
    moments, rows = _per_moment(problem.own_moments, columns, at_server, {})
    return _limited(rows, problem.limit[server] - problem.running[server] - moments.own)


def failover_capacity(problem: AssignmentProblem, columns: Variables) -> LinearRows:
    """Whatever is lost, the backup server can run what it takes over beside its own (S16)."""
    if problem.failover_limit is None:
        return LinearRows.concatenate([])
    own = columns.carrier_server == problem.backup_server
    blocks, seen = [], set()
    known: dict[tuple[bool, bytes], LoadInstants] = {}
    for loss in problem.losses:
        lost = np.isin(columns.carrier_server, loss) & columns.carrier_takeover
        chosen = np.flatnonzero(own | lost)
        if chosen.tobytes() in seen:
            continue
        seen.add(chosen.tobytes())
        moments, rows = _per_moment(problem.own_moments, columns, chosen, known)
        anyway = problem.running[problem.backup_server] + moments.own
        blocks.append(_limited(rows, problem.failover_limit - anyway))
    return LinearRows.concatenate(blocks)


def utilisation(problem: AssignmentProblem, columns: Variables) -> DefinedColumns:
    """A server's use in per mille, rounded up."""
    counted = columns.counted[~columns.stepped]
    rows = _pairs(columns.figure, problem.limit[counted], _load(columns, counted), -PER_MILLE)
    return DefinedColumns(rows, columns.figure, problem.limit[counted])


def steps(problem: AssignmentProblem, columns: Variables, by_use: bool) -> DefinedColumns:
    """The square of a use in per mille, rounded up, is at least each of its chords.

    They go from one whole number of tasks to the next, and are the same where it is convex. So do
    the squares of a class of servers, summed: there from one level to the next.
    """
    members = problem.members
    if by_use:
        stepped = columns.counted[columns.stepped]
        load = _load(columns, stepped)
        members = Members(stepped, columns.lower[load], columns.upper[load], members.today)
    levels = fill_levels(members)
    limit = problem.limit[levels.server]
    height = use(levels.level, limit, by_use) ** 2
    slope = use(levels.level + 1, limit, by_use) ** 2 - height
    target = columns.square[np.searchsorted(columns.counted, levels.server)]
    rows = _pairs(target, np.ones_like(slope), _load(columns, levels.server), -slope)
    at_least = (height if by_use else levels.squares) - slope * levels.total
    return DefinedColumns(replace(rows, lower=at_least), target, np.ones_like(slope))


def convex_envelope(problem: AssignmentProblem, columns: Variables) -> LinearRows:
    """The square of a use in per mille is at least its convex envelope over whole tasks.

    So a relaxation sees that a use is rounded up, and goes up in steps from task to task.
    """
    blocks = []
    enveloped = columns.counted[columns.enveloped], columns.square[columns.enveloped]
    loads = _load(columns, enveloped[0])
    for server, square, load in zip(*enveloped, loads, strict=True):
        tasks: Ints = np.arange(int(columns.lower[load]), int(columns.upper[load]) + 1)
        height = use(tasks, problem.limit[server], utilisation=True) ** 2
        corner = lower_hull(height)
        first, last = corner[:-1], corner[1:]
        run, rise = last - first, height[last] - height[first]
        rows = _pairs(np.full(len(run), square), run, np.full(len(run), load), -rise)
        blocks.append(replace(rows, lower=run * height[first] - rise * tasks[first]))
    return LinearRows.concatenate(blocks)


def lower_hull(height: Counts) -> Ints:
    """Return the places of the corners of the lower convex hull, by Andrew's monotone chain."""
    corner: list[int] = []
    for place in range(len(height)):
        while len(corner) > 1:
            start, middle = corner[-2:]
            rise, next_rise = height[middle] - height[start], height[place] - height[middle]
            if next_rise * (middle - start) > rise * (place - middle):
                break
            corner.pop()
        corner.append(place)
    return np.array(corner)


def peak_is_maximum(problem: AssignmentProblem, columns: Variables, by_use: bool) -> DefinedColumns:
    """The peak is at least every figure, and the least that the members of a class can have."""
    stepped, one = columns.counted[columns.stepped & by_use], np.ones_like(columns.figure)
    # The levels at which fewer members rise than before, once all of them have begun to.
    levels = fill_levels(problem.members)
    levels = levels.only(levels.peak == levels.level)
    same = (np.diff(levels.server, prepend=-1) == 0) & (np.diff(levels.rise, prepend=0) == 0)
    levels = levels.only(~same)
    load = np.concatenate([columns.figure, _load(columns, stepped), _load(columns, levels.server)])
    scale = np.concatenate([one, problem.limit[stepped], levels.rise])
    factor = np.repeat([-1, -PER_MILLE, -1], [len(one), len(stepped), len(levels.rise)])
    target = np.full(len(scale), columns.peak)
    rows = _pairs(target, scale, load, factor)
    rows.lower[len(scale) - len(levels.rise) :] = levels.rise * levels.level - levels.total
    return DefinedColumns(rows, target, scale)


def stays_on_classes(problem: AssignmentProblem, columns: Variables, x: Ints) -> LinearRows:
    """The more tasks stay on members of a class, the larger is the sum of their squares.

    For whole numbers P of each member, (2 k + 1) P and twice what can stay beside what is running
    are at most P squared and a constant, whatever the level k is. The levels are those near ``x``;
    what stays is counted at each moment, and of each activity.
    """
    if not len(problem.members.server):
        return LinearRows.concatenate([])
    ways, levels = columns.ways, fill_levels(problem.members)
    load = baseline_load(problem)
    load[columns.loaded] = x[columns.load]
    server, row = level_of(levels, load)
    square = columns.square[np.searchsorted(columns.counted, server)]
    blocks = []
    together = problem.moments.active
    for during in np.unique(
        np.vstack([together, np.eye(together.shape[1], dtype=np.bool_)]), axis=0
    ):
        today = problem.members.today @ during
        stays = during[problem.activity[ways.keep_group]] & np.isin(ways.keep_server, server)
        at = np.searchsorted(server, ways.keep_server[stays])
        for level in (levels.level[row] + step for step in NEAR):
            rows = _pairs(square, np.ones_like(level), _load(columns, server), -2 * level - 1)
            blocks.append(
                LinearRows(
                    row=np.concatenate([rows.row, at]),
                    column=np.concatenate([rows.column, columns.keeps[stays]]),
                    coefficient=np.append(rows.coefficient, np.full(len(at), -STAYING)),
                    lower=least_with_stays(problem.members, today, server, level),
                    upper=rows.upper,
                )
            )
    return LinearRows.concatenate(blocks)


def _load(columns: Variables, servers: Ints) -> Ints:
    return columns.load[np.searchsorted(columns.loaded, servers)]


def _pairs(first: Ints, scale: Ints, second: Ints, factor: Ints | int) -> LinearRows:
    """Return the rows ``scale * first + factor * second >= 0``."""
    places = np.arange(len(first))
    return LinearRows(
        row=np.concatenate([places, places]),
        column=np.concatenate([first, second]),
        coefficient=np.concatenate([scale, np.broadcast_to(factor, len(places))]),
        lower=np.zeros(len(places), dtype=np.int64),
        upper=np.full(len(places), FREE),
    )


def _per_moment(
    moments: LoadInstants,
    columns: Variables,
    carriers: NDArray[np.intp],
    known: dict[tuple[bool, bytes], LoadInstants],
) -> tuple[LoadInstants, LinearRows]:
    """Return the moments that matter to ``carriers``, and for each a row that adds them up.

    ``known`` keeps them for the next server that the same activities use.
    """
    activity = columns.carrier_activity[carriers]
    mask = np.zeros(moments.active.shape[1], dtype=np.bool_)
    mask[activity] = True
    signature = bool(moments.own.any()), mask.tobytes()
    if signature not in known:
        known[signature] = restricted_to(moments, mask)
    few = known[signature]
    row, place = np.nonzero(few.active[:, activity])
    return few, LinearRows(
        row=row,
        column=columns.carrier[carriers[place]],
        coefficient=np.ones(len(row), dtype=np.int64),
        lower=np.full(len(few.own), -FREE),
        upper=np.full(len(few.own), FREE),
    )


def _limited(rows: LinearRows, limit: Ints) -> LinearRows:
    return LinearRows(rows.row, rows.column, rows.coefficient, rows.lower, np.maximum(limit, 0))


def _with_target(rows: LinearRows, target: int, lower: Ints) -> LinearRows:
    count = len(rows)
    return LinearRows(
        row=np.concatenate([rows.row, np.arange(count)]),
        column=np.concatenate([rows.column, np.full(count, target)]),
        coefficient=np.concatenate([-rows.coefficient, np.ones(count, dtype=np.int64)]),
        lower=lower,
        upper=rows.upper,
    )


def _definition(blocks: list[LinearRows], targets: list[Ints], scale: int) -> DefinedColumns:
    target = np.concatenate([np.zeros(0, dtype=np.int64), *targets])
    return DefinedColumns(LinearRows.concatenate(blocks), target, np.full(len(target), scale))
