"""Many estates: the same bytes as one by one, whatever becomes of estates and workers."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from batches import (
    ROOT,
    SOON,
    by_name,
    joining,
    scheduling,
    silent,
    statuses,
    tables,
    until,
)
from estates import BRANCHES, TINY, put

from optimizer.distributed.batch import output_lock
from optimizer.distributed.batch.run_batch import BatchRequest, run_batch
from optimizer.distributed.cluster import Cluster, ClusterError, open_cluster
from optimizer.pipeline import run_plan as plan

BROKEN = ROOT / "data" / "broken" / "bad-day"


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
