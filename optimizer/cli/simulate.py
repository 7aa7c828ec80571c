"""``gip simulate``: what the product would do by itself."""

from __future__ import annotations

from pathlib import Path

import click

from optimizer.cli.options import estate_argument, keep_estate, reporting


@click.command(short_help="Replay the product's own choice over a week.")
@estate_argument
@click.option(
    "--plan", type=click.Path(path_type=Path), metavar="DIR",
    help="A plan's folder: use its job lists, and compare.",
)  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
@click.option(
    "--knows-connections", is_flag=True,
    help="Let the product consider only servers that connect to the VM.",
)  # fmt: skip
@reporting
def simulate(
    estate: Path, plan: Path | None, out: Path, knows_connections: bool, quiet: bool, as_json: bool
) -> None:
    """Replay a week of ESTATE: which server the product picks for each run of each job.

    Each task takes the least loaded server of the best tier, by networks alone; if that one has no
    connection, the backup server takes over or the run fails. Servers are not limited: overload is
    counted. With --plan, each job chooses among the servers that the plan has for it, a job
    without a row there among those that it names itself, and today's runs are shown beside. Writes
    runs.csv, proxy_load.csv and simulation.json into the output folder: all of them, or none.

    \b
    Example:
      gip simulate data/branch-offices --out by-itself
      gip simulate data/branch-offices --plan out --out inside-lists
    """
    keep_estate(estate, out)
    from optimizer.cli.progress import progress
    from optimizer.inputs.week_record import read_week
    from optimizer.output.console.plain import print_json
    from optimizer.output.console.simulation import print_simulation
    from optimizer.output.simulation_writer import record
    from optimizer.pipeline import run_simulation

    with progress(not quiet) as step:
        simulation, agreement = run_simulation(estate, plan, out, knows_connections, step)
    if as_json:
        print_json(record(simulation, agreement))
    elif not quiet:
        today = None
        if plan is not None and not knows_connections:
            today = read_week(plan).today.nominal
        print_simulation(simulation, agreement, out, today)
