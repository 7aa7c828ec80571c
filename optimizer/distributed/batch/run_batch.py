"""Runs a batch: a folder of estates in, a folder of plans and their summary out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from models.batch_result import EstateResult, failed_estate
from models.errors import OutputError
from optimizer.distributed.batch.discovery import SUMMARY, find_estates, find_refusal
from optimizer.distributed.batch.output_lock import lock_output
from optimizer.distributed.batch.plan_one import PlanOrder
from optimizer.distributed.batch.storage import is_url, make_absolute, publish
from optimizer.distributed.batch.worker_pool import WorkerPool, dispatch_estates
from optimizer.distributed.cluster import Cluster, ClusterError, open_cluster
from optimizer.files.atomic_folder import write_atomically
from optimizer.files.scratch import scratch_folder
from optimizer.output.batch_page import write_page
from optimizer.output.console.batch import write_table


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """How to plan each estate; a worker that takes longer than ``timeout`` seconds is given up."""

    seed: int = 0
    time_limit: float | None = None
    timeout: float | None = None


Tell = Callable[[list[EstateResult], int, list[str]], None]


def run_batch(
    source: str, out: str, request: BatchRequest, engine: Cluster, tell: Tell
) -> list[EstateResult]:
    """Plan every estate of ``source`` into ``out``; return a result for each, sorted by name.

    ``tell`` is called with the results so far, the number of all estates, and those in work. Raises
    GipError where no estate could be begun, OutputError where the summary cannot be written. On
    any error, Ctrl-C too, what is finished stays, and the same call goes on from there.
    """
    estates = find_estates(source)
    out = make_absolute(out)
    rows = [
        failed_estate(estate.name, f"its path {why}; rename it")
        for estate in estates
        if (why := find_refusal(estate.name)) is not None
    ]
    with lock_output(out) as token:
        orders = [
            PlanOrder(estate, out, token, request.seed, request.time_limit)
            for estate in estates
            if find_refusal(estate.name) is None
        ]
        tell(rows, len(estates), [])
        if orders:
            for row, busy in _planned(orders, request, engine):
                rows.append(row)
                tell(rows, len(estates), busy)
        rows.sort(key=lambda row: row.estate)
        _sum_up(rows, out)
    return rows


def _planned(
    orders: list[PlanOrder], request: BatchRequest, engine: Cluster
) -> Iterator[tuple[EstateResult, list[str]]]:
    """Yield the result of every order, and the estates in work meanwhile."""
    left = {order.estate.name for order in orders}
    with open_cluster(engine, len(orders)) as client:
        pool = WorkerPool(client, orders[0].out, orders[0].token, request.timeout)
        pool.check_workers()
        try:
            for row in dispatch_estates(pool, orders):
                left.remove(row.estate)
                yield row, pool.busy
        except ClusterError as error:
            for name in sorted(left):
                yield failed_estate(name, str(error)), []


def _sum_up(rows: list[EstateResult], out: str) -> None:
    table, page = SUMMARY
    with scratch_folder() if is_url(out) else write_atomically(Path(out), last=page) as room:
        write_table(rows, Path(room, table))
        write_page(rows, Path(room, page))
        if is_url(out):
            try:
                publish(Path(room), out, last=page)
            except OSError as error:
                raise OutputError(f"{out}: the summary cannot be written: {error}") from error
