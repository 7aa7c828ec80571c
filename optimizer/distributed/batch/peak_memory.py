"""Measures the peak of resident memory of this process over a block."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

EVERY = 0.02  # seconds between readings, where the system keeps no figure
RESET, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


@dataclass(slots=True)
class PeakMemory:
    """The figure, in bytes; known when the block has ended."""

    size: int = 0


@contextlib.contextmanager
def peak_memory() -> Iterator[PeakMemory]:
    """Give the peak of resident memory during the block; off Linux from fifty looks a second."""
    peak = PeakMemory()
    try:
        RESET.write_text("5")  # since then the system keeps the peak itself
    except OSError:
        with _watched(peak):
            yield peak
        return
    try:
        yield peak
    finally:
        found = re.search(r"VmHWM:\s*(\d+) kB", STATUS.read_text())
        peak.size = int(found[1]) << 10 if found else 0


@contextlib.contextmanager
def _watched(peak: PeakMemory) -> Iterator[None]:
    process, done = psutil.Process(), threading.Event()

    def watch() -> None:
        while True:
            peak.size = max(peak.size, process.memory_info().rss)
            if done.wait(EVERY):
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
