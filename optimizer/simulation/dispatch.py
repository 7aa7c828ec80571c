"""Dispatches one start of one job: each task picks the server with fewest running tasks (S15)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heapreplace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from optimizer.simulation.candidate_sets import NOBODY, JobCandidates, Picks

T = TypeVar("T")
Started = tuple[NDArray[np.intp], Counts]


def dispatch(candidates: JobCandidates, load: Counts) -> Picks:
    """Dispatch a job's tasks: the server each picks, `NOBODY` where it does not connect.

    ``load`` is what each of the ``candidates`` runs as the job starts. A server's key is its load,
    then its place: the smallest key is the pick. Kinds whose offers have no server in common know
    nothing of each other, and those that connect to nothing are in nobody's way.
    """
    picks = np.full(len(candidates.of.kind), NOBODY, dtype=np.min_scalar_type(-len(load)))
    for kinds in _overlapping_kinds(candidates):
        overlapping = np.zeros(len(candidates.offer), dtype=np.bool_)
        overlapping[kinds] = True
        mine = np.flatnonzero(overlapping[candidates.of.kind])
        offer = candidates.offers[candidates.offer[kinds[0]]]
        if all(candidates.connects[kind].count(1) == len(offer) for kind in kinds) and (
            len({candidates.offer[kind] for kind in kinds}) == 1
        ):
            picks[mine] = offer[_fill_evenly(load[offer], len(mine))]
        else:
            picks[mine] = _dispatch_sequentially(
                candidates, load, candidates.of.kind[mine].tolist()
            )
    return picks


def _overlapping_kinds(candidates: JobCandidates) -> list[list[int]]:
    """Return the kinds that connect to something, in sets whose offers overlap.

    Sets of servers are integers, a byte each.
    """
    one_each = np.zeros((len(candidates.offers), len(candidates.places)), dtype=np.bool_)
    for row, offer in zip(one_each, candidates.offers, strict=True):
        row[offer] = True
    sets = [int.from_bytes(row.tobytes(), "little") for row in one_each]
    overlaps: list[tuple[int, list[int]]] = []
    for kind, offer_of_kind in enumerate(candidates.offer):
        if 1 in candidates.connects[kind]:
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


def _dispatch_sequentially(candidates: JobCandidates, load: Counts, kinds: list[int]) -> list[int]:
    """Dispatch tasks of these ``kinds`` one by one.

    Every offer is a heap of keys. Loads only grow meanwhile, so a key in it is never too large,
    and the top is the pick as soon as it is up to date, whatever was picked from other heaps. Of n
    tasks the n smallest keys are enough: one of them has not been picked, and those left out
    are larger.
    """
    size = len(load)
    keys = load * size + np.arange(size)
    key_of = keys.tolist()
    heaps = [np.sort(keys[offer])[: len(kinds)].tolist() for offer in candidates.offers]
    of_kind = list(
        zip((heaps[offer] for offer in candidates.offer), candidates.connects, strict=True)
    )
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
    """Dispatches starts of jobs, and keeps what is ``recorded`` of each, by job and start.

    ``before`` is what was recorded a week ago. No job is dispatched twice for the same load: one
    night is much like another.
    """

    def __init__(
        self,
        candidate_sets: Sequence[JobCandidates],
        record: Callable[[JobCandidates, Picks], T],
    ) -> None:
        self.recorded: list[dict[int, T]] = [{} for _ in candidate_sets]
        self.before: list[dict[int, T]] = [{} for _ in candidate_sets]
        self._candidate_sets, self._record = candidate_sets, record
        self._cache: dict[tuple[int, bytes], tuple[Counts, T]] = {}

    def __call__(self, place: int, number: int, load: Counts) -> Started:
        """Begin the job of the candidate sets at ``place`` for the ``number``-th time in the week.

        ``load`` is what all servers run, in order of name.
        """
        candidates = self._candidate_sets[place]
        here = load[candidates.places]
        met = place, here[candidates.offered].tobytes()
        if met not in self._cache:
            picked = dispatch(candidates, here)
            self._cache[met] = candidates.count_started(picked), self._record(candidates, picked)
        if number in self.recorded[place]:
            self.before[place][number] = self.recorded[place][number]
        started, self.recorded[place][number] = self._cache[met]
        return candidates.places, started
