"""``gip apply``: a plan's lists into the jobs of the backup server."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from optimizer.cli.options import reporting
from optimizer.cli.veeam_options import (
    ca_file_option,
    credentials,
    required_url_option,
    revision_option,
)

PATH = click.Path(path_type=Path)


@click.command(short_help="Set a plan's proxies in the backup server's jobs.")
@click.argument("plan", type=PATH)
@required_url_option
@revision_option
@ca_file_option
@click.option(
    "--journal", type=PATH, metavar="FILE",
    help="Record for gip rollback; without it, apply-journal.jsonl in PLAN.",
)  # fmt: skip
@click.option("--keep-going", is_flag=True, help="Go on with the next job after an error.")
@click.option("--yes", is_flag=True, help="Do it; without this, only show what would be done.")
@reporting
def apply(
    plan: Path, url: str, revision: str | None, ca_file: Path | None, journal: Path | None,
    keep_going: bool, yes: bool, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    """Set in each job the guest interaction proxies of PLAN's job_proxies.csv.

    Jobs whose row says keep are left alone; those that have changed since the plan was made are
    reported. Only the two fields of a job's selection are changed. A job that no longer selects
    what the plan saw, or that cannot be set, is left alone and reported; the exit code is then 1.
    `gip rollback` undoes the changes. The account comes from VEEAM_USERNAME and VEEAM_PASSWORD, or
    is asked for.

    \b
    Example:
      gip apply out --url https://vbr.example.com:9419
      gip apply out --url https://vbr.example.com:9419 --yes
    """
    from optimizer.cli.progress import progress
    from optimizer.output.console.apply import print_outcomes, record
    from optimizer.veeam.api_revisions import revision_named
    from optimizer.veeam.apply import apply as run
    from optimizer.veeam.apply import shortfall
    from optimizer.veeam.client import login
    from optimizer.veeam.journal import Header, lock_journal, start_or_resume
    from optimizer.veeam.planned_lists import read_planned_lists

    wanted = read_planned_lists(plan)
    account = credentials()
    named = None if revision is None else revision_named(revision)
    path = (journal or plan / "apply-journal.jsonl") if yes else None
    with contextlib.ExitStack() as stack:
        step = stack.enter_context(progress(not quiet))
        step("logging in")
        session = stack.enter_context(login(url, *account, named, ca_file))
        book = None
        if path is not None:
            stack.enter_context(lock_journal(path))
            header = Header(session.base, session.revision.name, wanted.sha256)
            book = stack.enter_context(contextlib.closing(start_or_resume(path, header)))
        outcomes = run(session, wanted.wishes, book, keep_going, step, wanted.kept)
    if as_json:
        from optimizer.output.console.plain import print_json

        print_json(record(outcomes, len(wanted.wishes)))
    elif not quiet:
        print_outcomes(outcomes, len(wanted.wishes), path)
    if error := shortfall(outcomes, len(wanted.wishes), path):
        raise error
