"""Splits the counts of a plan over the partitions, so that each can be expanded alone.

The tasks of a group take their servers in the order of the tasks: first those that may stay where
they are today, then the others, server after server. So what a partition takes follows from how
many tasks of the group, and of those how many with which server of today, are in the partitions
before.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.estate import Codes
from models.integer_program import Ints
from optimizer.formulation.solution_mapping import Arcs, lookup, pair_key


def allocate_counts(arcs: Arcs, rank: Ints, bundles: pd.DataFrame, partitions: int) -> list[Arcs]:
    """Split ``arcs`` over the partitions: return each one's, which together are ``arcs``.

    ``rank`` is each server's place in order of name. Each of ``bundles`` is ``count`` tasks of a
    ``group`` (-1: of none) and a ``server`` of today (-1: of none) in a ``partition``.
    """
    order = np.lexsort((rank[arcs[1]], arcs[0]))
    group, server, count = (part[order] for part in arcs)
    bundles = bundles[bundles["group"] >= 0]
    # First those that stay: by partition, what of each arc their tasks take.
    stays = _allocate_current(pair_key(group, server), count, bundles)
    left = count - np.bincount(stays["arc"], stays["count"], len(count)).astype(np.int64)
    # Then the others: what is left of the arcs, to the tasks of a group that are left.
    waiting = bundles[["group", "partition", "count"]]
    gone = stays.assign(group=group[stays["arc"]], count=-stays["count"])
    waiting = pd.concat([waiting, gone[["group", "partition", "count"]]])
    taken = pd.concat([stays, _allocate_rest(group, left, _summed(waiting, "group"))])
    taken = _summed(taken, "arc")
    arc, partition = taken["arc"].to_numpy(dtype=np.int64), taken["partition"].to_numpy()
    amount = taken["count"].to_numpy(dtype=np.int64)
    split = []
    for number in range(partitions):
        mine = (partition == number) & (amount > 0)
        split.append((group[arc[mine]], server[arc[mine]], amount[mine]))
    return split


def _allocate_current(arcs: Ints, count: Ints, bundles: pd.DataFrame) -> pd.DataFrame:
    """Allocate today's servers: how many tasks of each partition stay, the first ones that may."""
    movable = bundles[bundles["server"] >= 0]
    there, arc = lookup(arcs, pair_key(movable["group"].to_numpy(), movable["server"].to_numpy()))
    staying = _summed(movable[["partition", "count"]][there].assign(arc=arc[there]), "arc")
    free = count[staying["arc"]] - _before(staying, "arc")
    return staying.assign(count=np.clip(free, 0, staying["count"]))


def _allocate_rest(group: Codes | Ints, left: Ints, waiting: pd.DataFrame) -> pd.DataFrame:
    """Allocate the rest: how many waiting tasks of each partition take what is left of each arc."""
    # Both on one line: a group's arcs end to end, and its tasks from partition to partition.
    ends = np.append(0, np.cumsum(left))
    wanted = waiting["group"].to_numpy()
    end = ends[np.searchsorted(group, wanted, side="right")]
    begin = ends[np.searchsorted(group, wanted)] + _before(waiting, "group")
    begin, end = np.minimum(begin, end), np.minimum(begin + waiting["count"].to_numpy(), end)
    # A row for each arc that a partition's stretch touches, and how much of it.
    first = np.searchsorted(ends[1:], begin, side="right")
    number = np.where(end > begin, np.searchsorted(ends[1:], end) - first + 1, 0)
    row = np.repeat(np.arange(len(waiting)), number)
    arc = np.arange(len(row)) - np.repeat(np.cumsum(number) - number, number) + first[row]
    amount = np.minimum(ends[arc + 1], end[row]) - np.maximum(ends[arc], begin[row])
    return pd.DataFrame(
        {"arc": arc, "partition": waiting["partition"].to_numpy()[row], "count": amount}
    )


def _summed(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the sums of ``count``, in order of ``by`` and partition."""
    return rows.groupby([by, "partition"])[["count"]].sum().reset_index()


def _before(rows: pd.DataFrame, by: str) -> Ints:
    """Return how many count in earlier rows of the same ``by``."""
    upto = rows.groupby(by)["count"].cumsum()
    return (upto - rows["count"]).to_numpy(dtype=np.int64)
