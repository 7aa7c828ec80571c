"""``gip place``: where another proxy helps most, and which of today's are not needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from optimizer.cli.options import estate_argument, reporting, solving


@click.command(short_help="Where another proxy helps most.")
@estate_argument
@click.option(
    "--max", "most", type=click.IntRange(min=0), required=True, metavar="N",
    help="At most N more proxies; 0 asks only which of today's are needed.",
)  # fmt: skip
@click.option(
    "--until", metavar="AIM:FIGURE",
    help="Find the fewest that reach this: tier1:95% of the Windows tasks, or peak:20.",
)  # fmt: skip
@click.option(
    "--candidates", type=click.Path(path_type=Path), metavar="FILE",
    help="Machines to choose from; of the columns of servers.csv, server and networks are enough.",
)  # fmt: skip
@click.option(
    "--capacity", type=click.IntRange(min=1), metavar="TASKS",
    help="Tasks that each new proxy may run at once; without it, any number.",
)  # fmt: skip
@click.option(
    "--each", type=click.IntRange(1, 9), default=1, show_default=True, metavar="N",
    help="New proxies that one network may get.",
)  # fmt: skip
@click.option("--greedy", is_flag=True, help="Also add them one by one, each staying where it is.")
@solving
@reporting
def place(
    estate: Path, time_limit: float | None, seed: int, quiet: bool, as_json: bool,
    **request: Any,
) -> None:  # fmt: skip
    """Show where 1, 2, ... more proxies help the aims of ESTATE most, in their order.

    Without --candidates, every network with a Windows VM that a job processes may get one. All
    places are compared at once: if a line is proven, no other choice of as many places is better.
    Today's proxies that no task needs are listed, too: without all of them, every task would still
    have its server, tier, protection and site.

    \b
    Example:
      gip place data/branch-offices --max 3 --capacity 20
      gip place data/branch-offices --max 9 --until tier1:80%
    """
    if request["candidates"] is not None and (
        request["capacity"] is not None or request["each"] != 1
    ):
        raise click.UsageError("--capacity and --each are for networks; --candidates has its own.")
    from optimizer.analysis.placement.placement import PlacementRequest, find_places
    from optimizer.cli.progress import progress
    from optimizer.output.console.placement import print_places, record
    from optimizer.output.console.plain import print_json

    with progress(not quiet) as step:
        places = find_places(estate, PlacementRequest(**request), time_limit, seed, step)
    if as_json:
        print_json(record(places))
    elif not quiet:
        print_places(places)
