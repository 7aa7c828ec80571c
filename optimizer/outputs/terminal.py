"""The terminal that results are printed on: it shows names, and obeys none."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text


class Terminal(Console):
    """A console to which text is text: no markup, no escape codes, no numbers picked out."""

    def __init__(self) -> None:
        super().__init__(markup=False, highlight=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return ``text`` to print, titles and cells of tables among it."""
        return super().render_str("\n".join(map(printable, text.split("\n"))), **options)


def printable(text: str) -> str:
    r"""Return ``text`` without what would steer the terminal.

    >>> printable("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
