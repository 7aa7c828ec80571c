"""The installed program ``gip``, all its commands, and what it left in a folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from optimizer.cli.main import gip

GIP = str(Path(sys.executable).with_name("gip"))
Words = tuple[str, ...]


def commands(group: click.Group = gip, path: Words = ()) -> Iterator[tuple[Words, click.Command]]:
    """Yield each command with the words that call it, as click knows them."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands())
NAMES = [" ".join(path) for path in ALL]


def content(folder: Path) -> dict[str, bytes]:
    """Return the bytes of each file of ``folder``."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
