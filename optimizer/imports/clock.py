"""Reads a time of day as other programs write it."""

from __future__ import annotations

import re

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?\s*([AaPp][Mm])?", re.ASCII)


def minute_of(written: str) -> int | None:
    """Return the minute of the day, None where ``written`` is no time.

    >>> minute_of("4:00"), minute_of("10:30 PM"), minute_of("soon")
    (240, 1350, None)
    """
    found = _CLOCK.fullmatch(written)
    if not found:
        return None
    hour, minute, half = int(found[1]), int(found[2]), (found[3] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    return hour * 60 + minute if hour < 24 and minute < 60 else None
