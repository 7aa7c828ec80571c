"""Breaks what is said into lines that fit a terminal, between words and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len

HANG = 2
NARROWEST = 20


def wrapped(text: str, width: int) -> Iterator[str]:
    """Yield the lines of one paragraph; a word that is longer than a line stays whole.

    Those after the first stand `HANG` cells further in than it.

    >>> list(wrapped("  a server that reaches it", 20))
    ['  a server that', '    reaches it']
    """
    margin = " " * (len(text) - len(text.lstrip(" ")))
    room = max(width, NARROWEST)
    line = margin
    is_empty = True
    for word in text.split(" ")[len(margin) :]:
        if not is_empty and cell_len(line) + 1 + cell_len(word) > room:
            yield line
            line, is_empty = margin + " " * HANG, True
        line += word if is_empty else f" {word}"
        is_empty = False
    yield line
