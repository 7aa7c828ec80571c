"""``gip rollback``: jobs back as they were before ``gip apply``."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from optimizer.cli.options import reporting
from optimizer.cli.veeam_options import ca_file_option, credentials


@click.command(short_help="Put jobs back as they were before apply.")
@click.argument("journal", type=click.Path(path_type=Path))
@ca_file_option
@click.option("--force", is_flag=True, help="Put back jobs that others have changed since, too.")
@reporting
def rollback(journal: Path, ca_file: Path | None, force: bool, quiet: bool, as_json: bool) -> None:
    """Put back every job that JOURNAL says was changed, the last first.

    Each job gets back exactly what it had. A job that somebody else has changed since is left
    alone and reported; the exit code is then 1. The account comes from VEEAM_USERNAME and
    VEEAM_PASSWORD, or is asked for.

    \b
    Example:
      gip rollback out/apply-journal.jsonl
    """
    from optimizer.cli.progress import progress
    from optimizer.output.console.apply import print_undone, record
    from optimizer.veeam.api_revisions import revision_named
    from optimizer.veeam.client import login
    from optimizer.veeam.journal import lock_journal, resume
    from optimizer.veeam.rollback import roll_back, rollback_shortfall

    with lock_journal(journal), contextlib.closing(resume(journal)) as book:
        undone = []
        if book.entries:
            revision = revision_named(book.header.revision)
            account = credentials()
            with (
                progress(not quiet) as step,
                login(book.header.server, *account, revision, ca_file) as session,
            ):
                undone = roll_back(session, book, force, step)
    if as_json:
        from optimizer.output.console.plain import print_json

        print_json(record(undone, len(undone)))
    elif not quiet:
        print_undone(undone)
    if error := rollback_shortfall(undone):
        raise error
