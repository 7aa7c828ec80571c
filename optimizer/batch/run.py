"""From a folder of estates to a folder of plans and a summary of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from models.errors import OutputError
from optimizer.batch.crew import Crew
from optimizer.batch.dispatch import dispatch
from optimizer.batch.estates import SUMMARY, find, refusal
from optimizer.batch.lock import locked
from optimizer.batch.row import Row, failed
from optimizer.batch.storage import absolute, is_url, publish
from optimizer.batch.worker import Order
from optimizer.cluster import ClusterError, Engine, connected
from optimizer.outputs.batch_page import write_page
from optimizer.outputs.batch_table import write_table
from optimizer.outputs.staging import staged, sweep


@dataclass(frozen=True, slots=True)
class Wish:
    """How to plan each estate; after ``timeout`` seconds its worker is taken for hung."""

    seed: int = 0
    time_limit: float | None = None
    timeout: float | None = None


Tell = Callable[[list[Row], int, list[str]], None]


def run(source: str, out: str, wish: Wish, engine: Engine, tell: Tell) -> list[Row]:
    """Plan every estate of ``source`` into ``out``; return a row for each, sorted by name.

    ``tell`` is told the rows so far, the number of all estates, and those in work. Raises
    GipError where no estate could be begun, OutputError where the summary cannot be written. On
    any error, Ctrl-C too, what is finished stays, and the same call goes on from there.
    """
    estates = find(source)
    out = absolute(out)
    rows = [
        failed(estate.name, f"its path {why}; rename it")
        for estate in estates
        if (why := refusal(estate.name)) is not None
    ]
    with locked(out) as token:
        orders = [
            Order(estate, out, token, wish.seed, wish.time_limit)
            for estate in estates
            if refusal(estate.name) is None
        ]
        tell(rows, len(estates), [])
        if orders:
            for row, busy in _planned(orders, wish, engine):
                rows.append(row)
                tell(rows, len(estates), busy)
        rows.sort(key=lambda row: row.estate)
        if not is_url(out):
            sweep(Path(out))
        _sum_up(rows, out)
    return rows


def _planned(orders: list[Order], wish: Wish, engine: Engine) -> Iterator[tuple[Row, list[str]]]:
    """Yield the row of every order, and who is at work meanwhile."""
    left = {order.estate.name for order in orders}
    with connected(engine, len(orders)) as client:
        crew = Crew(client, orders[0].out, orders[0].token, wish.timeout)
        crew.gather()
        try:
            for row in dispatch(crew, orders):
                left.remove(row.estate)
                yield row, crew.busy
        except ClusterError as error:
            for name in sorted(left):
                yield failed(name, str(error)), []


def _sum_up(rows: list[Row], out: str) -> None:
    table, page = SUMMARY
    with tempfile.TemporaryDirectory() if is_url(out) else staged(Path(out), last=page) as room:
        write_table(rows, Path(room, table))
        write_page(rows, Path(room, page))
        if is_url(out):
            try:
                publish(Path(room), out, last=page)
            except OSError as error:
                raise OutputError(f"{out}: the summary cannot be written: {error}") from error
