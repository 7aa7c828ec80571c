"""Builds the constraints: the rules of a plan as rows, one function each, in any order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import AssignmentProblem, LoadInstants
from models.integer_program import FREE, DefinedColumns, Ints, LinearRows
from optimizer.formulation.load_instants import restricted_to
from optimizer.formulation.variables import PER_MILLE, Variables


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
    limit = problem.limit[columns.counted]
    places = np.arange(len(limit))
    rows = LinearRows(
        row=np.concatenate([places, places]),
        column=np.concatenate(
            [columns.figure, columns.load[np.searchsorted(columns.loaded, columns.counted)]]
        ),
        coefficient=np.concatenate([limit, np.full(len(limit), -PER_MILLE)]),
        lower=np.zeros(len(limit), dtype=np.int64),
        upper=np.full(len(limit), FREE),
    )
    return DefinedColumns(rows, columns.figure, limit)


def peak_is_maximum(columns: Variables) -> DefinedColumns:
    """The peak is at least every figure."""
    places = np.arange(len(columns.figure))
    rows = LinearRows(
        row=np.concatenate([places, places]),
        column=np.concatenate([np.full(len(places), columns.peak), columns.figure]),
        coefficient=np.repeat([1, -1], len(places)),
        lower=np.zeros(len(places), dtype=np.int64),
        upper=np.full(len(places), FREE),
    )
    return DefinedColumns(rows, np.full(len(places), columns.peak), np.ones_like(places))


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
