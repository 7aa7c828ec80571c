"""Plans out of core for tests, and what they write."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

from models.errors import GipError
from optimizer.distributed.out_of_core.run import SolveRequest, solve_out_of_core
from optimizer.distributed.out_of_core.small_tables import read_small_tables
from optimizer.distributed.out_of_core.task_runner import TaskRunner

TABLES = 7


def silent(*_: object) -> None:
    """Tell nobody."""


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


def error(work: Callable[[], object]) -> GipError:
    with pytest.raises(GipError) as caught:
        work()
    return caught.value
