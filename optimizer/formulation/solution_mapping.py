"""Maps a point of the program to counts per group and server, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import AssignmentProblem
from models.integer_program import IntegerProgram, Ints
from optimizer.formulation.variables import Variables

Arcs = tuple[Ints, Ints, Ints]


def to_assignment(columns: Variables, x: Ints) -> Arcs:
    """Map a point to an assignment: (group, server, count) above 0, by group and server.

    What flows through a pool is matched in order: its groups in theirs with its servers in theirs.
    """
    ways = columns.ways
    matched_group, matched_server, matched = match_flows(
        ways.in_pool, ways.in_group, x[columns.inflows],
        ways.out_pool, ways.out_server, x[columns.outflows],
    )  # fmt: skip
    group = np.concatenate([ways.arc_group, ways.keep_group, matched_group])
    server = np.concatenate([ways.arc_server, ways.keep_server, matched_server])
    count = np.concatenate([x[columns.arcs], x[columns.keeps], matched])
    width = int(server.max(initial=0)) + 1
    key, place = np.unique((group * width + server)[count > 0], return_inverse=True)
    total = np.bincount(place, weights=count[count > 0], minlength=len(key)).astype(np.int64)
    return key // width, key % width, total


def match_flows(
    from_pool: Ints, source: Ints, sent: Ints, to_pool: Ints, sink: Ints, received: Ints
) -> Arcs:
    """Match what the sources of each pool send with what its sinks receive, both in order."""
    give, take = np.lexsort((source, from_pool)), np.lexsort((sink, to_pool))
    gives, takes = np.cumsum(sent[give]), np.cumsum(received[take])
    ends = np.union1d(gives, takes)
    ends = ends[ends > 0]
    amount = np.diff(ends, prepend=0)
    giver = give[np.searchsorted(gives, ends)]
    taker = take[np.searchsorted(takes, ends)]
    return source[giver], sink[taker], amount


def to_point(
    problem: AssignmentProblem, program: IntegerProgram, columns: Variables, arcs: Arcs
) -> Ints:
    """Map an assignment to a point: tasks that may stay use keeps, as far as these are not idle.

    The rest of each count takes the direct arc, or the pool of its own label.
    """
    ways = columns.ways
    group, server, count = arcs
    x = np.zeros(len(program.lower), dtype=np.int64)
    # Keeps: tasks on their server of today.
    keeps, at = lookup(pair_key(ways.keep_group, ways.keep_server), pair_key(group, server))
    most = program.upper[columns.keeps[at[keeps]]]
    most[np.isin(columns.keeps[at[keeps]], program.idle)] = 0
    stay = np.zeros_like(count)
    stay[keeps] = np.minimum(count[keeps], most)
    x[columns.keeps[at[keeps]]] = stay[keeps]
    count = count - stay
    group, server, count = group[count > 0], server[count > 0], count[count > 0]
    # Direct arcs, where the group has one to that server.
    direct, at = lookup(pair_key(ways.arc_group, ways.arc_server), pair_key(group, server))
    x[columns.arcs[at[direct]]] = count[direct]
    group, server, count = group[~direct], server[~direct], count[~direct]
    # Pools: in by the label of the server, out to it.
    label = problem.label[problem.kind[group], server].astype(np.int64)
    _, inflow = lookup(
        pair_key(ways.in_group, ways.in_label.astype(np.int64)), pair_key(group, label)
    )
    _, outflow = lookup(
        pair_key(ways.out_pool, ways.out_server), pair_key(ways.in_pool[inflow], server)
    )
    np.add.at(x, columns.inflows[inflow], count)
    np.add.at(x, columns.outflows[outflow], count)
    return program.complete(x)


def pair_key(first: NDArray[np.signedinteger[Any]], second: NDArray[np.signedinteger[Any]]) -> Ints:
    """Return two aligned columns of numbers as one."""
    return first.astype(np.int64) << 32 | second.astype(np.int64)


def lookup(keys: Ints, wanted: Ints) -> tuple[NDArray[np.bool_], Ints]:
    """Return which of ``wanted`` are among ``keys``, and where."""
    if not len(keys):
        return np.zeros(len(wanted), dtype=np.bool_), np.zeros(len(wanted), dtype=np.int64)
    order = np.argsort(keys, kind="stable")
    place = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    return keys[order][place] == wanted, order[place]
