"""Random bipartite graphs of tasks and servers, drawn as the families FewG, ManyG and HiLo are.

The families are those of the studies of semi-matchings (Harvey, Ladner, Lovász and Tamir, 2006;
Benoit, Langguth and Uçar, 2013). The graphs are drawn anew, so no two studies have the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from models.integer_program import Ints

SERVERS = 256
DEGREE = 5
FEW, MANY = 32, 256


@dataclass(frozen=True, slots=True)
class SemiMatchingInstance:
    """Which servers may serve each task.

    ``server`` has a row for each task: its servers in ascending order, then `NONE` up to the
    greatest number that any task has.
    """

    servers: int
    server: NDArray[np.int16]


NONE = -1


def generate(family: str, tasks: int, seed: int) -> SemiMatchingInstance:
    """Return a graph of ``family`` with `SERVERS` servers."""
    picks = FAMILIES[family](tasks, default_rng(seed))
    picks.sort(axis=1)
    picks[:, 1:][picks[:, 1:] == picks[:, :-1]] = NONE
    # Ascending, what is none last: as unsigned numbers, those are the greatest.
    picks.view(np.uint16).sort(axis=1)
    return SemiMatchingInstance(SERVERS, picks)


def _grouped(groups: int) -> Callable[[int, Generator], NDArray[np.int16]]:
    """Return how a family is drawn whose tasks and servers fall into a ring of ``groups``.

    A task picks servers in its group and the two beside it, `DEGREE` on average, binomially
    distributed, one at least; a server picked twice counts once.
    """

    def draw(tasks: int, chance: Generator) -> NDArray[np.int16]:
        size = SERVERS // groups
        group = np.arange(tasks) * groups // tasks
        degree = np.maximum(1, chance.binomial(2 * DEGREE, 0.5, tasks))
        picks = chance.integers(0, 3 * size, (tasks, 2 * DEGREE), dtype=np.int16)
        picks = ((picks + (group[:, None] - 1) * size) % SERVERS).astype(np.int16)
        spare = np.arange(2 * DEGREE) >= degree[:, None]
        picks[spare] = np.broadcast_to(picks[:, :1], picks.shape)[spare]
        return picks

    return draw


def _hilo(tasks: int, chance: Generator) -> NDArray[np.int16]:
    """Draw the family whose graph is given but for its order.

    The j-th task of a group may be served by the servers ``j - DEGREE`` to ``j`` of its group and
    of the next one, if there is one; tasks beyond the last server by the last servers.
    """
    size = SERVERS // FEW
    group = np.arange(tasks) * FEW // tasks
    first = np.flatnonzero(np.diff(group, prepend=-1))
    last = np.minimum(np.arange(tasks) - first[group], size - 1)
    within = np.maximum(last[:, None] - np.arange(DEGREE + 1), 0)
    beside = np.minimum(group + 1, FEW - 1)
    picks = np.concatenate([part[:, None] * size + within for part in (group, beside)], axis=1)
    return chance.permutation(picks.astype(np.int16))


FAMILIES: dict[str, Callable[[int, Generator], NDArray[np.int16]]] = {
    "FewG": _grouped(FEW),
    "ManyG": _grouped(MANY),
    "HiLo": _hilo,
}


def loads(instance: SemiMatchingInstance, chosen: Ints) -> Ints:
    """Return each server's load; raise ValueError where a task is on a server that it may not use.

    ``chosen`` is the server of each task.
    """
    if not (instance.server == chosen[:, None]).any(axis=1).all() or chosen.min(initial=0) < 0:
        raise ValueError("a task is on a server that may not serve it")
    return np.bincount(chosen, minlength=instance.servers)
