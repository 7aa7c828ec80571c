"""The week plan: the choice of each job, the week that follows, and how good that is proven to be.

A *choice* is a tuple of server codes in order of name; the empty one is automatic selection. The
week's aims are in `models.week_aims`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.diagnostics import Finding
from models.week_aims import CHOICE_AIMS, MAXIMISED_WEEK_AIMS, WEEK_AIMS, First

Certainty = Literal["guaranteed", "likely", "depends"]
Proof = Literal["enumerated", "duals", "search"]
Servers = tuple[int, ...]

AUTOMATIC: Servers = ()
WEEKS = 5


@dataclass(frozen=True, slots=True)
class ListWishes:
    """What an administrator wishes of the lists (`[lists]`); it binds choices that are set.

    ``free`` and ``keep`` are names of jobs; ``all_free`` frees every job. ``most_changes`` None
    sets no limit. Without ``cross_sites`` no list leaves the sites of the job's VMs where a server
    of these sites serves one of them.
    """

    first: First = "limits"
    free: frozenset[str] = frozenset()
    all_free: bool = False
    keep: frozenset[str] = frozenset()
    most_changes: int | None = None
    least_servers: int = 1
    cross_sites: bool = True


@dataclass(frozen=True, slots=True)
class WeekFigures:
    """What becomes of the runs of all Windows tasks in one week.

    ``failed_over`` is part of tiers 2 and 4; ``protected`` and ``same_site`` count the runs whose
    server has that label; ``overload_minutes`` are task-minutes above ``max_tasks`` of candidates
    and the backup server; ``peak`` is that of the busiest candidate.
    """

    failed: int
    tier1: int
    tier2: int
    tier3: int
    tier4: int
    failed_over: int
    protected: int
    same_site: int
    overload_minutes: int
    peak: int
    jobs_changed: int

    def reached(self, tier: int) -> int:
        """Return how many runs are in ``tier`` (1 to 3) or a better one."""
        return sum((self.tier1, self.tier2, self.tier3)[:tier])

    def value(self, aim: str, planned: WeekFigures) -> int:
        """Return the value of a week's aim, beside the week as ``planned``."""
        of = CHOICE_AIMS[aim]
        if of.is_shortfall:
            return max(0, planned.reached(of.tier) - self.reached(of.tier))
        return int(getattr(self, of.figure))


FIGURES = tuple(column.name for column in fields(WeekFigures))


@dataclass(frozen=True, slots=True)
class WeekFiguresSummary:
    """The five weeks in short.

    The ``nominal`` one, the ``mean`` and the ``worst``, figure by figure.
    """

    nominal: WeekFigures
    mean: Mapping[str, float]
    worst: WeekFigures


def summarise(weeks: Sequence[WeekFigures]) -> WeekFiguresSummary:
    """Summarise weeks, the nominal one first."""
    columns = {name: [int(getattr(week, name)) for week in weeks] for name in FIGURES}
    worst = {
        name: min(column) if name in MAXIMISED_WEEK_AIMS else max(column)
        for name, column in columns.items()
    }
    mean = {name: sum(column) / len(column) for name, column in columns.items()}
    return WeekFiguresSummary(weeks[0], mean, WeekFigures(**worst))


def aim_values(
    first: First, weeks: Sequence[WeekFigures], planned: WeekFigures
) -> tuple[tuple[str, int], ...]:
    """Return each aim of the order ``first`` with its value: the sum over the ``weeks``."""
    return tuple((aim, sum(week.value(aim, planned) for week in weeks)) for aim in WEEK_AIMS[first])


def lexicographic_key(values: Sequence[tuple[str, int]]) -> tuple[int, ...]:
    """Return values of aims as a key: the smaller, the better."""
    return tuple(-value if aim in MAXIMISED_WEEK_AIMS else value for aim, value in values)


@dataclass(frozen=True, slots=True)
class JobChoice:
    """What to select in one job (code): ``servers``, and what follows in the nominal week.

    ``is_set`` is False where the job keeps what it has, ``servers`` then being what `jobs.csv`
    says, usable or not. ``overload_minutes`` is the overload of each server while a run of the job
    is on it. ``gains`` has the aims that a change makes better, in order, and by how much: what
    reverting it alone would cost, in the sum of the five weeks. ``leaves_site`` tells that no
    server of the VMs' sites is offered.
    """

    job: int
    servers: Servers
    is_set: bool
    runs: int
    failed: int
    tier1: int
    tier2: int
    tier3: int
    tier4: int
    failed_over: int
    overload_minutes: int
    certainty: Certainty
    gains: tuple[tuple[str, int], ...] = ()
    leaves_site: bool = False


@dataclass(frozen=True, slots=True)
class JobPart:
    """A part of a split job: its ``name``, its choice, and its Windows ``tasks``.

    These are places among the plan's tasks, ascending. ``kind`` tells what the name is taken
    from: a network, a site, a folder, or just a number.
    """

    name: str
    servers: Servers
    tasks: NDArray[np.int32]
    kind: Literal["network", "site", "folder", "number"]


@dataclass(frozen=True)
class JobSplit:
    """A job (code) in ``parts``, in order of name; VMs without a Windows task go to the largest.

    ``weeks`` is the summary with this split and all of better rank. ``gains`` and ``costs`` are
    the aims it makes better and worse, in order, with by how much (positive) in the sum of the
    five weeks.
    """

    job: int
    rank: int
    parts: tuple[JobPart, ...]
    weeks: WeekFiguresSummary
    gains: tuple[tuple[str, int], ...]
    costs: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class WeekAim:
    """How well an aim of the week is reached.

    ``value`` with the lists as written, ``bound`` what no lists can better with all earlier aims at
    their values; both are sums over five weeks.
    """

    aim: str
    value: int
    bound: int
    proven: bool
    proof: Proof


@dataclass(frozen=True)
class WeekPlan:
    """The choice of each job that has Windows tasks, in order of name, and the weeks to compare.

    ``plan`` is the week as planned, every run on its own proxy; ``bound`` the best of any choice
    per VM, nominal week. ``today`` keeps all choices, ``automatic`` frees all jobs; without
    splits ``lists_and_splits`` equals ``lists``. Splits are in order of rank. ``findings``
    are those on choices of jobs.
    """

    first: First
    plan: WeekFigures
    today: WeekFiguresSummary
    automatic: WeekFiguresSummary
    lists: WeekFiguresSummary
    lists_and_splits: WeekFiguresSummary
    bound: WeekFigures
    choices: tuple[JobChoice, ...]
    splits: tuple[JobSplit, ...] = ()
    aims: tuple[WeekAim, ...] = ()
    findings: tuple[Finding, ...] = ()
