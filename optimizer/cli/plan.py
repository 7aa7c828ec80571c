"""``gip plan``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optimizer.cli.options import estate_argument, reporting, solving

if TYPE_CHECKING:
    from models.plan import Plan
    from optimizer.run import Planned

UNASSIGNED, UNPROVEN = 3, 5


@click.command(short_help="Plan an estate: a proxy for every Windows VM.")
@estate_argument
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
@solving
@click.option(
    "--compare", is_flag=True, help="Tell what the product would do by itself, and in its lists."
)
@click.option(
    "--report", is_flag=True, help="Write report.html and firewall.csv as well (see gip report)."
)
@reporting
@click.pass_context
def plan(ctx: click.Context, /, estate: Path, out: Path, quiet: bool, **options: Any) -> None:
    """Plan ESTATE: a proxy for every Windows VM of every job.

    Writes assignments.csv, unassigned.csv, job_proxies.csv, job_before.csv, job_agreement.csv,
    job_splits.csv, proxy_load.csv, findings.csv and plan.json into the output folder, all or none.
    Exit code 3: some tasks are unassigned; 5: time ran out before every aim was proven.

    \b
    Example:
      gip plan data/branch-offices --out out --time-limit 60
    """
    from optimizer.cli.progress import board
    from optimizer.run import run
    from optimizer.sources.sites import read_sites

    limit, workers, seed = (options[name] for name in ("time_limit", "workers", "seed"))
    with board(not quiet) as shown:
        sites = read_sites(estate) if options["report"] else {}  # wrong ones before the work
        made = run(estate, out, limit, workers, seed, shown.step, options["compare"], shown.watch)
        if options["report"]:
            from optimizer.report.run import PAGE, write_report

            write_report(made.plan.estate, out, sites, out / PAGE, "en", shown.step)
    _print(made, out, seed, options["as_json"], quiet)
    ctx.exit(_exit_code(made.plan))


def _print(made: Planned, out: Path, seed: int, as_json: bool, quiet: bool) -> None:
    from optimizer.outputs.comparison import comparison, print_comparison
    from optimizer.outputs.comparison import record as compared
    from optimizer.outputs.plan_files import record
    from optimizer.outputs.tables import print_json, print_plan

    plan, lists, by_itself = made.plan, made.lists, made.by_itself
    figures = None if by_itself is None else comparison(plan, lists, by_itself)
    if as_json:
        found = record(plan, lists, seed)
        print_json(found if figures is None else found | {"comparison": compared(figures)})
    elif not quiet:
        print_plan(plan, lists, out)
        if figures is not None:
            print_comparison(figures)


def _exit_code(plan: Plan) -> int:
    if plan.unassigned:
        return UNASSIGNED
    return 0 if all(aim.proven for aim in plan.aims) else UNPROVEN
