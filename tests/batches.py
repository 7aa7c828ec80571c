"""Batches of estates for tests: a scheduler with workers, and what their plans are."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from models.batch_result import EstateResult
from optimizer.pipeline import run_plan as plan

ROOT = Path(__file__).parents[1]
PATHS = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
PROGRAM = [sys.executable, "-c", "from optimizer.cli.main import main; main()"]
SOON = 240.0  # a worker may have to compile the lists first, on a busy machine
TABLES = 7


def silent(*_: object) -> None:
    """Tell nobody."""


def tables(folder: Path) -> dict[str, bytes]:
    """Return the CSV files of a plan."""
    found = {path.name: path.read_bytes() for path in folder.glob("*.csv")}
    assert len(found) == TABLES, folder
    return found


def alone(estate: Path, out: Path) -> dict[str, bytes]:
    """Return the CSV files that `gip plan` makes of an estate."""
    plan(estate, out, None, 1, 0, silent)
    return tables(out)


def by_name(rows: list[EstateResult]) -> dict[str, EstateResult]:
    return {row.estate: row for row in rows}


def statuses(rows: list[EstateResult]) -> dict[str, str]:
    return {row.estate: row.status for row in rows}


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition; AssertionError where it does not come about."""
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@contextlib.contextmanager
def started(*command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Dask process, and whatever it starts, as long as the block."""
    forked = {"DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD": "forkserver"}  # soon there again
    env = os.environ | {"PYTHONPATH": PATHS} | forked | environment
    process = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, env=env, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(True)]
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait()


@contextlib.contextmanager
def scheduling(folder: Path, *options: str) -> Iterator[str]:
    """Give the address of a scheduler of its own."""
    card = folder / "scheduler.json"
    command = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file")
    with started("distributed.cli.dask_scheduler", *command, str(card), *options):
        until(lambda: card.exists() and card.read_text())
        yield json.loads(card.read_text())["address"]


def joining(
    address: str, folder: Path, *options: str, **environment: str
) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    """Start a worker with faults in it."""
    command = (
        "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--preload", "batch_faults",
        "--memory-limit", "640MB", "--local-directory", str(folder), *options,
    )  # fmt: skip
    return started("distributed.cli.dask_worker", address, *command, **environment)
