"""Many estates: the same bytes as one by one, whatever becomes of estates and workers."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import fsspec
import psutil
import pytest
import trustme
from click.testing import CliRunner
from estates import BRANCHES, TINY, put

from models.batch_result import EstateResult
from models.errors import OutputError
from optimizer.cli.main import gip
from optimizer.distributed import cluster as engines
from optimizer.distributed.batch import output_lock, plan_one
from optimizer.distributed.batch.discovery import find_estates
from optimizer.distributed.batch.plan_one import PlanOrder, plan_estate
from optimizer.distributed.batch.run_batch import BatchRequest, run_batch
from optimizer.distributed.cluster import Cluster, ClusterError, open_cluster
from optimizer.pipeline import run_plan as plan

ROOT = Path(__file__).parents[2]
BROKEN = ROOT / "data" / "broken" / "bad-day"
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


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, dict[str, bytes]]:
    """What `gip plan` makes of the estates that tests copy."""
    folder = tmp_path_factory.mktemp("expected")
    return {estate: alone(estate, folder / estate.name) for estate in (TINY, BRANCHES)}


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


# --- a cluster of processes on loopback


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


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler with two workers, each under a guard of its own."""
    folder = tmp_path_factory.mktemp("cluster")
    with (
        scheduling(folder) as found,
        joining(found, folder, "--nworkers", "2"),
    ):
        yield found


def test_a_worker_killed_in_the_middle_costs_nothing_but_time(
    tmp_path: Path, address: str, expected: dict[Path, dict[str, bytes]]
) -> None:
    names = ("one", "deep/er/two", "three with blanks", "drei-\N{SNOWMAN}", "four")
    estates = put(tmp_path / "in", "waiting", *names)
    put(estates, "offices", estate=BRANCHES)
    begun, killed = estates / "waiting.begun", []

    def kill() -> None:
        try:
            until(lambda: begun.exists() and begun.read_text())
            killed.append(int(begun.read_text()))
            os.kill(killed[0], signal.SIGKILL)
        finally:  # else the run would wait for ever
            (estates / "go").touch()

    killer = threading.Thread(target=kill)
    killer.start()
    rows = by_name(
        run_batch(str(estates), str(tmp_path / "out"), BatchRequest(), Cluster(address), silent)
    )
    killer.join()
    assert int(begun.read_text()) not in killed
    assert statuses([*rows.values()]) == {
        **dict.fromkeys(["waiting", *names], "planned"), "offices": "unassigned"
    }  # fmt: skip
    for name in rows:
        estate = BRANCHES if name == "offices" else TINY
        assert tables(tmp_path / "out" / name) == expected[estate], name
    assert (rows["offices"].tasks, rows["offices"].unassigned) == (191, 9)
    assert all(row.seconds > 0 and row.peak_memory > 50 << 20 for row in rows.values())  # type: ignore[operator]
    assert not (tmp_path / "out" / output_lock.LOCK).exists()


def test_whoever_costs_two_workers_gets_a_row_with_the_reason(
    tmp_path: Path, address: str, expected: dict[Path, dict[str, bytes]]
) -> None:
    names = ("killed", "hungry", "stopped-once", "vanishing", "defect", "good")
    estates, out = put(tmp_path / "in", *names), tmp_path / "out"
    put(estates, "wrong", estate=BROKEN)
    rows = by_name(
        run_batch(str(estates), str(out), BatchRequest(timeout=6), Cluster(address), silent)
    )
    planned = {"good", "stopped-once"}
    assert {name for name, row in rows.items() if row.status == "planned"} == planned
    assert {name for name, row in rows.items() if row.status == "failed"} == rows.keys() - planned
    for name in planned:
        assert tables(out / name) == expected[TINY]
    assert "tried twice: its worker died" in rows["killed"].error
    assert "tried twice: its worker ran out of memory, with 0." in rows["hungry"].error
    assert "does not exist" in rows["vanishing"].error
    assert "ZeroDivisionError: not a number" in rows["defect"].error
    assert "jobs.csv:2: days: 'mon;tues'" in rows["wrong"].error
    assert {path.name for path in out.iterdir()} == {*planned, "summary.csv", "summary.html"}


def test_what_hangs_without_a_guard_is_given_up_and_so_is_its_worker(tmp_path: Path) -> None:
    estates = put(tmp_path / "in", "waiting", "a")
    with (
        scheduling(tmp_path) as place,
        joining(place, tmp_path, "--no-nanny"),
        joining(place, tmp_path, "--no-nanny"),
    ):
        with open_cluster(Cluster(place), 1) as client:
            client.wait_for_workers(2, timeout=SOON)
        rows = by_name(
            run_batch(
                str(estates), str(tmp_path / "out"), BatchRequest(timeout=4), Cluster(place), silent
            )
        )
    hung = "was not planned within 4 seconds (--timeout)"
    assert rows["waiting"].error == f"tried twice: {hung}; then {hung}"
    assert rows["a"].status == "planned"


def test_what_is_finished_is_not_planned_again(tmp_path: Path, address: str) -> None:
    estates = put(tmp_path / "in", "a", "b", "c", "d")
    out, engine = tmp_path / "out", Cluster(address)
    first = run_batch(str(estates), str(out), BatchRequest(), engine, silent)
    before = {path: path.stat().st_mtime_ns for path in out.glob("*/*")}
    again = run_batch(str(estates), str(out), BatchRequest(), engine, silent)
    assert set(statuses(again).values()) == {"unchanged"}
    assert {path: path.stat().st_mtime_ns for path in out.glob("*/*")} == before
    assert [replace(row, status="planned", seconds=0) for row in again] == [
        replace(row, seconds=0) for row in first
    ]
    with (estates / "a" / "vms.csv").open("a") as file:
        file.write("\n")
    (estates / "b" / "estate.toml").write_text('name = "other"\n')
    (out / "c" / "assignments.csv").write_bytes(b"cut sh")
    plan(estates / "d", out / "d", None, 1, 0, silent)
    third = statuses(run_batch(str(estates), str(out), BatchRequest(), engine, silent))
    assert third == dict.fromkeys("abcd", "planned")
    other = statuses(run_batch(str(estates), str(out), BatchRequest(seed=1), engine, silent))
    assert other == dict.fromkeys("abcd", "planned")
    limited = BatchRequest(seed=1, time_limit=300)
    assert statuses(run_batch(str(estates), str(out), limited, engine, silent)) == other


def test_a_worker_of_other_versions_is_refused(tmp_path: Path, address: str) -> None:
    estates = put(tmp_path / "in", "a")
    with joining(address, tmp_path, "--no-nanny", GIP_TEST_OTHER_VERSIONS="1"):
        with open_cluster(Cluster(address), 1) as client:
            client.wait_for_workers(3, timeout=SOON)
        with pytest.raises(ClusterError) as caught:
            run_batch(str(estates), str(tmp_path / "out"), BatchRequest(), Cluster(address), silent)
    assert "gip-planner 0.0.1 (here " in str(caught.value)
    assert "ortools 9.14 (here " in str(caught.value)
    assert "install the same versions there" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_addresses_give_the_same_bytes_as_folders(
    tmp_path: Path, address: str, expected: dict[Path, dict[str, bytes]]
) -> None:
    put(tmp_path / "in", "x", "y/z")
    put(tmp_path / "in", "wrong", estate=BROKEN)
    source, out = (tmp_path / "in").as_uri(), (tmp_path / "out").as_uri()
    rows = run_batch(source, out, BatchRequest(), Cluster(address), silent)
    assert statuses(rows) == {"wrong": "failed", "x": "planned", "y/z": "planned"}
    assert tables(tmp_path / "out" / "x") == tables(tmp_path / "out/y/z") == expected[TINY]
    again = statuses(run_batch(source, out, BatchRequest(), Cluster(address), silent))
    assert again == {"wrong": "failed", "x": "unchanged", "y/z": "unchanged"}
    assert (tmp_path / "out" / "summary.html").exists()


# --- the scheduler


def test_a_scheduler_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "CONNECT", 0.5)
    put(tmp_path / "in", "a")
    with socket.create_server(("127.0.0.1", 0)) as mute, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        for server in (mute, closed):
            place = f"tcp://127.0.0.1:{server.getsockname()[1]}"
            with pytest.raises(ClusterError, match=r"within 0\.5 seconds") as caught:
                run_batch(
                    str(tmp_path / "in"),
                    str(tmp_path / "out"),
                    BatchRequest(),
                    Cluster(place),
                    silent,
                )
            assert f"--scheduler {place}: cannot be reached" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_scheduler_that_goes_leaves_what_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: dict[Path, dict[str, bytes]]
) -> None:
    estates = put(tmp_path / "in", "waiting", "a", "b")
    out = tmp_path / "out"
    monkeypatch.setattr(engines, "CONNECT", 2)
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(scheduling(tmp_path))
        stack.enter_context(joining(place, tmp_path))

        def tell(rows: list[EstateResult], *_: object) -> None:
            if len(rows) == 2:
                stack.close()

        rows = by_name(run_batch(str(estates), str(out), BatchRequest(), Cluster(place), tell))
    assert tables(out / "a") == tables(out / "b") == expected[TINY]
    assert rows["a"].status == rows["b"].status == "planned"
    assert "the scheduler is gone; start the batch again" in rows["waiting"].error
    assert "waiting,failed" in (out / "summary.csv").read_text("utf-8-sig")


def test_tls_with_certificates_of_ones_own(tmp_path: Path) -> None:
    authority, other = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    other.cert_pem.write_to_path(tmp_path / "other.pem")
    card = authority.issue_cert("127.0.0.1")
    card.private_key_pem.write_to_path(tmp_path / "key.pem")
    card.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    files = [tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem")]
    options = [f"--tls-{name}" for name in ("ca-file", "cert", "key")]
    tls = [word for pair in zip(options, map(str, files), strict=True) for word in pair]
    put(tmp_path / "in", "a")
    with (
        scheduling(tmp_path, "--protocol", "tls", *tls) as place,
        joining(place, tmp_path, "--protocol", "tls", *tls),
    ):
        assert place.startswith("tls://")
        call = ["batch", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--scheduler", place]
        done = CliRunner().invoke(gip, [*call, *tls, "--json"])
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["counts"] == {"planned": 1}
        stranger = Cluster(place, None, None, tmp_path / "other.pem", *files[1:])
        with pytest.raises(ClusterError, match="cannot be reached"), open_cluster(stranger, 1):
            pass


# --- this machine


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


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--scheduler", "tcp://a:1", "--workers", "2"], "for this machine"),
        (["--scheduler", "tls://a:1"], "needs --tls-ca-file"),
        (["--tls-key", "x"], "are for a --scheduler of tls://"),
        (["--timeout", "0"], "--timeout"),
    ],
)
def test_options_that_do_not_go_together(options: list[str], says: str) -> None:
    done = CliRunner().invoke(gip, ["batch", "in", "--out", "out", *options])
    assert done.exit_code == 2
    assert says in done.output


@pytest.mark.parametrize(("memory", "says"), [("much", "is no size"), ("4", "is too little")])
def test_a_size_that_is_none_is_told(memory: str, says: str) -> None:
    with pytest.raises(ClusterError, match=says), open_cluster(Cluster(memory=memory), 1):
        pass


# --- what a worker does


def order(estate: Path | str, out: Path | str, token: str) -> PlanOrder:
    (found,) = (each for each in find_estates(str(estate)) if each.name == "a")
    return PlanOrder(found, str(out), token, 0, None)


def test_object_storage(tmp_path: Path, expected: dict[Path, dict[str, bytes]]) -> None:
    store = fsspec.filesystem("memory")
    store.put(f"{TINY}/", "/bucket/in/a/", recursive=True)
    store.pipe("/bucket/in/a/notes.bin", b"x" * 99)
    with output_lock.lock_output("memory://bucket/out") as token:
        wanted = order("memory://bucket/in", "memory://bucket/out", token)
        assert plan_estate(wanted, tmp_path).status == "planned"
        assert plan_estate(wanted, tmp_path).status == "unchanged"
        store.pipe("/bucket/out/a/plan.json", store.cat("/bucket/out/a/plan.json") + b"\n")
        assert plan_estate(wanted, tmp_path).status == "planned"
        with (
            pytest.raises(output_lock.BatchLockedError),
            output_lock.lock_output("memory://bucket/out"),
        ):
            pass
    held = {name.rpartition("/")[2]: name for name in store.find("/bucket/out/a")}
    found = {name: store.cat_file(path) for name, path in held.items() if name.endswith(".csv")}
    assert found == expected[TINY]
    assert store.ls("/bucket/out", detail=False) == ["/bucket/out/a"]
    assert [*tmp_path.iterdir()] == []
    store.rm("/bucket/in/a", recursive=True)
    assert "holds no files, or no longer" in plan_estate(wanted, tmp_path).error


def test_an_upload_cut_short_does_not_look_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "in", "a")
    store = fsspec.filesystem("memory")
    real = type(store).put_file

    def cut(self: object, source: str, target: str) -> None:
        if target.endswith("unassigned.csv"):
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        real(self, source, target)

    with output_lock.lock_output("memory://cut/out") as token:
        wanted = order(tmp_path / "in", "memory://cut/out", token)
        assert plan_estate(wanted, tmp_path).status == "planned"
        monkeypatch.setattr(type(store), "put_file", cut)
        assert "Connection reset" in plan_estate(replace(wanted, seed=1), tmp_path).error
        assert not store.exists("/cut/out/a/plan.json")
        monkeypatch.undo()
        assert plan_estate(wanted, tmp_path).status == "planned"


def test_the_workers_of_a_batch_that_is_over_write_nothing(tmp_path: Path) -> None:
    put(tmp_path / "in", "a")
    with output_lock.lock_output(str(tmp_path / "out")) as token:
        late = order(tmp_path / "in", tmp_path / "out", f"not {token}")
        assert "the batch is over" in plan_estate(late, tmp_path).error
    assert "the batch is over" in plan_estate(replace(late, token=token), tmp_path).error
    assert not (tmp_path / "out").exists()


def test_a_disk_without_room_is_a_row_and_what_was_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "in", "a")
    with output_lock.lock_output(str(tmp_path / "out")) as token:
        wanted = order(tmp_path / "in", tmp_path / "out", token)
        assert plan_estate(wanted, tmp_path).status == "planned"
        before = tables(tmp_path / "out" / "a")

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("optimizer.pipeline.write_plan", full)
        row = plan_estate(replace(wanted, seed=1), tmp_path)
        assert row.status == "failed"
        assert "out/a: cannot be written: No space left on device; choose" in row.error
        assert tables(tmp_path / "out" / "a") == before


def test_an_estate_whose_files_go_meanwhile_is_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "in", "a")

    def gone(*_: object) -> None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "in/a/vms.csv")

    monkeypatch.setattr(plan_one, "run_plan", gone)
    with output_lock.lock_output(str(tmp_path / "out")) as token:
        row = plan_estate(order(tmp_path / "in", tmp_path / "out", token), tmp_path)
    assert row.error.startswith("in/a/vms.csv: No such file or directory; check that")


# --- the lock


def test_an_output_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match=r"file/out: cannot be written.*--out"),
        output_lock.lock_output(str(tmp_path / "file" / "out")),
    ):
        pass


def test_a_lock_is_taken_over_from_the_dead_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, out = tmp_path / output_lock.LOCK, str(tmp_path)
    monkeypatch.setattr(output_lock, "GRACE", 0.1)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    begun = psutil.Process(ended.pid).create_time()
    ended.wait()
    here = {"pid": ended.pid, "host": socket.gethostname(), "started": begun, "token": "x"}
    reused = here | {"pid": os.getpid(), "started": begun - 86_400}
    for stale in (json.dumps(here), json.dumps(reused), "", '{"pid'):
        held.write_text(stale)
        with output_lock.lock_output(out) as token:
            assert json.loads(held.read_bytes())["token"] == token
            assert output_lock.is_held(out, token)
        assert [*tmp_path.iterdir()] == []
    held.write_text(json.dumps(here | {"host": "elsewhere"}))
    with (
        pytest.raises(output_lock.BatchLockedError, match=r"process \d+ on elsewhere"),
        output_lock.lock_output(out),
    ):
        pass
    assert held.exists()


def test_bytes_that_are_no_text_do_not_stop_the_summary(
    tmp_path: Path, address: str, expected: dict[Path, dict[str, bytes]]
) -> None:
    estates, out = tmp_path / "in", tmp_path / "out"
    name = os.fsdecode(b"caf\xe9 \n[red]")
    put(estates, name, "..a", "summary.csv")
    call = ["batch", str(estates), "--out", str(out), "--scheduler", address]
    done = CliRunner().invoke(gip, call)
    assert done.exit_code == 1, done.output
    assert "summary.csv: its path is the name of a file of the batch; rename it" in done.stdout
    assert "3 estates: 2 planned, 1 failed; summary.csv and summary.html written" in done.stdout
    assert tables(out / name) == tables(out / "..a") == expected[TINY]
