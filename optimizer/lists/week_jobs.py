"""Week jobs: what of each job counts in a week, its tasks by kind, its starts in five weeks.

Servers are *places*: positions in order of name. A *kind* has the tasks of one job that no list
can treat differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.estate import Codes, Estate
from models.plan import OTHER, Tasks
from models.week import WEEK
from models.week_plan import ListWishes, Servers
from optimizer.eligibility.reachability import Matrix
from optimizer.eligibility.tiers import NOT_OFFERED as NO_TIER
from optimizer.eligibility.tiers import Eligibility, tiers_by_network
from optimizer.lists.server_classes import (
    CONNECTS,
    NEAR,
    NOT_OFFERED,
    SAME_SITE,
    Views,
    server_views,
)
from optimizer.simulation.candidate_sets import job_tasks, servers_by_name
from optimizer.simulation.week_replay import week_starts

LATEST = 11
DESCENDING_TIES = (False, True, False, False, True)
DESCENDING_ORDER = (False, False, True, False, True)
HASH_OF_DELAY = (None, None, None, 0, 1)


@dataclass(frozen=True, slots=True)
class WeekJob:
    """One job (code) in a week; a part of a split job has a ``name`` of its own.

    ``tasks`` are the places of its Windows tasks in all tasks, in order of VM, ``kind`` theirs,
    ``count`` how many each kind has. ``view`` is what each place is to each kind, shape (kinds,
    places). ``own_tasks`` are those of the backup server's own work at each start.
    ``starts`` are minutes of the week, for each of the five weeks.
    """

    name: str
    job: int
    tasks: Codes
    kind: NDArray[np.intp]
    count: Counts
    view: Views
    duration: int
    starts: tuple[tuple[int, ...], ...]
    own_tasks: int

    @property
    def runs(self) -> int:
        """Return how many Windows runs it has in a week."""
        return len(self.tasks) * len(self.starts[0])

    @property
    def near(self) -> Matrix:
        """Return which places have a network in common with a kind."""
        return np.asarray(self.view & NEAR > 0)

    @property
    def connects(self) -> Matrix:
        """Return which places connect to a kind."""
        return np.asarray(self.view & CONNECTS > 0)

    @property
    def offerable(self) -> Matrix:
        """Return which places may be offered to a kind, whether they connect or not."""
        return np.asarray(self.view & NOT_OFFERED == 0)

    @property
    def same_site(self) -> Matrix:
        """Return which places are in a site of a kind."""
        return np.asarray(self.view & SAME_SITE > 0)

    def tier(self, own: int) -> NDArray[np.int8]:
        """Return the tier of each place to each kind; ``own`` is the backup server's place."""
        tier = tiers_by_network(self.connects, self.near, own)
        tier[~self.offerable] = NO_TIER
        return tier


@dataclass(frozen=True, slots=True)
class WeekServers:
    """The servers in order of name: ``code`` has theirs, ``number`` the same as Python's numbers.

    ``running`` is what they run anyway, ``limit`` what they may run (-1: no limit); ``candidate``
    ones count for the peak, ``usable`` ones may be offered; ``own`` is the backup server's place.
    """

    code: Codes
    number: NDArray[np.object_]
    place: NDArray[np.intp]
    running: Counts
    limit: Counts
    candidate: NDArray[np.bool_]
    usable: NDArray[np.bool_]
    own: int

    def mask(self, servers: Servers) -> NDArray[np.bool_]:
        """Return the places that a job with this choice may use (S13): none named are all."""
        if not servers:
            return self.usable
        allowed = np.zeros_like(self.usable)
        allowed[self.place[list(servers)]] = True
        return np.asarray(allowed & self.usable)

    def choice(self, mask: NDArray[np.bool_]) -> Servers:
        """Return the servers at the places of ``mask``, as codes in order of name."""
        return tuple(self.number[mask])  # of thousands of lists each number is there once


@dataclass(frozen=True, slots=True)
class WeekEstate:
    """All that a week depends on but the choices.

    Per job, in order of name: ``today`` is its choice, ``allowed`` the places it may be given,
    none where it has to keep what it has; ``bound`` ones are never automatic.
    """

    estate: Estate
    tasks: Tasks
    eligibility: Eligibility
    servers: WeekServers
    jobs: tuple[WeekJob, ...]
    today: tuple[Servers, ...]
    allowed: tuple[NDArray[np.bool_], ...]
    bound: tuple[bool, ...]
    own_work: tuple[WeekJob, ...]


def delay(name: str, number: int | None) -> int:
    """Return h(job, n): by how many minutes its starts are late in that week."""
    if number is None:
        return 0
    digest = sha256(name.encode()).digest()
    return int.from_bytes(digest[4 * number : 4 * number + 4], "big") % LATEST


def delayed(name: str, starts: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Return the starts in each of the five weeks, in order."""
    return tuple(
        tuple(sorted((start + delay(name, number)) % WEEK for start in starts))
        for number in HASH_OF_DELAY
    )


def describe_week(
    estate: Estate, tasks: Tasks, eligibility: Eligibility, wishes: ListWishes
) -> WeekEstate:
    """Gather what the weeks of an estate depend on, and what each job may be given."""
    servers = week_servers(estate, eligibility)
    starts = week_starts(estate)
    duration = estate.jobs["duration_minutes"].tolist()
    names = estate.jobs["job"].tolist()
    named = estate.jobs["proxy_codes"].tolist()
    own = np.bincount(tasks.job[tasks.kind == OTHER], minlength=len(names)).tolist()
    jobs, refused = [], []
    views = server_views(eligibility)[:, servers.code]
    for of in job_tasks(tasks, eligibility):
        refused.append(eligibility.refused[of.profiles][:, servers.code].any(axis=0))
        jobs.append(
            week_job(
                names[of.job],
                of.job,
                of.tasks,
                of.kind.astype(np.intp),
                views[of.profiles],
                servers.usable,
                servers.own,
                duration[of.job],
                starts[of.job],
                own[of.job],
            )
        )
    there = {job.job for job in jobs}
    none = np.zeros(0, dtype=np.intp)
    empty = views[:0]
    own_work = tuple(
        week_job(
            names[job], job, none.astype(np.int32), none, empty, servers.usable, servers.own,
            duration[job], starts[job], own[job],
        )
        for job in np.flatnonzero(own).tolist()
        if job not in there
    )  # fmt: skip
    place = servers.place.tolist()
    free = [wishes.all_free or job.name in wishes.free for job in jobs]
    bound = tuple(
        bool(named[job.job]) and not is_free for job, is_free in zip(jobs, free, strict=True)
    )
    gated = not (servers.usable & (np.arange(len(servers.code)) != servers.own)).any()
    allowed = []
    for job, is_bound, no in zip(jobs, bound, refused, strict=True):
        mask = servers.mask(named[job.job]) if is_bound else servers.usable
        mask = mask & ~no
        allowed.append(np.zeros_like(mask) if gated or job.name in wishes.keep else mask)
    return WeekEstate(
        estate=estate,
        tasks=tasks,
        eligibility=eligibility,
        servers=servers,
        jobs=tuple(jobs),
        today=tuple(tuple(sorted(named[job.job], key=lambda code: place[code])) for job in jobs),
        allowed=tuple(allowed),
        bound=bound,
        own_work=own_work,
    )


def week_servers(estate: Estate, eligibility: Eligibility) -> WeekServers:
    """Return the servers of ``estate`` in order of name."""
    code = servers_by_name(estate)
    place = np.argsort(code)
    return WeekServers(
        code=code,
        number=code.astype(object),
        place=place,
        running=estate.servers["running_tasks"].to_numpy()[code].astype(np.int64),
        limit=estate.servers["max_tasks"].to_numpy()[code].astype(np.int64),
        candidate=eligibility.candidate[code],
        usable=eligibility.usable[code],
        own=int(place[estate.backup_server]),
    )


def week_job(
    name: str,
    job: int,
    tasks: Codes,
    kind: NDArray[np.intp],
    view: Views,
    usable: NDArray[np.bool_],
    own: int,
    duration: int,
    starts: Sequence[int],
    own_tasks: int,
) -> WeekJob:
    """Return the job, kinds that no list tells apart as one."""
    seen = usable | (np.arange(len(usable)) == own)
    number: dict[bytes, int] = {}
    merged = [number.setdefault(row.tobytes(), len(number)) for row in view[:, seen]]
    merge = np.array(merged, dtype=np.intp)
    first = np.unique(merge, return_index=True)[1]
    of_task = merge[kind] if len(kind) else kind
    return WeekJob(
        name=name,
        job=job,
        tasks=tasks,
        kind=of_task,
        count=np.bincount(of_task, minlength=len(first)),
        view=view[first],
        duration=duration,
        starts=delayed(name, starts),
        own_tasks=own_tasks,
    )
