"""The places found for more proxies are those that trying every choice finds."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from itertools import combinations, islice
from pathlib import Path
from typing import Any

import oracle
import pytest
import random_estates
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import EstateError
from models.estate import Estate
from models.solve_events import Stage
from optimizer.analysis.placement.frontier import KEPT, FrontierPoint, PlacementSolver, better_point
from optimizer.analysis.placement.sites import machine_per_network, machines_from_file
from optimizer.cli.main import gip
from optimizer.eligibility.tasks import find_tasks
from optimizer.eligibility.tiers import find_candidates, find_licensed
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.solver.deadline import Deadline

ROOT = Path(__file__).parents[2]
BRANCHES = ROOT / "data" / "branch-offices"
MOST = 2
some = settings(
    max_examples=max(10, settings().max_examples // 4),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
Spec = dict[str, Any]
Rows = list[dict[str, str]]


@st.composite
def questions(draw: st.DrawFn) -> tuple[Spec, Rows]:
    """Return a small estate and machines that could become proxies in it."""
    spec = draw(random_estates.estates(most_servers=3, most_tasks=10))
    planning = spec["settings"].get("planning", {})
    planning.pop("tolerance", None)
    objectives = planning.get("objectives", list(oracle.AIMS))
    spec["settings"]["planning"] = planning | {
        "objectives": [aim for aim in objectives if aim != "moves"]
    }
    spec.pop("current", None)
    networks = [row["network"] for row in spec["networks"]]
    lists = st.lists(st.sampled_from(networks), min_size=1, max_size=2, unique=True)
    rows = draw(st.lists(st.tuples(lists, st.sampled_from(["", "1", "2"])), max_size=3))
    machines = [
        {"server": f"m{number}", "networks": ";".join(members), "max_tasks": limit}
        for number, (members, limit) in enumerate(rows)
    ]
    return spec, machines


def having(spec: Spec, machines: Iterable[dict[str, str]]) -> Spec:
    """Return ``spec`` with more servers."""
    more = deepcopy(spec)
    for machine in machines:
        row = dict.fromkeys(random_estates.COLUMNS["servers"], "")
        row |= machine | {"os": "Microsoft Windows Server", "powershell_version": "5.1"}
        more["servers"].append(row)
    for row in more["servers"]:
        for column in random_estates.COLUMNS["servers"]:
            row.setdefault(column, "")
    return more


def best_of(specs: Iterable[Spec]) -> dict[str, int]:
    """Return the aims of the best of several estates."""
    found = [oracle.solve(spec).best for spec in specs]

    def goodness(best: dict[str, int]) -> list[int]:
        return [-value if aim in oracle.MINIMISED else value for aim, value in best.items()]

    return max(found, key=goodness)


def choices(machines: Rows, most: int) -> Iterator[Sequence[dict[str, str]]]:
    for count in range(min(most, len(machines)) + 1):
        yield from combinations(machines, count)


def placement(spec: Spec, machines: Rows, folder: Path) -> PlacementSolver:
    random_estates.write(spec, folder)
    with (folder / "machines.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["server", "networks", "max_tasks"])
        table.writeheader()
        table.writerows(machines)
    estate = read_estate(folder)
    return PlacementSolver(
        machines_from_file(estate, folder / "machines.csv"), len(estate.servers), Deadline()
    )


def values(point: FrontierPoint) -> dict[str, int]:
    assert point.proven, point
    return {stage.aim: stage.best for stage in point.stages}


@some
@given(questions())
def test_no_choice_of_as_many_places_better_point(question: tuple[Spec, Rows]) -> None:
    spec, machines = question
    with tempfile.TemporaryDirectory() as folder:
        places = placement(spec, machines, Path(folder))
        curve = list(islice(places.best(), MOST + 1))
    assert len(curve) == min(MOST, len(machines)) + 1
    for count, point in enumerate(curve):
        asked = [having(spec, chosen) for chosen in choices(machines, count)]
        assert values(point) == best_of(asked)
        names = {str(places.estate.servers["server"].iloc[code]) for code in point.proxies}
        chosen = [machine for machine in machines if machine["server"] in names]
        assert len(names) <= count
        assert values(point) == oracle.solve(having(spec, chosen)).best


@some
@given(questions())
def test_one_by_one_each_is_the_best_beside_those_before(question: tuple[Spec, Rows]) -> None:
    spec, machines = question
    with tempfile.TemporaryDirectory() as folder:
        places = placement(spec, machines, Path(folder))
        curve = list(islice(places.greedy(), MOST + 1))
    assert len(curve) == min(MOST, len(machines)) + 1
    held: set[str] = set()
    for point in curve[1:]:
        names = {str(places.estate.servers["server"].iloc[code]) for code in point.proxies}
        assert held <= names
        there = [machine for machine in machines if machine["server"] in held]
        rest = [machine for machine in machines if machine["server"] not in held]
        asked = [having(spec, [*there, *more]) for more in choices(rest, 1)]
        assert values(point) == best_of(asked)
        held = names


@some
@given(questions())
def test_the_fewest_of_today_s_proxies_keep_every_aim(question: tuple[Spec, Rows]) -> None:
    spec, machines = question
    with tempfile.TemporaryDirectory() as folder:
        places = placement(spec, machines, Path(folder))
        fewest = places.fewest()
    assert fewest.proven
    full = having(spec, ())
    kept = [aim for aim in oracle.solve(full).best if aim in KEPT]
    today = usable(places.estate, places.first)

    def keeps(needed: Sequence[int]) -> bool:
        less = deepcopy(full)
        for code in today:
            if code not in needed:
                less["servers"][code]["excluded"] = "true"
        found, wanted = oracle.solve(less).best, oracle.solve(full).best
        return all(found[aim] == wanted[aim] for aim in kept)

    assert keeps(fewest.proxies)
    if fewest.proxies:
        fewer = combinations(today, len(fewest.proxies) - 1)
        assert not any(keeps(needed) for needed in fewer)


def usable(estate: Estate, first: int) -> list[int]:
    fit = find_candidates(estate)[:first] & find_licensed(estate)[:first]
    return [code for code in range(first) if fit[code] and code != estate.backup_server]


def test_one_by_one_can_be_worse(tmp_path: Path) -> None:
    """Tasks in networks a to d: 3, 2, 3, 2. The best machine alone is in a and c, with 6 of them in
    tier 1; one in a and b adds the 2 of b. The best two are in a and b, and in c and d: all 10."""
    sizes = {"a": 3, "b": 2, "c": 3, "d": 2}
    vms = [f"{name}{number}" for name, size in sizes.items() for number in range(size)]
    spec: Spec = {
        "servers": [{"server": "vbr", "os": "Windows Server 2022", "roles": "backup_server",
                     "networks": "hq"}],
        "networks": [{"network": name} for name in (*sizes, "hq")],
        "vms": [{"vm": vm, "os": "Windows 11", "networks": vm[0]} for vm in vms],
        "jobs": [{"job": "j", "start": "22:00", "duration_minutes": "60",
                  "application_aware": "yes"}],
        "job_vms": [{"job": "j", "vm": vm} for vm in vms],
        "settings": {},
    }  # fmt: skip
    machines = [
        {"server": name, "networks": ";".join(name), "max_tasks": ""} for name in ("ac", "ab", "cd")
    ]
    places = placement(spec, machines, tmp_path)
    tier1 = {
        kind: [values(point)["tier1"] for point in islice(getattr(places, kind)(), 4)]
        for kind in ("best", "greedy")
    }
    assert tier1 == {"best": [0, 6, 10, 10], "greedy": [0, 6, 8, 10]}


def test_a_machine_that_is_nowhere_cannot_be_lost(tmp_path: Path) -> None:
    """The backup server alone serves its one task. With another server, which may be lost, enforced
    failover lets it run none: then neither could serve. So the best place is no place."""
    spec: Spec = {
        "servers": [{"server": "vbr", "os": "Windows Server 2022", "roles": "backup_server",
                     "networks": "lan"}],
        "networks": [{"network": "lan"}],
        "vms": [{"vm": "v", "os": "Windows 11", "networks": "lan"}],
        "jobs": [{"job": "j", "start": "22:00", "duration_minutes": "60",
                  "application_aware": "yes"}],
        "job_vms": [{"job": "j", "vm": "v"}],
        "settings": {"failover": {"capacity": "enforce", "tasks": 0}},
    }  # fmt: skip
    places = placement(spec, [{"server": "m", "networks": "lan", "max_tasks": ""}], tmp_path)
    for curve in (places.best(), places.greedy()):
        assert [(values(point)["coverage"], point.proxies) for point in curve] == [(1, ()), (1, ())]


# --- the machines


def test_every_network_with_a_task_may_get_a_proxy() -> None:
    estate = read_estate(BRANCHES)
    more = machine_per_network(estate, find_tasks(estate), 20, 2)
    new = more.servers.iloc[len(estate.servers) :]
    served = {name.removeprefix("new in ").removesuffix(" (2)") for name in new["server"]}
    networks = estate.networks["network"].tolist()
    tasks = find_tasks(estate)
    sets = estate.vms["network_set"].to_numpy()[tasks.vm[tasks.kind == 0]]
    assert served == {networks[n] for code in set(sets.tolist()) for n in estate.network_sets[code]}
    assert len(new) == 2 * len(served)
    assert set(new["max_tasks"]) == {20}
    assert more.servers.dtypes["max_tasks"] == estate.servers.dtypes["max_tasks"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("server\nx\n", "has no column 'networks'"),
        ("server,networks\ngip-tokyo-01,tokyo-servers\n", "machines.csv:2: server"),
        ("server,networks\nx,tokyo-server\n", "did you mean 'tokyo-servers'"),
        ("server,networks,max_tasks\nx,tokyo-servers,0\n", "max_tasks: '0'"),
        ("server,networks,roles\nx,tokyo-servers,backup_server\n", "there is one backup server"),
        ("server,networks\nx,tokyo-servers\nx,tokyo-servers\n", "machines.csv:3: server"),
    ],
)
def test_machines_that_cannot_be_are_told(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "machines.csv").write_text(text)
    with pytest.raises(EstateError) as caught:
        machines_from_file(read_estate(BRANCHES), tmp_path / "machines.csv")
    assert says in str(caught.value)


# --- the command


def place(*words: str) -> Result:
    return CliRunner().invoke(gip, ["place", str(BRANCHES), *words])


def test_the_curve_begins_at_the_plan_and_says_what_each_gains() -> None:
    done = place("--max", "2", "--json", "--greedy")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    today, one, two = found["curve"]
    assert {each["aim"]: each["value"] for each in today["aims"]} == {
        "coverage": 167, "tier1": 113, "tier2": 3, "tier3": 49, "protected": 109,
        "same_site": 120, "peak": 16, "balance": 1171,
    }  # fmt: skip
    assert one["proxies"] == ["new in nagoya-factory"]
    assert [each["value"] for each in two["aims"]][:2] == [169, 118]
    assert [point["proxies"] for point in found["greedy"]][1] == one["proxies"]
    assert len(found["today"]["needed"]) == 11
    assert found["today"]["proven"]
    assert not set(found["today"]["needed"]) & set(found["today"]["spare"])


def test_the_fewest_for_a_target() -> None:
    found = json.loads(place("--max", "9", "--until", "coverage:170", "--json").stdout)
    assert [len(point["proxies"]) for point in found["curve"]] == [0, 1, 2, 3]
    assert found["reached"] is True
    found = json.loads(place("--max", "1", "--until", "coverage:100%", "--json").stdout)
    assert (len(found["curve"]), found["reached"]) == (2, False)
    assert "target is not reached" in place("--max", "0", "--until", "peak:1").output


@pytest.mark.parametrize(
    ("until", "says"),
    [
        ("tier1", "write AIM:NUMBER"),
        ("tir1:9", "did you mean 'tier1'"),
        ("peak:9%", "is no share"),
        ("moves:9", "'moves' is none of"),
    ],
)
def test_a_target_that_is_none_is_told(until: str, says: str) -> None:
    done = place("--max", "1", "--until", until)
    assert says in str(done.exception)


def test_what_is_printed_fits_a_terminal() -> None:
    lines = place("--max", "1", "--greedy").output.splitlines()
    assert max(map(len, lines[:8])) <= 80
    assert any("of today's 13 proxies" in line for line in lines)


def staged(*figures: tuple[str, int, int]) -> tuple[Stage, ...]:
    return tuple(Stage(aim, best, bound, 0.0) for aim, best, bound in figures)


def test_a_search_cut_short_proves_nothing_of_the_plan_without_machines() -> None:
    none = FrontierPoint(
        (), staged(("coverage", 8, 8), ("tier1", 5, 5), ("tier2", 1, 1), ("peak", 4, 4)), 1
    )
    poor = FrontierPoint(
        (9,), staged(("coverage", 8, 8), ("tier1", 2, 7), ("tier2", 0, 6), ("peak", 1, 1)), 2
    )
    found = better_point(poor, none, 10)
    assert found.proxies == ()
    assert [(stage.best, stage.bound) for stage in found.stages] == [
        (8, 8),
        (5, 7),
        (1, 10),
        (4, 0),
    ]
    proven = FrontierPoint(
        (9,), staged(("coverage", 7, 7), ("tier1", 7, 7), ("tier2", 0, 0), ("peak", 1, 1)), 2
    )
    assert better_point(proven, none, 10) is none
    assert better_point(none, poor, 10) is none
