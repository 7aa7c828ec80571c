"""The installed program ``gip``, all its commands, and what it left in a folder."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from optimizer.cli import main as program

GIP = str(Path(sys.executable).with_name("gip"))
Words = tuple[str, ...]


def commands(
    group: click.Group = program.gip, path: Words = ()
) -> Iterator[tuple[Words, click.Command]]:
    """Yield each command with the words that call it, as click knows them."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands())
NAMES = [" ".join(path) for path in ALL]


def run(*words: object) -> int:
    """Run the program in this process; return its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["gip", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            program.run()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def gip(*words: object) -> tuple[int, str, str]:
    """Run the program in this process; return exit code, stdout and stderr."""
    shown, told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(told):
        code = run(*words)
    return code, shown.getvalue(), told.getvalue()


def content(folder: Path) -> dict[str, bytes]:
    """Return the bytes of each file of ``folder``."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
