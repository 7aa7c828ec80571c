"""When jobs run: a few windows that many share, and times that only one job of a site has."""

from __future__ import annotations

from dataclasses import dataclass

from models.week import DAY, Intervals, active_intervals

EVENING, NIGHT = 18 * 60, 10 * 60
ODD_STEP = 37
DAYS = {"daily": tuple(range(7)), "mon;tue;wed;thu;fri": tuple(range(5)), "sat;sun": (5, 6)}


@dataclass(frozen=True)
class Window:
    """When jobs of one kind begin and how long they last, in minutes."""

    start: int
    duration: int
    days: str = "daily"

    @property
    def intervals(self) -> Intervals:
        """Return the minutes of the week in which such a job is active."""
        return active_intervals(self.start, self.duration, DAYS[self.days])


def windows(count: int) -> list[Window]:
    """Return ``count`` overlapping windows of the night; from two on, the last is the weekend's.

    The weekend's runs last for more than a day: the second begins before the first one ends, and
    goes on over Sunday midnight.
    """
    nights = max(1, count - 1)
    found = [
        Window(
            (EVENING + NIGHT * at // nights) % DAY,
            240 + 60 * (at % 3),
            "mon;tue;wed;thu;fri" if at % 3 == 1 else "daily",
        )
        for at in range(nights)
    ]
    return found + [Window(20 * 60, 27 * 60, "sat;sun")] * (count - nights)


def odd_times(number: int) -> Window:
    """Return times that no other odd job of the site has."""
    start = EVENING + number * ODD_STEP % (DAY // 2)
    return Window(start % DAY, 45 + 15 * (number // (DAY // 2)))
