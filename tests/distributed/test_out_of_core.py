"""One estate out of core: the same bytes as in one process, and the same problems."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dask
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import random_estates
import tiny_weeks
from click.testing import CliRunner
from distributed import Client, LocalCluster
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parquet_tables import parquet

from models.errors import EstateError, GipError, OutputError, PlanError
from models.estate import Codes
from optimizer.cli.main import gip
from optimizer.distributed.cluster import Cluster, ClusterError, open_cluster, versions
from optimizer.distributed.out_of_core import run, shuffle, write_splits
from optimizer.distributed.out_of_core import task_runner as workers
from optimizer.distributed.out_of_core.allocate_counts import allocate_counts
from optimizer.distributed.out_of_core.partition import (
    partition_bounds,
    partition_of,
    sort_partition,
)
from optimizer.distributed.out_of_core.run import SolveRequest, plan_out_of_core, solve_out_of_core
from optimizer.distributed.out_of_core.small_tables import read_small_tables
from optimizer.distributed.out_of_core.task_runner import TaskRunner
from optimizer.formulation.grouping import assign_tasks
from optimizer.lists.week_planner import plan_week
from optimizer.output.split_writer import JobVms
from optimizer.pipeline import run_plan as plan

ROOT = Path(__file__).parents[2]
BRANCHES = ROOT / "data" / "branch-offices"
TINY = ROOT / "data" / "tiny"
TABLES = 7
GROUP = 7
SPLIT_SEEDS = (2, 4)
MOMENTS = {"reading", "joining", "ordering", "writing and checking"}


def silent(*_: object) -> None:
    """Tell nobody."""


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """One worker in this process, which is quickly there."""
    cluster = LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    )
    with cluster, Client(cluster, set_as_default=False) as client:
        yield client


def run_partitioned(
    client: Client,
    estate: Path,
    out: Path,
    rows: int = 3,
    step: Callable[[str], None] = silent,
    after: Path | None = None,
) -> None:
    head, problems = read_small_tables(estate)
    solving = SolveRequest(after=after)
    solve_out_of_core(TaskRunner(client, step), head, problems, out, solving, rows, silent)


def written(folder: Path) -> dict[str, Any]:
    """Return what a plan's files hold, but for the seconds."""
    found: dict[str, Any] = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert len(found) == TABLES + 1, found.keys()
    record = json.loads(found["plan.json"])
    for aim in record["aims"]:
        del aim["seconds"]
    return found | {"plan.json": record}


@pytest.fixture(scope="module")
def branches(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The branch offices with Parquet tables, and what a plan of them in one process is."""
    folder = tmp_path_factory.mktemp("branches")
    estate = parquet(BRANCHES, GROUP, folder / "estate")
    plan(estate, folder / "whole", None, 1, 0, silent)
    return estate, written(folder / "whole")


def error(work: Callable[[], object]) -> GipError:
    with pytest.raises(GipError) as caught:
        work()
    return caught.value


# --- the same plan


@settings(
    max_examples=max(2, settings().max_examples // 50),
    suppress_health_check=list(HealthCheck),
)
@given(spec=random_estates.estates(), group=st.integers(1, 9), rows=st.integers(1, 9))
def test_random_estates_give_the_same_bytes(
    client: Client, spec: dict[str, Any], group: int, rows: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        random_estates.write(spec, folder / "estate")
        parquet(folder / "estate", group)
        plan(folder / "estate", folder / "whole", None, 1, 0, silent)
        run_partitioned(client, folder / "estate", folder / "pieces", rows)
        assert written(folder / "pieces") == written(folder / "whole")


@pytest.mark.parametrize(("rows", "least"), [(1000, 20), (10**6, 1)])
def test_a_real_estate_gives_the_same_bytes_in_many_partitions_or_one(
    client: Client, branches: tuple[Path, dict[str, Any]], tmp_path: Path, rows: int, least: int
) -> None:
    estate, whole = branches
    steps: list[str] = []
    run_partitioned(client, estate, tmp_path / "pieces", rows, steps.append)
    number = next(int(step.split()[-1]) for step in steps if step.startswith("ordering, 0 of "))
    assert (number >= least) if least > 1 else (number == 1)
    assert written(tmp_path / "pieces") == whole


@pytest.mark.parametrize("seed", SPLIT_SEEDS)
def test_splits_and_shared_names_give_the_same_bytes(
    client: Client, tmp_path: Path, seed: int
) -> None:
    spec = tiny_weeks.spec(seed)
    for number, row in enumerate(spec["vms"]):
        row["name"] = ("web", "", "db, old", "web", f"n{number}")[number % 5]
    random_estates.write(spec, tmp_path / "estate")
    parquet(tmp_path / "estate", 2)
    plan(tmp_path / "estate", tmp_path / "whole", None, 1, 0, silent)
    run_partitioned(client, tmp_path / "estate", tmp_path / "pieces", 2)
    found = written(tmp_path / "pieces")
    assert found == written(tmp_path / "whole")
    assert len(found["job_splits.csv"].splitlines()) > 2
    assert b"web (" in found["assignments.csv"]
    assert b"web (" in found["job_splits.csv"]


def test_members_by_name_give_the_same_bytes_as_by_id(client: Client, tmp_path: Path) -> None:
    for folder in ("ids", "names"):
        spec = tiny_weeks.spec(SPLIT_SEEDS[0])
        called = {row["vm"]: f"host {row['vm']}" for row in spec["vms"]}
        for row in spec["vms"]:
            row["name"] = called[row["vm"]]
        for row in (*spec["job_vms"], *(spec.get("current") or ())) if folder == "names" else ():
            row["vm"] = called[row["vm"]]
        random_estates.write(spec, tmp_path / folder)
        parquet(tmp_path / folder, 2)
        plan(tmp_path / folder, tmp_path / f"{folder} whole", None, 1, 0, silent)
        run_partitioned(client, tmp_path / folder, tmp_path / f"{folder} pieces", 2)
        assert written(tmp_path / f"{folder} pieces") == written(tmp_path / f"{folder} whole")
    plans = [written(tmp_path / f"{folder} pieces") for folder in ("ids", "names")]
    assert all(plans[0][file] == plans[1][file] for file in plans[0] if file != "plan.json")


def test_names_of_several_vms_give_the_same_complaints(client: Client, tmp_path: Path) -> None:
    spec = tiny_weeks.spec(SPLIT_SEEDS[0])
    for row in spec["vms"][:2]:
        row["name"] = "twin"
    for row, vm in zip(spec["job_vms"], ("twin", "nobody"), strict=False):
        row["vm"] = vm
    random_estates.write(spec, tmp_path / "estate")
    parquet(tmp_path / "estate", 2)
    whole = error(lambda: plan(tmp_path / "estate", tmp_path / "out", None, 1, 0, silent))
    pieces = error(lambda: run_partitioned(client, tmp_path / "estate", tmp_path / "out", 2))
    assert isinstance(whole, EstateError)
    assert isinstance(pieces, EstateError)
    told = [{(p.line, p.value, p.reason) for p in each.problems} for each in (whole, pieces)]
    assert told[0] == told[1]
    assert "is the name of 2 VMs; write an id, such as" in str(pieces)


def test_wishes_and_a_plan_before_count_as_in_memory(client: Client, tmp_path: Path) -> None:
    estate, before = parquet(BRANCHES, 100, tmp_path / "estate"), tmp_path / "before"
    plan(estate, before, None, 1, 0, silent)
    rows = pd.read_csv(before / "job_proxies.csv", dtype="str", keep_default_na=False)
    is_set = dict(zip(rows["job"], rows["proxies"].where(rows["change"] == "set"), strict=True))
    jobs = pd.read_csv(estate / "jobs.csv", dtype="str", keep_default_na=False)
    given = jobs["job"].map(is_set)
    jobs["proxies"] = given.where(given.notna(), jobs["proxies"])
    jobs.to_csv(estate / "jobs.csv", index=False)
    with (estate / "estate.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[lists]\nfirst = "tiers"\nmost_changes = 3\nleast_servers = 2\n')
    plan(estate, tmp_path / "whole", None, 1, 0, silent, after=before)
    run_partitioned(client, estate, tmp_path / "pieces", 1000, after=before)
    found = written(tmp_path / "pieces")
    assert found == written(tmp_path / "whole")
    assert found["plan.json"]["settings"]["lists"]["freed_after"]
    assert found["plan.json"]["week"]["first"] == "tiers"


@pytest.mark.parametrize(
    ("name", "spoil", "words"),
    [
        (
            "find_job_vms",
            lambda rows: JobVms(rows.job[1:], rows.vm[1:], rows.task[1:]),
            "has no row for vm",
        ),
        ("name_vms", lambda called: pa.array(["someone"] * len(called)), "vm_name is 'someone'"),
    ],
)
def test_rows_of_a_split_are_judged_in_every_partition(
    client: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    spoil: Callable[[Any], Any],
    words: str,
) -> None:
    right = getattr(write_splits, name)
    monkeypatch.setattr(write_splits, name, lambda *given: spoil(right(*given)))
    random_estates.write(tiny_weeks.spec(SPLIT_SEEDS[0]), tmp_path / "estate")
    parquet(tmp_path / "estate", 2)
    with pytest.raises(PlanError, match=words):
        run_partitioned(client, tmp_path / "estate", tmp_path / "pieces", 2)
    assert not (tmp_path / "pieces").exists()


def test_a_week_that_is_not_so_is_found(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*given: Any) -> Any:
        week = plan_week(*given)
        first, *others = week.choices
        return replace(week, choices=(replace(first, tier1=first.tier1 + 1), *others))

    monkeypatch.setattr(run, "plan_week", late)
    parquet(TINY, 3, tmp_path / "estate")
    with pytest.raises(PlanError, match="has tier1"):
        run_partitioned(client, tmp_path / "estate", tmp_path / "pieces", 1000)


# --- its steps


@st.composite
def expansions(draw: st.DrawFn) -> tuple[Any, ...]:
    size = draw(st.integers(0, 30))

    def numbers(low: int, high: int) -> Codes:
        drawn = draw(st.lists(st.integers(low, high), min_size=size, max_size=size))
        return np.array(drawn, dtype=np.int32)

    group, today, partition = numbers(-1, 3), numbers(-1, 3), np.sort(numbers(0, 3))
    arcs = [
        (g, s, draw(st.integers(1, 4))) for g in range(4) for s in range(4) if draw(st.booleans())
    ]
    columns = np.array(arcs, dtype=np.int64).reshape(-1, 3).T
    return group, today, partition, tuple(columns)


@given(drawn=expansions())
def test_partitions_expand_to_what_the_whole_does(drawn: tuple[Any, ...]) -> None:
    group, today, partition, arcs = drawn
    rank = np.arange(4)
    bundles = pd.DataFrame({"group": group, "server": today, "partition": partition, "count": 1})
    split = allocate_counts(arcs, rank, bundles, 4)
    found = [
        assign_tasks(group[partition == number], today[partition == number], part)
        for number, part in enumerate(split)
    ]
    assert np.concatenate(found).tolist() == assign_tasks(group, today, arcs).tolist()


PLACES = st.tuples(st.integers(0, 3), st.text("aZé\U0001f5a5", max_size=3))


@given(places=st.lists(PLACES, max_size=30), sample=st.lists(PLACES, max_size=8))
def test_partitions_are_ranges_in_order_of_job_and_name(
    places: list[tuple[int, str]], sample: list[tuple[int, str]]
) -> None:
    cuts = partition_bounds(sample, 1, 2)
    rank = np.array([place[0] for place in places], dtype=np.int32)
    found = partition_of(cuts, rank, pa.array([place[1] for place in places], pa.string()))

    def key(place: tuple[int, str]) -> tuple[int, bytes]:
        return place[0], place[1].encode()

    expected = [sum(key(cut) <= key(place) for cut in cuts) for place in places]
    assert found.tolist() == expected
    assert len(cuts) <= len(sample) // 2


# --- the same complaints


def spoilt(folder: Path, table: str, spoil: Callable[[pd.DataFrame], pd.DataFrame]) -> Path:
    """Make the branch offices an estate in Parquet, one table of it spoilt."""
    parquet(BRANCHES, 50, folder)
    path = folder / f"{table}.parquet"
    spoil(pd.read_parquet(path)).to_parquet(path, index=False, row_group_size=50)
    return folder


def cell(row: int, column: str, text: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def spoil(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[row, column] = text
        return table

    return spoil


def again(*rows: int) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda table: pd.concat([table, table.iloc[list(rows)]])


def problems_of(found: EstateError) -> list[str]:
    """Return the problems, but for the VM that may have been meant: no process knows them all."""
    return sorted(re.sub(r"; did you mean '.*'\?$", "", str(each)) for each in found.problems)


@pytest.mark.parametrize(
    ("table", "spoil"),
    [
        ("vms", cell(77, "networks", "nowhere")),
        ("vms", cell(77, "available", "perhaps")),
        ("vms", cell(77, "vm", "")),
        ("vms", again(5, 80)),
        ("vms", lambda table: table.drop(columns="os")),
        ("job_vms", cell(60, "job", "no such job")),
        ("job_vms", cell(60, "job", "")),
        ("job_vms", cell(60, "vm", "")),
        ("job_vms", again(3, 3, 90)),
        ("current", again(2)),
        ("current", cell(2, "vm", "")),
    ],
)
def test_bad_tables_give_the_same_complaints(
    client: Client, tmp_path: Path, table: str, spoil: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    estate = spoilt(tmp_path / "estate", table, spoil)
    expected = error(lambda: plan(estate, tmp_path / "whole", None, 1, 0, silent))
    found = error(lambda: run_partitioned(client, estate, tmp_path / "pieces", 100))
    assert isinstance(found, EstateError)
    assert isinstance(expected, EstateError)
    assert problems_of(found) == problems_of(expected)
    assert not (tmp_path / "pieces").exists()


def test_a_row_that_gets_lost_on_the_way_is_missed(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet(TINY, 3, tmp_path / "estate")
    monkeypatch.setattr(
        shuffle, "sort_partition", lambda estate, rows, out: sort_partition(estate, rows[1:], out)
    )
    with pytest.raises(PlanError, match=r"job_vms has \d+ rows, the partitions have \d+"):
        run_partitioned(client, tmp_path / "estate", tmp_path / "out", 10**6)
    assert not (tmp_path / "out").exists()


def test_an_unknown_vm_is_named_with_its_row(client: Client, tmp_path: Path) -> None:
    estate = spoilt(tmp_path / "estate", "job_vms", cell(60, "vm", "no-such-vm"))
    found = error(lambda: run_partitioned(client, estate, tmp_path / "out", 50))
    assert str(found).splitlines()[0] == (
        "job_vms.parquet:61: vm: 'no-such-vm' is not in vms; add it there or remove this row"
    )


def test_unknown_addresses_and_columns_give_the_same_findings(
    client: Client, tmp_path: Path
) -> None:
    def spoil(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[[3, 70, 90], "networks"] = "203.0.113.9"
        table.loc[[2, 99], "host"] = "unheard-of"
        table.loc[[5, 98], "os"] = "Win2019"
        return table.assign(netwerks="x", name="called " + table["vm"])

    estate = spoilt(tmp_path / "estate", "vms", spoil)
    plan(estate, tmp_path / "whole", None, 1, 0, silent)
    run_partitioned(client, estate, tmp_path / "pieces", 50)
    assert written(tmp_path / "pieces") == written(tmp_path / "whole")
    assert b"203.0.113.9" in (tmp_path / "pieces" / "findings.csv").read_bytes()
    assert b"netwerks" in (tmp_path / "pieces" / "findings.csv").read_bytes()
    assert b"Win2019" in (tmp_path / "pieces" / "findings.csv").read_bytes()
    assert b",called " in (tmp_path / "pieces" / "assignments.csv").read_bytes()


def test_tables_of_vms_have_to_be_parquet(tmp_path: Path) -> None:
    with pytest.raises(EstateError, match=r"vms\.csv: is not Parquet.*--out-of-core"):
        plan_out_of_core(BRANCHES, tmp_path / "out", SolveRequest(), Cluster(), silent)


def test_a_file_that_is_no_parquet_is_named(client: Client, tmp_path: Path) -> None:
    estate = parquet(BRANCHES, 50, tmp_path / "estate")
    (estate / "current.parquet").write_bytes(b"PAR1, but no more")
    with pytest.raises(EstateError, match=r"current\.parquet: is not readable Parquet"):
        run_partitioned(client, estate, tmp_path / "out", 1000)


# --- processes that fail


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
