"""An estate that falls into parts, planned part by part: as good as in one piece.

Without any link no network reaches another: each is a part, and so is what job lists leave of it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import oracle
import pytest
import random_estates
from estates import FIRST, estate, values, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.estate import Estate
from models.plan import Plan
from optimizer.checker import judge
from optimizer.eligibility.context import PlanningContext
from optimizer.formulation.decomposition import components, coordinator
from optimizer.formulation.grouping import group_tasks
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.planner import plan
from optimizer.solver.deadline import Deadline

plain = settings(deadline=None, suppress_health_check=list(HealthCheck))
eighth = settings(parent=plain, max_examples=plain.max_examples // 8)


def aims_of(plan: Plan) -> dict[str, tuple[int, int, int]]:
    return {aim.aim: (aim.value, aim.best, aim.bound) for aim in plan.aims}


def planned(read: Estate, bundle: int, workers: int = 1, deadline: Deadline | None = None) -> Plan:
    """Return the plan of an estate with parts of ``bundle`` groups or more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coordinator, "_minimum_size", lambda settings: bundle)
        return plan(read, deadline, workers=workers)


@eighth
@given(spec=random_estates.side_by_side(), bundle=st.sampled_from([1, 1, 1, 2, 4]))
def test_parts_are_as_good_as_the_whole(spec: dict[str, Any], bundle: int) -> None:
    truth = oracle.solve(spec)
    with tempfile.TemporaryDirectory() as folder:
        random_estates.write(spec, Path(folder))
        read = read_estate(Path(folder))
        made = planned(read, bundle)
        write(made, Path(folder))
        judgement = judge(read, Path(folder))
    assert judgement.violations == ()
    assert aims_of(made) == aims_of(planned(read, 10**9))
    assert {aim.aim: aim.value for aim in made.aims} == judgement.values
    assert {aim.aim: (aim.best, aim.proven) for aim in made.aims} == {
        name: (value, True) for name, value in truth.best.items()
    }


def division(read: Estate) -> components.Decomposition:
    problem, _ = group_tasks(PlanningContext.build(read))
    return components.decompose(problem)


def aims(*later: str, **failover: Any) -> dict[str, Any]:
    return {"planning": {"objectives": [*FIRST, *later]}, "failover": failover}


def test_a_low_peak_in_one_part_is_no_gain(tmp_path: Path) -> None:
    # The four tasks in a are all p's. So those in b may stay on q: r would take two of them only
    # for a peak that is p's anyway.
    vms = [f"{network}{number} {network}" for network in "ab" for number in range(4)]
    read = estate(
        tmp_path,
        ["bs hq", "p a", "q b", "r b"],
        vms,
        links=[],
        current=[f"j b{number} q" for number in range(4)],
        settings=aims("peak", "moves"),
    )
    assert len(division(read).size) == 2
    assert [values(planned(read, 1))[aim] for aim in ("peak", "moves")] == [4, 0]


def test_parts_that_need_the_backup_server_share_it(tmp_path: Path) -> None:
    # p and q have one place each, and bs has one for both networks.
    read = estate(
        tmp_path,
        ["bs a;b;c max_tasks=1", "p a max_tasks=1", "q b max_tasks=1", "r c"],
        ["a0 a", "a1 a", "b0 b", "b1 b", "c0 c"],
        links=[],
    )
    assert division(read).needs_backup.tolist() == [True, True, False]
    assert [values(planned(read, 1))[aim] for aim in FIRST] == [4, 3, 1, 0]


def test_a_part_may_need_the_backup_server_although_there_is_room(tmp_path: Path) -> None:
    # In each of a and b, x on p is tier 1, and leaves y, which q may not serve, to bs. Without bs
    # both would be in tier 3, x on q.
    links = [f"{one} - {one}2" for one in "ab"] + ["hq > a", "hq > b"]
    read = estate(
        tmp_path,
        ["bs hq max_tasks=2", *(f"p{net} {net} max_tasks=1" for net in "ab"),
         *(f"q{net} {net}2 max_tasks=1" for net in "ab")],
        ["xa a", "xb b", "ya a2", "yb b2"],
        links=links,
        jobs=["j 22:00 60", "ka 22:00 60 proxies=pa;bs", "kb 22:00 60 proxies=pb;bs"],
        job_vms=["j xa", "j xb", "ka ya", "kb yb"],
    )  # fmt: skip
    assert division(read).may_need_backup.tolist() == [True, True]
    assert [values(planned(read, 1))[aim] for aim in FIRST] == [4, 2, 0, 0]


def test_a_part_needs_the_backup_server_for_a_better_tier(tmp_path: Path) -> None:
    # p and q have room, too, but in tier 3.
    links = ["a - a2", "b - b2"]
    read = estate(tmp_path, ["bs a;b", "p a2", "q b2"], ["v a", "w b"], links=links)
    assert division(read).needs_backup.tolist() == [True, True]
    assert [values(planned(read, 1))[aim] for aim in FIRST] == [2, 0, 2, 0]


def test_with_a_tolerance_nothing_falls_apart(tmp_path: Path) -> None:
    # Half of two tasks may be given back, of one each nothing.
    given = {"coverage": "0.5", "tier1": "0.5"}
    planning = {"objectives": [*FIRST, "balance"], "tolerance": given}
    read = estate(
        tmp_path, ["bs hq", "p a", "q b"], ["v a", "w b"], links=[], settings={"planning": planning}
    )
    assert planned(read, 1).aims[-1].value == 1


def test_what_no_part_has_counts_once(tmp_path: Path) -> None:
    # idle and bs carry nothing, v in c has no server at all.
    read = estate(
        tmp_path,
        ["bs hq running_tasks=2", "idle d running_tasks=3", "p a", "q b"],
        ["a0 a", "b0 b", "v c"],
        links=[],
        current=["j a0 p", "j b0 p", "j v p"],
    )
    made = values(planned(read, 1))
    assert [made[aim] for aim in ("peak", "balance", "moves")] == [3, 4 + 9 + 1 + 1, 2]


def test_what_the_backup_server_stands_in_for_is_one_part(tmp_path: Path) -> None:
    # Each of p and q could be taken over alone, but not beside what bs does itself for c.
    read = estate(
        tmp_path,
        ["bs hq;c", "p a", "q b"],
        ["a0 a", "b0 b", "c0 c"],
        links=["hq > a", "hq > b"],
        settings=aims(capacity="enforce", tasks=1),
    )
    found = division(read)
    assert (found.alone, found.needs_backup.tolist()) == (1, [True, True])
    assert values(planned(read, 1)) == values(planned(read, 10**9))


def test_servers_that_are_lost_together_are_one_part(tmp_path: Path) -> None:
    servers, vms = ["bs hq", "p a", "q b", "r c"], ["a0 a", "b0 b", "c0 c"]
    networks = ["hq hq", "a east", "b east", "c west"]
    for survive, count in (("site", 2), ("server", 3)):
        read = estate(
            tmp_path, servers, vms, networks=networks, links=["hq > a", "hq > b", "hq > c"],
            settings=aims(capacity="enforce", tasks=1, survive=survive),
        )  # fmt: skip
        assert len(division(read).size) == count
        assert values(planned(read, 1))["coverage"] == 3 - (survive == "site")


def test_workers_change_nothing(tmp_path: Path) -> None:
    vms = [f"{net}{number} {net}" for net in "abcd" for number in range(5)]
    servers = [f"{net}p{number} {net} max_tasks=2" for net in "abcd" for number in range(2)]
    read = estate(tmp_path, ["bs hq", *servers], vms, links=[])
    one, three = (planned(read, 1, workers) for workers in (1, 3))
    assert one.proxy.tolist() == three.proxy.tolist()
    assert aims_of(one) == aims_of(three)


def test_a_plan_cut_short_keeps_every_rule(tmp_path: Path) -> None:
    read = estate(
        tmp_path,
        ["bs hq max_tasks=1", "p a max_tasks=1", "q b max_tasks=1"],
        ["a0 a", "a1 a", "b0 b", "b1 b"],
        links=["hq > a", "hq > b"],
    )
    made = planned(read, 1, deadline=Deadline(0))
    write(made, tmp_path)
    assert judge(read, tmp_path).violations == ()
    assert made.aims[0].value == 3
    assert not any(aim.proven for aim in made.aims[:2])
