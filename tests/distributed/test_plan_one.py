"""What a worker does with one estate, and the lock of the output."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import fsspec
import psutil
import pytest
from batches import tables
from click.testing import CliRunner
from estates import TINY, put

from models.errors import OutputError
from optimizer.cli.main import gip
from optimizer.distributed.batch import output_lock, plan_one
from optimizer.distributed.batch.discovery import find_estates
from optimizer.distributed.batch.plan_one import PlanOrder, plan_estate


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
