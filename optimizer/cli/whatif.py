"""``gip whatif``: what happens to a plan when something fails."""

from __future__ import annotations

from pathlib import Path

import click

from optimizer.cli.completion import complete_losses
from optimizer.cli.options import estate_argument, reporting


@click.command(short_help="What the failure of servers, sites, networks or links costs.")
@estate_argument
@click.argument("plan", type=click.Path(path_type=Path))
@click.argument("more", nargs=-1, metavar="")
@click.option(
    "--fail", multiple=True, metavar="KIND:NAME ...", shell_complete=complete_losses,
    help="What fails, all at once: server:NAME, site:NAME, network:NAME or link:FROM~TO.",
)  # fmt: skip
@click.option(
    "--sweep", is_flag=True, help="Fail every server, link, network and site, one by one."
)
@click.option(
    "--replan", metavar="worst:N",
    help="Plan the N worst failures anew.  [default: worst:1, worst:0 with --sweep]",
)  # fmt: skip
@click.option(
    "--week", is_flag=True,
    help="Also replay the week with the plan's lists, without what fails.",
)  # fmt: skip
@reporting
def whatif(
    estate: Path,
    plan: Path,
    more: tuple[str, ...],
    fail: tuple[str, ...],
    sweep: bool,
    replan: str | None,
    week: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Show what becomes of PLAN, an output folder, when parts of ESTATE fail.

    Tasks stay where they are, fail over to the backup server, or are lost; tasks of VMs that lose
    all their networks are gone. A new plan keeps the estate's aims with as few moves as they
    allow. The sweep ranks failures by the tasks that nobody serves any more, then by the backup
    server's overload, then by the tasks that fail over.

    With --week, the runs of a week are replayed, too: each picks among the servers of its job's
    list that are left, and is kept if that one serves it, fails over, is lost, or is gone with its
    VM. All Windows runs count, and the task-minutes above the limits of the servers that still
    run.

    \b
    Example:
      gip whatif data/branch-offices out --fail server:gip-tokyo-01
      gip whatif data/branch-offices out --fail site:kobe link:rtr-tokyo~rtr-osaka
      gip whatif data/branch-offices out --sweep --replan worst:3
      gip whatif data/branch-offices out --fail server:gip-osaka-01 --week
    """
    if bool(fail) == sweep or (more and not fail):
        raise click.UsageError("write either --fail KIND:NAME or --sweep")
    names = None if sweep else (*fail, *more)
    replanned = _worst(replan, sweep)
    from models.diagnostics import UnknownNameError
    from optimizer.analysis.what_if.study import run_what_if
    from optimizer.cli.progress import progress
    from optimizer.output.console.plain import print_json
    from optimizer.output.console.what_if import print_study, record

    try:
        with progress(not quiet) as step:
            study = run_what_if(estate, plan, names, replanned, step, week)
    except UnknownNameError as error:
        raise click.BadParameter(str(error), param_hint="--fail") from error
    if as_json:
        print_json(record(study))
    elif not quiet:
        print_study(study)


def _worst(replan: str | None, sweep: bool) -> int:
    """Return how many failures are to be planned anew."""
    kind, _, number = (replan or f"worst:{int(not sweep)}").partition(":")
    if kind != "worst" or not number.isdecimal():
        raise click.BadParameter(
            f"{replan!r} is not worst:N, N a whole number", param_hint="--replan"
        )
    return int(number)
