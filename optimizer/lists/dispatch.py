"""Dispatch of one start of a job: how many tasks each offered server gets (S14, S15, S16).

Tasks that are offered the same servers fill them up in closed form, others are dispatched one by
one. The backup server is alone in its tiers, so what it gets does not depend on loads.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapreplace

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from optimizer.eligibility.reachability import Matrix
from optimizer.lists.week_jobs import WeekJob

FAILED, FAILED_OVER, PROTECTED, SAME_SITE, ON_BACKUP = 0, 5, 6, 7, 8
OUTCOMES = 9
PIECES = 4


@dataclass(frozen=True, slots=True)
class OfferBlock:
    """Tasks of a group with the same offer, of some ``kinds``, and their ``servers`` in the group.

    ``connects`` tells to which of these; ``served`` and ``missed`` are the mean outcomes of a task
    that does or does not connect, ``protected`` and ``same_site`` what each server adds to that.
    """

    kinds: NDArray[np.intp]
    servers: NDArray[np.intp]
    connects: NDArray[np.bool_]
    served: NDArray[np.float64]
    missed: NDArray[np.float64]
    protected: NDArray[np.float64]
    same_site: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OfferGroup:
    """Tasks of one job whose offers overlap, so that one's pick is another's load.

    ``servers`` are the places offered to some of them; matrices have shape (kinds, servers).
    ``sequence`` is the kind of each task in order of VM. Per kind: ``missed`` is what becomes of
    a task whose pick does not connect, shape (kinds, outcomes); ``tier`` is 1 or 3.
    ``fixed`` are the outcomes where they do not depend on loads, else None.
    """

    number: int
    servers: NDArray[np.intp]
    sequence: NDArray[np.intp]
    offers: Matrix
    connects: Matrix
    protected: Matrix
    same_site: Matrix
    tier: tuple[int, ...]
    missed: Counts
    fixed: Counts | None
    blocks: tuple[OfferBlock, ...]
    pieces: tuple[tuple[int, ...], ...]

    @property
    def work(self) -> int:
        """Return about how much a dispatch costs, in microseconds."""
        mixed = len(self.tier) > 1 and not (self.connects == self.offers[0]).all()
        return 25 + mixed * len(self.sequence)


@dataclass(frozen=True, slots=True)
class Offering:
    """What one choice offers a job's tasks: outcomes that need no dispatch, and groups.

    ``offered`` is how many servers the tasks of one start are offered, all together, ``servers``
    how many different ones. Choices with the same ``effect`` are followed by the same weeks.
    """

    outcomes: Counts
    groups: tuple[OfferGroup, ...]
    offered: int
    servers: int
    effect: tuple[object, ...]


class Offerings:
    """Makes offerings, each distinct group once, with a ``number`` of its own."""

    def __init__(self, own: int) -> None:
        self._own = own
        self._groups: dict[tuple[int, bytes], OfferGroup] = {}

    def offer(self, key: int, job: WeekJob, allowed: NDArray[np.bool_]) -> Offering:
        """Return what ``job``, known by ``key``, offers its tasks among the places ``allowed``."""
        own, tier = self._own, job.tier
        near = (tier == 1) | (tier == 2)
        rank = np.where(near, np.int8(1), np.int8(3))
        rank[:, own] += 1
        rank[:, ~allowed] = 5
        best = rank.min(axis=1, initial=5)
        offers = (rank == best[:, None]) & allowed
        connects = offers & (tier > 0)
        missed = _missed(job, own)
        outcomes = np.zeros(OUTCOMES, dtype=np.int64)
        on_backup = (best == 2) | ((best == 4) & (tier[:, own] > 0))
        grouped = ((best == 1) | (best == 3)) & connects.any(axis=1)
        lost = ~on_backup & ~grouped
        outcomes += job.count[lost] @ missed[lost]
        here = missed[on_backup]
        here[:, FAILED_OVER] = 0
        outcomes += job.count[on_backup] @ here
        groups = tuple(
            self._group(key, job, kinds, offers, connects, missed, best)
            for kinds in _overlapping(offers, np.flatnonzero(grouped))
        )
        return Offering(
            outcomes=outcomes,
            groups=groups,
            offered=int(job.count @ offers.sum(axis=1)),
            servers=int(offers.any(axis=0).sum()),
            effect=(outcomes.tobytes(), *(group.number for group in groups)),
        )

    def _group(
        self,
        key: int,
        job: WeekJob,
        kinds: list[int],
        offers: Matrix,
        connects: Matrix,
        missed: Counts,
        best: NDArray[np.int8],
    ) -> OfferGroup:
        rows = offers[kinds]
        identity = key, np.array(kinds, dtype=np.int32).tobytes() + rows.tobytes()
        group = self._groups.get(identity)
        if group is None:
            group = _new_group(len(self._groups), job, kinds, rows, connects, missed, best)
            self._groups[identity] = group
        return group


def _missed(job: WeekJob, own: int) -> Counts:
    """Return what becomes of each kind's tasks that the backup server has to take over."""
    tier = job.tier[:, own]
    missed = np.zeros((len(tier), OUTCOMES), dtype=np.int64)
    missed[np.arange(len(tier)), tier] = 1
    missed[:, FAILED_OVER] = missed[:, ON_BACKUP] = tier > 0
    missed[:, SAME_SITE] = (tier > 0) & job.same_site[:, own]
    missed[:, PROTECTED] = (tier > 0) & job.protected[:, own]
    return missed


def _overlapping(offers: Matrix, kinds: NDArray[np.intp]) -> list[list[int]]:
    """Return the kinds, those together whose offers have a server in common; in order."""
    groups: list[tuple[int, list[int]]] = []
    of_row: dict[bytes, list[int]] = {}
    for kind in kinds.tolist():
        of_row.setdefault(offers[kind].tobytes(), []).append(kind)
    for row, members in of_row.items():
        servers = int.from_bytes(row, "little")
        for group in [group for group in groups if servers & group[0]]:
            groups.remove(group)
            servers |= group[0]
            members = members + group[1]
        groups.append((servers, members))
    return sorted(sorted(members) for _, members in groups)


def _new_group(
    number: int,
    job: WeekJob,
    kinds: list[int],
    offers: Matrix,
    connects: Matrix,
    missed: Counts,
    best: NDArray[np.int8],
) -> OfferGroup:
    servers = np.flatnonzero(offers.any(axis=0))
    rows = (offers, connects[kinds], job.protected[kinds], job.same_site[kinds])
    offers, connects, protected, same_site = (
        matrix[:, servers] & offers[:, servers] for matrix in rows
    )
    # kinds that this list does not tell apart become one
    distinct: dict[bytes, int] = {}
    merged = [
        distinct.setdefault(
            b"".join(matrix[row].tobytes() for matrix in (offers, connects, protected, same_site))
            + missed[kind].tobytes()
            + bytes([best[kind]]),
            len(distinct),
        )
        for row, kind in enumerate(kinds)
    ]
    first = np.unique(merged, return_index=True)[1]
    kind_of = np.full(len(job.count), -1, dtype=np.intp)
    kind_of[kinds] = merged
    sequence = kind_of[job.kind]
    sequence = sequence[sequence >= 0]
    offers, connects, protected, same_site = (
        matrix[first] for matrix in (offers, connects, protected, same_site)
    )
    tier = tuple(int(best[kinds[row]]) for row in first.tolist())
    missed = missed[[kinds[row] for row in first.tolist()]]
    blocks = _blocks(sequence, (offers, connects, protected, same_site), tier, missed)
    return OfferGroup(
        number=number,
        servers=servers,
        sequence=sequence,
        offers=offers,
        connects=connects,
        protected=protected,
        same_site=same_site,
        tier=tier,
        missed=missed,
        fixed=_fixed(sequence, offers, connects, protected, same_site, tier),
        blocks=blocks,
        pieces=_pieces(sequence, blocks),
    )


def _pieces(
    sequence: NDArray[np.intp], blocks: tuple[OfferBlock, ...]
) -> tuple[tuple[int, ...], ...]:
    """Return how many tasks of each block are in each piece of the sequence."""
    return tuple(
        tuple(int(np.isin(piece, block.kinds).sum()) for block in blocks)
        for piece in np.array_split(sequence, PIECES if len(blocks) > 1 else 1)
    )


def _blocks(
    sequence: NDArray[np.intp],
    matrices: tuple[Matrix, Matrix, Matrix, Matrix],
    tier: tuple[int, ...],
    missed: Counts,
) -> tuple[OfferBlock, ...]:
    """Return the blocks of a group, those with few servers first."""
    offers, connects, protected, same_site = matrices
    count = np.bincount(sequence, minlength=len(tier))
    alike: dict[tuple[bytes, bytes], list[int]] = {}
    for kind in range(len(tier)):
        name = offers[kind].tobytes(), connects[kind].tobytes()
        alike.setdefault(name, []).append(kind)
    blocks = []
    for kinds in alike.values():
        share = count[kinds] / count[kinds].sum()
        servers = np.flatnonzero(offers[kinds[0]])
        served = np.zeros(OUTCOMES)
        np.add.at(served, [tier[kind] for kind in kinds], share)
        blocks.append(
            OfferBlock(
                kinds=np.array(kinds),
                servers=servers,
                connects=connects[kinds[0], servers],
                served=served,
                missed=share @ missed[kinds],
                protected=share @ protected[kinds][:, servers],
                same_site=share @ same_site[kinds][:, servers],
            )
        )
    return tuple(sorted(blocks, key=lambda block: len(block.servers)))


def _fixed(
    sequence: NDArray[np.intp],
    offers: Matrix,
    connects: Matrix,
    protected: Matrix,
    same_site: Matrix,
    tier: tuple[int, ...],
) -> Counts | None:
    """Return the outcomes of a start, if every offered server gives each task the same."""
    uniform = all(
        ((matrix == offers).all(axis=1) | ~matrix.any(axis=1)).all()
        for matrix in (protected, same_site)
    )
    if not uniform or not (connects == offers).all():
        return None
    outcomes = np.zeros(OUTCOMES, dtype=np.int64)
    for kind, count in enumerate(np.bincount(sequence, minlength=len(tier)).tolist()):
        outcomes[tier[kind]] += count
        outcomes[PROTECTED] += count * bool(protected[kind].any())
        outcomes[SAME_SITE] += count * bool(same_site[kind].any())
    return outcomes


def dispatch(
    group: OfferGroup, load: Counts, descending_ties: bool, descending_vms: bool
) -> tuple[Counts, Counts]:
    """Return how many tasks each server of ``group`` begins, and what becomes of them all.

    ``load`` is what the servers run as the job starts.
    """
    if len(group.tier) == 1:
        begun, left = _fill(load, len(group.sequence), group.connects[0], descending_ties)
        if group.fixed is not None:
            return begun, group.fixed
        outcomes = left * group.missed[0]
        outcomes[group.tier[0]] += len(group.sequence) - left
        outcomes[PROTECTED] += begun @ group.protected[0]
        outcomes[SAME_SITE] += begun @ group.same_site[0]
        return begun, outcomes
    alike = bool((group.offers == group.offers[0]).all() and group.connects.all())
    if alike and group.fixed is not None:
        return _fill(load, len(group.sequence), group.connects[0], descending_ties)[0], group.fixed
    sequence = group.sequence[::-1] if descending_vms else group.sequence
    if alike:
        picks = _fill_in_order(load, len(sequence), descending_ties)
    else:
        picks = _one_by_one(group, load, sequence, descending_ties)
    return _counted(group, sequence, picks)


def dispatch_all(group: OfferGroup, loads: Counts, descending_ties: bool) -> Counts | None:
    """Return what each server begins at each of ``loads``, shape (rows, servers), in closed form;
    None where there is none, or outcomes depend on loads."""
    if group.fixed is None or not (group.offers == group.offers[0]).all():
        return None
    return _level_all(loads, len(group.sequence), descending_ties)


def estimate_all(
    group: OfferGroup, loads: Counts, descending_ties: bool, descending_vms: bool
) -> tuple[Counts, Counts]:
    """Estimate what each server begins at each of ``loads``, and what becomes of the tasks.

    As if in each `PIECES`-th of the tasks those with the fewest servers to pick from came first:
    then they are in closed form.
    """
    begun = np.zeros_like(loads)
    outcomes = np.zeros((len(loads), OUTCOMES))
    for piece in group.pieces[::-1] if descending_vms else group.pieces:
        for block, number in zip(group.blocks, piece, strict=True):
            if number:
                here = loads[:, block.servers] + begun[:, block.servers]
                more = _fill_all(here, number, block.connects, descending_ties)
                begun[:, block.servers] += more
                got = more.sum(axis=1)
                outcomes += got[:, None] * block.served + (number - got)[:, None] * block.missed
                outcomes[:, PROTECTED] += more @ block.protected
                outcomes[:, SAME_SITE] += more @ block.same_site
    return begun, np.rint(outcomes).astype(np.int64)


def _fill_all(loads: Counts, number: int, connects: NDArray[np.bool_], descending: bool) -> Counts:
    """Return `_fill` of each row of loads."""
    if connects.all():
        return _level_all(loads, number, descending)
    size = loads.shape[1]
    place = np.arange(size)[::-1] if descending else np.arange(size)
    threshold, turn = np.divmod((loads * size + place)[:, ~connects].min(axis=1), size)
    room = np.maximum(threshold[:, None] + (place < turn[:, None]) - loads, 0) * connects
    roomy = room.sum(axis=1) > number
    if roomy.any():
        inside = np.flatnonzero(connects)
        room[np.ix_(roomy, inside)] = _level_all(loads[np.ix_(roomy, inside)], number, descending)
    return np.asarray(room)


def _level_all(loads: Counts, number: int, descending: bool) -> Counts:
    """Return `_level` of each row of loads."""
    size = loads.shape[1]
    if size == 1:
        return np.full_like(loads, number)
    lowest = np.sort(loads, axis=1)
    height = (-(-(number + lowest.cumsum(axis=1)) // np.arange(1, size + 1))).min(axis=1)
    room: Counts = np.maximum(height[:, None] - loads, 0)
    above: Counts = room.sum(axis=1) - number
    if above.any():
        top = room > 0
        turn = top if descending else top[:, ::-1]
        last = turn & (turn.cumsum(axis=1) <= above[:, None])
        room -= last if descending else last[:, ::-1]
    return room


def _counted(
    group: OfferGroup, sequence: NDArray[np.intp], picks: NDArray[np.intp]
) -> tuple[Counts, Counts]:
    """Count picks (-1: none) by server and outcome."""
    kinds, size = group.offers.shape
    table = np.bincount(sequence * (size + 1) + picks + 1, minlength=kinds * (size + 1))
    table = table.reshape(kinds, size + 1)
    left, got = table[:, 0], table[:, 1:]
    outcomes = left @ group.missed
    np.add.at(outcomes, list(group.tier), got.sum(axis=1))
    outcomes[PROTECTED] += (got * group.protected).sum()
    outcomes[SAME_SITE] += (got * group.same_site).sum()
    return got.sum(axis=0), outcomes


def _fill(
    load: Counts, number: int, connects: NDArray[np.bool_], descending: bool
) -> tuple[Counts, int]:
    """Return how many of a ``number`` of like tasks each server gets, and how many get none.

    A server's key is its load, then its place. A task that picks one that does not connect leaves
    no load there, so all after it pick that one, too.
    """
    size = len(load)
    if connects.all():
        return _level(load, number, descending), 0
    place = np.arange(size)[::-1] if descending else np.arange(size)
    threshold, turn = divmod(int((load * size + place)[~connects].min()), size)
    room = np.maximum(threshold + (place < turn) - load, 0) * connects
    if room.sum() <= number:
        return room, number - int(room.sum())
    begun = np.zeros(size, dtype=np.int64)
    begun[connects] = _level(load[connects], number, descending)
    return begun, 0


def _level(load: Counts, number: int, descending: bool) -> Counts:
    """Return how many of a ``number`` of tasks each server gets, where all suit them all.

    Of the servers with the least load some number fills up last: so the least height that holds
    all tasks is known, and the last ones in turn get one less.
    """
    size = len(load)
    if size == 1:
        return np.array([number])
    lowest = load.copy()
    lowest.sort()
    height = (-(-(number + lowest.cumsum()) // np.arange(1, size + 1))).min()
    room: Counts = np.maximum(height - load, 0)
    above = int(room.sum()) - number
    if above:
        top = np.flatnonzero(room)
        room[top[:above] if descending else top[-above:]] -= 1
    return room


def _fill_in_order(load: Counts, number: int, descending: bool) -> NDArray[np.intp]:
    """Return the server that each of a ``number`` of tasks picks in turn, where all suit them."""
    size = len(load)
    begun = _level(load, number, descending)
    server: NDArray[np.intp] = np.repeat(np.arange(size), begun)
    before = np.arange(number) - np.repeat(np.cumsum(begun) - begun, begun)
    turn = size - 1 - server if descending else server
    in_order = np.argsort((load[server] + before) * size + turn, kind="stable")
    return np.asarray(server[in_order])


def _one_by_one(
    group: OfferGroup, load: Counts, sequence: NDArray[np.intp], descending: bool
) -> NDArray[np.intp]:
    """Return what each task picks, -1 where that does not connect.

    Every distinct offer is a heap of keys; loads only grow meanwhile, so its top is the pick as
    soon as it is up to date. Of n tasks the n smallest keys are enough.
    """
    size = len(load)
    turn = np.arange(size)[::-1] if descending else np.arange(size)
    keys = load * size + turn
    server_of = turn.tolist()  # its own inverse
    key_of = keys.tolist()
    heaps: dict[bytes, list[int]] = {}
    wishes = []
    for offer, connects in zip(group.offers, group.connects, strict=True):
        name = offer.tobytes()
        if name not in heaps:
            heaps[name] = np.sort(keys[offer])[: len(sequence)].tolist()
        wishes.append((heaps[name], connects.tolist()))
    picks = []
    for kind in sequence.tolist():
        heap, connected = wishes[kind]
        key = heap[0]
        server = server_of[key % size]
        while key != key_of[server]:
            heapreplace(heap, key_of[server])
            key = heap[0]
            server = server_of[key % size]
        if connected[server]:
            key_of[server] = key + size
            picks.append(server)
        else:
            picks.append(-1)
    return np.array(picks, dtype=np.intp)
