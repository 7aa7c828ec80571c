"""Tests of what a terminal shows while a plan is being made, and of what is left of it."""

from __future__ import annotations

import io
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from models.aims import AIMS
from models.solve_events import AimProgress, Stage
from optimizer.cli.progress import Board

TINY = str(Path(__file__).parents[2] / "data" / "tiny")
COLOUR = re.compile(r"\x1b\[[\d;]*\b(3\d|4\d|9\d|10\d)[\d;]*m")
SIGN = re.compile(r"\x1b\[(\?25[lh]|\d*[A-Z]|[\d;]*m)|\r|\n|[^\x1b\r\n]")

# The program, showing what it does at once. STUCK: its first solver never ends.
AT_ONCE = """
from optimizer.cli import progress
progress.PATIENCE = 0
from optimizer.cli.main import main
main()
"""
STUCK = """
import time
from optimizer.solver import deadline
deadline.interruptible = lambda *arguments: time.sleep(600)
"""


class Screen:
    """As much of a terminal as Rich uses: what it shows, and whether its cursor can be seen."""

    def __init__(self) -> None:
        self.lines, self.row, self.column, self.cursor = [""], 0, 0, True

    def feed(self, text: str) -> Screen:
        assert SIGN.sub("", text) == ""
        for sign in SIGN.finditer(text):
            self._obey(sign[0])
        return self

    def _obey(self, sign: str) -> None:
        if sign == "\r":
            self.column = 0
        elif sign == "\n":
            self.row += 1
            self.lines += [""] * (self.row == len(self.lines))
        elif sign.startswith("\x1b[?25"):
            self.cursor = sign.endswith("h")
        elif sign.endswith("A") and sign.startswith("\x1b"):
            self.row -= int(sign[2:-1] or 1)
        elif sign == "\x1b[2K":
            self.lines[self.row] = ""
        elif not sign.startswith("\x1b"):
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + sign + line[self.column + 1 :]
            self.column += 1


def environment(**changed: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if "COLOR" not in key}
    return kept | {"COLUMNS": "80", "LINES": "24", "TERM": "xterm-256color"} | changed


def on_terminal(program: str, *arguments: str, until: str = "", **changed: str) -> tuple[int, str]:
    """Return exit code and all that is shown; once it is ``until``, Ctrl-C is pressed."""
    own, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdin=its, stdout=its, stderr=its,
        env=environment(**changed),
    )  # fmt: skip
    os.close(its)
    shown = b""
    while True:
        try:
            shown += os.read(own, 4096)
        except OSError:  # how Linux says that the other end is closed
            break
        if until and until.encode() in shown:
            process.send_signal(signal.SIGINT)
            until = ""
    os.close(own)
    return process.wait(), shown.decode()


def drawn(board: Board) -> list[str]:
    console = Console(file=io.StringIO(), width=80)
    console.print(board.render())
    assert isinstance(console.file, io.StringIO)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    return [re.sub(r"\d+ s$", "N s", line) for line in lines]


def test_the_board_tells_the_work_then_each_aim() -> None:
    board = Board()
    assert drawn(board) == ["reading  N s"]
    board.step("[/red]")
    assert drawn(board) == ["[/red]  N s"]
    board.watch(AimProgress("coverage"))
    assert drawn(board) == ["coverage, bounding  N s"]
    board.watch(Stage("coverage", 167, 167, 0.1))
    board.watch(AimProgress("peak", 20))
    assert drawn(board) == [
        "coverage  167  bound 167  proven",
        "peak, 20 so far, bounding  N s",
    ]
    board.watch(AimProgress("peak", 18, 16))
    assert drawn(board)[-1] == "peak, 18 so far, bound 16, gap 12.50%  N s"
    board.watch(Stage("peak", 17, 16, 1.0))
    board.step("writing")
    assert drawn(board) == [
        "coverage  167  bound 167  proven",
        "peak       17   bound 16  gap 6.25%",
        "writing  N s",
    ]


def test_a_terminal_sees_every_aim_and_then_only_the_result(tmp_path: Path) -> None:
    code, shown = on_terminal(AT_ONCE, "plan", TINY, "--out", str(tmp_path / "out"))
    assert code == 0
    board, _, result = shown.partition("Aims, in their order")
    last = board[board.rindex("coverage") :]
    assert [line.split()[0] for line in last.splitlines()[: len(AIMS) + 1]] == [*AIMS, "checking"]
    assert last.count(" proven") == len(AIMS)
    screen = Screen().feed(shown)
    assert screen.cursor
    assert screen.lines[0].rstrip() == "Aims, in their order"
    assert "checking" not in result
    assert len(screen.lines) == len(result.splitlines()) + 1


@pytest.mark.parametrize("option", ["--quiet", "--json"])
def test_quiet_shows_nothing_and_json_only_its_document_stays(tmp_path: Path, option: str) -> None:
    code, shown = on_terminal(AT_ONCE, "plan", TINY, "--out", str(tmp_path / "out"), option)
    assert code == 0
    if option == "--quiet":
        assert shown == ""
    else:
        assert Screen().feed(shown).lines[0] == "{"


def test_no_colour_where_none_is_wanted(tmp_path: Path) -> None:
    code, shown = on_terminal(AT_ONCE, "plan", TINY, "--out", str(tmp_path / "o"), NO_COLOR="1")
    assert code == 0
    assert "checking" in shown
    assert not COLOUR.search(shown)


def test_a_pipe_sees_nothing_even_where_colours_are_forced(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_ONCE, "plan", TINY, "--out", str(tmp_path / "out")],
        capture_output=True, env=environment(FORCE_COLOR="1"), check=True,
    )  # fmt: skip
    assert done.stderr == b""
    assert b"coverage" in done.stdout


def test_ctrl_c_leaves_the_terminal_clean(tmp_path: Path) -> None:
    code, shown = on_terminal(
        STUCK + AT_ONCE, "plan", TINY, "--out", str(tmp_path / "out"), until="bounding"
    )
    assert code == 130
    screen = Screen().feed(shown)
    assert screen.cursor
    assert [line for line in screen.lines if line.strip()] == ["interrupted; nothing was written"]
    assert not (tmp_path / "out").exists()
