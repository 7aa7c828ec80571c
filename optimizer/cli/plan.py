"""``gip plan``: the main job."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optimizer.cli.extras import importing
from optimizer.cli.options import estate_argument, keep_estate, reporting, solving, workers_option
from optimizer.cli.worker_options import OPTIONS, refuse_conflicting_options, worker_options

if TYPE_CHECKING:
    from models.plan import Plan
    from optimizer.pipeline import PlanRun

UNASSIGNED, UNPROVEN = 3, 5


@click.command(short_help="Plan an estate: a proxy for every Windows VM.")
@estate_argument
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
@solving
@workers_option
@click.option(
    "--compare", is_flag=True, help="Also show automatic selection and the other order of aims."
)
@click.option(
    "--after",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="PLAN",
    help="A plan that was applied before: the lists that it set in jobs may change.",
)
@click.option(
    "--report", is_flag=True, help="Write report.html and firewall.csv as well (see gip report)."
)
@click.option(
    "--certificate",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a proof of the bounds; may take as long again as --time-limit.",
)
@click.option(
    "--out-of-core",
    is_flag=True,
    help="For estates larger than memory: Parquet, in partitions; --workers are processes.",
)
@worker_options
@reporting
@click.pass_context
def plan(ctx: click.Context, /, estate: Path, out: Path, quiet: bool, **options: Any) -> None:
    """Plan ESTATE: a proxy for every Windows VM of every job, and what to select in each job.

    The product takes a list of servers per job, so job_proxies.csv says what to do; the terminal
    shows the week that follows from it beside today's. assignments.csv is the best that would be
    possible if each VM had a list of its own. job_splits.csv has the jobs that are worth
    splitting.

    Writes assignments.csv, unassigned.csv, job_proxies.csv, job_before.csv, job_splits.csv,
    proxy_load.csv, findings.csv and plan.json into the output folder: all of them, or none.

    With --certificate, the bounds can be verified without this program and without any solver, by
    a short script: python -m optimizer.certificate FILE.

    With --out-of-core, the tables vms, job_vms and current are Parquet files and may be larger
    than this machine's memory: they are read, expanded, written and checked in partitions, by
    --workers processes with --memory each, or on the cluster at --scheduler. The files that are
    written are the same.

    Exit code 3: some tasks are unassigned; 5: not every aim is proven, because time ran out or two
    searches of the solver contradict each other.

    \b
    Example:
      gip plan data/branch-offices --out out --time-limit 60
      gip plan estate --out out --out-of-core --workers 4 --memory 2GiB
    """
    _refuse_conflicts(options)
    keep_estate(estate, out)
    if options["certificate"] is not None:
        keep_estate(estate, options["certificate"].parent)
    plan_estate = _plan_out_of_core if options["out_of_core"] else _plan_in_memory
    made = plan_estate(estate, out, quiet, options, ctx.find_object(float) or time.monotonic())
    _print(made, out, options["seed"], options["as_json"], quiet)
    if options["certificate"] and not (quiet or options["as_json"]):
        _print_certified(made, options["certificate"])
    ctx.exit(_exit_code(made.plan))


def _refuse_conflicts(options: dict[str, Any]) -> None:
    """Raise UsageError where options do not go together."""
    if options["out_of_core"]:
        if options["compare"] or options["report"] or options["certificate"]:
            raise click.UsageError(
                "--compare, --report and --certificate go without --out-of-core."
            )
        refuse_conflicting_options(options, here=("memory",))
    elif any(options[name] for name in OPTIONS):
        raise click.UsageError("--scheduler, --memory and --tls options need --out-of-core.")


def _plan_in_memory(
    estate: Path, out: Path, quiet: bool, options: dict[str, Any], started: float
) -> PlanRun:
    from optimizer.cli.progress import board
    from optimizer.inputs.estate_folder.site_coordinates import read_sites
    from optimizer.pipeline import run_plan

    limit, workers, seed = (options[name] for name in ("time_limit", "workers", "seed"))
    with board(not quiet) as shown:
        sites = read_sites(estate) if options["report"] else {}  # wrong ones before the work
        made = run_plan(
            estate, out, limit, workers, seed, shown.step, options["compare"], shown.watch,
            options["after"], options["certificate"], started,
        )  # fmt: skip
        if options["report"]:
            from optimizer.output.report.report import PAGE, ReportFiles, write_report

            files = ReportFiles(page=out / PAGE)
            write_report(made.plan.estate, out, sites, files, "en", shown.step)
    return made


def _plan_out_of_core(
    estate: Path, out: Path, quiet: bool, options: dict[str, Any], started: float
) -> PlanRun:
    from optimizer.cli.progress import board

    with importing("cluster", "gip plan --out-of-core"):
        from optimizer.distributed.cluster import Cluster
        from optimizer.distributed.out_of_core.run import SolveRequest, plan_out_of_core
    from optimizer.solver.deadline import Deadline

    limit, workers, seed, after = (
        options[name] for name in ("time_limit", "workers", "seed", "after")
    )
    solving = SolveRequest(Deadline(limit, started), workers, seed, after)
    engine = Cluster(
        workers=None if options["scheduler"] else workers,
        **{name: options[name] for name in OPTIONS},
    )
    with board(not quiet) as shown:
        return plan_out_of_core(estate, out, solving, engine, shown.step, shown.watch)


def _print(made: PlanRun, out: Path, seed: int, as_json: bool, quiet: bool) -> None:
    from optimizer.output.console.comparison import comparison_record, print_comparison
    from optimizer.output.console.plain import print_json
    from optimizer.output.console.plan import print_plan
    from optimizer.output.plan_writer import record

    plan, week, other = made.plan, made.week, made.other
    if as_json:
        found = record(plan, week, seed)
        compared = {} if other is None else {"other": comparison_record(plan.estate, other)}
        print_json(found | compared)
    elif not quiet:
        print_plan(plan, week, out)
        if other is not None:
            print_comparison(week, other)


def _print_certified(made: PlanRun, file: Path) -> None:
    from optimizer.output.console.plain import say

    for sentence in made.certified:
        say(sentence)
    say(f"Certificate: {file}; verify it with python -m optimizer.certificate {file}")


def _exit_code(plan: Plan) -> int:
    if plan.unassigned:
        return UNASSIGNED
    return 0 if all(aim.proven for aim in plan.aims) else UNPROVEN
