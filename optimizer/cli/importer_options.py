"""What all kinds of ``gip import`` share: their options, the merge, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from optimizer.cli.options import reporting

if TYPE_CHECKING:
    from models.imported_tables import Inventory

F = TypeVar("F", bound=Callable[..., Any])


def _known_encoding(ctx: click.Context, param: click.Parameter, name: str | None) -> str | None:
    """Return ``name``; BadParameter where no text is read so."""
    try:
        if name is not None:
            "".encode(name)
    except (LookupError, ValueError) as error:  # some encodings are no text's
        message = f"no encoding is called {name!r}; write one such as cp1252, cp932 or utf-16"
        raise click.BadParameter(message) from error
    return name


encoding_option = click.option(
    "--encoding", metavar="NAME", callback=_known_encoding,
    help="Encoding of CSV files that are not UTF-8, such as cp932 or cp1252.",
)  # fmt: skip


def importer_options(command: F) -> F:
    """Add the options of every import to a command."""
    for option in (
        click.option(
            "--leave-out", multiple=True, metavar="PREFIX",
            help="Ignore addresses of this network, such as those of NAT or heartbeats.",
        ),
        click.option(
            "--same", multiple=True, metavar="NAME=OTHER",
            help="Two names of one vCenter, or other server that manages VMs.",
        ),
        click.option(
            "--replace", is_flag=True, help="Replace filled cells by what is imported.",
        ),
        click.option(
            "--out", required=True, type=click.Path(path_type=Path), metavar="ESTATE",
            help="The estate's folder; it may exist.",
        ),
    ):  # fmt: skip
        command = option(command)
    return reporting(command)


def finish_import(
    read: Callable[[Callable[[str], None]], Sequence[Inventory]],
    out: Path,
    replace: bool,
    quiet: bool,
    as_json: bool,
    same: tuple[str, ...] = (),
    leave_out: tuple[str, ...] = (),
) -> None:
    """Read inventories, merge them into the estate in ``out``, and print what came of it.

    The estate is locked from before the first look at it.
    """
    from optimizer.analysis.readiness import readiness_of
    from optimizer.cli.progress import progress
    from optimizer.files.atomic_folder import lock_output
    from optimizer.inputs.importers.import_pipeline import run_import
    from optimizer.output.console.imports import print_import, record
    from optimizer.output.console.plain import print_json

    with progress(not quiet) as step, lock_output(out):
        step("reading what to import")
        merged = run_import(out, read(step), replace, step, same, leave_out)
        step("looking ahead")
        ready = readiness_of(out)
    if as_json:
        print_json(record(merged, ready))
    elif not quiet:
        print_import(merged, ready, out)
