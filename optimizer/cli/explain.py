"""``gip explain``: why this server, or why none."""

from __future__ import annotations

from pathlib import Path

import click

from optimizer.cli.completion import complete_jobs, complete_vms
from optimizer.cli.options import estate_argument, reporting
from optimizer.cli.plan import UNPROVEN


@click.command(short_help="Why a VM has its server, or none.")
@estate_argument
@click.argument("plan", type=click.Path(path_type=Path))
@click.argument("vm", shell_complete=complete_vms)
@click.option(
    "--job", metavar="JOB", shell_complete=complete_jobs, help="Only its task in this job."
)
@click.option("--all", "every", is_flag=True, help="Print every server, not the first 20.")
@reporting
@click.pass_context
def explain(
    ctx: click.Context,
    /,
    estate: Path,
    plan: Path,
    vm: str,
    job: str | None,
    every: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Explain why VM, an id or a name, is served as it is in PLAN, a plan of ESTATE.

    Shows every server with tier, connection, path, load and the rule that excludes it or ranks it
    lower, and the single changes that would lead to a better tier, the cheapest first, all other
    tasks staying where they are. For a task without a server: a smallest set of facts that
    together forbid it.

    Then it says where the VM's runs of a week really go with what its job selects, and why; and
    what would become of them if the job is split as the plan says.

    Exit code 5: two searches of the solver contradict each other on what forbids a task.

    \b
    Example:
      gip explain data/branch-offices out tokyo-web-01
      gip explain data/branch-offices out takamatsu-plant-05 --job takamatsu-plant
    """
    from models.diagnostics import UnknownNameError
    from optimizer.analysis.explanation.explainer import explain_vm
    from optimizer.cli.progress import progress
    from optimizer.output.console.explain import print_explained, record
    from optimizer.output.console.plain import print_json

    try:
        with progress(not quiet) as step:
            explained = explain_vm(estate, plan, vm, job, step)
    except UnknownNameError as error:
        raise click.BadParameter(str(error), param_hint="VM") from error
    if as_json:
        print_json(record(explained))
    elif not quiet:
        print_explained(explained, every)
    ctx.exit(UNPROVEN if any(task.disputed for task in explained.explanations) else 0)
