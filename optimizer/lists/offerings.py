"""Offerings: what a choice offers a job's tasks (S14, S15, S16), and groups of tasks to dispatch.

The backup server is alone in its tiers, so what it gets does not depend on loads. Tasks whose
offers overlap are a *group*: one's pick is another's load.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.week import WEEK
from models.week_plan import WEEKS
from optimizer.eligibility.reachability import Matrix
from optimizer.lists.compiled import (
    CONNECTS,
    FAILED,
    FAILED_OVER,
    IS_NEAR,
    IS_PROTECTED,
    IS_SAME_SITE,
    ON_BACKUP,
    OUTCOMES,
    PROTECTED,
    SAME_SITE,
    GroupArrays,
    JobArrays,
    KeptArrays,
)
from optimizer.lists.compiled_offers import describe_group, offer
from optimizer.lists.week_jobs import WeekJob

View = NDArray[np.uint8]
KEPT_CELLS = 1024  # of a group and week


@dataclass(frozen=True, slots=True)
class Offering:
    """What one choice offers a job's tasks: outcomes that need no dispatch, and ``groups``.

    ``offered`` is how many servers the tasks of one start are offered, all together, ``servers``
    how many different ones. Choices with the same ``effect`` are followed by the same weeks.
    """

    outcomes: Counts
    groups: tuple[int, ...]
    offered: int
    servers: int
    effect: tuple[object, ...]


class _Grown:
    """An array that grows at its end."""

    def __init__(self, kind: type, *columns: int) -> None:
        self._data: NDArray[Any] = np.zeros((256, *columns), dtype=kind)
        self.size = 0

    def __len__(self) -> int:
        return self.size

    def add(self, values: NDArray[Any] | Sequence[Any]) -> None:
        """Add rows."""
        size = self.size + len(values)
        if size > len(self._data):
            more = np.zeros((max(size, len(self._data)), *self._data.shape[1:]), self._data.dtype)
            self._data = np.concatenate([self._data, more])
        self._data[self.size : size] = values
        self.size = size

    @property
    def rows(self) -> NDArray[Any]:
        """Return what was added, not a copy."""
        return self._data[: self.size]


class Offerings:
    """Makes offerings, each distinct group once; it keeps what groups met in the weeks."""

    def __init__(self, jobs: Sequence[WeekJob], own: int, places: int) -> None:
        self.jobs = job_arrays(jobs, own, places)
        self._of, self._own, self._places = jobs, own, places
        self._numbers: dict[tuple[int, bytes, bytes], int] = {}
        self.servers: list[NDArray[np.intp]] = []
        self._job, self._tasks = _Grown(np.int32), _Grown(np.int32)
        self._is_level, self._fixed = _Grown(np.bool_), _Grown(np.int64, OUTCOMES)
        self._first = {name: _Grown(np.int64) for name in ("cell", "kind", "offer", "member")}
        self._server, self._offer_of = _Grown(np.int32), _Grown(np.int32)
        self._member = _Grown(np.int32)
        self._arrays: GroupArrays | None = None
        for name in ("cell", "offer"):
            self._first[name].add([0])
        self._slots, self._first_slot = _Grown(np.int64), _Grown(np.int64)
        self._first_kept = _Grown(np.int64)
        self._met = [_Grown(np.int32) for _ in range(WEEKS)]
        self._begun = [_Grown(np.int32) for _ in range(WEEKS)]
        self._outcomes = [_Grown(np.int64, OUTCOMES) for _ in range(WEEKS)]

    @property
    def groups(self) -> GroupArrays:
        """Return the groups made so far, as arrays."""
        if self._arrays is None:
            first = self._first
            self._arrays = GroupArrays(
                self._job.rows, self._tasks.rows, self._is_level.rows, first["cell"].rows,
                self._server.rows, first["kind"].rows, self._offer_of.rows, first["offer"].rows,
                first["member"].rows, self._member.rows, self._fixed.rows,
            )  # fmt: skip
        return self._arrays

    def offer(self, job: int, allowed: NDArray[np.bool_]) -> Offering:
        """Return what a job offers its tasks among the places ``allowed``."""
        kinds = slice(*self.jobs.first_kind[job : job + 2])
        view = self.jobs.views.reshape(-1, self._places)[kinds]
        offer_of, offers, group_of, outcomes, offered, servers = offer(
            view, self._of[job].count, self.jobs.missed[kinds], self._own, allowed
        )
        groups = tuple(
            self._group(job, offer_of, offers, np.flatnonzero(group_of == number), view)
            for number in sorted(set(group_of.tolist()))
        )
        return Offering(outcomes, groups, offered, servers, (outcomes.tobytes(), *groups))

    def nothing(self, job: int) -> Offering:
        """Return the offering of a job that is not there, nor its part of the server's own work."""
        outcomes = np.zeros(OUTCOMES, dtype=np.int64)
        outcomes[ON_BACKUP] = -self._of[job].own_tasks
        return Offering(outcomes, (), 0, 0, effect=("away",))

    def _group(
        self, job: int, offer_of: Counts, offers: Matrix, mine: NDArray[np.intp], view: View
    ) -> int:
        """Return the number of the group of these offers."""
        place = np.full(len(offers) + 1, -1, dtype=np.int32)
        place[mine] = np.arange(len(mine))
        of_kind = place[offer_of]
        rows = offers[mine]
        identity = job, of_kind.tobytes(), np.packbits(rows).tobytes()
        number = self._numbers.get(identity)
        if number is None:
            number = self._numbers[identity] = len(self._numbers)
            self._add(job, of_kind, rows, view)
        return number

    def _add(self, job: int, of_kind: NDArray[np.int32], rows: Matrix, view: View) -> None:
        servers, member, first, tasks, is_level, fixed = describe_group(
            view, self._of[job].count, of_kind, rows
        )
        self._job.add([job])
        self._tasks.add([tasks])
        self._is_level.add([is_level])
        self._fixed.add(fixed[None])
        self._first["kind"].add([len(self._offer_of)])
        self._offer_of.add(of_kind)
        self._first["member"].add(len(self._member) + first)
        self._first["offer"].add([len(self._first["member"])])
        self._member.add(member)
        self._server.add(servers)
        self._first["cell"].add([len(self._server)])
        self.servers.append(servers)
        for of_group in (self._slots, self._first_slot, self._first_kept):
            of_group.add([0])
        self._arrays = None

    def make_room(self, chosen: NDArray[np.int32]) -> None:
        """Make room to keep what these groups meet, at each start where they have few cells.

        Of those with thousands nothing is kept: that would take more memory than all else.
        """
        slots, first = self._slots.rows, self._first["cell"].rows
        for group in chosen[slots[chosen] == 0].tolist():
            cells = int(first[group + 1] - first[group])
            starts = len(self._of[self._job.rows[group]].starts[0])
            slots[group] = many = min(starts, KEPT_CELLS // cells)
            self._first_slot.rows[group] = len(self._outcomes[0])
            self._first_kept.rows[group] = len(self._met[0])
            for of_cell in (*self._met, *self._begun):
                of_cell.add(np.full(many * cells, -1))
            for of_slot in self._outcomes:
                of_slot.add(np.zeros((many, OUTCOMES)))

    def kept(self, week: int) -> KeptArrays:
        """Return what groups met in a week."""
        return KeptArrays(
            self._slots.rows, self._first_slot.rows, self._first_kept.rows, self._met[week].rows,
            self._begun[week].rows, self._outcomes[week].rows,
        )  # fmt: skip


def job_arrays(jobs: Sequence[WeekJob], own: int, places: int) -> JobArrays:
    """Return the jobs as arrays."""
    none = np.zeros((0, places), dtype=np.uint8)
    views = np.concatenate([none, *(job.view for job in jobs)])
    near, served = views[:, own] & IS_NEAR > 0, views[:, own] & CONNECTS > 0
    missed = np.zeros((len(views), OUTCOMES), dtype=np.int64)
    missed[np.arange(len(views)), np.where(served, np.where(near, 2, 4), FAILED)] = 1
    missed[:, FAILED_OVER] = missed[:, ON_BACKUP] = served
    missed[:, PROTECTED] = served & (views[:, own] & IS_PROTECTED > 0)
    missed[:, SAME_SITE] = served & (views[:, own] & IS_SAME_SITE > 0)
    tasks = [job.kind for job in jobs]
    return JobArrays(
        first_task=np.cumsum([0, *map(len, tasks)]),
        kind=np.concatenate([np.zeros(0, dtype=np.int32), *tasks]).astype(np.int32),
        first_kind=np.cumsum([0, *(len(job.count) for job in jobs)]),
        views=views.reshape(-1),
        missed=missed,
        duration=np.array([job.duration for job in jobs], dtype=np.int64),
        together=np.array([_concurrent_runs(job) for job in jobs], dtype=np.int64),
    )


def _concurrent_runs(job: WeekJob) -> int:
    """Return how many runs of a job are in progress at once, at most."""
    starts = np.array(job.starts[0], dtype=np.int64)
    since = (starts[:, None] - starts) % WEEK
    return int((since < job.duration).sum(axis=1).max(initial=1))
