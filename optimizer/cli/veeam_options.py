"""The options that name a backup server; its account comes from the environment, never by one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from optimizer.veeam.api_revisions import NAMES

F = TypeVar("F", bound=Callable[..., Any])

USER, PASSWORD = "VEEAM_USERNAME", "VEEAM_PASSWORD"

url_option = click.option(
    "--url", metavar="URL", help="The backup server, as in https://vbr.example.com:9419."
)
required_url_option = click.option(
    "--url", required=True, metavar="URL",
    help="The backup server, as in https://vbr.example.com:9419.",
)  # fmt: skip
revision_option = click.option(
    "--revision", type=click.Choice(NAMES),
    help="Revision of its interface; else the newest that it accepts.",
)  # fmt: skip
ca_file_option = click.option(
    "--ca-file", type=click.Path(path_type=Path), metavar="FILE",
    help="PEM file of the authority to trust, where the certificate is your own.",
)  # fmt: skip


def credentials() -> tuple[str, str]:
    """Return user name and password, from the environment or else asked for on the terminal."""
    user, password = os.environ.get(USER, ""), os.environ.get(PASSWORD, "")
    if (not user or not password) and not sys.stdin.isatty():
        raise click.UsageError(
            f"Set {USER} and {PASSWORD}; without a terminal nobody can be asked."
        )
    return (
        user or click.prompt("User name", err=True),
        password or click.prompt("Password", hide_input=True, err=True),
    )
