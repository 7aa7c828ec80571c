"""Hands estates to workers, the first ones first; an estate that costs a worker gets a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from optimizer.batch.crew import Crew
from optimizer.batch.row import Row, failed
from optimizer.batch.worker import Order


def dispatch(crew: Crew, orders: Sequence[Order]) -> Iterator[Row]:
    """Yield the row of each estate when it is known; raise ClusterError where nobody can work."""
    waiting = deque(orders)
    lost: dict[str, str] = {}
    while waiting or crew.busy:
        for worker in crew.idle():
            if waiting:
                crew.start(worker, waiting.popleft())
        for order, ended in crew.ended():
            name = order.estate.name
            if isinstance(ended, Row):
                yield ended
            elif name in lost:
                yield failed(name, f"tried twice: {lost[name]}; then {ended.why}")
            else:
                lost[name] = ended.why
                waiting.appendleft(order)
