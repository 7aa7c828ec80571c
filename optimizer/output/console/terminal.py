"""The terminal that results are printed on: it shows names, and obeys none."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text


class Terminal(Console):
    """A console to which text is text: no markup, no escape codes, no numbers picked out."""

    def __init__(self) -> None:
        super().__init__(markup=False, highlight=False, emoji=False)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print; who reads on ends the program by stopping, as with `| head`."""
        with ending_with_reader():
            super().print(*objects, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return ``text`` to print, titles and cells of tables among it."""
        return super().render_str("\n".join(map(printable, text.split("\n"))), **options)


@contextlib.contextmanager
def ending_with_reader() -> Iterator[None]:
    """Let a write to a pipe that nobody reads any more end the program, as it ends other tools.

    Only while results are printed: elsewhere a connection that breaks is an error like others.
    """
    if not hasattr(signal, "SIGPIPE") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGPIPE, before)


def printable(text: str) -> str:
    r"""Return ``text`` without what would steer the terminal.

    >>> printable("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
