"""The deadline of a plan, and solver calls that Ctrl-C can end at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")
GRACE = 0.5  # seconds that a stopped solver has to hand over the best that it found


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment by which solving has to end; ``seconds`` None means never."""

    seconds: float | None = None
    started: float = field(default_factory=time.monotonic)

    def remaining(self) -> float:
        """Return the seconds left, 0 when there are none."""
        if self.seconds is None:
            return float("inf")
        return max(0.0, self.started + self.seconds - time.monotonic())

    def earlier(self, seconds: float) -> Deadline:
        """Return a deadline that many ``seconds`` before this one."""
        return self if self.seconds is None else Deadline(self.seconds - seconds, self.started)

    def share(self, part: float) -> Deadline:
        """Return a deadline after ``part`` of the time that is left."""
        return Deadline(None if self.seconds is None else self.remaining() * part)


def interruptible(
    work: Callable[[], T],
    stop: Callable[[], object],
    seconds: float,
    unwanted: Callable[[], bool] = lambda: False,
) -> T | None:
    """Return what ``work`` returns, None where it is too late.

    That is where it has not come back soon after ``seconds``, or has become ``unwanted``. A
    solver's native code keeps signals from Python and may overrun its own limit in presolve: so it
    runs in a thread of its own, which is told to ``stop`` and, if need be, left behind.
    """
    results: list[T] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # raised again by the caller below
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    started = time.monotonic()
    try:
        while thread.is_alive() and time.monotonic() - started < seconds and not unwanted():
            thread.join(0.1)
    finally:
        if thread.is_alive():
            stop()
            thread.join(GRACE)
    if failures:
        raise failures[0]
    return results[0] if results else None
