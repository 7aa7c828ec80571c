"""Divisions: ways to split a job, by network, by site, or by what is planned for its tasks.

Parts are few, and named by network or site where that tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.estate import Codes
from models.week_plan import Servers
from optimizer.lists.week_jobs import WeekEstate, WeekJob, week_job

MOST_PARTS = 4


@dataclass(frozen=True, slots=True)
class Division:
    """A way to split a job (code): the ``part`` of each of its tasks.

    ``names`` has a name for each part, ``kind`` what these are taken from.
    """

    job: int
    part: NDArray[np.intp]
    names: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class DividedJob:
    """A division, and where the ``whole`` job and its ``parts`` are among the jobs of an estate."""

    division: Division
    whole: int
    parts: tuple[int, ...]


def propose_divisions(week: WeekEstate, job: WeekJob, proxy: Codes) -> list[Division]:
    """Propose ways to split a job: by network, by site, by tier and by server as planned."""
    estate = week.estate
    of_task = proxy[job.tasks]
    there = of_task >= 0
    place = np.where(there, week.servers.place[of_task], -1)
    tier = np.where(there, job.tier(week.servers.own)[job.kind, place], 0)
    network_set = estate.vms["network_set"].to_numpy()[week.tasks.vm[job.tasks]]
    networks = estate.networks["network"].tolist()
    sites = estate.networks["site"].tolist()
    by_network = np.array(
        ["+".join(networks[net] for net in estate.network_sets[code]) for code in network_set]
    )
    by_site = np.array(
        ["+".join(sorted({sites[net] for net in estate.network_sets[code]} - {""}))
         for code in network_set]
    )  # fmt: skip
    found = []
    for kind, labels in (("network", by_network), ("site", by_site)):
        found += _by_label(job, kind, labels, place)
    taken = {of.name for of in week.jobs} | set(estate.jobs["job"])
    for value in (np.where(tier == 1, 0, 1), _few(place)):
        _, part = np.unique(value, return_inverse=True)
        if 2 <= part.max(initial=0) + 1 <= MOST_PARTS:
            part = _by_size(part)
            names = tuple(f"{job.name} ({number + 1})" for number in range(part.max() + 1))
            found.append(Division(job.job, part, names, "number"))
    distinct: dict[bytes, Division] = {}
    for division in found:
        if not taken.intersection(division.names):
            distinct.setdefault(_by_size(division.part).tobytes(), division)
    return list(distinct.values())


def _by_label(
    job: WeekJob, kind: str, labels: NDArray[np.str_], place: NDArray[np.integer]
) -> list[Division]:
    """Return divisions whose parts are labels: each, or those together that are planned alike."""
    values, value = np.unique(labels, return_inverse=True)
    found = []
    if 2 <= len(values) <= MOST_PARTS and "" not in values:
        part = _by_size(value)
        order = [values[value[np.argmax(part == number)]] for number in range(len(values))]
        found.append(Division(job.job, part, tuple(f"{job.name} {label}" for label in order), kind))
    if len(values) > 2:
        main = np.array(
            [np.bincount(place[value == number] + 1).argmax() for number in range(len(values))]
        )
        leader = np.bincount(main[value]).argmax()
        part = (main[value] != leader).astype(np.intp)
        if part.any():
            lone = np.unique(labels[part == 1])
            name = job.name
            first = f"{name} {lone[0]}" if len(lone) == 1 and lone[0] else f"{name} (2)"
            shown = kind if not first.endswith("(2)") else "number"
            found.append(Division(job.job, part, (f"{name} (1)", first), shown))
    return found


def _few(place: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return planned servers, all but the most used as one."""
    count = np.bincount(place + 1)
    top = np.argsort(-count, kind="stable")[: MOST_PARTS - 1] - 1
    return np.where(np.isin(place, top), place, -2)


def _by_size(part: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return parts numbered by size, the largest first."""
    order = np.argsort(-np.bincount(part), kind="stable")
    return np.asarray(np.argsort(order)[part])


def add_parts(
    week: WeekEstate, divisions: Sequence[Division]
) -> tuple[WeekEstate, list[DividedJob]]:
    """Return the estate with the parts of all ``divisions`` beside its jobs, in order of name.

    Today a part has what its job may name.
    """
    place_of = {job.job: place for place, job in enumerate(week.jobs)}
    jobs, source = list(week.jobs), list(range(len(week.jobs)))
    numbers = []
    for division in divisions:
        number = place_of[division.job]
        numbers.append((number, *range(len(jobs), len(jobs) + len(division.names))))
        jobs += _parts(week, week.jobs[number], division)
        source += [number] * len(division.names)
    order = sorted(range(len(jobs)), key=lambda number: jobs[number].name.encode())
    place = np.argsort(order).tolist()
    extended = replace(
        week,
        jobs=tuple(jobs[number] for number in order),
        today=tuple(
            week.today[number] if number < len(week.jobs) else nameable(week, source[number])
            for number in order
        ),
        allowed=tuple(week.allowed[source[number]] for number in order),
        bound=tuple(week.bound[source[number]] for number in order),
    )
    return extended, [
        DividedJob(division, place[whole], tuple(sorted(place[part] for part in parts)))
        for division, (whole, *parts) in zip(divisions, numbers, strict=True)
    ]


def nameable(week: WeekEstate, number: int) -> Servers:
    """Return which servers of today's choice of a job its parts may name."""
    allowed, place = week.allowed[number], week.servers.place
    return tuple(code for code in week.today[number] if allowed[place[code]])


def _parts(week: WeekEstate, job: WeekJob, division: Division) -> list[WeekJob]:
    """Return the parts of a job as jobs."""
    sizes = np.bincount(division.part, minlength=len(division.names)).tolist()
    names = division.names
    # Of equals the first in order of name, as where the parts are written.
    largest = min(range(len(names)), key=lambda part: (-sizes[part], names[part].encode()))
    made = []
    for part, name in enumerate(names):
        inside = division.part == part
        kinds, kind = np.unique(job.kind[inside], return_inverse=True)
        made.append(
            week_job(
                name,
                job.job,
                job.tasks[inside],
                kind,
                job.view[kinds],
                week.servers.usable,
                week.servers.own,
                job.duration,
                job.starts[0],
                job.own_tasks if part == largest else 0,
            )
        )
    return made
