"""One start of one job: each task in turn takes the server with the fewest running tasks (S15)."""

from __future__ import annotations

from heapq import heapreplace
from itertools import chain

import numpy as np

from models.estate import Codes
from models.problem import Counts
from optimizer.simulate.choice import NOBODY, Choice


def deal(choice: Choice, load: Counts) -> Codes:
    """Return the server that each task of ``choice`` picks, `NOBODY` where it has no connection.

    ``load`` is what each server runs as the job starts, servers in order of name. A server's key
    is its load, then its place: the smallest key is the pick. Every offer is a heap of keys.
    Loads only grow meanwhile, so a key in it is never too large, and the top is the pick as soon
    as it is up to date, whatever was dealt from other heaps. Of n tasks the n smallest keys are
    enough: one of them has not been dealt from, and those left out are larger.
    """
    size = len(load)
    keys = load * size + np.arange(size)
    key_of = keys.tolist()
    heaps = [np.sort(keys[offer])[: len(choice.kind)].tolist() for offer in choice.offers]
    wishes = list(zip((heaps[offer] for offer in choice.offer), choice.connects, strict=True))
    picks = []
    for kind in choice.kind.tolist():
        heap, connects = wishes[kind]
        if not heap:
            picks.append(NOBODY)
            continue
        key = heap[0]
        while key != key_of[key % size]:
            heapreplace(heap, key_of[key % size])
            key = heap[0]
        server = key % size
        if connects[server]:
            key_of[server] = key + size
            picks.append(server)
        else:
            picks.append(NOBODY)
    return np.array(picks, dtype=np.int32)


class Dealer:
    """Deals, but no job twice for the same load: one night is much like another."""

    def __init__(self) -> None:
        self._offered: dict[int, Codes] = {}
        self._dealt: dict[tuple[int, bytes], Codes] = {}

    def __call__(self, choice: Choice, load: Counts) -> Codes:
        """Return what `deal` does; of ``load`` only the servers on offer matter to it."""
        if choice.job not in self._offered:
            places = sorted(set(chain.from_iterable(o.tolist() for o in choice.offers)))
            self._offered[choice.job] = np.array(places, dtype=np.int32)
        met = choice.job, load[self._offered[choice.job]].tobytes()
        if met not in self._dealt:
            self._dealt[met] = deal(choice, load)
        return self._dealt[met]
