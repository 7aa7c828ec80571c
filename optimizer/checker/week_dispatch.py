"""One start of a job: which server each of its Windows tasks picks (S13 to S16)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heapify, heapreplace

import numpy as np
from numpy.typing import NDArray

from optimizer.checker.week_signatures import JobRoster, Signatures

Whole = NDArray[np.int64]
NOBODY = -1


@dataclass(frozen=True)
class Crowd:
    """Signatures that compete for servers: ``offers`` overlap, sets of indices of ``servers``.

    ``offer`` gives which of them a signature (of the job) picks from, and ``connects`` a byte per
    index, 1 where the signature connects to that server.
    """

    servers: Whole
    offers: tuple[Whole, ...]
    offer: dict[int, int]
    connects: dict[int, bytes]


class Offers:
    """What the tasks of one job pick from when it may use the places ``allowed``.

    ``local`` (tasks,) is which signature of the job each task has, in the order in which they
    start. ``offered`` has shape (signatures of the job, servers).
    """

    def __init__(self, signatures: Signatures, tasks: JobRoster, allowed: Whole) -> None:
        self.signatures, home = signatures, signatures.home
        self.of_job, self.local = tasks.distinct
        self.columns = np.sort(allowed[signatures.usable[allowed]])
        near = signatures.near[np.ix_(self.of_job, self.columns)]
        served = signatures.served[np.ix_(self.of_job, self.columns)]
        # The best tier by networks alone (S14); beside the backup server there is nobody in it.
        at_home = self.columns == home
        first, second = near & ~at_home, near & at_home
        third = np.broadcast_to(~at_home, near.shape)
        fourth = np.broadcast_to(at_home, near.shape)
        offered = np.zeros_like(near)
        for tier in (first, second, third, fourth):
            offered |= served & tier & ~offered.any(axis=1, keepdims=True)
        self.offered = offered
        self.connected = offered & signatures.connects[np.ix_(self.of_job, self.columns)]
        stands_in = signatures.connects[self.of_job, home]
        self.stand_in = np.where(stands_in, home, NOBODY)
        self.picks_home = np.asarray(offered[:, at_home].any(axis=1))
        self._dispatchers: dict[tuple[bool, bool], Dispatcher] = {}

    @property
    def is_certain(self) -> bool:
        """Tell whether no task's tier depends on which of the servers offered it picks."""
        connected = self.connected.sum(axis=1)
        return bool(((connected == 0) | (connected == self.offered.sum(axis=1))).all())

    def dispatcher(self, ties_down: bool, order_down: bool) -> Dispatcher:
        """Return what starts the job, with ties or the order of its VMs turned round."""
        key = ties_down, order_down
        if key not in self._dispatchers:
            self._dispatchers[key] = Dispatcher(self, *key)
        return self._dispatchers[key]

    @cached_property
    def crowds(self) -> tuple[list[Crowd], list[Crowd]]:
        """The crowds whose signatures all pick from the same, connected servers, and the others.

        Who connects to nothing picks, fails, and is in nobody's way.
        """
        numbers: dict[bytes, int] = {}
        offer = [numbers.setdefault(row.tobytes(), len(numbers)) for row in self.offered]
        sets = [np.flatnonzero(np.frombuffer(row, dtype=np.bool_)) for row in numbers]
        active = np.flatnonzero(self.connected.any(axis=1)).tolist()
        groups: list[tuple[set[int], list[int]]] = []
        for number in sorted({offer[row] for row in active}):
            servers, members = set(sets[number].tolist()), [number]
            for other in [group for group in groups if not group[0].isdisjoint(servers)]:
                groups.remove(other)
                servers, members = servers | other[0], members + other[1]
            groups.append((servers, members))
        alike: list[Crowd] = []
        mixed: list[Crowd] = []
        for servers, members in groups:
            columns = np.array(sorted(servers), dtype=np.int64)
            rows = [row for row in active if offer[row] in members]
            connected = self.connected[rows][:, columns]
            crowd = Crowd(
                self.columns[columns],
                tuple(np.searchsorted(columns, sets[number]) for number in members),
                {row: members.index(offer[row]) for row in rows},
                {row: flags.tobytes() for row, flags in zip(rows, connected, strict=True)},
            )
            whole = len(members) == 1 and connected.all()
            (alike if whole else mixed).append(crowd)
        return alike, mixed


class Dispatcher:
    """Starts one job, again and again.

    Within a crowd only differences of load matter, and what was met before is not worked out again.
    """

    def __init__(self, offers: Offers, ties_down: bool, order_down: bool) -> None:
        self._home, self._turn = offers.signatures.home, -1 if ties_down else 1
        self._order = -1 if order_down else 1
        self._local = offers.local[:: self._order]
        self._alike, self._mixed = offers.crowds
        crowds = [*self._alike, *self._mixed]
        self._servers = np.concatenate(
            [np.zeros(0, dtype=np.int64), *(crowd.servers[:: self._turn] for crowd in crowds)]
        )
        self._sizes = np.array([len(crowd.servers) for crowd in crowds], dtype=np.int64)
        self._first = np.cumsum(self._sizes) - self._sizes
        crowd_of = np.full(len(offers.of_job), NOBODY)
        for number, crowd in enumerate(crowds):
            crowd_of[list(crowd.offer)] = number
        self._idle = np.where(crowd_of == NOBODY, offers.stand_in, NOBODY)[self._local]
        self._stand_in = offers.stand_in[self._local]
        tasks = crowd_of[self._local]
        self._tasks = [np.flatnonzero(tasks == number) for number in range(len(crowds))]
        self._met: dict[bytes, tuple[Whole, Whole, Whole]] = {}

    def start(self, load: Whole) -> tuple[Whole, Whole, Whole]:
        """Return who runs each task, VMs ascending, the places that get tasks, and how many.

        A task that fails has `NOBODY`. ``load`` is what all servers run, shape (servers,).
        """
        here = load[self._servers]
        if len(self._first):
            here = here - np.repeat(np.minimum.reduceat(here, self._first), self._sizes)
        key = here.tobytes()
        found = self._met.get(key)
        if found is None:
            server = self._pick(here)
            count = np.bincount(server[server != NOBODY])
            places = np.flatnonzero(count)
            found = self._met[key] = server[:: self._order], places, count[places]
        return found

    def _pick(self, here: Whole) -> Whole:
        server = self._idle.copy()
        parts = np.split(here, self._first[1:]) if len(self._first) else []
        for number, (load, tasks) in enumerate(zip(parts, self._tasks, strict=True)):
            if number < len(self._alike):
                picked = level(load, len(tasks))
            else:
                crowd = self._mixed[number - len(self._alike)]
                picked = np.array(
                    one_by_one(crowd, load, self._local[tasks].tolist(), self._turn), dtype=np.int64
                )
            servers = self._servers[self._first[number] :][: len(load)]
            runs = np.where(picked == NOBODY, self._stand_in[tasks], servers[picked])
            server[tasks] = runs
        return server


def level(load: Whole, number: int) -> Whole:
    """Return which server each of ``number`` tasks picks that may all have any of them.

    The least loaded one, then the first: so loads are filled up to a common height, and what is
    left goes to the first of those at that height.
    """
    lowest = np.sort(load)
    height = int(((number + np.cumsum(lowest)) // np.arange(1, len(load) + 1)).min())
    count = np.maximum(height - load, 0)
    level_ones = np.flatnonzero(load <= height)
    count[level_ones[: number - int(count.sum())]] += 1
    server = np.repeat(np.arange(len(load)), count)
    height_of = np.arange(number) - np.repeat(np.cumsum(count) - count, count) + load[server]
    return server[np.argsort(height_of, kind="stable")]


def one_by_one(crowd: Crowd, load: Whole, local: Sequence[int], turn: int) -> list[int]:
    """Return which server each task of signatures ``local`` picks, `NOBODY` where it fails.

    A heap per offer, of load and index as one number. A server that others have picked meanwhile
    stands too low in it, and is put right when it comes to the top.
    """
    size = len(load)
    now = (load * size + np.arange(size)).tolist()
    offers = [size - 1 - offer if turn < 0 else offer for offer in crowd.offers]
    heaps = [[now[index] for index in offer.tolist()] for offer in offers]
    for heap in heaps:
        heapify(heap)
    heap_of = {row: heaps[number] for row, number in crowd.offer.items()}
    connects = {row: flags[::turn] for row, flags in crowd.connects.items()}
    picked = []
    for row in local:
        heap = heap_of[row]
        top = heap[0]
        while top != now[top % size]:
            heapreplace(heap, now[top % size])
            top = heap[0]
        index = top % size
        if connects[row][index]:
            now[index] = top + size
            picked.append(index)
        else:
            picked.append(NOBODY)
    return picked
