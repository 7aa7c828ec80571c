"""What a report says, as figures and names; how it says it is the page's business.

Texts in here are names and details of the estate and the plan. Words for people, in whatever
language, are in the page's catalogue, found by codes: aims, reasons, finding codes, port purposes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.plan import AimResult
from models.ports import Source
from models.week_aims import First
from models.week_plan import WeekAim, WeekFigures

Week = Literal["today", "lists", "splits", "best", "automatic", "plan"]
Gains = tuple[tuple[str, int], ...]
Numbers = NDArray[np.signedinteger[Any]]
Kind = Literal["server", "network", "vsphere"]


@dataclass(frozen=True, slots=True)
class WeekColumn:
    """One week seen one way.

    Today's choices, the lists, the splits, the best for any choice per VM, all jobs automatic, or
    as planned. ``worst`` is that of the five weeks, None where only the nominal one is known.
    """

    week: Week
    nominal: WeekFigures
    worst: WeekFigures | None


@dataclass(frozen=True, slots=True)
class Count:
    """How often a code occurs, with the first few subjects and details."""

    code: str
    count: int
    severity: str
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServerWeek:
    """One server: its tasks by tier, and its peak in each hour of the week.

    ``hours`` has 168 figures from Monday 00:00, ``running_tasks`` included. ``limit`` is None for
    any number, ``site`` "" where it has none.
    """

    server: str
    site: str
    tasks: int
    tiers: tuple[int, int, int, int]
    limit: int | None
    peak: int
    hours: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A site on the map, and what becomes of the Windows tasks of its VMs.

    A network or router without a site is a place of its own. ``x`` and ``y`` are in a unit square,
    y downwards. The tasks by tier, the ``unassigned``, of the assigned the ``unprotected`` ones and
    those that can ``failover`` to the backup server. ``servers`` of it are in use; ``home`` holds
    the backup server. Without a ``parting`` place others no longer reach each other. A VM in
    several places counts at the first one, one whose networks are unknown nowhere.
    """

    name: str
    x: float
    y: float
    tiers: tuple[int, int, int, int]
    unassigned: int
    unprotected: int
    failover: int
    servers: int
    home: bool
    parting: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A connection on the map between two places (their numbers), for one or more links.

    ``bridge``: for one of them there is no other path; ``up``: one of them is in service.
    """

    start: int
    end: int
    links: int
    bridge: bool
    up: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """What one failure does, as `whatif` counts it."""

    fail: str
    kept: int
    failed_over: int
    lost: int
    gone: int
    peak: int
    single_points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JobChange:
    """What to select in one job.

    Servers before and after (none: automatic selection), and what it gains: aims with sums over
    the five weeks, in order. ``early`` where it gains before the aim `protected`; ``leaves_site``
    where no server of the VMs' sites is offered.
    """

    job: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    certainty: str
    gains: Gains
    early: bool
    leaves_site: bool


@dataclass(frozen=True, slots=True)
class PartToMake:
    """A job to make: its name, how many VMs it takes, its servers (none: automatic selection)."""

    name: str
    vms: int
    servers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SplitJob:
    """A job to split, and what that gains and costs beside the lists and all earlier splits."""

    job: str
    parts: tuple[PartToMake, ...]
    gains: Gains
    costs: Gains


@dataclass(frozen=True, slots=True)
class PortRule:
    """Open these TCP ports from ``start`` to ``end``; no ports where the vendor names none.

    ``cidr`` is that of the network among the two, "" where it has none. ``purpose`` and ``when``
    are codes of `models.ports`: what for, and in which case only. End kind "vsphere" stands for
    the ESXi hosts and vCenter Server, which an estate does not name (``end`` is ""). ``failover``:
    needed only when the backup server takes over (S16). ``same_network``: the two share it, so no
    firewall is likely to be between them. ``source`` is who says so (`SOURCES`).
    """

    start: str
    start_kind: Kind
    end: str
    end_kind: Kind
    cidr: str
    ports: tuple[str, ...]
    purpose: str
    when: str
    source: Source
    failover: bool
    same_network: bool


@dataclass(frozen=True, slots=True)
class Search:
    """The searchable rows: all tasks, by job and VM in byte order, as columns of equal length.

    Columns are codes into the lists of names, -1 where there is none.
    ``names`` (for people) goes with ``vms``, both in the order of the estate. ``tier`` is 0 where
    there is none, ``protected`` 0 or 1. The backup server's own work has it as ``proxy``, tier 0.
    """

    jobs: Sequence[str]
    vms: Sequence[str]
    names: Sequence[str]
    servers: Sequence[str]
    reasons: Sequence[str]
    job: Numbers
    vm: Numbers
    proxy: Numbers
    tier: Numbers
    protected: Numbers
    reason: Numbers


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page shows.

    ``windows_tasks`` are those to be planned, ``assigned`` those of them with a proxy;
    ``own_tasks`` the backup server's own (S5), the rest of ``tasks`` is of unknown system.
    A peak is in tasks, or with ``balance`` "utilisation" in thousandths of ``max_tasks``.
    ``unprotected`` counts assigned tasks. ``failures`` are the worst of ``scenarios`` that were
    studied, ``scenarios_left_out`` those that touch fewer tasks and were not; the backup server
    may run ``failover_limit`` tasks meanwhile, None for any number. ``moves_by_server`` gives gains
    and losses against today, none without a ``current`` table. What was assumed is in
    ``assumptions``, all else in ``findings``.

    ``weeks`` are to be read from left to right, from today to the best possible, ``other_weeks``
    beside them. ``jobs`` are those to change, what gains most first; ``splits`` are in order.
    """

    estate: str
    backup_server: str
    vms: int
    tasks: int
    windows_tasks: int
    own_tasks: int
    assigned: int
    ruleset: str
    balance: Literal["tasks", "utilisation"]
    versions: Mapping[str, str]
    inputs: Mapping[str, str]
    aims: Sequence[AimResult]
    first: First
    weeks: Sequence[WeekColumn]
    other_weeks: Sequence[WeekColumn]
    week_aims: Sequence[WeekAim]
    unassigned: Sequence[Count]
    unprotected: int
    overloaded: Sequence[ServerWeek]
    findings: Sequence[Count]
    servers: Sequence[ServerWeek]
    places: Sequence[Place]
    lines: Sequence[Line]
    failures: Sequence[Failure]
    failover_limit: int | None
    scenarios: int
    scenarios_left_out: int
    jobs: Sequence[JobChange]
    kept_jobs: int
    splits: Sequence[SplitJob]
    moves_by_server: Sequence[tuple[str, int, int]]
    rules: Sequence[PortRule]
    assumptions: Sequence[Count]
    search: Search
