"""Deals the counts of a plan out to the pieces, so that each can be expanded alone.

The tasks of a group take their servers in the order of the tasks: first those that may stay where
they are today, then the others, server after server. So what a piece takes follows from how many
tasks of the group, and of those how many with which server of today, lie in the pieces before.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.estate import Codes
from models.integer_program import Ints
from optimizer.formulation.solution_mapping import Arcs, lookup, pair_key


def split_counts(arcs: Arcs, rank: Ints, bundles: pd.DataFrame, pieces: int) -> list[Arcs]:
    """Return the arcs of each piece; together they are ``arcs``.

    ``rank`` is each server's place in order of name. Each of ``bundles`` is ``count`` tasks of a
    ``group`` (-1: of none) and a ``server`` of today (-1: of none) in a ``piece``.
    """
    order = np.lexsort((rank[arcs[1]], arcs[0]))
    group, server, count = (part[order] for part in arcs)
    bundles = bundles[bundles["group"] >= 0]
    stays = _allocate_current(pair_key(group, server), count, bundles)
    left = count - np.bincount(stays["arc"], stays["count"], len(count)).astype(np.int64)
    waiting = bundles[["group", "piece", "count"]]
    gone = stays.assign(group=group[stays["arc"]], count=-stays["count"])
    waiting = pd.concat([waiting, gone[["group", "piece", "count"]]])
    taken = pd.concat([stays, _allocate_rest(group, left, _summed(waiting, "group"))])
    taken = _summed(taken, "arc")
    arc, piece = taken["arc"].to_numpy(dtype=np.int64), taken["piece"].to_numpy()
    amount = taken["count"].to_numpy(dtype=np.int64)
    dealt = []
    for number in range(pieces):
        mine = (piece == number) & (amount > 0)
        dealt.append((group[arc[mine]], server[arc[mine]], amount[mine]))
    return dealt


def _allocate_current(arcs: Ints, count: Ints, bundles: pd.DataFrame) -> pd.DataFrame:
    """Return how many tasks of each piece stay on each arc: the first ones that may."""
    wishing = bundles[bundles["server"] >= 0]
    there, arc = lookup(arcs, pair_key(wishing["group"].to_numpy(), wishing["server"].to_numpy()))
    wishes = _summed(wishing[["piece", "count"]][there].assign(arc=arc[there]), "arc")
    room = count[wishes["arc"]] - _before(wishes, "arc")
    return wishes.assign(count=np.clip(room, 0, wishes["count"]))


def _allocate_rest(group: Codes | Ints, left: Ints, waiting: pd.DataFrame) -> pd.DataFrame:
    """Return how many of the tasks that wait in each piece get what is left of each arc."""
    ends = np.append(0, np.cumsum(left))
    wanted = waiting["group"].to_numpy()
    end = ends[np.searchsorted(group, wanted, side="right")]
    begin = ends[np.searchsorted(group, wanted)] + _before(waiting, "group")
    begin, end = np.minimum(begin, end), np.minimum(begin + waiting["count"].to_numpy(), end)
    first = np.searchsorted(ends[1:], begin, side="right")
    number = np.where(end > begin, np.searchsorted(ends[1:], end) - first + 1, 0)
    row = np.repeat(np.arange(len(waiting)), number)
    arc = np.arange(len(row)) - np.repeat(np.cumsum(number) - number, number) + first[row]
    amount = np.minimum(ends[arc + 1], end[row]) - np.maximum(ends[arc], begin[row])
    return pd.DataFrame({"arc": arc, "piece": waiting["piece"].to_numpy()[row], "count": amount})


def _summed(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the sums of ``count``, in order of ``by`` and piece."""
    return rows.groupby([by, "piece"])[["count"]].sum().reset_index()


def _before(rows: pd.DataFrame, by: str) -> Ints:
    """Return how many count in earlier rows of the same ``by``."""
    upto = rows.groupby(by)["count"].cumsum()
    return (upto - rows["count"]).to_numpy(dtype=np.int64)
