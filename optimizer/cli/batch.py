"""``gip batch``: every estate below a folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from optimizer.cli.extras import importing
from optimizer.cli.options import reporting
from optimizer.cli.worker_options import refuse_conflicting_options, worker_options

if TYPE_CHECKING:
    from models.batch_result import EstateResult

FAILED, UNASSIGNED, UNPROVEN, INTERRUPTED = 1, 3, 5, 130
NAMED = 3


@click.command(short_help="Plan every estate below a folder.")
@click.argument("source", metavar="DIR")
@click.option("--out", required=True, metavar="DIR", help="Output folder, or its address.")
@click.option(
    "--time-limit", type=click.FloatRange(min=0), metavar="S",
    help="Seconds for solving each estate, as in `gip plan`.",
)  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, metavar="N",
    help="The same for every estate, as in `gip plan`.",
)  # fmt: skip
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), metavar="S",
    help="Seconds after which a worker counts as hung.",
)  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(min=1), metavar="N",
    help="Processes on this machine; without it, one per core.",
)  # fmt: skip
@worker_options
@reporting
@click.pass_context
def batch(
    ctx: click.Context, /, source: str, out: str, quiet: bool, as_json: bool, **options: Any
) -> None:
    """Plan every estate below DIR, on all cores or on a cluster, each as `gip plan` would.

    DIR is a folder, an address that fsspec knows, such as s3://bucket/estates, or a file with one
    path a line. The plans go to the same paths below the output, with summary.csv and summary.html
    over all of them. A finished plan is not made again as long as its files, options and versions
    are the same. An estate that fails does not stop the others; one whose worker dies, for lack of
    memory, say, is tried once more on another worker.

    Exit code 1: an estate failed; else 3: tasks are unassigned; else 5: not every aim is proven.

    \b
    Example:
      gip batch estates --out plans --timeout 600
      gip batch s3://site/estates --out s3://site/plans --scheduler tcp://d:8786
    """
    refuse_conflicting_options(options, here=("workers", "memory"))
    from rich.markup import escape

    from optimizer.cli.progress import progress

    with importing("cluster", "gip batch"):
        from optimizer.distributed.batch.run_batch import BatchRequest, run_batch
        from optimizer.distributed.cluster import Cluster
    from optimizer.output.console.batch import print_batch, record
    from optimizer.output.console.export import printable_name
    from optimizer.output.console.plain import print_json, say

    request = BatchRequest(
        **{name: options.pop(name) for name in ("seed", "time_limit", "timeout")}
    )
    done: list[EstateResult] = []
    with progress(not quiet) as step:

        def tell(rows: Sequence[EstateResult], total: int, busy: Sequence[str]) -> None:
            done[:] = rows
            lost = sum(row.status == "failed" for row in rows)
            now = "".join(f"; {printable_name(name)}" for name in busy[:NAMED])
            step(escape(f"{len(rows)} of {total} estates, {lost} failed{now}"))

        try:
            rows = run_batch(source, out, request, Cluster(**options), tell)
        except KeyboardInterrupt:
            say(f"interrupted; estates done: {len(done)}; start again to go on", err=True)
            ctx.exit(INTERRUPTED)
    if as_json:
        print_json(record(rows, out))
    elif not quiet:
        print_batch(rows, out)
    ctx.exit(_exit_code(rows))


def _exit_code(rows: Sequence[EstateResult]) -> int:
    if any(row.status == "failed" for row in rows):
        return FAILED
    if any(row.unassigned for row in rows):
        return UNASSIGNED
    return 0 if all(row.proven for row in rows) else UNPROVEN
