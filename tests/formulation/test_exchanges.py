"""Exchange moves keep every rule and harm no aim for a later one, as the oracle counts them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import random_estates
from estates import estate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.aims import MINIMISED
from models.estate import Estate
from optimizer.eligibility.context import PlanningContext
from optimizer.formulation.exchanges import ExchangeSearch
from optimizer.formulation.greedy import assign_greedily
from optimizer.formulation.grouping import group_tasks
from optimizer.formulation.solution_mapping import Arcs
from optimizer.formulation.solve_assignment import assigned_servers
from optimizer.formulation.staged_solve import NOTHING
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.solver.deadline import Deadline

plain = settings(deadline=None, suppress_health_check=list(HealthCheck))


class Case:
    """An estate and the search over its assignments."""

    def __init__(self, made: Estate) -> None:
        self.estate, self.context = made, PlanningContext.build(made)
        self.problem, self.group = group_tasks(self.context)

    def improve(self, arcs: Arcs, aims: list[str], seed: int = 0) -> Arcs:
        by_use = self.estate.settings.balance == "utilisation"
        search = ExchangeSearch(self.problem, aims, by_use, lowest_peak=0)
        return search.improve(arcs, Deadline(), seed)

    def proxies(self, arcs: Arcs) -> dict[tuple[str, str], str]:
        """Return the proxy of each planned task, by job and VM."""
        made, tasks = self.estate, self.context.tasks
        server = assigned_servers(made, tasks, self.group, arcs)
        names = made.servers["server"].to_numpy()
        jobs, vms = made.jobs["job"].to_numpy()[tasks.job], made.vms["vm"].to_numpy()[tasks.vm]
        return {
            (job, vm): names[place]
            for job, vm, place in zip(jobs, vms, server.tolist(), strict=True)
            if place >= 0
        }


def goodness(values: dict[str, int], aims: list[str]) -> list[int]:
    """Return the values of ``aims``, those negated that are to be small."""
    return [-values[aim] if aim in MINIMISED else values[aim] for aim in aims]


@settings(plain)
@given(spec=random_estates.estates(), seed=st.integers(0, 2**31), share=st.floats(0, 1))
def test_no_aim_is_harmed_for_a_later_one(spec: dict[str, Any], seed: int, share: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        random_estates.write(spec, Path(folder))
        case = Case(read_estate(Path(folder)))
    truth, random = oracle.Estate(spec), np.random.default_rng(seed)
    group, server, count = assign_greedily(case.problem, NOTHING)
    arcs = group, server, random.binomial(count, share)
    for number in range(1, len(truth.aims) + 1):
        aims = truth.aims[:number]
        better = case.improve(arcs, aims, seed)
        before, after = (truth.evaluate(case.proxies(plan)) for plan in (arcs, better))
        assert goodness(after, aims) >= goodness(before, aims)
        again = case.improve(arcs, aims, seed)
        assert all(map(np.array_equal, better, again))
        arcs = better


def test_full_servers_exchange_tasks(tmp_path: Path) -> None:
    # Each has room for one task only, and has the one that is local to the other.
    made = estate(
        tmp_path,
        ["p1 n1 max_tasks=1", "p2 n2 max_tasks=1", "vbr n3 roles=backup_server excluded=true"],
        ["v1 n1", "v2 n2"],
        networks=["n1 s1", "n2 s2", "n3 s3"],
    )
    case = Case(made)
    one, two = case.group[0], case.group[1]
    place = {name: number for number, name in enumerate(made.servers["server"])}
    crossed = (
        np.array([one, two], dtype=np.int64),
        np.array([place["p2"], place["p1"]], dtype=np.int64),
        np.ones(2, dtype=np.int64),
    )
    better = case.improve(crossed, ["coverage", "tier1"])
    assert {vm: proxy for (_, vm), proxy in case.proxies(better).items()} == {
        "v1": "p1",
        "v2": "p2",
    }


def test_loads_become_even(tmp_path: Path) -> None:
    names = [f"v{number}" for number in range(12)]
    made = estate(
        tmp_path,
        ["p1 n1", "p2 n1", "p3 n1", "vbr n1 roles=backup_server excluded=true"],
        [f"{name} n1" for name in names],
    )
    case = Case(made)
    everything = (np.array([0]), np.array([0]), np.array([12]))
    better = case.improve(everything, ["coverage", "tier1", "tier2", "tier3", "peak", "balance"])
    assert sorted(better[2].tolist()) == [4, 4, 4]
