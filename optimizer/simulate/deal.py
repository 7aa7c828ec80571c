"""One start of one job: each task in turn takes the server with the fewest running tasks (S15)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heapreplace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.estate import Codes
from models.problem import Counts
from optimizer.simulate.choice import NOBODY, Choice

T = TypeVar("T")
Begun = tuple[NDArray[np.intp], Counts]


def deal(choice: Choice, load: Counts) -> Codes:
    """Return the server that each task of ``choice`` picks, `NOBODY` where it has no connection.

    ``load`` is what each server of the choice runs as the job starts. A server's key
    is its load, then its place: the smallest key is the pick. Every offer is a heap of keys.
    Loads only grow meanwhile, so a key in it is never too large, and the top is the pick as soon
    as it is up to date, whatever was dealt from other heaps. Of n tasks the n smallest keys are
    enough: one of them has not been dealt from, and those left out are larger.
    """
    size = len(load)
    keys = load * size + np.arange(size)
    key_of = keys.tolist()
    heaps = [np.sort(keys[offer])[: len(choice.of.kind)].tolist() for offer in choice.offers]
    wishes = list(zip((heaps[offer] for offer in choice.offer), choice.connects, strict=True))
    picks = []
    for kind in choice.of.kind.tolist():
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


class Dealer(Generic[T]):
    """Begins jobs, and keeps what is to be ``told`` of each start, by job and start.

    No job is dealt twice for the same load: one night is much like another.
    """

    def __init__(self, choices: Sequence[Choice], tell: Callable[[int, Codes], T]) -> None:
        self.told: list[dict[int, T]] = [{} for _ in choices]
        self._choices, self._tell = choices, tell
        self._dealt: dict[tuple[int, bytes], tuple[Counts, T]] = {}

    def __call__(self, place: int, number: int, load: Counts) -> Begun:
        """Begin the job of the choice at ``place`` for the ``number``-th time in the week.

        ``load`` is what all servers run, in order of name. A later week's start takes the place
        of an earlier one's.
        """
        choice = self._choices[place]
        here = load[choice.places]
        met = place, here[choice.offered].tobytes()
        if met not in self._dealt:
            picked = deal(choice, here)
            self._dealt[met] = choice.begun(picked), self._tell(place, picked)
        begun, self.told[place][number] = self._dealt[met]
        return choice.places, begun
