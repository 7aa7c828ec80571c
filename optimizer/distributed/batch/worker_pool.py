"""The worker pool of a batch: which workers are fit, what each plans, retries of lost ones."""

from __future__ import annotations

import contextlib
import queue
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import Client, Future, KilledWorker, get_worker
from distributed.client import FutureCancelledError

import optimizer.distributed.batch.plan_one  # noqa: F401  (loaded before the first estate is timed)
from models.batch_result import EstateResult, failed_estate
from optimizer.distributed.batch.output_lock import is_held
from optimizer.distributed.batch.plan_one import PlanOrder, plan_estate
from optimizer.distributed.cluster import ClusterError, disagreement, versions

TICK = 0.5  # seconds between updates of the list of workers
ANSWER = 20.0  # seconds for what a scheduler answers at once
PATIENCE = 60.0  # seconds without anyone who could work
OUT_OF_MEMORY = "worker-restart-memory"  # what a worker's guard reports
GIB = 1 << 30
AGAIN = "start the batch again, it goes on from here"


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """An estate's worker is gone, with what is known of why."""

    why: str


@dataclass(frozen=True, slots=True)
class _Task:
    """A task of a worker and its deadline; without an ``order`` it is the handshake."""

    future: Future
    until: float
    order: PlanOrder | None = None


def task(order: PlanOrder) -> EstateResult:
    """Do the work with a worker's own scratch folder, which goes when the worker goes."""
    return plan_estate(order, Path(get_worker().local_directory))


class WorkerPool:
    """The workers that a client knows; ``timeout`` in seconds for each estate.

    ``unfit`` says why a worker is given nothing.
    """

    def __init__(self, client: Client, out: str, token: str, timeout: float | None) -> None:
        self.client, self.out, self.token = client, out, token
        self._address = str(client.scheduler.address)
        self.timeout = float("inf") if timeout is None else timeout
        self.unfit: dict[str, str] = {}
        self._fit: set[str] = set()
        self._silent: set[str] = set()
        self._tasks: dict[str, _Task] = {}
        self._full: dict[str, int] = {}
        self._done: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._looked = 0.0
        self._seen = time.monotonic()
        client.subscribe_topic(OUT_OF_MEMORY, self._remember)

    @property
    def busy(self) -> list[str]:
        """Return the names of the estates that are being planned."""
        return [task.order.estate.name for task in self._tasks.values() if task.order is not None]

    def idle(self) -> list[str]:
        """Return the workers that wait for an estate."""
        return sorted(self._fit - self._tasks.keys())

    def check_workers(self) -> None:
        """Wait for the handshakes of the workers that are there.

        Raises ClusterError where one of them is unfit, or nobody is there.
        """
        while not self._fit or self._tasks:
            list(self.completed())
            if self.unfit:
                raise ClusterError("\n".join(self.unfit.values()))

    def start(self, worker: str, order: PlanOrder) -> None:
        """Let a worker plan an estate."""
        self._start(worker, task, order, until=time.monotonic() + self.timeout, order=order)

    def completed(self) -> Iterator[tuple[PlanOrder, EstateResult | WorkerLost]]:
        """Yield the tasks that have ended, waiting `TICK` seconds at most.

        Raises ClusterError where the scheduler is gone, or nobody has been there for a while.
        """
        with contextlib.suppress(queue.Empty):
            self._done.get(timeout=TICK)
        self._update_workers()
        for worker, running in list(self._tasks.items()):
            ended = self._state(worker, running)
            if ended is not None:
                del self._tasks[worker]
                running.future.release()
                if running.order is not None:
                    yield running.order, ended

    def _update_workers(self) -> None:
        """Update the list of workers: forget who has gone, shake hands with who has come."""
        if self.client.status != "running":
            raise self._gone()
        if time.monotonic() < self._looked + TICK:
            return
        try:
            there = set(self.client.sync(self.client.scheduler.ncores, callback_timeout=ANSWER))
        except OSError as error:
            why = f"the scheduler does not answer: {error}"
            raise ClusterError(f"{self._address}: {why}; {AGAIN}") from error
        self._looked = time.monotonic()
        self._fit &= there
        known = self._fit | self._silent | self.unfit.keys() | self._tasks.keys()
        for worker in sorted(there - known):
            until = time.monotonic() + PATIENCE
            self._start(worker, handshake, self.out, self.token, until=until)
        if self._fit:
            self._seen = time.monotonic()
        elif time.monotonic() > self._seen + PATIENCE:
            raise ClusterError(self._nobody())

    def _state(self, worker: str, running: _Task) -> EstateResult | WorkerLost | None:
        """Return the outcome of a task, None while it runs."""
        if running.future.status == "cancelled":  # by the client that has lost its scheduler
            raise self._gone()
        if running.future.done():
            return self._result(worker, running)
        if running.order is not None and worker not in self._fit:
            return WorkerLost(self._death(worker))
        if time.monotonic() <= running.until:
            return None
        self._fit.discard(worker)
        self._silent.add(worker)
        if running.order is not None:  # else it may be at work for somebody else
            with contextlib.suppress(KeyError, ValueError):  # gone by itself; without a guard
                self.client.restart_workers([worker], timeout=ANSWER, raise_for_error=False)
        return WorkerLost(f"was not planned within {self.timeout:g} seconds (--timeout)")

    def _result(self, worker: str, running: _Task) -> EstateResult | WorkerLost:
        if running.future.status == "error":
            return self._error(worker, running, running.future.exception(timeout=ANSWER))
        try:
            found: Any = running.future.result(timeout=ANSWER)
        except OSError:  # it died before it could tell
            return WorkerLost(self._death(worker))
        except FutureCancelledError as error:
            raise self._gone() from error
        if isinstance(found, EstateResult):
            return found
        why = incompatibility(found, self.out)
        if why is None:
            self._fit.add(worker)
        else:
            self.unfit[worker] = f"worker {worker}: {why}"
        return WorkerLost("")

    def _error(
        self, worker: str, running: _Task, error: BaseException
    ) -> EstateResult | WorkerLost:
        what = f"{type(error).__name__}: {error}"
        if running.order is None:
            remedy = "install the same versions there"
            self.unfit[worker] = f"worker {worker}: cannot use gip-planner: {what}; {remedy}"
            return WorkerLost("")
        if isinstance(error, KilledWorker | MemoryError):
            return WorkerLost(what)
        return failed_estate(
            running.order.estate.name, f"{what}; a defect of this program: report it"
        )

    def _start(
        self,
        worker: str,
        work: Callable[..., object],
        *arguments: object,
        until: float,
        order: PlanOrder | None = None,
    ) -> None:
        future = self.client.submit(
            work, *arguments, workers=[worker], allow_other_workers=False, pure=False
        )
        future.add_done_callback(self._done.put)
        self._tasks[worker] = _Task(future, until, order)

    def _gone(self) -> ClusterError:
        return ClusterError(f"{self._address}: the scheduler is gone; {AGAIN}")

    def _nobody(self) -> str:
        why = "\n".join(self.unfit.values())
        if not why and self._full:
            why = (
                f"workers run out of memory at once, with {max(self._full.values()) / GIB:.2f} GiB"
            )
        return (
            f"{self._address}: {why or f'no worker is ready within {PATIENCE:g} seconds'}; start "
            f"`dask worker` processes with --nthreads 1, then the batch: it goes on from here"
        )

    def _death(self, worker: str) -> str:
        if worker in self._full:
            return f"its worker ran out of memory, with {self._full[worker] / GIB:.2f} GiB"
        return "its worker died: killed, crashed, or out of the machine's memory"

    def _remember(self, event: tuple[float, Any]) -> None:
        _, report = event
        self._full[report["worker"]] = report["rss"]


def dispatch_estates(pool: WorkerPool, orders: Sequence[PlanOrder]) -> Iterator[EstateResult]:
    """Yield the result of each estate when it is known; a lost one is tried once more.

    Raises ClusterError where no worker is left.
    """
    waiting = deque(orders)
    lost: dict[str, str] = {}
    while waiting or pool.busy:
        for worker in pool.idle():
            if waiting:
                pool.start(worker, waiting.popleft())
        for order, ended in pool.completed():
            name = order.estate.name
            if isinstance(ended, EstateResult):
                yield ended
            elif name in lost:
                yield failed_estate(name, f"tried twice: {lost[name]}; then {ended.why}")
            else:
                lost[name] = ended.why
                waiting.appendleft(order)


@dataclass(frozen=True, slots=True)
class Handshake:
    """The answer of a worker: its versions, and whether it sees the batch's lock."""

    versions: dict[str, str]
    sees_output: bool


def handshake(out: str, token: str) -> Handshake:
    """Return what the client has to know before this worker is given estates."""
    return Handshake(versions(), is_held(out, token))


def incompatibility(found: Handshake, out: str) -> str | None:
    """Return why the client cannot use a worker, None where it can."""
    other = disagreement(found.versions)
    if other is not None:
        return other
    if not found.sees_output:
        return (
            f"does not see {out}; name a folder that all workers share, or an address as in "
            "s3://bucket/out"
        )
    return None
