"""``gip export``: a plan for the product."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optimizer.cli.options import reporting
from optimizer.cli.veeam_options import ca_file_option, credentials, revision_option, url_option

if TYPE_CHECKING:
    from optimizer.veeam.live_job_state import LiveJobState

PATH = click.Path(path_type=Path)


@click.group(short_help="Write what to change in the product.")
def export() -> None:
    """Write what a plan changes in the product's jobs, for people and for programs.

    \b
    Example:
      gip export veeam out --out for-veeam
    """


@export.command(short_help="Changes of jobs, as data and as a table for the hand.")
@click.argument("plan", type=PATH)
@click.option("--out", required=True, type=PATH, help="Output folder.")
@click.option(
    "--saved", type=PATH, metavar="DIR",
    help="Answers of the backup server's REST interface, saved as for import: ids, staleness.",
)  # fmt: skip
@url_option
@revision_option
@ca_file_option
@reporting
def veeam(plan: Path, out: Path, quiet: bool, as_json: bool, **source: Any) -> None:
    """Write the changes that PLAN, an output folder, makes in the jobs.

    changes.json holds them as data for programs. changes.csv is for people: per job what to
    select, and which servers that adds and removes. Jobs that the REST interface covers are for
    `gip apply`, the others for the hand. Both files appear or none.

    With --url or --saved, changes.json has ids and the field names of the interface's revision,
    and tells which jobs are as planned already, no longer as the plan saw them (stale), unknown
    or not covered. The account comes from VEEAM_USERNAME and VEEAM_PASSWORD, or is asked for.

    \b
    Example:
      gip export veeam out --out for-veeam
      gip export veeam out --out for-veeam --url https://vbr.example.com:9419
    """
    from optimizer.cli.progress import progress
    from optimizer.output.console.export import print_export
    from optimizer.output.console.plain import print_json
    from optimizer.veeam.export import export_plan as write

    account = _account(**source)
    with progress(not quiet) as step:
        entries = write(plan, out, _interface(step, account, **source))
    if as_json:
        print_json(entries)
    elif not quiet:
        print_export(entries, out)


def _account(
    saved: Path | None, url: str | None, revision: str | None, ca_file: Path | None
) -> tuple[str, str]:
    """Return user name and password, asked for where nothing is shown yet that moves."""
    if saved and url:
        raise click.UsageError("Give either --saved or --url.")
    if (ca_file and not url) or (revision and not (url or saved)):
        raise click.UsageError("--ca-file goes with --url, --revision with --url or --saved.")
    return credentials() if url else ("", "")


def _interface(
    step: Callable[[str], None], account: tuple[str, str], saved: Path | None, url: str | None,
    revision: str | None, ca_file: Path | None,
) -> LiveJobState | None:  # fmt: skip
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
