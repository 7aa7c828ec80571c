"""``gip export``: a plan for the product."""

from __future__ import annotations

from pathlib import Path

import click

from optimizer.cli.options import reporting

PATH = click.Path(path_type=Path)


@click.group(short_help="Write what to change in the product.")
def export() -> None:
    """Write what a plan changes in the product's jobs, for people and for programs.

    \b
    Example:
      gip export veeam out --out for-veeam
    """


@export.command(short_help="Changes of jobs, and PowerShell scripts that make them.")
@click.argument("plan", type=PATH)
@click.option("--out", required=True, type=PATH, help="Output folder.")
@reporting
def veeam(plan: Path, out: Path, quiet: bool, as_json: bool) -> None:
    """Write the changes that PLAN, an output folder, makes in the jobs.

    changes.json holds them as data, changes.csv for people; Set-GuestInteractionProxies.ps1 makes
    them in jobs that the REST interface does not cover, Undo-GuestInteractionProxies.ps1 takes
    them back. Both read names from changes.json or undo.json and use internals that the vendor
    does not support. All files appear or none.

    \b
    Example:
      gip export veeam out --out for-veeam
    """
    from optimizer.exports.run import export as write
    from optimizer.outputs.export_table import print_export
    from optimizer.outputs.tables import print_json

    entries = write(plan, out)
    if as_json:
        print_json(entries)
    elif not quiet:
        print_export(entries, out)
