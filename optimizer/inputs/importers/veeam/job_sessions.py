"""Reads what sessions and their logs tell: how long jobs run, and which proxies were used."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from math import ceil

import pandas as pd

from models.diagnostics import Finding
from optimizer.inputs.importers.veeam.jobs import LONGEST
from optimizer.veeam.responses import Item, Responses, text

RUNS_LOOKED_AT = 7
FIRST_YEAR = 1980
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
USED = re.compile(r"Using guest interaction proxy (.+?)(?:\s*\([^()]*\))?\.?\s*", re.IGNORECASE)
UNFINISHED = ("", "none")
NO_ID = r"[0-]*"
_OF_DOT_NET = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/", re.ASCII)  # Windows PowerShell's


def job_sessions(answers: Responses) -> dict[str, list[Item]]:
    """Return the finished sessions of each job, by its id, the latest first."""
    sessions: dict[str, list[Item]] = defaultdict(list)
    for session in answers.items["sessions"]:
        if re.fullmatch(NO_ID, text(session, "jobId")):
            continue
        if text(session, "result", "result").lower() not in UNFINISHED and _minutes(session):
            sessions[text(session, "jobId").lower()].append(session)
    for found in sessions.values():
        found.sort(key=lambda session: _time(session, "creationTime") or 0.0, reverse=True)
    return dict(sessions)


def durations(sessions: Mapping[str, list[Item]]) -> dict[str, int]:
    """Return how many minutes each job runs: the longest of its last `RUNS_LOOKED_AT` runs."""
    return {
        job: min(max(map(_minutes, found[:RUNS_LOOKED_AT])), LONGEST)
        for job, found in sessions.items()
    }


def used_proxies(
    answers: Responses, jobs: Mapping[str, Item], sessions: Mapping[str, list[Item]]
) -> pd.DataFrame:
    """Return which proxy each job used last for a VM: columns job, name of the VM, proxy."""
    names = {text(job, "id").lower(): name for name, job in jobs.items()}
    of_job = {
        text(session, "id").lower(): names[job]
        for job, found in sessions.items()
        if job in names
        for session in found
    }
    tasks = sorted(
        answers.items["taskSessions"],
        key=lambda task: _time(task, "creationTime") or 0.0,
        reverse=True,
    )
    rows = [
        (of_job[text(task, "sessionId").lower()], text(task, "name"), proxy)
        for task in tasks
        if text(task, "sessionId").lower() in of_job
        for proxy in _used(answers.logs.get(text(task, "id").lower(), ()))
    ]
    table = pd.DataFrame(rows, columns=["job", "name", "proxy"], dtype="str")
    return table.drop_duplicates(["job", "name"], ignore_index=True)


def _used(records: Iterable[Item]) -> Iterator[str]:
    """Yield the proxies that a log names, the last one first: it may have failed over (S16)."""
    ordered = sorted(records, key=lambda record: _time(record, "startTime") or 0.0, reverse=True)
    for record in ordered:
        found = USED.fullmatch(text(record, "title"))
        if found:
            yield found[1].strip()


def _minutes(session: Item) -> int:
    """Return how many minutes a session took, at least 1; 0 where it has not ended."""
    start, end = _time(session, "creationTime"), _time(session, "endTime")
    return max(1, ceil((end - start) / 60)) if start and end and end >= start else 0


def unread_times(answers: Responses) -> list[Finding]:
    """Quote texts that should be times of sessions and are none: those runs tell no duration."""
    odd = [
        (key, written)
        for session in answers.items["sessions"]
        for key in ("creationTime", "endTime")
        if (written := text(session, key)) and _read(written) is None
    ]
    if not odd:
        return []
    key, written = odd[0]
    detail = f"{key} {written[:80]!r} is no time ({len(odd)} times): those runs are not counted"
    return [Finding("warning", "unknown_value", "sessions", detail)]


def _time(item: Item, key: str) -> float | None:
    """Return a time in seconds; without a zone it counts as UTC.

    None where there is none, or one that stands for none, as the years 1, 1601 and 1900 do.
    """
    found = _read(text(item, key))
    return None if found is None or found.year < FIRST_YEAR else found.timestamp()


def _read(written: str) -> datetime | None:
    """Return the time that a text is.

    >>> _read("/Date(1704146400000)/") == _read("2024-01-01T22:00:00")
    True
    """
    since = _OF_DOT_NET.fullmatch(written)
    try:
        if since:
            return EPOCH + timedelta(milliseconds=int(since[1]))
        found = datetime.fromisoformat(written)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
