"""Dispatches one start of one job: each task picks the server with fewest running tasks (S15)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heapreplace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from optimizer.simulation.candidate_sets import NOBODY, Choice, Picks

T = TypeVar("T")
Started = tuple[NDArray[np.intp], Counts]


def dispatch(choice: Choice, load: Counts) -> Picks:
    """Dispatch the tasks of ``choice``: the server each picks, `NOBODY` where it does not connect.

    ``load`` is what each server of the choice runs as the job starts. A server's key is its load,
    then its place: the smallest key is the pick. Kinds whose offers have no server in common know
    nothing of each other, and those that connect to nothing are in nobody's way.
    """
    picks = np.full(len(choice.of.kind), NOBODY, dtype=np.min_scalar_type(-len(load)))
    for kinds in _overlapping_kinds(choice):
        overlapping = np.zeros(len(choice.offer), dtype=np.bool_)
        overlapping[kinds] = True
        mine = np.flatnonzero(overlapping[choice.of.kind])
        offer = choice.offers[choice.offer[kinds[0]]]
        if all(choice.connects[kind].count(1) == len(offer) for kind in kinds) and (
            len({choice.offer[kind] for kind in kinds}) == 1
        ):
            picks[mine] = offer[_fill_evenly(load[offer], len(mine))]
        else:
            picks[mine] = _dispatch_sequentially(choice, load, choice.of.kind[mine].tolist())
    return picks


def _overlapping_kinds(choice: Choice) -> list[list[int]]:
    """Return the kinds that connect to something, in sets whose offers overlap.

    Sets of servers are integers, a byte each.
    """
    one_each = np.zeros((len(choice.offers), len(choice.places)), dtype=np.bool_)
    for row, offer in zip(one_each, choice.offers, strict=True):
        row[offer] = True
    sets = [int.from_bytes(row.tobytes(), "little") for row in one_each]
    overlaps: list[tuple[int, list[int]]] = []
    for kind, offer_of_kind in enumerate(choice.offer):
        if 1 in choice.connects[kind]:
            servers, kinds = sets[offer_of_kind], [kind]
            for overlap in [overlap for overlap in overlaps if servers & overlap[0]]:
                overlaps.remove(overlap)
                servers |= overlap[0]
                kinds += overlap[1]
            overlaps.append((servers, kinds))
    return [kinds for _, kinds in overlaps]


def _fill_evenly(load: Counts, number: int) -> Counts:
    """Fill servers evenly: which of them each of a ``number`` of tasks picks, where all suit.

    They are the smallest keys of all that the servers come to have. Of the servers with the
    least load some number fills up last, so that is the least height that holds all tasks.
    """
    size = len(load)
    lowest = np.sort(load)
    height = (-(-(number + np.cumsum(lowest)) // np.arange(1, size + 1))).min()
    rounds = np.maximum(height - load, 0)
    server = np.repeat(np.arange(size), rounds)
    before = np.arange(len(server)) - np.repeat(np.cumsum(rounds) - rounds, rounds)
    return np.sort((load[server] + before) * size + server)[:number] % size


def _dispatch_sequentially(choice: Choice, load: Counts, kinds: list[int]) -> list[int]:
    """Dispatch tasks of these ``kinds`` one by one.

    Every offer is a heap of keys. Loads only grow meanwhile, so a key in it is never too large,
    and the top is the pick as soon as it is up to date, whatever was picked from other heaps. Of n
    tasks the n smallest keys are enough: one of them has not been picked, and those left out
    are larger.
    """
    size = len(load)
    keys = load * size + np.arange(size)
    key_of = keys.tolist()
    heaps = [np.sort(keys[offer])[: len(kinds)].tolist() for offer in choice.offers]
    of_kind = list(zip((heaps[offer] for offer in choice.offer), choice.connects, strict=True))
    picks = []
    for kind in kinds:
        heap, connects = of_kind[kind]
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
    return picks


class CachedDispatcher(Generic[T]):
    """Dispatches starts of jobs, and keeps what is ``told`` of each, by job and start.

    ``before`` is what was told a week ago. No job is dispatched twice for the same load: one
    night is much like another.
    """

    def __init__(self, choices: Sequence[Choice], tell: Callable[[Choice, Picks], T]) -> None:
        self.told: list[dict[int, T]] = [{} for _ in choices]
        self.before: list[dict[int, T]] = [{} for _ in choices]
        self._choices, self._tell = choices, tell
        self._cache: dict[tuple[int, bytes], tuple[Counts, T]] = {}

    def __call__(self, place: int, number: int, load: Counts) -> Started:
        """Begin the job of the choice at ``place`` for the ``number``-th time in the week.

        ``load`` is what all servers run, in order of name.
        """
        choice = self._choices[place]
        here = load[choice.places]
        met = place, here[choice.offered].tobytes()
        if met not in self._cache:
            picked = dispatch(choice, here)
            self._cache[met] = choice.count_started(picked), self._tell(choice, picked)
        if number in self.told[place]:
            self.before[place][number] = self.told[place][number]
        started, self.told[place][number] = self._cache[met]
        return choice.places, started
