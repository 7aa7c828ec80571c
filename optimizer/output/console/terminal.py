"""The terminal that results are printed on: it shows names, and obeys none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from optimizer.output.console.fitting import fitted
from optimizer.output.console.plain import ending_with_reader, printable
from optimizer.output.console.wrapping import wrapped


class Terminal(Console):
    """A console to which text is text: no markup, no escape codes, no numbers picked out."""

    def __init__(self) -> None:
        super().__init__(markup=False, highlight=False, emoji=False)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print, tables within the width; a reader that stops ends it, as with `| head`."""
        with ending_with_reader():
            fit = [fitted(self, each) if isinstance(each, Table) else each for each in objects]
            super().print(*fit, **options)

    def tell(self, text: str, everywhere: bool = False) -> None:
        """Print a sentence: on a terminal no word of it is broken, elsewhere it is one line.

        With ``everywhere`` it is broken between words elsewhere, too.
        """
        lines: Iterable[str] = (printable(text),)
        if self.is_terminal or everywhere:
            lines = wrapped(printable(text), self.width)
        self.print("\n".join(lines), soft_wrap=True)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return ``text`` to print, titles and cells of tables among it."""
        return super().render_str("\n".join(map(printable, text.split("\n"))), **options)
