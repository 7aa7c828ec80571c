"""Shows on a terminal what is being done once it has taken longer than a second."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from models.solve_events import AimProgress, Stage
from optimizer.output.console.plain import printable

if TYPE_CHECKING:
    from rich.console import RenderableType


PATIENCE = 1.0


@contextlib.contextmanager
def progress(wanted: bool) -> Iterator[Callable[[str], None]]:
    """Show the steps that the function given is called with."""
    with board(wanted) as shown:
        yield shown.step


@contextlib.contextmanager
def board(wanted: bool) -> Iterator[Board]:
    """Show a board of steps and aims on stderr, and only on a terminal.

    It leaves nothing behind, whatever ends the block.
    """
    shown = Board()
    if not wanted or not sys.stderr.isatty():  # a pipe with FORCE_COLOR set is no terminal
        yield shown
        return
    from rich.console import Console
    from rich.live import Live

    live = Live(
        console=Console(stderr=True), get_renderable=shown.render, refresh_per_second=8,
        transient=True, redirect_stdout=False, redirect_stderr=False,
    )  # fmt: skip
    timer = threading.Timer(PATIENCE, live.start)
    timer.daemon = True
    timer.start()
    try:
        yield shown
    finally:
        timer.cancel()
        timer.join()
        live.stop()


class Board:
    """The progress board: a line for each aim that is done, and one for the work at hand."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._done: tuple[Stage, ...] = ()
        self._now = "reading"

    def step(self, step: str) -> None:
        """Show what is being done from now on."""
        self._now = printable(step)

    def watch(self, event: Stage | AimProgress) -> None:
        """Take in an event: an aim is done, or how far it has come."""
        if isinstance(event, Stage):
            self._done += (event,)
        else:
            self._now = ", ".join(_known(event))

    def render(self) -> RenderableType:
        """Return the lines for the terminal."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        # A file that is read may be called [/red].
        elapsed = f"{time.monotonic() - self._began:.0f} s"
        now = Text(f"{self._now}  {elapsed}", overflow="ellipsis", no_wrap=True)
        aims = Table.grid(padding=(0, 2))
        for justify in ("left", "right", "right", "left"):
            aims.add_column(justify=justify)
        for stage in self._done:
            proven = "proven" if stage.proven else f"gap {_gap(stage.best, stage.bound)}"
            aims.add_row(stage.aim, str(stage.best), f"bound {stage.bound}", proven)
        return Group(aims, now) if self._done else now


def _known(trial: AimProgress) -> Iterator[str]:
    yield trial.aim
    if trial.best is not None:
        yield f"{trial.best} so far"
    yield "bounding" if trial.bound is None else f"bound {trial.bound}"
    if trial.best is not None and trial.bound is not None:
        yield f"gap {_gap(trial.best, trial.bound)}"


def _gap(best: int, bound: int) -> str:
    return f"{abs(best - bound) / max(1, abs(bound)):.2%}"
