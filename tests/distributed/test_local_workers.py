"""Workers of this machine: what they listen on, and what a batch leaves when it ends early."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from batches import PATHS, PROGRAM, ROOT, SOON, silent, statuses, tables, until
from estates import TINY, put

from optimizer.distributed.batch import output_lock
from optimizer.distributed.batch.run_batch import BatchRequest, run_batch
from optimizer.distributed.cluster import Cluster, ClusterError, open_cluster


def test_workers_here_listen_on_loopback_only_and_are_gone_afterwards() -> None:
    me = psutil.Process()
    before = me.children(True)
    with open_cluster(Cluster(workers=2, memory="1GiB"), 9) as client:
        assert client.submit(sum, [2, 3]).result(timeout=SOON) == 5
        workers = [p for p in me.children(True) if p not in before and p.net_connections("tcp")]
        open_ = [
            each.laddr
            for process in (me, *workers)
            for each in process.net_connections("tcp")
            if each.status == psutil.CONN_LISTEN
        ]
        assert len(workers) == 2
        assert {place.ip for place in open_} == {"127.0.0.1"}
        assert 8787 not in {place.port for place in open_}
        assert len(open_) == 5  # scheduler, two guards, two workers
        assert client.scheduler.address.startswith("tls://")
        (limits,) = {w["memory_limit"] for w in client.scheduler_info(-1)["workers"].values()}
        assert limits == 1 << 30
    psutil.wait_procs(workers, timeout=SOON)
    assert not any(process.is_running() for process in workers)


@contextlib.contextmanager
def running(estates: Path, out: Path) -> Iterator[tuple[subprocess.Popen[str], set[int]]]:
    """Start a batch here that waits in one estate when another is done; give its workers, too."""
    env = os.environ | {"PYTHONPATH": PATHS, "DASK_DISTRIBUTED__WORKER__PRELOAD": "batch_faults"}
    command = [*PROGRAM, "batch", str(estates), "--out", str(out), "--workers", "1"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        until(lambda: (out / "a" / "batch.json").exists() and (estates / "waiting.begun").exists())
        children = {child.pid for child in psutil.Process(process.pid).children(True)}
        assert children
        yield process, children
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_killed_and_started_again_the_bytes_are_the_same(
    tmp_path: Path, address: str, expected: dict[Path, dict[str, bytes]]
) -> None:
    estates, out = put(tmp_path / "in", "waiting", "a"), tmp_path / "out"
    with running(estates, out) as (process, workers):
        with pytest.raises(output_lock.BatchLockedError) as caught:
            run_batch(str(estates), str(out), BatchRequest(), Cluster(address), silent)
        assert f"process {process.pid} on {socket.gethostname()}" in str(caught.value)
        process.kill()
        process.wait()
        until(lambda: not any(psutil.pid_exists(pid) for pid in workers))
    assert (out / output_lock.LOCK).exists()
    (out / "waiting").mkdir(exist_ok=True)
    (out / "waiting" / ".gip-left").mkdir()
    (estates / "go").touch()
    rows = run_batch(str(estates), str(out), BatchRequest(), Cluster(address), silent)
    assert statuses(rows) == {"a": "unchanged", "waiting": "planned"}
    assert tables(out / "a") == tables(out / "waiting") == expected[TINY]
    assert not [*out.glob("**/.gip-*"), *out.glob("batch.lock*")]


def test_ctrl_c_keeps_what_is_finished_and_leaves_no_worker(
    tmp_path: Path, expected: dict[Path, dict[str, bytes]]
) -> None:
    estates, out = put(tmp_path / "in", "waiting", "a"), tmp_path / "out"
    with running(estates, out) as (process, workers):
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=SOON)
        assert (process.returncode, said) == (
            130, "interrupted; estates done: 1; start again to go on\n"
        )  # fmt: skip
        until(lambda: not any(psutil.pid_exists(pid) for pid in workers))
    assert tables(out / "a") == expected[TINY]
    assert {path.name for path in out.iterdir()} == {"a"}


@pytest.mark.parametrize(("memory", "says"), [("much", "is no size"), ("4", "is too little")])
def test_a_size_that_is_none_is_told(memory: str, says: str) -> None:
    with pytest.raises(ClusterError, match=says), open_cluster(Cluster(memory=memory), 1):
        pass
