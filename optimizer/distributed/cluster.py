"""Opens a cluster: processes of this machine, or a scheduler's, all of the same versions."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dask
from dask.system import CPU_COUNT
from dask.utils import parse_bytes

from optimizer.output.plan_writer import tools

dask.config.set({"logging": {"distributed": "critical"}})  # what goes wrong becomes a row
from distributed import Client, Nanny, Scheduler, Security, SpecCluster, Worker  # noqa: E402
from distributed.comm import connect  # noqa: E402
from distributed.system import MEMORY_LIMIT  # noqa: E402

from models.errors import GipError  # noqa: E402
from optimizer.files.scratch import scratch_folder  # noqa: E402

LOOPBACK = "127.0.0.1"
CONNECT = 10.0  # seconds
LEAST = 512 << 20  # bytes: a worker takes half of it before it has seen an estate
MEMORY = {  # what a worker holds for long is little, and it must not wait for room
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.p2p.comm.buffer": "64MiB",  # for each shuffle that is on; a gigabyte without
    "distributed.p2p.storage.buffer": "64MiB",
}


class ClusterError(GipError):
    """The cluster cannot be used: where it is, what happened, what to do."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where to plan: at a ``scheduler``, or in ``workers`` processes of ``memory`` each."""

    scheduler: str | None = None
    workers: int | None = None
    memory: str | None = None
    tls_ca_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None


class _Portless:
    def start_http_server(self, *_: Any, **__: Any) -> None:
        """Open no port for a dashboard: nobody looks at it."""


class QuietScheduler(_Portless, Scheduler):  # type: ignore[misc]
    """A scheduler without a dashboard."""


class QuietWorker(_Portless, Worker):  # type: ignore[misc]
    """A worker without a dashboard, which leaves Ctrl-C to the client."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        super().__init__(*arguments, **options)


@contextlib.contextmanager
def open_cluster(engine: Cluster, most: int | None = None) -> Iterator[Client]:
    """Open a client of the cluster; what was started for it is gone afterwards.

    At ``most`` so many processes of this machine are started.

    Raises ClusterError.
    """
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", module="distributed")  # versions are compared below
        if engine.scheduler is None:
            yield stack.enter_context(_here(engine, most))
        else:
            yield stack.enter_context(_there(engine, engine.scheduler))


@contextlib.contextmanager
def _here(engine: Cluster, most: int | None) -> Iterator[Client]:
    wanted = engine.workers or CPU_COUNT
    count = wanted if most is None else min(wanted, most)
    security = Security.temporary()
    every: dict[str, Any] = {"host": LOOPBACK, "protocol": "tls://", "security": security}
    with scratch_folder() as scratch, dask.config.set(MEMORY):
        worker = {
            "cls": Nanny,
            "options": {
                **every,
                "worker_class": QuietWorker,
                "nthreads": 1,
                "memory_limit": _memory(engine, count),
                "local_directory": str(scratch),
                "silence_logs": logging.CRITICAL,
            },
        }
        with (
            SpecCluster(
                workers=dict.fromkeys(range(count), worker),
                scheduler={"cls": QuietScheduler, "options": {**every, "dashboard": False}},
                security=security,
                silence_logs=logging.CRITICAL,
            ) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            yield client


def _memory(engine: Cluster, count: int) -> int:
    if engine.memory is None:
        return int(MEMORY_LIMIT) // count
    try:
        size = int(parse_bytes(engine.memory))
    except ValueError as error:
        raise ClusterError(f"--memory: {engine.memory!r} is no size; write as in 4GiB") from error
    if size < LEAST:
        raise ClusterError(f"--memory: {engine.memory!r} is too little; give 512MiB or more")
    return size


@contextlib.contextmanager
def _there(engine: Cluster, address: str) -> Iterator[Client]:
    try:
        security = Security(
            tls_ca_file=_text(engine.tls_ca_file),
            tls_client_cert=_text(engine.tls_cert),
            tls_client_key=_text(engine.tls_key),
            require_encryption=address.startswith("tls://"),
        )
        asyncio.run(_greet(address, security))
        client = Client(address, timeout=CONNECT, security=security, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:  # TLS without its files is a TypeError
        raise ClusterError(
            f"--scheduler {address}: cannot be reached: {error}; check that `dask scheduler` runs "
            "there, and the --tls files, or leave --scheduler out to plan on this machine"
        ) from error
    with client:
        yield client


async def _greet(address: str, security: Security) -> None:
    """Connect once: a client that cannot is hard to get rid of."""
    arguments = security.get_connection_args("client")
    try:
        async with asyncio.timeout(CONNECT):  # `connect` waits for ever for an answer
            comm = await connect(address, timeout=2 * CONNECT, **arguments)
    except TimeoutError as error:
        raise OSError(f"no answer of a scheduler within {CONNECT:g} seconds") from error
    await comm.close()


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


ENGINE = ("dask", "distributed", "numpy")


def versions() -> dict[str, str]:
    """Return the versions of what makes a plan, and of the engine."""
    return tools() | {name: version(name) for name in ENGINE}


def disagreement(theirs: dict[str, str]) -> str | None:
    """Return in what a worker differs and what to do, None where it does not."""
    other = [
        f"{name} {theirs.get(name)} (here {ours})"
        for name, ours in versions().items()
        if theirs.get(name) != ours
    ]
    return f"has {', '.join(other)}; install the same versions there" if other else None
