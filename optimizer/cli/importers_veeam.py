"""``gip import veeam``: the backup server's own interface, live or saved, into an estate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optimizer.cli.importer_options import finish_import, importer_options
from optimizer.cli.veeam_options import ca_file_option, credentials, revision_option, url_option

if TYPE_CHECKING:
    from models.imported_tables import Inventory


@click.command(short_help="Servers, jobs and licence from the backup server.")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@url_option
@revision_option
@ca_file_option
@click.option(
    "--duration", "minutes", type=click.IntRange(1, 10080), default=60, show_default=True,
    metavar="MINUTES", help="Length of jobs of which no finished run is known.",
)  # fmt: skip
@click.option(
    "--days", type=click.IntRange(1, 366), default=14, show_default=True, metavar="N",
    help="With --url: how many days back to read finished runs.",
)  # fmt: skip
@click.option("--no-logs", is_flag=True, help="With --url: do not ask which proxies were used.")
@importer_options
def veeam(
    folder: Path | None, url: str | None, minutes: int, out: Path,
    replace: bool, quiet: bool, as_json: bool, same: tuple[str, ...], leave_out: tuple[str, ...],
    **live: Any,
) -> None:  # fmt: skip
    """Import servers, jobs and licence from the backup server: live with --url, or from FOLDER.

    FOLDER holds answers of its REST interface saved as JSON: managedServers.json, jobs.json and,
    where they are there, proxies, repositories, wanAccelerators, serverInfo, license, sessions,
    taskSessions, credentials (names of accounts, where a job has a gMSA) and
    highAvailabilityCluster; logs/ID.json is the log of the task session ID. Further pages of a
    list are called jobs-2.json and so on.

    Which VMs are in the folders and clusters that a job takes in, only an inventory of the VMs
    knows: import RVTools as well, before or after. User and password come from VEEAM_USERNAME and
    VEEAM_PASSWORD, or are asked for.

    \b
    Example:
      gip import veeam --url https://vbr.example.com:9419 --out my-estate
      gip import veeam saved-answers --out my-estate
    """
    if (folder is None) == (url is None):
        raise click.UsageError("Give either FOLDER or --url.")
    if url is None and (live["revision"] or live["ca_file"] or live["no_logs"]):
        raise click.UsageError("--revision, --ca-file and --no-logs go with --url.")
    account = ("", "") if url is None else credentials()

    def read(step: Callable[[str], None]) -> list[Inventory]:
        from optimizer.inputs.importers.veeam.reader import read_veeam
        from optimizer.veeam.responses import read_saved_veeam

        found: list[Any] = []
        if folder is not None:
            return [read_veeam(read_saved_veeam(folder, found), minutes, found)]
        return [read_veeam(_live(str(url), account, found, step, **live), minutes, found)]

    finish_import(read, out, replace, quiet, as_json, same, leave_out)


def _live(
    url: str, account: tuple[str, str], findings: list[Any], step: Callable[[str], None],
    revision: str | None, ca_file: Path | None, days: int, no_logs: bool,
) -> Any:  # fmt: skip
    from datetime import UTC, datetime, timedelta

    from optimizer.inputs.importers.veeam.reader import read_live_veeam
    from optimizer.veeam.api_revisions import revision_named
    from optimizer.veeam.client import login

    known = None if revision is None else revision_named(revision)
    since = datetime.now(UTC) - timedelta(days=days)
    with login(url, *account, known, ca_file) as session:
        return read_live_veeam(session, since, not no_logs, findings, step)
