"""Out of core in processes that die, differ or lack the disk."""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import pytest
from click.testing import CliRunner
from distributed import Client
from estates import TINY
from parquet_tables import parquet
from partitioned import run_partitioned, silent, written

from models.errors import OutputError
from optimizer.cli.main import gip
from optimizer.distributed.cluster import Cluster, ClusterError, open_cluster, versions
from optimizer.distributed.out_of_core import task_runner as workers
from optimizer.distributed.out_of_core.run import SolveRequest, plan_out_of_core, solve_out_of_core
from optimizer.distributed.out_of_core.small_tables import read_small_tables
from optimizer.distributed.out_of_core.task_runner import TaskRunner

MOMENTS = {"reading", "joining", "ordering", "writing and checking"}


@pytest.fixture(scope="module")
def processes() -> Iterator[Client]:
    """Two workers, each a process of its own, forked so that another is soon there."""
    with (
        dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}),
        open_cluster(Cluster(workers=2, memory="1GiB")) as client,
    ):
        yield client


def test_workers_that_die_at_any_moment_are_made_up_for(
    processes: Client, branches: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    estate, whole = branches
    killed: dict[str, int] = {}

    def kill(step: str) -> None:
        moment = step.split(", ")[0]
        if moment in MOMENTS and moment not in killed:
            killed[moment] = next(iter(processes.run(os.getpid).values()))
            os.kill(killed[moment], signal.SIGKILL)

    head, problems = read_small_tables(estate)
    out = tmp_path / "pieces"
    solve_out_of_core(
        TaskRunner(processes, kill), head, problems, out, SolveRequest(), 1000, silent
    )
    assert killed.keys() == MOMENTS
    assert len({*killed.values()}) == len(MOMENTS)
    assert written(out) == whole
    assert [path.name for path in out.iterdir() if path.name.startswith(".")] == []


def test_the_command_plans_in_processes(
    branches: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    estate, whole = branches
    options = ["--out-of-core", "--workers", "2", "--memory", "1GiB", "--json"]
    out = tmp_path / "pieces"
    done = CliRunner().invoke(gip, ["plan", str(estate), "--out", str(out), *options])
    assert done.exit_code == 3, done.output
    assert json.loads(done.stdout)["totals"] == whole["plan.json"]["totals"]
    assert written(out) == whole


def test_workers_of_other_versions_are_not_used(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet(TINY, 3, tmp_path / "estate")
    theirs = {"gip-planner": "0.0.1"}
    monkeypatch.setattr(workers, "_handshake", lambda folder: (theirs, True))
    with pytest.raises(ClusterError, match=r"gip-planner 0\.0\.1 \(here .*same versions"):
        run_partitioned(client, tmp_path / "estate", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_workers_have_to_see_the_output(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet(TINY, 3, tmp_path / "estate")
    monkeypatch.setattr(workers, "_handshake", lambda folder: (versions(), False))
    with pytest.raises(ClusterError, match=r"does not see .*out; give --out a folder that all"):
        run_partitioned(client, tmp_path / "estate", tmp_path / "out")


def test_a_scheduler_that_is_not_there_is_named(tmp_path: Path) -> None:
    parquet(TINY, 3, tmp_path / "estate")
    engine = Cluster(scheduler="tcp://127.0.0.1:9")
    with pytest.raises(ClusterError, match=r"--scheduler tcp://127\.0\.0\.1:9: cannot be reached"):
        plan_out_of_core(tmp_path / "estate", tmp_path / "out", SolveRequest(), engine, silent)
    assert not (tmp_path / "out").exists()


def test_a_full_disk_leaves_nothing(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet(TINY, 3, tmp_path / "estate")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("optimizer.distributed.out_of_core.write_partition.write_tasks", full)
    with pytest.raises(OutputError, match=r"out: cannot be written: No space left"):
        run_partitioned(client, tmp_path / "estate", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--memory", "1GiB"], "need --out-of-core"),
        (["--scheduler", "tcp://x:1"], "need --out-of-core"),
        (["--out-of-core", "--compare"], "go without --out-of-core"),
        (["--out-of-core", "--report"], "go without --out-of-core"),
        (["--out-of-core", "--scheduler", "tcp://x:1", "--memory", "1GiB"], "for this machine"),
        (["--out-of-core", "--scheduler", "tls://x:1"], "needs --tls-ca-file"),
    ],
)
def test_options_that_do_not_go_together(tmp_path: Path, options: list[str], why: str) -> None:
    done = CliRunner().invoke(gip, ["plan", "x", "--out", str(tmp_path / "out"), *options])
    assert done.exit_code == 2
    assert why in done.output
