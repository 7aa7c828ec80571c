"""``gip drift``: which jobs are no longer as planned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from optimizer.cli.diff import DIFFERENT
from optimizer.cli.options import reporting
from optimizer.cli.veeam_options import (
    account_for,
    check_state_options,
    read_state,
    state_options,
)


@click.command(short_help="Show which jobs are no longer as planned.")
@click.argument("plan", type=click.Path(path_type=Path))
@state_options
@reporting
@click.pass_context
def drift(ctx: click.Context, /, plan: Path, quiet: bool, as_json: bool, **source: Any) -> None:
    """Compare the jobs of the backup server with PLAN, the plan applied last. Nothing is changed.

    An error is a job that was set and selects something else now, or that cannot be as it was set.
    A warning is a job that the plan keeps and that changed, one that is still to be set, or one
    that is disabled. An info is a job that is not compared: the interface does not tell what it
    selects, or it is not in the plan.

    Exit code 4 where there is an error or a warning, 0 where not. The account comes from
    VEEAM_USERNAME and VEEAM_PASSWORD, or is asked for.

    \b
    Example:
      gip drift out --url https://vbr.example.com:9419
      gip drift out --saved saved-answers --json
    """
    from optimizer.cli.progress import progress
    from optimizer.output.console.drift import print_drift, record
    from optimizer.output.console.plain import print_json
    from optimizer.veeam.drift import find_drift
    from optimizer.veeam.planned_lists import read_planned_lists

    check_state_options(**source)
    planned = read_planned_lists(plan)
    account = account_for(source["url"])
    with progress(not quiet) as step:
        state = read_state(step, account, **source)
    if state is None:
        raise click.UsageError("Give --url, or --saved.")
    found = find_drift(planned, state)
    if as_json:
        print_json(record(found))
    elif not quiet:
        print_drift(found)
    if found.is_drift:
        ctx.exit(DIFFERENT)
