"""Reads a job's schedule as a start and days of the weekly clock.

An estate's job starts once a day at most. Jobs that run all through the day count as active all
day, so that no load is forgotten; whatever was simplified is told.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.schema import DAYS
from optimizer.inputs.importers.csv_dialects import minute_of
from optimizer.veeam.responses import Item, at, objects, text, truth

WHOLE_DAY = 1440
WEEK = 7


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
    if _on(schedule, "daily"):
        return _daily(at(schedule, "daily"))
    if _on(schedule, "monthly"):
        return _monthly(at(schedule, "monthly"))
    if _on(schedule, "periodically"):
        every = at(schedule, "periodically")
        what = f"every {text(every, 'frequency')} {text(every, 'periodicallyKind').lower()}"
        return _all_day(every, f"runs {what}")
    if _on(schedule, "continuously"):
        return _all_day(at(schedule, "continuously"), "runs continuously")
    if _on(schedule, "afterThisJob"):
        return Schedule(after=text(schedule, "afterThisJob", "jobName"))
    return Schedule()


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
    days = _days([text(monthly, "dayOfWeek")])
    if text(monthly, "dayNumberInMonth").lower() == "onday" or not days:
        days = tuple(range(WEEK))
    note = "runs once a month: counted every week on each day that it may fall on"
    return _at(text(monthly, "localTime"), days, note)


def _all_day(every: Item, what: str) -> Schedule:
    """Return a schedule of the days on which some hour is allowed."""
    allowed = [
        text(day, "day")
        for day in objects(every, "backupWindow", "days")
        if "1" in text(day, "hours")
    ]
    days = _days(list(allowed)) if allowed else tuple(range(WEEK))
    return Schedule(0, days, WHOLE_DAY, note=f"{what}: counted as active all day")
