"""The options that commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

estate_argument = click.argument("estate", type=click.Path(path_type=Path))


def reporting(command: F) -> F:
    """Add ``--quiet`` and ``--json`` to a command that reports something."""
    quiet = click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
    as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
    return quiet(as_json(command))


def keep_estate(estate: Path, out: Path) -> None:
    """Raise BadParameter where a command would write into the estate that it reads."""
    if out.exists() and estate.exists() and out.samefile(estate):
        message = f"{out} is the estate itself; name a folder of its own for the result"
        raise click.BadParameter(message, param_hint="'--out'")


def solving(command: F) -> F:
    """Add ``--time-limit`` and ``--seed`` to a command that solves."""
    for option in (
        click.option(
            "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, metavar="N",
            help="Seed of the search; another one may give another, equally good answer.",
        ),
        click.option(
            "--time-limit", type=click.FloatRange(min=0), metavar="S",
            help="Stop solving after S seconds and keep the best found so far.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


workers_option = click.option(
    "--workers", type=click.IntRange(min=1), default=1, show_default=True, metavar="N",
    help="Number of threads; the answer is the same for any N.",
)  # fmt: skip
