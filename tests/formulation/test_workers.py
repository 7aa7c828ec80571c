"""The number of workers changes no byte, not even where an aim takes the full search."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import content
from estates import FIRST, estate

from optimizer.eligibility.context import PlanningContext
from optimizer.formulation.decomposition import components
from optimizer.formulation.grouping import group_tasks
from optimizer.pipeline import run_plan
from optimizer.solver import lexicographic
from optimizer.solver.cp_sat import SearchResult, solve_cp_sat

UTILISATION = {"planning": {"objectives": [*FIRST, "balance"], "balance": "utilisation"}}
LIMITS = ((3, 5, 7), (4, 6, 9), (3, 7, 8))
JOBS = ["early 22:00 120", "middle 23:00 120", "late 23:30 240"]


def written(folder: Path, out: Path, workers: int) -> dict[str, bytes]:
    run_plan(folder, out, None, workers, 0, lambda step: None)
    return {name: text for name, text in content(out).items() if name.endswith(".csv")}


def test_workers_change_no_byte_where_the_full_search_is_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three networks without links, planned side by side; neighbourhoods are taken away, which
    settle nearly every estate before."""
    servers = [
        f"p{network}{place} n{network} max_tasks={limit}"
        for network, limits in enumerate(LIMITS)
        for place, limit in enumerate(limits)
    ]
    vms = [f"v{network}{place} n{network}" for network in range(3) for place in range(6)]
    read = estate(
        tmp_path / "estate", ["bs hq", *servers], vms, links=[], jobs=JOBS,
        job_vms=[f"{JOBS[place % 3].split()[0]} {vm.split()[0]}" for place, vm in enumerate(vms)],
        settings=UTILISATION,
    )  # fmt: skip
    problem, _ = group_tasks(PlanningContext.build(read))
    assert len(components.decompose(problem).size) == 3
    searches = []
    search = solve_cp_sat

    def counted(*arguments: object) -> object:
        searches.append(arguments)
        return search(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(lexicographic, "solve_cp_sat", counted)
    monkeypatch.setattr(lexicographic, "search_near", lambda *_: SearchResult(None, None))
    one = written(tmp_path / "estate", tmp_path / "one", 1)
    alone = len(searches)
    assert alone
    assert written(tmp_path / "estate", tmp_path / "two", 2) == one
    assert len(searches) == 2 * alone
