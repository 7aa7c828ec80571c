"""Shows on a terminal what is being done once it has taken longer than a second."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

PATIENCE = 1.0


@contextlib.contextmanager
def progress(wanted: bool) -> Iterator[Callable[[str], None]]:
    """Give a function that is told each step; it prints to stderr, and only to a terminal."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True)
    if not wanted or not console.is_terminal:
        yield lambda step: None
        return
    status = console.status("reading")
    timer = threading.Timer(PATIENCE, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda step: status.update(Text(step))  # a file may be called [/red]
    finally:
        timer.cancel()
        timer.join()
        status.stop()
