"""Lays out help: on a narrow terminal what an option does stands below it, not beside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

import click

WIDEST, NARROW = 80, 60
NARROWEST, BELOW = 20, 1


class HelpLayout(click.HelpFormatter):
    """Writes lists of options and commands that can be read in 40 columns, too."""

    def __init__(
        self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None
    ) -> None:
        """Take the width of the terminal, where none is given; click takes no less than 50."""
        if width is None:
            room = min(shutil.get_terminal_size().columns, max_width or WIDEST)
            width = max(room - 2, NARROWEST)
        super().__init__(indent_increment, width, max_width)

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write each name and what it does, beside it or below it."""
        super().write_dl(rows, BELOW if self.width < NARROW else col_max, col_spacing)


class Context(click.Context):
    """A context whose help is laid out so."""

    formatter_class = HelpLayout


def lay_out(command: click.Command) -> None:
    """Give a command, and all those in it, help that is laid out so."""
    command.context_class = Context
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        lay_out(inner)
