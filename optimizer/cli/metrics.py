"""``gip metrics``: the figures of a plan for a monitoring system."""

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


@click.command(short_help="Figures of a plan, and drift, for Prometheus.")
@click.argument("plan", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE.prom",
    help="File to write, complete at any time; without it, they are printed.",
)  # fmt: skip
@state_options
@reporting
def metrics(plan: Path, out: Path | None, quiet: bool, as_json: bool, **source: Any) -> None:
    """Print figures of PLAN as metrics, in the text format of Prometheus.

    Tasks and runs by tier, failed runs, overload and peak, today and as planned. With --url or
    --saved also how many jobs are as planned and how many are not, by severity (see gip drift).
    For the textfile collector of the node exporter or the windows exporter, write into its folder.

    \b
    Example:
      gip metrics out
      gip metrics out --saved saved-answers --out gip.prom
    """
    from optimizer.cli.progress import progress
    from optimizer.output.console.plain import print_json, say
    from optimizer.output.metrics import collect_metrics, metrics_text, record, write_metrics
    from optimizer.veeam.drift import find_drift
    from optimizer.veeam.planned_lists import read_planned_lists

    check_state_options(**source)
    account = account_for(source["url"])
    with progress(not quiet) as step:
        state = read_state(step, account, **source)
    drift = None if state is None else find_drift(read_planned_lists(plan), state)
    found = collect_metrics(plan, drift)
    if out is not None:
        write_metrics(found, out)
    if as_json:
        print_json(record(found))
    elif not quiet and out is None:
        say(metrics_text(found).removesuffix("\n"))
