"""Dispatches many starts of jobs at once, vectorised: the same picks as `dispatch` (S15)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from optimizer.simulation.candidate_sets import NOBODY, Picks

COLUMNS = 4096
Matrices = NDArray[np.bool_]
Keys = NDArray[np.signedinteger[Any]]
Small = np.dtype[np.signedinteger[Any]]


@dataclass(frozen=True, slots=True)
class DispatchBatch:
    """Starts of one job: each of several offers, at each of the ``loads``.

    Per task the ``kind``. ``offers`` and ``connects``, shape (ways, kinds, servers), are the
    servers that a kind picks from, never none, and those that it then connects to; ``loads`` has
    shape (loads, servers).
    """

    kind: NDArray[np.integer[Any]]
    offers: Matrices
    connects: Matrices
    loads: Counts


@dataclass(frozen=True, slots=True)
class DispatchResult:
    """The picks of starts, and how many tasks each server begins to run.

    ``picks``, shape (tasks, ways, loads), are servers, `NOBODY` where that does not connect;
    ``begun``, shape (ways, loads, servers), counts the tasks that connect.
    """

    picks: Picks
    begun: Counts


def dispatch_many(many: Sequence[DispatchBatch]) -> Iterator[tuple[int, DispatchResult]]:
    """Dispatch ``many`` starts; yield the place of each with its picks, in another order."""
    order = sorted(range(len(many)), key=lambda place: _size(many[place]))
    for part in _parts(many, order):
        yield from zip(part, _vectorised([many[place] for place in part]), strict=True)


def _size(starts: DispatchBatch) -> tuple[int, int]:
    return len(starts.kind).bit_length(), starts.loads.shape[1]


def _parts(many: Sequence[DispatchBatch], order: list[int]) -> Iterator[list[int]]:
    """Yield places of starts of about as many tasks, of `COLUMNS` starts or one job's."""
    part: list[int] = []
    columns = 0
    for place in order:
        number = len(many[place].offers) * len(many[place].loads)
        alike = part and _size(many[part[0]])[0] == _size(many[place])[0]
        if part and not (alike and columns + number <= COLUMNS):
            yield part
            part, columns = [], 0
        part.append(place)
        columns += number
    if part:
        yield part


def _vectorised(many: list[DispatchBatch]) -> list[DispatchResult]:
    """Return the picks of starts, task by task in all of them at once.

    A column is a start, a key a server's load and then its place, as in `dispatch`. What is not on
    offer is `_far` away. Whoever has no task left picks what does not count.
    """
    # Keys of so few bits that load and place fit, in the smallest type that does.
    width = max(starts.loads.shape[1] for starts in many)
    kind = _kinds(many)
    bits = width.bit_length()
    highest = max(int(np.ptp(starts.loads)) for starts in many) + len(kind) + 1
    small: Small = np.dtype(np.int32)
    if highest << bits >= _far(small):
        small = np.dtype(np.int64)
    keys, job, base = _columns(many, width, bits, small)
    away, grow = _tables(many, width, bits, small)
    before = keys.copy()
    picks = np.empty((len(kind), len(job)), dtype=np.int16)
    # Task by task: the smallest key on offer is the pick, and grows if it connects.
    seen, column = np.empty_like(keys), np.arange(len(job))
    for step, of_job in enumerate(kind):
        line = of_job.take(job) + base
        np.take(away, line, axis=1, out=seen, mode="clip")
        seen += keys
        server = seen.min(axis=0) & ((1 << bits) - 1)
        more = grow[line, server]
        keys[server, column] += more
        picks[step] = np.where(more, server, NOBODY)
    # Back to one result for each job's starts.
    begun = ((keys - before) >> bits).T
    ends = np.cumsum([len(starts.offers) * len(starts.loads) for starts in many])[:-1]
    parts = zip(many, np.split(picks, ends, axis=1), np.split(begun, ends), strict=True)
    return [_split_results(*part) for part in parts]


def _kinds(many: list[DispatchBatch]) -> NDArray[np.int32]:
    """Return the kind of each task, shape (tasks, jobs); after a job's last one, one more kind."""
    kind = np.empty((max(len(starts.kind) for starts in many), len(many)), dtype=np.int32)
    for number, starts in enumerate(many):
        kind[: len(starts.kind), number] = starts.kind
        kind[len(starts.kind) :, number] = starts.offers.shape[1]
    return kind


def _far(small: Small) -> int:
    return 1 << (8 * small.itemsize - 2)


def _columns(
    many: list[DispatchBatch], width: int, bits: int, small: Small
) -> tuple[Keys, Counts, Counts]:
    """Return each column's keys, shape (servers, columns), its job, and its row in the tables."""
    keys, job, base = [], [], []
    row = 0
    for number, starts in enumerate(many):
        ways, kinds, servers = starts.offers.shape
        key = np.zeros((len(starts.loads), width), dtype=small)
        key[:, :servers] = (starts.loads - starts.loads.min()) << bits
        keys.append(np.tile(key + np.arange(width, dtype=small), (ways, 1)))
        job.append(np.full(ways * len(starts.loads), number))
        base.append(row + np.repeat(np.arange(ways) * (kinds + 1), len(starts.loads)))
        row += ways * (kinds + 1)
    return np.concatenate(keys).T.copy(), np.concatenate(job), np.concatenate(base)


def _tables(many: list[DispatchBatch], width: int, bits: int, small: Small) -> tuple[Keys, Keys]:
    """Return the tables of distances and of growth, a row for each way and kind.

    How far away each server is, shape (servers, rows), and how much its key grows when it is
    picked, shape (rows, servers).
    """
    away, grow = [], []
    for starts in many:
        ways, kinds, servers = starts.offers.shape
        far = np.full((ways, kinds + 1, width), _far(small), dtype=small)
        far[:, :kinds, :servers][starts.offers] = 0
        away.append(far.reshape(-1, width))
        more = np.zeros_like(far)
        more[:, :kinds, :servers][starts.connects] = 1 << bits
        grow.append(more.reshape(-1, width))
    return np.concatenate(away).T.copy(), np.concatenate(grow)


def _split_results(starts: DispatchBatch, picks: Picks, begun: Counts) -> DispatchResult:
    ways, loads, servers = len(starts.offers), *starts.loads.shape
    picks = picks[: len(starts.kind)].reshape(-1, ways, loads)
    return DispatchResult(picks, begun[:, :servers].reshape(ways, loads, servers))
