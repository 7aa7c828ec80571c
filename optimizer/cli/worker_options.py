"""The options of commands that use more processes, or more machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

TLS = ("tls_ca_file", "tls_cert", "tls_key")
OPTIONS = ("scheduler", "memory", *TLS)


def worker_options(command: F) -> F:
    """Add ``--memory``, ``--scheduler`` and the ``--tls`` options to a command."""
    for option in (
        click.option(
            "--tls-key", type=click.Path(path_type=Path), metavar="FILE",
            help="PEM file of its key.",
        ),
        click.option(
            "--tls-cert", type=click.Path(path_type=Path), metavar="FILE",
            help="PEM file of this side's certificate.",
        ),
        click.option(
            "--tls-ca-file", type=click.Path(path_type=Path), metavar="FILE",
            help="For tls://: PEM file of the authority that the cluster trusts.",
        ),
        click.option(
            "--scheduler", metavar="ADDRESS",
            help="A running Dask cluster, tcp://host:port or tls://host:port.",
        ),
        click.option(
            "--memory", "--watch-budget", metavar="BYTES",
            help="Memory for each worker, as in 4GiB; without it, an equal share.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def refuse_conflicting_options(options: Mapping[str, Any], here: Sequence[str]) -> None:
    """Raise UsageError where the options do not go together.

    Those ``here`` are for processes of this machine.
    """
    address = options["scheduler"]
    if address is not None and any(options[name] for name in here):
        named = " and ".join(f"--{name}" for name in here)
        verb = "are" if len(here) > 1 else "is"
        raise click.UsageError(f"{named} {verb} for this machine, not for --scheduler.")
    given = [options[name] is not None for name in TLS]
    encrypted = address is not None and address.startswith("tls://")
    if encrypted and not all(given):
        raise click.UsageError("tls:// needs --tls-ca-file, --tls-cert and --tls-key.")
    if any(given) and not encrypted:
        raise click.UsageError("The --tls options are for a --scheduler of tls://.")
