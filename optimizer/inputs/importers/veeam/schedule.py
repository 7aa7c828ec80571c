"""Reads a job's schedule as a start and days of the weekly clock.

An estate's job starts once a day at most. Jobs that run all through the day count as active all
day, so that no load is forgotten; whatever was simplified is told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.schema import DAYS
from optimizer.inputs.importers.csv_dialects import minute_of
from optimizer.veeam.responses import Item, at, objects, text, truth

WHOLE_DAY = 1440
WEEK = 7
KINDS = ("daily", "monthly", "periodically", "continuously", "afterThisJob")


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a job starts: minute of the day, days as numbers from Monday.

    ``minutes`` is how long it counts as active where the schedule decides that. ``after`` names
    the job that it follows, ``note`` says what was simplified, ``unread`` which time could not be
    read. ``start`` is None where unknown.
    """

    start: int | None = None
    days: tuple[int, ...] = tuple(range(WEEK))
    minutes: int | None = None
    after: str = ""
    by_hand: bool = False
    note: str = ""
    unread: str = ""


def schedule_of(job: Item) -> Schedule:
    """Return the schedule of ``job``, of any revision."""
    schedule = at(job, "schedule")
    if truth(schedule, "runAutomatically") is False:
        return Schedule(start=0, by_hand=True)
    first, *others = [kind for kind in KINDS if _on(schedule, kind)] or [""]
    found = _of_kind(first, at(schedule, first))
    if not others:
        return found
    note = f"schedule has {' and '.join((first, *others))}: {first} is counted"
    return replace(found, note="; ".join(filter(None, (found.note, note))))


def _of_kind(kind: str, schedule: Item) -> Schedule:
    if kind == "daily":
        return _daily(schedule)
    if kind == "monthly":
        return _monthly(schedule)
    if kind == "periodically":
        what = f"every {text(schedule, 'frequency')} {text(schedule, 'periodicallyKind').lower()}"
        return _all_day(schedule, f"runs {what}")
    if kind == "continuously":
        return _all_day(schedule, "runs continuously")
    return Schedule(after=text(schedule, "jobName") if kind else "")


def _on(schedule: object, kind: str) -> bool:
    return truth(schedule, kind, "isEnabled") is True


def _daily(daily: Item) -> Schedule:
    kind, time = text(daily, "dailyKind"), text(daily, "localTime")
    notes = []
    days: tuple[int, ...] = tuple(range(WEEK))
    if kind.lower() == "weekdays":
        days = tuple(range(5))
    elif kind.lower() == "selecteddays":
        listed = [str(name) for name in at(daily, "days") or []]
        days = _days(list(listed))
        odd = [name for name in listed if not _days([name])]
        notes += [f"days: {name!r} is no day of the week: left out" for name in odd]
        if not days:
            days = tuple(range(WEEK))
            notes.append("dailyKind is SelectedDays and no day is: counted on every day")
    elif kind.lower() not in ("everyday", ""):
        notes.append(f"dailyKind {kind!r} is not known: counted on every day")
    return _at(time, days, "; ".join(notes))


def _at(time: str, days: tuple[int, ...], note: str) -> Schedule:
    start = minute_of(time)
    return Schedule(start, days, note=note, unread=time if start is None else "")


def _days(names: list[object]) -> tuple[int, ...]:
    short = {str(name).strip().lower()[:3] for name in names}
    return tuple(day for day, name in enumerate(DAYS) if name in short)


def _monthly(monthly: Item) -> Schedule:
    named = text(monthly, "dayOfWeek")
    days = _days([named])
    note = "runs once a month: counted every week on each day that it may fall on"
    if text(monthly, "dayNumberInMonth").lower() == "onday":
        days = ()
    elif named and not days:
        note = f"{note}; dayOfWeek {named!r} is no day of the week"
    days = days or tuple(range(WEEK))
    return _at(text(monthly, "localTime"), days, note)


def _all_day(every: Item, what: str) -> Schedule:
    """Return a schedule of the days on which some hour is allowed."""
    allowed = [
        text(day, "day")
        for day in objects(every, "backupWindow", "days")
        if "1" in text(day, "hours")
    ]
    days = _days(list(allowed))
    when = "all day"
    if not days:
        when = "all day, on every day" if objects(every, "backupWindow", "days") else when
        days = tuple(range(WEEK))
    return Schedule(0, days, WHOLE_DAY, note=f"{what}: counted as active {when}")
