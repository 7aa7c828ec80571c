"""The options that name a backup server; its account comes from the environment, never by one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from optimizer.veeam.api_revisions import NAMES

if TYPE_CHECKING:
    from optimizer.veeam.live_job_state import LiveJobState

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
    "--revision", type=click.Choice(NAMES), metavar="REVISION",
    help=f"Revision of its interface, one of {', '.join(NAMES)}; else the newest that it accepts.",
)  # fmt: skip
ca_file_option = click.option(
    "--ca-file", type=click.Path(path_type=Path), metavar="FILE",
    help="PEM file of the authority to trust, where the certificate is your own.",
)  # fmt: skip
saved_option = click.option(
    "--saved", type=click.Path(path_type=Path), metavar="DIR",
    help="Answers of the backup server's REST interface, saved as for import.",
)  # fmt: skip


def state_options(command: F) -> F:
    """Add ``--saved``, ``--url`` and what goes with them: where jobs are looked at."""
    for option in (ca_file_option, revision_option, url_option, saved_option):
        command = option(command)
    return command


def check_state_options(
    saved: Path | None, url: str | None, revision: str | None, ca_file: Path | None
) -> None:
    """Raise UsageError where the options of `state_options` do not go together."""
    if saved and url:
        raise click.UsageError("Give either --saved or --url.")
    if (ca_file and not url) or (revision and not (url or saved)):
        raise click.UsageError("--ca-file goes with --url, --revision with --url or --saved.")


def read_state(
    step: Callable[[str], None], account: tuple[str, str], saved: Path | None, url: str | None,
    revision: str | None, ca_file: Path | None,
) -> LiveJobState | None:  # fmt: skip
    """Read how jobs are now, from saved answers or from the server; None where neither is given."""
    from optimizer.veeam import live_job_state
    from optimizer.veeam.api_revisions import revision_named
    from optimizer.veeam.client import login

    named = None if revision is None else revision_named(revision)
    if saved is not None:
        return live_job_state.read_saved_state(saved, named)
    if url is None:
        return None
    step("asking the backup server")
    with login(url, *account, named, ca_file) as session:
        return live_job_state.ask_server(session)


def account_for(url: str | None) -> tuple[str, str]:
    """Return user name and password where a server is to be asked, else nothing."""
    return credentials() if url else ("", "")


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
