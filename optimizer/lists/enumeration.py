"""Enumeration: bounds from trying every combination of choices of jobs that meet on servers.

Choices that offer every kind of VM the same are one *option*. Jobs that can meet on no server form
*components*, whose figures add up: each is tried alone, all other jobs as they are written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.estate import Estate
from models.week_aims import CHANGED, CHOICE_AIMS, MAXIMISED_WEEK_AIMS, PEAK
from models.week_plan import WEEKS, Servers, WeekFigures
from optimizer.eligibility.tiers import Eligibility
from optimizer.lists.choice_rules import AllowedChoices
from optimizer.lists.placements import Placements
from optimizer.lists.server_classes import Mask, offered
from optimizer.simulation.candidate_sets import servers_by_name

MOST_SERVERS = 10
Evaluate = Callable[[Sequence[Servers]], Sequence[WeekFigures]]


@dataclass(frozen=True, slots=True)
class JobOptions:
    """The options of one job, today's first: ``choices`` has one of each.

    ``servers`` are those that some option offers, the backup server left out; ``written`` is the
    option as written.
    """

    choices: tuple[Servers, ...]
    servers: Mask
    written: int


@dataclass(frozen=True, slots=True)
class _Table:
    """What a component comes to: per combination of options the five weeks.

    ``changed`` is how many jobs change then, ``written`` the combination as written.
    """

    weeks: list[Sequence[WeekFigures]]
    changed: Counts
    written: int

    def sums(self, aim: str) -> Counts:
        """Return the figure of an aim, the sum of the weeks, of each combination."""
        name = CHOICE_AIMS[aim].figure
        return np.array([sum(getattr(week, name) for week in weeks) for weeks in self.weeks])

    def reached(self, tier: int) -> Counts:
        """Return the runs in ``tier`` or a better one, shape (combinations, weeks)."""
        return np.array([[week.reached(tier) for week in weeks] for weeks in self.weeks])


def job_options(
    allowed: AllowedChoices,
    eligibility: Eligibility,
    order: NDArray[np.integer],
    own: int,
    today: Servers,
    written: Servers,
) -> JobOptions | None:
    """Return the options of a job; None where there are too many lists to look at.

    ``order`` has the servers by name, ``today`` and ``written`` are choices as codes.
    """
    codes = [code for code in order.tolist() if allowed.servers[code]]
    many = allowed.may_set_list and len(codes) > MOST_SERVERS
    if many:
        return None
    lists: list[Servers] = [today]
    if allowed.automatic:
        lists.append(())
    if allowed.may_set_list:
        bits = np.arange(1 << len(codes))[:, None] >> np.arange(len(codes)) & 1
        bits = bits[bits.sum(axis=1) >= allowed.least]
        lists += [
            tuple(code for code, is_in in zip(codes, row, strict=True) if is_in) for row in bits
        ]
    number: dict[bytes, int] = {}
    choices: list[Servers] = []
    servers = np.zeros_like(eligibility.usable)
    for choice in lists:
        shown = _offer(eligibility, own, allowed, choice)
        if number.setdefault(shown.tobytes(), len(number)) == len(choices):
            choices.append(choice)
            servers |= shown.any(axis=0)
    servers[own] = False  # which is alone on offer, if at all: no load of others leads to it
    place = number[_offer(eligibility, own, allowed, written).tobytes()]
    return JobOptions(tuple(choices), servers, place)


def _offer(eligibility: Eligibility, own: int, allowed: AllowedChoices, choice: Servers) -> Mask:
    listed = eligibility.usable
    if choice:
        listed = np.zeros_like(listed)
        listed[list(choice)] = eligibility.usable[list(choice)]
    return offered(eligibility, own, allowed.of.profiles, listed)


def components(options: Sequence[JobOptions], together: Mask) -> list[list[int]]:
    """Return the jobs (places) of each component; those in ``together`` are in one."""
    parts: list[tuple[Mask, list[int]]] = []
    held: list[int] = []
    for place, of_job in enumerate(options):
        servers, jobs = of_job.servers.copy(), [place]
        meets = [
            part
            for part in parts
            if (part[0] & servers).any() or (together[place] and not set(held).isdisjoint(part[1]))
        ]
        for part in meets:
            servers |= part[0]
            jobs += part[1]
        parts = [part for part in parts if all(part is not met for met in meets)]
        parts.append((servers, sorted(jobs)))
        if together[place]:
            held.append(place)
    return [jobs for _, jobs in parts]


@dataclass(frozen=True, slots=True)
class Enumeration:
    """Tries combinations of choices, at most ``evaluations`` of them.

    ``evaluate`` returns the five weeks that follow from a choice of each job. Jobs are those that
    are ``allowed`` something, in order; ``where`` their tasks may run.
    """

    estate: Estate
    eligibility: Eligibility
    allowed: Sequence[AllowedChoices]
    where: Placements
    most_changes: int | None
    evaluate: Evaluate
    evaluations: int = 2000

    def bounds(
        self, written: Sequence[Servers], values: Sequence[tuple[str, int]], planned: WeekFigures
    ) -> dict[str, int]:
        """Return the bounds of aims, ``written`` choices having these ``values``.

        Nothing is returned where there are too many combinations. The peak is told only where all
        jobs are in one component.
        """
        tables = self._tables(written)
        limit = len(self.allowed) if self.most_changes is None else self.most_changes
        kept = [table.changed <= limit for table in tables]
        return _bounds(tables, kept, values, planned) if tables else {}

    def _tables(self, written: Sequence[Servers]) -> list[_Table]:
        order, own = servers_by_name(self.estate), self.estate.backup_server
        named = self.estate.jobs["proxy_codes"].tolist()
        options: list[JobOptions] = []
        for allowed, choice in zip(self.allowed, written, strict=True):
            of_job = job_options(
                allowed, self.eligibility, order, own, named[allowed.of.job], choice
            )
            if of_job is None:
                return []
            options.append(of_job)
        parts = [list(range(len(options)))]
        if prod(len(of_job.choices) for of_job in options) > self.evaluations:
            parts = components(options, self._on_backup_server())
        if (
            sum(prod(len(options[job].choices) for job in part) for part in parts)
            > self.evaluations
        ):
            return []
        base = [of_job.choices[of_job.written] for of_job in options]
        return [_table(options, part, base, self.evaluate) for part in parts]

    def _on_backup_server(self) -> Mask:
        """Tell which jobs the backup server may serve, if it has a limit.

        What is above that does not add up.
        """
        own = self.estate.backup_server
        limited = self.estate.servers["max_tasks"].to_numpy()[own] >= 0
        jobs = self.where.job[self.where.servers[self.where.row, own]]
        return np.array([limited and of.of.job in jobs for of in self.allowed], dtype=np.bool_)


def _bounds(
    tables: Sequence[_Table],
    kept: list[Mask],
    values: Sequence[tuple[str, int]],
    planned: WeekFigures,
) -> dict[str, int]:
    """Return the bounds of aims in order.

    ``kept`` combinations have all earlier ones as good as their ``values``, if the other components
    are at their best.
    """
    bounds: dict[str, int] = {}
    for aim, value in values:
        if aim == PEAK.name and len(tables) > 1:
            continue
        if aim == CHANGED.name:
            least = [table.changed[keep].min() for table, keep in zip(tables, kept, strict=True)]
            bounds[aim] = WEEKS * int(sum(least))
        elif CHOICE_AIMS[aim].is_shortfall:
            short = _short(tables, kept, CHOICE_AIMS[aim].tier, planned)
            bounds[aim] = int(max(of.min() for of in short))
            kept = [keep & (of <= value) for keep, of in zip(kept, short, strict=True)]
        else:
            sign = -1 if aim in MAXIMISED_WEEK_AIMS else 1
            more = [sign * (table.sums(aim) - table.sums(aim)[table.written]) for table in tables]
            least = [int(of[keep].min()) for of, keep in zip(more, kept, strict=True)]
            bounds[aim] = value + sign * sum(least)
            kept = [
                keep & (of - low + sum(least) <= 0)
                for keep, of, low in zip(kept, more, least, strict=True)
            ]
    return bounds


def _short(
    tables: Sequence[_Table], kept: Sequence[Mask], tier: int, planned: WeekFigures
) -> list[Counts]:
    """Return what is short of the planned runs in ``tier`` or a better one, per combination.

    Of each component, all other components at their best in every week.
    """
    reached = [table.reached(tier) for table in tables]
    more = [of - of[table.written] for of, table in zip(reached, tables, strict=True)]
    best = [of[keep].max(axis=0) for of, keep in zip(more, kept, strict=True)]
    at_best = reached[0][tables[0].written] + sum(best)
    missing = [
        np.maximum(planned.reached(tier) - (at_best - high + of), 0).sum(axis=1)
        for of, high in zip(more, best, strict=True)
    ]
    return [
        np.where(keep, of, np.iinfo(np.int64).max) for of, keep in zip(missing, kept, strict=True)
    ]


def _table(
    options: Sequence[JobOptions], part: list[int], base: list[Servers], evaluate: Evaluate
) -> _Table:
    """Try all combinations of a component's options, the other jobs as they are in ``base``."""
    weeks, changed, written = [], [], 0
    for place, combination in enumerate(product(*(range(len(options[j].choices)) for j in part))):
        chosen = base.copy()
        for job, option in zip(part, combination, strict=True):
            chosen[job] = options[job].choices[option]
        weeks.append(evaluate(chosen))
        changed.append(sum(option > 0 for option in combination))
        if all(o == options[job].written for job, o in zip(part, combination, strict=True)):
            written = place
    return _Table(weeks, np.array(changed, dtype=np.int64), written)
