"""Runs the steps of a plan out of core on the workers of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from distributed import Client, Future, KilledWorker, as_completed
from distributed.client import FutureCancelledError
from distributed.comm import CommClosedError

from optimizer.distributed.cluster import ClusterError, disagreement, versions

T = TypeVar("T")
PATIENCE = 60.0  # seconds for a first worker


@dataclass(frozen=True, slots=True)
class TaskRunner:
    """The workers that a client knows; ``step`` is told how far they have come."""

    client: Client
    step: Callable[[str], None]

    def check_workers(self, folder: Path) -> None:
        """Wait for a first worker, and check that all have these versions and see ``folder``.

        Raises ClusterError.
        """
        address = self.client.scheduler.address
        try:
            self.client.wait_for_workers(1, timeout=PATIENCE)
            found = self.client.run(_handshake, folder)
        except TimeoutError as error:
            raise ClusterError(
                f"{address}: no worker is there within {PATIENCE:g} seconds; start `dask worker` "
                "processes with --nthreads 1"
            ) from error
        except ImportError as error:
            remedy = "install the same versions there"
            raise ClusterError(f"{address}: cannot use gip-planner: {error}; {remedy}") from error
        for worker, (theirs, sees) in sorted(found.items()):
            why = disagreement(theirs)
            if why is None and not sees:
                why = f"does not see {folder.parent}; give --out a folder that all workers share"
            if why is not None:
                raise ClusterError(f"worker {worker}: {why}")

    def map(
        self, doing: str, work: Callable[..., T], things: Iterable[Any], *more: object
    ) -> list[T]:
        """Run ``work`` for each of ``things``; return its results, in their order.

        Raises what a worker raises, ClusterError where workers are lost.
        """
        return self._results(
            doing, [self.client.submit(work, one, *more, pure=False) for one in things]
        )

    def compute(self, doing: str, delayed: Sequence[Any]) -> list[Any]:
        """Compute Dask's ``delayed`` values, in their order; raises as `map`."""
        return self._results(doing, self.client.compute(list(delayed)))

    def _results(self, doing: str, futures: list[Future]) -> list[Any]:
        self.step(f"{doing}, 0 of {len(futures)}")
        try:
            for done, _ in enumerate(as_completed(futures, loop=self.client.loop), 1):
                self.step(f"{doing}, {done} of {len(futures)}")
            found: list[Any] = self.client.gather(futures)
        except (KilledWorker, FutureCancelledError, CommClosedError) as error:
            raise ClusterError(
                f"{doing}: workers were lost, dead or out of memory: {error}; give them more "
                "memory, or fewer of them, and start again"
            ) from error
        return found


def _handshake(folder: Path) -> tuple[dict[str, str], bool]:
    return versions(), folder.is_dir()
