"""Ties are decided by names: the order of rows in a table plays no part in a plan."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import pytest
import random_estates
from commands import content
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimizer.pipeline import run_plan

TABLES = ("servers", "networks", "links", "vms", "jobs", "job_vms")
plain = settings(deadline=None, suppress_health_check=list(HealthCheck))
plain = settings(parent=plain, max_examples=max(10, plain.max_examples // 20))


def shuffle_rows(folder: Path, chance: random.Random) -> None:
    """Write the rows of each table of ``folder`` in another order."""
    for table in TABLES:
        path = folder / f"{table}.csv"
        if path.exists():
            header, *rows = csv.reader(path.read_text("utf-8-sig").splitlines())
            chance.shuffle(rows)
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([header, *rows])


def plan_bytes(estate: Path, out: Path) -> dict[str, bytes]:
    run_plan(estate, out, None, 1, 0, lambda step: None)
    return {name: text for name, text in content(out).items() if name.endswith(".csv")}


def test_equal_servers_in_another_order_give_the_same_bytes(tmp_path: Path) -> None:
    # Two jobs that never meet, three servers that are equal but for their names.
    tables = {
        "servers": ["server,os,roles,networks", "b,Windows Server 2019,backup_server,n0",
                    "p0,Windows Server 2019,,n0", "p1,Windows Server 2019,,n0"],
        "networks": ["network", "n0"],
        "vms": ["vm,os,networks", "v0,Windows,n0"],
        "jobs": ["job,start,duration_minutes,indexing", "j0,12:00,60,true", "j1,10:00,60,true"],
        "job_vms": ["job,vm", "j0,v0", "j1,v0"],
    }  # fmt: skip
    written = []
    for number in range(6):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, (header, *rows) in tables.items():
            random.Random(number).shuffle(rows)  # noqa: S311
            (folder / f"{name}.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
        written.append(plan_bytes(folder, tmp_path / f"out{number}"))
    assert all(files == written[0] for files in written[1:])


@plain
@given(spec=random_estates.estates(), seed=st.integers(0, 2**32))
def test_shuffled_rows_give_the_same_bytes(
    spec: dict[str, Any], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("estate")
    random_estates.write(spec, folder / "estate")
    before = plan_bytes(folder / "estate", folder / "before")
    shuffle_rows(folder / "estate", random.Random(seed))  # noqa: S311
    assert plan_bytes(folder / "estate", folder / "after") == before
