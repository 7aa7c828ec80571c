"""Builds the flow network: arcs of groups to near servers, and through pools to many alike.

A group's far servers are many and alike: same tier, same flags. Instead of a count for each
of them, the group sends a count into a *pool*, a set of servers all of which may serve it, and
the pool sends counts on to its servers. That grows with groups + servers, not with their product.

Why a pool may hold servers that are *better* for some of its groups than the pool's own label
says: a plan that takes such an arc counts that task too low. The same plan with the true label has
the same loads, so it is a plan, too; every aim's figure is the same or better, but for one:
calling a tier 1 task tier 3 moves it from one aim to another. With tier 1 at its optimum and no
tolerance on it no optimal plan does that, since the true labels would be a plan with more tier 1
tasks. With a tolerance on tier 1 it could, so then a pool holds servers of its own tier only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import PROTECTED, SAME_SITE, TIER, AssignmentProblem, Label
from models.estate import Codes
from models.integer_program import Ints

DIRECT = 4


@dataclass(frozen=True, slots=True)
class FlowNetwork:
    """The arcs of a problem, as aligned arrays.

    Direct arcs (``arc_*``): a group straight to a server. Keeps (``keep_*``): the part of a group,
    ``keep_most`` at most, that is on a server today and may stay there. Inflows (``in_*``): a
    group into a pool, with the pool's label. Outflows (``out_*``): a pool on to a server. Per
    pool: its ``activity`` and ``takeover`` flag.
    """

    arc_group: Ints
    arc_server: Ints
    arc_label: Label
    keep_group: Ints
    keep_server: Ints
    keep_label: Label
    keep_most: Ints
    in_group: Ints
    in_pool: Ints
    in_label: Label
    out_pool: Ints
    out_server: Ints
    activity: Ints
    takeover: NDArray[np.bool_]


def better_or_equal(label: Label, than: int, tiers_apart: bool) -> NDArray[np.bool_]:
    """Return which labels are never worse than ``than``, by the module's docstring."""
    same_tier = label // TIER == than // TIER
    flags = ~label & than & (PROTECTED | SAME_SITE) == 0
    better_tier = (label > 0) & (label // TIER < than // TIER) & (not tiers_apart)
    return np.asarray((same_tier & flags) | better_tier)


def build_arcs(
    problem: AssignmentProblem, pooling: bool = True, tiers_apart: bool = False
) -> FlowNetwork:
    """Build the arcs of every group; with ``pooling`` off all are direct.

    ``tiers_apart`` keeps tiers apart in pools: needed with a tolerance on a tier.
    """
    masks: dict[bytes, int] = {}
    members: list[Codes] = []
    direct: list[NDArray[np.intp]] = []
    pooled: list[list[tuple[int, int]]] = []
    for row in problem.label:
        near, far = _split(row, problem.backup_server, pooling)
        direct.append(near)
        entries = []
        for label in far:
            mask = better_or_equal(row, label, tiers_apart)
            mask[problem.backup_server] = False
            number = masks.setdefault(mask.tobytes(), len(masks))
            if number == len(members):
                members.append(np.flatnonzero(mask).astype(np.int32))
            entries.append((number, label))
        pooled.append(entries)
    return _for_groups(problem, direct, pooled, members)


def _split(row: Label, backup_server: int, pooling: bool) -> tuple[NDArray[np.intp], Iterator[int]]:
    """Return a kind's near servers, and the labels of its far ones."""
    labels, counts = np.unique(np.delete(row, backup_server), return_counts=True)
    far = labels[(labels > 0) & (counts > DIRECT)] if pooling else labels[:0]
    near = (row > 0) & ~np.isin(row, far)
    near[backup_server] = row[backup_server] > 0
    return np.flatnonzero(near), (int(label) for label in far)


def _for_groups(
    problem: AssignmentProblem,
    direct: list[NDArray[np.intp]],
    pooled: list[list[tuple[int, int]]],
    members: list[Codes],
) -> FlowNetwork:
    """Carry the kinds' arcs over to the groups: a pool for each activity and takeover flag."""
    groups = len(problem.count)
    lengths = np.array([len(near) for near in direct], dtype=np.int64)[problem.kind]
    arc_group = np.repeat(np.arange(groups), lengths)
    chosen = [direct[kind] for kind in problem.kind.tolist()]
    arc_server = np.concatenate([np.zeros(0, dtype=np.int64), *chosen])
    inflows = [
        (group, number, label)
        for group, kind in enumerate(problem.kind.tolist())
        for number, label in pooled[kind]
    ]
    in_group, mask, in_label = np.array(inflows, dtype=np.int64).reshape(-1, 3).T
    keep_group, keep_server, keep_most = problem.today
    takeover = problem.takeover[problem.kind[in_group]]
    keys = np.column_stack([mask, in_label, problem.activity[in_group], takeover])
    pools, in_pool = np.unique(keys, axis=0, return_inverse=True)
    sizes = np.array([len(members[number]) for number in pools[:, 0]], dtype=np.int64)
    servers = [members[number] for number in pools[:, 0]]
    return FlowNetwork(
        arc_group=arc_group,
        arc_server=arc_server,
        arc_label=problem.label[problem.kind[arc_group], arc_server],
        keep_group=keep_group,
        keep_server=keep_server,
        keep_label=problem.label[problem.kind[keep_group], keep_server],
        keep_most=keep_most,
        in_group=in_group,
        in_pool=in_pool.reshape(-1),
        in_label=in_label.astype(np.int8),
        out_pool=np.repeat(np.arange(len(pools)), sizes),
        out_server=np.concatenate([np.zeros(0, dtype=np.int64), *servers]),
        activity=pools[:, 2],
        takeover=pools[:, 3].astype(np.bool_),
    )
