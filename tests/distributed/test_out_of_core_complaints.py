"""Bad tables out of core: the same problems as in one process."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import random_estates
import tiny_weeks
from distributed import Client
from estates import BRANCHES, TINY
from parquet_tables import parquet
from partitioned import error, run_partitioned, silent, written

from models.errors import EstateError, PlanError
from optimizer.distributed.cluster import Cluster
from optimizer.distributed.out_of_core import shuffle
from optimizer.distributed.out_of_core.partition import (
    sort_partition,
)
from optimizer.distributed.out_of_core.run import SolveRequest, plan_out_of_core
from optimizer.pipeline import run_plan as plan

SPLIT_SEEDS = (2, 4)


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
