"""``gip export``: a plan for the product."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from optimizer.cli.options import reporting
from optimizer.cli.veeam_options import (
    account_for,
    check_state_options,
    read_state,
    state_options,
)

PATH = click.Path(path_type=Path)


@click.group(short_help="Write what to change in the product.")
def export() -> None:
    """Write what a plan changes in the product's jobs, for people and for programs.

    \b
    Example:
      gip export veeam out --out for-veeam
    """


@export.command(short_help="Changes of jobs, as data and as a table for people.")
@click.argument("plan", type=PATH)
@click.option("--out", required=True, type=PATH, help="Output folder.")
@state_options
@reporting
def veeam(plan: Path, out: Path, quiet: bool, as_json: bool, **source: Any) -> None:
    """Write the changes that PLAN, an output folder, makes in the jobs.

    changes.json holds them as data for programs. changes.csv is for people: per job what to
    select, and which servers that adds and removes. `gip apply` can set the jobs that the REST
    interface covers; the others are changed by hand. Both files are written, or none.

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

    check_state_options(**source)
    account = account_for(source["url"])
    with progress(not quiet) as step:
        entries = write(plan, out, read_state(step, account, **source))
    if as_json:
        print_json(entries)
    elif not quiet:
        print_export(entries, out)
