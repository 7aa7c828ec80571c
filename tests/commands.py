"""All commands of the program, as click knows them: those still to come are among them."""

from __future__ import annotations

from collections.abc import Iterator

import click

from optimizer.cli.main import gip

Path = tuple[str, ...]


def commands(group: click.Group = gip, path: Path = ()) -> Iterator[tuple[Path, click.Command]]:
    """Yield each command with the words that call it."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands())
NAMES = [" ".join(path) for path in ALL]
