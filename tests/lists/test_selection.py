"""Tests of the lists to select in jobs: by hand, and against the slow simulation."""

from __future__ import annotations

import tempfile
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import random_estates
from estates import estate, planned
from hypothesis import HealthCheck, given, settings
from slow_simulation import Product

from models.estate import Estate
from models.plan import Plan
from optimizer.eligibility.tasks import find_tasks
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.lists.selection import JobLists, choose_lists
from optimizer.lists.targets import JobTarget, Mask
from optimizer.planner import plan
from optimizer.simulation.results import Agreement
from optimizer.solver.deadline import Deadline

plain = settings(deadline=None, suppress_health_check=list(HealthCheck))
plain = settings(parent=plain, max_examples=plain.max_examples // 8)


def chosen(plan: Plan) -> JobLists:
    return choose_lists(plan.estate, plan.tasks, plan.proxy, plan.tier)


def names(estate: Estate, servers: tuple[int, ...]) -> str:
    return " ".join(estate.servers["server"].iloc[list(servers)])


def lists(estate: Estate, found: JobLists) -> dict[str, str]:
    """Return each job's servers, as names."""
    return {job: names(estate, codes) for job, codes in found.lists.items()}


def splits(estate: Estate, found: JobLists) -> dict[str, list[tuple[str, str]]]:
    """Return the VMs and the servers of the parts of each job, as names."""
    tasks = find_tasks(estate)
    return {
        job: [
            (" ".join(estate.vms["vm"].iloc[tasks.vm[part.tasks]]), names(estate, part.servers))
            for part in parts
        ]
        for job, parts in found.splits.items()
    }


def of(estate: Estate, *wanted: tuple[str, int]) -> JobLists:
    """Return the lists for a plan given as proxy and tier of each task, in order."""
    code = {name: number for number, name in enumerate(estate.servers["server"])} | {"": -1}
    proxy, tier = zip(*wanted, strict=True)
    found = np.array([code[name] for name in proxy], dtype=np.int32)
    return choose_lists(estate, find_tasks(estate), found, np.array(tier, dtype=np.int8))


def test_a_job_whose_servers_suit_it_gets_just_these(tmp_path: Path) -> None:
    # Each VM has the server of its own network, tier 1; the other one is tier 3 to it.
    made = planned(tmp_path, ["bs hq", "p east", "q west", "r lab"], ["a east", "b west"])
    found = chosen(made)
    assert lists(made.estate, found) == {"j": "p q"}
    assert found.agreement == Agreement(14, 14, 14)
    assert found.by_job.to_dict("records") == [
        {"job": "j", "planned_runs": 14, "on_planned_server": 14, "in_planned_tier": 14}
    ]
    assert found.splits == {}


def test_a_server_that_draws_vms_out_of_their_tier_is_left_out(tmp_path: Path) -> None:
    # p has room for one of three: q, in another network, has the others. Inside the list of both
    # all three go to p, one in its tier; inside that of q two are in theirs. Two jobs suit all.
    read = estate(
        tmp_path, ["bs hq", "p east max_tasks=1", "q lab"], ["a east", "b east", "c east"]
    )
    found = of(read, ("p", 1), ("q", 3), ("q", 3))
    assert lists(read, found) == {"j": "q"}
    assert found.agreement == Agreement(21, 14, 14)
    assert found.figures.overload == 0
    assert splits(read, found) == {"j": [("b c", "q"), ("a", "p")]}


def test_a_server_that_does_not_connect_is_a_matter_of_luck(tmp_path: Path) -> None:
    # p reaches only a, q only b; by networks alone both are tier 3 to both. p is picked for both,
    # which b pays with bs, in tier 4. Without one of them the other one's VM is sure of its tier.
    read = estate(
        tmp_path,
        ["bs hq", "p lab", "q far"],
        ["a east", "b west"],
        links=["lab > east", "far > west", "hq > east", "hq > west"],
    )
    found = of(read, ("p", 3), ("q", 3))
    assert lists(read, found) in ({"j": "p"}, {"j": "q"})
    assert found.agreement == Agreement(14, 7, 7)
    assert splits(read, found) == {"j": [("a", "p"), ("b", "q")]}


def test_parts_hold_what_does_not_draw_the_others(tmp_path: Path) -> None:
    # d and e, planned in tier 3 on q, are drawn to r, the server beside them that f needs; to p
    # they are not, and neither a, b, c nor f are drawn anywhere.
    read = estate(
        tmp_path,
        ["bs hq", "p east", "q far", "r lab"],
        ["a east", "b east", "c east", "d west;lab", "e west;lab", "f lab"],
    )
    found = of(read, ("p", 1), ("p", 1), ("p", 1), ("q", 3), ("q", 3), ("r", 1))
    assert lists(read, found) == {"j": "p q"}
    assert splits(read, found) == {"j": [("a b c d e", "p q"), ("f", "r")]}


def test_being_served_comes_before_the_tier(tmp_path: Path) -> None:
    # p reaches a and c, which bs reaches, too; q reaches only b, which bs does not. Inside the
    # list of p two are in their tier and b is lost, inside that of q bs takes over a and c.
    read = estate(
        tmp_path,
        ["bs hq", "p lab", "q far"],
        ["a east", "b west", "c east"],
        links=["lab > east", "far > west", "hq > east"],
    )
    found = of(read, ("p", 3), ("q", 3), ("p", 3))
    assert lists(read, found) == {"j": "q"}
    assert (found.figures.failed, found.figures.failed_over) == (0, 14)


def test_what_makes_the_week_worse_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first(wishes: list[JobTarget], *_: object) -> list[Mask]:
        return [np.arange(len(wish.used)) == np.argmax(wish.used) for wish in wishes]

    monkeypatch.setattr("optimizer.lists.evaluation.improve_lists", first)
    made = planned(tmp_path, ["bs hq", "p east", "q west"], ["a east", "b west"])
    found = chosen(made)
    assert lists(made.estate, found) == {"j": "p q"}
    assert found.agreement == Agreement(14, 14, 14)


@pytest.mark.parametrize(("limit", "servers"), [("", "p q"), ("max_tasks=1", "q")])
def test_of_lists_with_the_same_tiers_the_one_that_overloads_less(
    tmp_path: Path, limit: str, servers: str
) -> None:
    # The product gives p q p, two as planned and one too many for p. Of q alone it is two, too.
    read = estate(tmp_path, ["bs hq", f"p east {limit}", "q east"], ["a east", "b east", "c east"])
    found = of(read, ("p", 1), ("q", 1), ("q", 1))
    assert lists(read, found) == {"j": servers}
    assert found.agreement == Agreement(21, 14, 21)
    assert found.figures.overload == 0


def test_else_the_one_with_more_on_their_server(tmp_path: Path) -> None:
    # The product gives p q p q, one as planned; of q alone it is three.
    read = estate(tmp_path, ["bs hq", "p east", "q east"], ["a east", "b east", "c east", "d east"])
    found = of(read, ("q", 1), ("q", 1), ("q", 1), ("p", 1))
    assert lists(read, found) == {"j": "q"}
    assert found.agreement == Agreement(28, 21, 28)


def test_without_time_a_job_keeps_all_servers_that_the_plan_uses(tmp_path: Path) -> None:
    read = estate(
        tmp_path, ["bs hq", "p east max_tasks=1", "q lab"], ["a east", "b east", "c east"]
    )
    proxy, tier = np.array([1, 2, 2], dtype=np.int32), np.array([1, 3, 3], dtype=np.int8)
    found = choose_lists(read, find_tasks(read), proxy, tier, Deadline(0))
    assert lists(read, found) == {"j": "p q"}


def test_jobs_without_planned_tasks_have_no_list(tmp_path: Path) -> None:
    made = planned(tmp_path, ["bs hq", "p east"], ["a west"], links=[])
    found = chosen(made)
    assert (found.lists, found.splits, found.agreement) == ({}, {}, Agreement(0, 0, 0))
    assert found.by_job.empty


@plain
@given(random_estates.estates())
def test_lists_and_splits_of_random_plans(spec: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        random_estates.write(spec, Path(name))
        made = plan(read_estate(Path(name)))
    found = chosen(made)
    wanted = of_tasks(made)
    chosen_lists = {job: servers.split() for job, servers in lists(made.estate, found).items()}
    assert chosen_lists.keys() == {job for job, _ in wanted}
    for job, servers in chosen_lists.items():
        assert servers
        assert set(servers) <= {
            proxy for (of_job, _), (proxy, _) in wanted.items() if of_job == job
        }
    inside = Product(spec, chosen_lists).runs
    assert found.by_job.to_dict("records") == [
        {
            "job": job,
            "planned_runs": len(runs),
            "on_planned_server": sum(run.proxy == wanted[job, run.vm][0] for run in runs),
            "in_planned_tier": sum(run.tier == wanted[job, run.vm][1] for run in runs),
        }
        for job in sorted(chosen_lists)
        for runs in [[run for run in inside if run.job == job and (job, run.vm) in wanted]]
    ]
    assert astuple(found.agreement) == tuple(
        found.by_job.drop(columns="job").sum().astype(int).tolist()
    )
    for row in found.by_job.to_dict("records"):
        assert row["in_planned_tier"] == row["planned_runs"] or row["job"] in found.splits
    for job, parts in splits(made.estate, found).items():
        assert len(parts) > 1
        vms = sorted(vm for names, _ in parts for vm in names.split())
        assert vms == sorted(vm for of_job, vm in wanted if of_job == job)
    for run in Product(*as_split(spec, splits(made.estate, found), chosen_lists)).runs:
        job = run.job.split("/")[0]
        if "/" in run.job:
            assert run.tier == wanted[job, run.vm][1]


def of_tasks(plan: Plan) -> dict[tuple[str, str], tuple[str, int]]:
    """Return the server and the tier of each planned Windows task."""
    jobs, vms, servers = (
        plan.estate.jobs["job"], plan.estate.vms["vm"], plan.estate.servers["server"]
    )  # fmt: skip
    columns = (plan.tasks.job, plan.tasks.vm, plan.proxy, plan.tier)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return {
        (jobs[job], vms[vm]): (servers[proxy], tier) for job, vm, proxy, tier in rows if tier > 0
    }


def as_split(
    spec: dict[str, Any], parts: dict[str, list[tuple[str, str]]], lists: dict[str, list[str]]
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Return the estate and its lists after every job of ``parts`` is split into them."""
    jobs, pairs, found = [], [], dict(lists)
    for row in spec["jobs"]:
        for number, (vms, servers) in enumerate(parts.get(row["job"], [])):
            name = f"{row['job']}/{number}"
            jobs.append(row | {"job": name})
            pairs += [{"job": name, "vm": vm} for vm in vms.split()]
            found[name] = servers.split()
    whole = [row for row in spec["jobs"] if row["job"] not in parts]
    rest = [row for row in spec["job_vms"] if row["job"] not in parts]
    return dict(spec) | {"jobs": whole + jobs, "job_vms": rest + pairs}, found
