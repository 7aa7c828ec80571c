"""One estate out of core: the same bytes as in one process, and the same problems."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import random_estates
import tiny_weeks
from distributed import Client
from estates import BRANCHES, TINY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parquet_tables import parquet
from partitioned import run_partitioned, silent, written

from models.errors import PlanError
from optimizer.distributed.out_of_core import run, write_splits
from optimizer.lists.week_planner import plan_week
from optimizer.output.split_writer import JobVms
from optimizer.pipeline import run_plan as plan

SPLIT_SEEDS = (2, 4)


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
