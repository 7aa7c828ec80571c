"""Replays the week, twice through, start by start; the five weeks of docs/certainty.md."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.week import DAY, WEEK
from optimizer.checker.week_dispatch import NOBODY, Offers
from optimizer.checker.week_signatures import JobRoster, Signatures

Whole = NDArray[np.int64]
LATE_BY = 11


class WeekVariant(NamedTuple):
    """How one of the five weeks goes.

    Which orders are turned round, and which number of a job's hash says how late it starts (None:
    on time).
    """

    ties_down: bool
    orders_down: bool
    late: int | None


NOMINAL = WeekVariant(False, False, None)
FIVE = (
    NOMINAL,
    WeekVariant(True, False, None),
    WeekVariant(False, True, None),
    WeekVariant(False, False, 0),
    WeekVariant(True, True, 1),
)


@dataclass(frozen=True)
class Unit:
    """What starts as one, a job or a part of it.

    Its ``name``, its tasks, and what these pick from, or on which places they are put (`NOBODY` for
    none).
    """

    name: str
    tasks: JobRoster
    picks: Offers | Whole


class Started(NamedTuple):
    """One start of a unit (by number) of the second week, or of the first where it lasts into it.

    From minute ``begin`` of two weeks, on which place each task runs, and the places.
    """

    unit: int
    begin: int
    server: Whole
    places: Whole


@dataclass(frozen=True)
class Replay:
    """A replayed week.

    ``load`` is what each server runs from each of the ``minutes`` (of two weeks, all in the second)
    to the next, shape (minutes, servers).
    """

    units: Sequence[Unit]
    starts: Sequence[Started]
    minutes: Whole
    load: Whole

    @property
    def reported(self) -> list[Started]:
        """The starts of the second week."""
        return [start for start in self.starts if start.begin >= WEEK]


def late_by(name: str, number: int) -> int:
    """Return how many minutes late the job ``name`` is: as docs/certainty.md has it."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[4 * number :][:4], "big") % LATE_BY


class WeekReplayer:
    """Replays weeks of one estate."""

    def __init__(self, signatures: Signatures) -> None:
        self.signatures = signatures
        jobs = signatures.estate.jobs
        self._starts = [
            [day * DAY + start for day in sorted(set(days))]
            for start, days in zip(jobs["start"].tolist(), jobs["days"].tolist(), strict=True)
        ]
        self.duration: list[int] = jobs["duration_minutes"].tolist()
        running = signatures.estate.servers["running_tasks"].to_numpy(dtype=np.int64)
        self._running = running[signatures.order]

    def starts_per_week(self, job: int) -> int:
        """Return how often a job (code) starts in a week."""
        return len(self._starts[job])

    def replay(self, units: Sequence[Unit], variant: WeekVariant = NOMINAL) -> Replay:
        """Return the second of two weeks; ``units`` are all that run anything."""
        beginning = self._beginning(units, variant)
        pick = [_starter(unit, variant) for unit in units]
        load, home = self._running.copy(), self.signatures.home
        ending: defaultdict[int, list[tuple[Whole, Whole, int]]] = defaultdict(list)
        minutes, history, starts = [], [], []
        for now in self._minutes(units, beginning):
            for places, count, own in ending.pop(now, ()):
                load[places] -= count
                load[home] -= own
            for number in beginning.get(now % WEEK, ()):
                tasks = units[number].tasks
                server, places, count = pick[number](load)
                load[places] += count
                load[home] += tasks.own
                end = now + self.duration[tasks.job]
                ending[end].append((places, count, tasks.own))
                if end > WEEK:
                    starts.append(Started(number, now, server, places))
            if now >= WEEK:
                minutes.append(now)
                history.append(load.astype(np.int32))
        return Replay(units, starts, np.array(minutes), np.array(history))

    def _beginning(self, units: Sequence[Unit], variant: WeekVariant) -> dict[int, list[int]]:
        """Return the units that start at each minute of the week, in the order in which they do."""
        names = [unit.name for unit in units]
        order = sorted(range(len(units)), key=names.__getitem__, reverse=variant.orders_down)
        beginning: dict[int, list[int]] = defaultdict(list)
        for number in order:
            late = 0 if variant.late is None else late_by(names[number], variant.late)
            for start in self._starts[units[number].tasks.job]:
                beginning[(start + late) % WEEK].append(number)
        return beginning

    def _minutes(self, units: Sequence[Unit], beginning: Mapping[int, list[int]]) -> list[int]:
        """Return the minutes of two weeks at which a unit starts or its runs end.

        The second week's first is among them.
        """
        minutes = {WEEK}
        for minute, numbers in beginning.items():
            minutes |= {minute, minute + WEEK}
            for number in numbers:
                end = minute + self.duration[units[number].tasks.job]
                minutes |= {end, end + WEEK}
        return sorted(minute for minute in minutes if minute < 2 * WEEK)


def _starter(unit: Unit, variant: WeekVariant) -> Callable[[Whole], tuple[Whole, Whole, Whole]]:
    if isinstance(unit.picks, Offers):
        return unit.picks.dispatcher(variant.ties_down, variant.orders_down).start
    count = np.bincount(unit.picks[unit.picks != NOBODY])
    places = np.flatnonzero(count)
    put = unit.picks, places, count[places]
    return lambda load: put
