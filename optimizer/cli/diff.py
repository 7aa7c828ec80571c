"""``gip diff``: what moves between two assignments."""

from __future__ import annotations

from pathlib import Path

import click

from optimizer.cli.options import reporting

DIFFERENT = 4
folder = click.Path(path_type=Path)


@click.command(short_help="Compare two plans, or today with a plan.")
@click.argument("a", type=folder)
@click.argument("b", type=folder)
@click.option("--estate", type=folder, metavar="DIR", help="Also show moves between its sites.")
@click.option("--exit-code", is_flag=True, help="Exit with 4 if anything differs.")
@reporting
@click.pass_context
def diff(
    ctx: click.Context, a: Path, b: Path, estate: Path | None, exit_code: bool, quiet: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Compare A with B: output folders, or files like current.csv.

    Shows which tasks move, per job and server, which have a proxy on one side only, and which
    change their tier; for two plans, also the jobs that have to select something else.

    \b
    Example:
      gip diff data/branch-offices/current.csv out
      gip diff out-before out --exit-code
    """
    from optimizer.analysis.plan_diff import compare_assignments
    from optimizer.inputs.estate_folder.reader import read_estate
    from optimizer.output.console.diff import print_difference, record
    from optimizer.output.console.plain import print_json

    found = compare_assignments(a, b, None if estate is None else read_estate(estate))
    if as_json:
        print_json(record(found))
    elif not quiet:
        print_difference(found)
    if exit_code and not found.is_empty:
        ctx.exit(DIFFERENT)
