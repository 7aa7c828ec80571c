"""Clusters, and what is to be planned there as in one process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from batches import alone, joining, scheduling
from distributed import Client, LocalCluster
from estates import BRANCHES, TINY
from parquet_tables import parquet
from partitioned import silent, written

from optimizer.pipeline import run_plan as plan


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, dict[str, bytes]]:
    """What `gip plan` makes of the estates that tests copy."""
    folder = tmp_path_factory.mktemp("expected")
    return {estate: alone(estate, folder / estate.name) for estate in (TINY, BRANCHES)}


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler with two workers, each under a guard of its own."""
    folder = tmp_path_factory.mktemp("cluster")
    with (
        scheduling(folder) as found,
        joining(found, folder, "--nworkers", "2"),
    ):
        yield found


@pytest.fixture(scope="session")
def branches(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The branch offices with Parquet tables, and what a plan of them in one process is."""
    folder = tmp_path_factory.mktemp("branches")
    estate = parquet(BRANCHES, 7, folder / "estate")
    plan(estate, folder / "whole", None, 1, 0, silent)
    return estate, written(folder / "whole")


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """One worker in this process, which is quickly there."""
    cluster = LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    )
    with cluster, Client(cluster, set_as_default=False) as client:
        yield client
