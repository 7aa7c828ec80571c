"""Tests of the product's own choice: each rule by hand, then all of them on random estates."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import astuple
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import random_estates
from commands import GIP, content
from estates import estate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slow_simulation import Lists, Product

from models.plan import CONNECTIONS
from models.week import clock
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.output.simulation_writer import write_simulation
from optimizer.simulation import simulate
from optimizer.simulation.results import Simulation, measure_agreement

FILES = {"runs.csv", "proxy_load.csv", "simulation.json"}
TINY = Path(__file__).parents[2] / "data" / "tiny"
BRANCHES = Path(__file__).parents[2] / "data" / "branch-offices"
plain = settings(deadline=None, suppress_health_check=list(HealthCheck))
plain = settings(parent=plain, max_examples=plain.max_examples // 8)
STANDARD = {"license": {"type": "socket", "edition": "standard"}}


def runs(simulation: Simulation) -> list[tuple[str, str, str, str, int, str, bool]]:
    """Return the rows of `runs.csv`, tiers as numbers."""
    estate, tasks, found = simulation.estate, simulation.tasks, simulation.runs
    jobs, vms = estate.jobs["job"], estate.vms["vm"]
    servers = {-1: "", **estate.servers["server"].to_dict()}
    return [
        (
            jobs[tasks.job[found.task[row]]],
            vms[tasks.vm[found.task[row]]],
            clock(int(found.start[row])),
            servers[int(found.proxy[row])],
            int(found.tier[row]),
            CONNECTIONS[found.connection[row]],
            bool(found.failed_over[row]),
        )
        for row in range(len(found))
    ]


def served(simulation: Simulation, start: str = "mon 22:00") -> dict[str, str]:
    """Return who serves each VM of the runs that begin at ``start``; "+" where it took over."""
    return {
        vm: proxy + "+" * over for _, vm, at, proxy, _, _, over in runs(simulation) if at == start
    }


def only(simulation: Simulation, start: str = "mon 22:00") -> tuple[str, int, str, bool]:
    """Return proxy, tier, connection and takeover of the only run that begins at ``start``."""
    (found,) = [row[3:] for row in runs(simulation) if row[2] == start]
    return found


def codes(simulated: Any, *names: str) -> tuple[int, ...]:
    listed = simulated.servers["server"].tolist()
    return tuple(listed.index(name) for name in names)


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("", ("p", 1, "network", False)),
        ("q", ("q", 1, "network", False)),
        ("r", ("r", 3, "network", False)),
        ("r;bs", ("r", 3, "network", False)),
        ("bs", ("bs", 4, "network", False)),
        ("x", ("bs", 4, "network", True)),
        ("x;y", ("bs", 4, "network", True)),
    ],
)
def test_s13_a_job_chooses_among_the_servers_it_names(
    tmp_path: Path, named: str, found: tuple[str, int, str, bool]
) -> None:
    # x and y are no candidates: with nobody to choose, the backup server takes over.
    servers = ["bs hq", "p east", "q east", "r lab", "x east excluded=yes", "y east os=Windows 11"]
    read = estate(tmp_path, servers, ["v east"], jobs=[f"j 22:00 60 proxies={named}"])
    assert only(simulate(read)) == found


def test_s13_a_plans_list_stands_in_for_the_jobs_own(tmp_path: Path) -> None:
    # The job's own list says q. The plan's says r; where it has no row the job keeps its own.
    servers = ["bs hq", "p east", "q east", "r east"]
    read = estate(tmp_path, servers, ["v east"], jobs=["j 22:00 60 proxies=q"])
    assert served(simulate(read)) == {"v": "q"}
    assert served(simulate(read, {"j": codes(read, "r")})) == {"v": "r"}
    assert served(simulate(read, {"other": codes(read, "r")})) == {"v": "q"}


@pytest.mark.parametrize(
    ("backup_server", "others", "proxy", "tier"),
    [
        ("bs east", ["p east running_tasks=9", "q lab"], "p", 1),
        ("bs east running_tasks=9", ["q lab"], "bs", 2),
        ("bs hq", ["q lab running_tasks=9"], "q", 3),
        ("bs hq", [], "bs", 4),
    ],
)
def test_s14_the_tier_comes_before_the_load(
    tmp_path: Path, backup_server: str, others: list[str], proxy: str, tier: int
) -> None:
    read = estate(tmp_path, [backup_server, *others], ["v east"])
    assert only(simulate(read)) == (proxy, tier, "network", False)


@pytest.mark.parametrize(
    ("links", "knows_connections", "found"),
    [
        (["lab > east", "hq > east"], False, ("p", 3, "network", False)),
        (["hq > east"], False, ("bs", 4, "network", True)),
        (["hq > east"], True, ("bs", 4, "network", False)),
        ([], False, ("", 0, "", False)),
        ([], True, ("", 0, "", False)),
    ],
)
def test_s14_networks_alone_decide_the_tier_unless_connections_are_known(
    tmp_path: Path, links: list[str], knows_connections: bool, found: tuple[str, int, str, bool]
) -> None:
    # p is tier 3 and bs tier 4 to v, whoever of them has a link.
    read = estate(tmp_path, ["bs hq", "p lab"], ["v east"], links=links)
    assert only(simulate(read, knows_connections=knows_connections)) == found


def test_s14_a_connection_through_the_host_is_no_network(tmp_path: Path) -> None:
    # Nobody's network leads to v or w. p reaches the host of both; that of w is of no version.
    read = estate(
        tmp_path,
        ["bs hq excluded=yes", "h lab managed=no", "p admin powershell_version=5.1"],
        [
            "v island platform=hyperv host=h host_version=2019",
            "w island platform=hyperv host=h",
        ],
        networks=["hq", "lab", "admin", "island"],
        links=["admin > lab"],
    )
    simulation = simulate(read)
    assert served(simulation) == {"v": "p", "w": ""}
    assert runs(simulation)[0][3:] == ("p", 3, "powershell_direct", False)


def test_s15_the_least_loaded_and_then_the_first_by_name(tmp_path: Path) -> None:
    # p has 1 task, q and r none: q, r; now all have 1: p, q, r; then p has 2 like the others: p.
    servers = ["bs hq", "r east", "q east", "p east running_tasks=1"]
    read = estate(tmp_path, servers, [f"v{n} east" for n in range(6)])
    assert list(served(simulate(read)).values()) == ["q", "r", "p", "q", "r", "p"]


def test_s15_names_of_servers_jobs_and_vms_are_compared_as_bytes(tmp_path: Path) -> None:
    # Z10 < Z9 < a < é, for servers; VMs: V10, V2, b; jobs: K before j.
    servers = ["bs hq", "é east", "a east", "Z9 east", "Z10 east"]
    read = estate(
        tmp_path, servers, ["b east", "V2 east", "V10 east"], jobs=["j 22:00 9", "K 22:00 9"]
    )
    found = [(job, vm, proxy) for job, vm, at, proxy, *_ in runs(simulate(read)) if at[:3] == "mon"]
    assert found == [
        ("K", "V10", "Z10"), ("K", "V2", "Z9"), ("K", "b", "a"),
        ("j", "V10", "é"), ("j", "V2", "Z10"), ("j", "b", "Z9"),
    ]  # fmt: skip


def test_s15_what_one_vm_takes_counts_for_the_next_of_another_network(tmp_path: Path) -> None:
    # q serves both networks. a: only q (1). b: p has 0. c: only q (2). d: p has 1. e: both have 2,
    # p by name (3). f: q has 2 (3). g: both have 3, p.
    vms = ["a west", "b east", "c west", "d east", "e east", "f east", "g west;east"]
    read = estate(tmp_path, ["bs hq", "p east", "q east;west"], vms)
    assert "".join(served(simulate(read)).values()) == "qpqppqp"


def test_s15_a_pick_that_does_not_connect_is_picked_again(tmp_path: Path) -> None:
    # p and q are tier 3; p comes first by name and, as nothing ever runs on it, stays first.
    # To b it is the same: it has no link to west either. c, in east as well as lab, is q's.
    read = estate(
        tmp_path,
        ["bs hq", "p island", "q lab"],
        ["a east", "b west", "c east;lab", "d east"],
        links=["lab > east", "lab > west", "hq > east"],
    )
    assert served(simulate(read)) == {"a": "bs+", "b": "", "c": "q", "d": "bs+"}
    kind = simulate(read, knows_connections=True)
    assert served(kind) == {"a": "q", "b": "q", "c": "q", "d": "q"}
    assert (kind.failed, kind.failed_over) == (0, 0)


@pytest.mark.parametrize(("start", "proxy"), [("22:00", "q"), ("22:59", "q"), ("23:00", "p")])
def test_s15_runs_that_end_are_gone_before_others_begin(
    tmp_path: Path, start: str, proxy: str
) -> None:
    # j has p from 22:00 up to 23:00; k is the later one by name.
    read = estate(
        tmp_path, ["bs hq", "p east", "q east"], ["v east"], jobs=["j 22:00 60", f"k {start} 60"]
    )
    assert [row[3] for row in runs(simulate(read)) if row[0] == "k"] == [proxy] * 7


@pytest.mark.parametrize(
    ("servers", "found"),
    [
        (["bs hq", "p lab"], ("bs", 4, "network", True)),
        (["bs east", "p lab"], ("bs", 2, "network", True)),
        (["bs hq excluded=yes", "p lab"], ("bs", 4, "network", True)),
        (["bs far", "p lab"], ("", 0, "", False)),
    ],
)
def test_s16_the_backup_server_takes_over_where_it_connects(
    tmp_path: Path, servers: list[str], found: tuple[str, int, str, bool]
) -> None:
    # p, the job's only choice, has no link to v.
    read = estate(
        tmp_path,
        servers,
        ["v east"],
        jobs=["j 22:00 60 proxies=p"],
        links=["hq > east"],
    )
    assert only(simulate(read)) == found


@pytest.mark.parametrize(
    ("jobs", "settings"), [("j 22:00 60", STANDARD), ("j 22:00 60 proxies=p", STANDARD)], ids=str
)
def test_s3_without_licence_only_the_backup_server(
    tmp_path: Path, jobs: str, settings: Mapping[str, Any]
) -> None:
    # Chosen where the job allows it, taking over where it does not.
    read = estate(tmp_path, ["bs hq", "p east"], ["v east"], jobs=[jobs], settings=settings)
    assert only(simulate(read)) == ("bs", 4, "network", "proxies" in jobs)


def test_only_windows_vms_of_working_jobs_have_runs(tmp_path: Path) -> None:
    read = estate(
        tmp_path,
        ["bs hq", "p east"],
        ["a east", "b east os=Ubuntu Linux", "c east os=", "d east available=no"],
        jobs=["j 22:00 60 days=sun;wed", "k 22:00 60 enabled=no", "l 22:00 60 application_aware="],
    )
    assert [row[:4] for row in runs(simulate(read))] == [
        ("j", "a", "wed 22:00", "p"), ("j", "a", "sun 22:00", "p"),
    ]  # fmt: skip


@pytest.mark.parametrize(("start", "proxy"), [("00:59", "q"), ("01:00", "p")])
def test_sunday_night_is_there_on_monday(tmp_path: Path, start: str, proxy: str) -> None:
    # j runs on p from Sunday 23:00 to Monday 01:00.
    jobs = ["j 23:00 120 days=sun", f"k {start} 60 days=mon"]
    read = estate(tmp_path, ["bs hq", "p east", "q east"], ["v east"], jobs=jobs)
    assert [row[2:4] for row in runs(simulate(read))] == [
        ("sun 23:00", "p"), (f"mon {start}", proxy),
    ]  # fmt: skip


def load_rows(simulation: Simulation, folder: Path) -> list[list[str]]:
    """Return the rows of `proxy_load.csv`."""
    write_simulation(simulation, None, folder)
    with (folder / "proxy_load.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]


def test_a_start_does_not_end_a_run_in_progress(tmp_path: Path) -> None:
    # Each run lasts an hour into the next one, which therefore goes to the other server: p, q, p,
    # q, p, q, p in the first week, and so q, p, q, p, q, p, q in the second.
    read = estate(tmp_path / "e", ["bs hq", "p east", "q east"], ["v east"], jobs=["j 22:00 1500"])
    simulation = simulate(read)
    assert "".join(row[3] for row in runs(simulation)) == "qpqpqpq"
    # p goes on with the first week's Sunday, q's own Sunday is the next week's.
    assert [row[1:5] for row in load_rows(simulation, tmp_path) if row[0] == "p"] == [
        ["mon 00:00", "mon 23:00", "0", "1"],
        ["mon 23:00", "tue 22:00", "0", "0"],
        ["tue 22:00", "wed 23:00", "0", "1"],
        ["wed 23:00", "thu 22:00", "0", "0"],
        ["thu 22:00", "fri 23:00", "0", "1"],
        ["fri 23:00", "sat 22:00", "0", "0"],
        ["sat 22:00", "sun 23:00", "0", "1"],
        ["sun 23:00", "mon 00:00", "0", "0"],
    ]


def test_a_run_may_last_the_whole_week(tmp_path: Path) -> None:
    # It ends as the next one begins: p again, without a moment of two or of none.
    jobs = ["j 10:00 10080 days=wed"]
    read = estate(tmp_path / "e", ["bs hq", "p east", "q east"], ["v east"], jobs=jobs)
    simulation = simulate(read)
    assert only(simulation, "wed 10:00") == ("p", 1, "network", False)
    assert load_rows(simulation, tmp_path) == [
        ["bs", "mon 00:00", "mon 00:00", "0", "0", ""],
        ["p", "mon 00:00", "mon 00:00", "0", "1", ""],
        ["q", "mon 00:00", "mon 00:00", "0", "0", ""],
    ]


def test_overload_is_counted_in_task_minutes(tmp_path: Path) -> None:
    # p: 3 tasks and 1 anyway, 2 above 2 for 60 minutes a day. q: 2 anyway, always 1 above.
    # bs: 2 Linux VMs and none of the others, 1 above for 60 minutes a day.
    servers = ["bs hq max_tasks=1", "p east max_tasks=2 running_tasks=1",
               "q west max_tasks=1 running_tasks=2", "r west max_tasks=9"]  # fmt: skip
    vms = [f"v{n} east" for n in range(3)] + [f"x{n} hq os=Rocky Linux 9" for n in range(2)]
    simulation = simulate(estate(tmp_path, servers, vms))
    bs, p, q = codes(simulation.estate, "bs", "p", "q")
    assert simulation.overload == {bs: 7 * 60, p: 7 * 60 * 2, q: 7 * 24 * 60}
    assert simulation.tiers == (21, 0, 0, 0)
    assert simulation.peak == 4


@pytest.mark.parametrize(("unit", "peak"), [("tasks", 2), ("utilisation", 667)])
def test_the_peak_is_that_of_the_aims(tmp_path: Path, unit: str, peak: int) -> None:
    # p runs 1 of 2, q 2 of 3: 667 per mille. bs, which is no candidate, has 3 Linux VMs.
    read = estate(
        tmp_path,
        ["bs hq excluded=yes max_tasks=1", "p east max_tasks=2", "q west max_tasks=3"],
        ["a east", "b west", "c west", *(f"x{n} hq os=Rocky Linux 9" for n in range(3))],
        settings={"planning": {"balance": unit}},
    )
    assert simulate(read).peak == peak


def test_own_runs_of_the_backup_server_pile_up_too(tmp_path: Path) -> None:
    # 25 hours a day: from 22:00 to 23:00 there are two.
    read = estate(tmp_path / "e", ["bs hq"], ["x hq os=Rocky Linux 9"], jobs=["j 22:00 1500"])
    assert [row[1:5] for row in load_rows(simulate(read), tmp_path)][:3] == [
        ["mon 00:00", "mon 22:00", "1", "0"],
        ["mon 22:00", "mon 23:00", "2", "0"],
        ["mon 23:00", "tue 22:00", "1", "0"],
    ]


def compare(spec: Mapping[str, Any], lists: Lists | None, knows_connections: bool) -> None:
    """Assert that the simulation is what the slow one says."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        random_estates.write(spec, folder)
        read = read_estate(folder)
        chosen = None
        if lists is not None:
            chosen = {job: codes(read, *servers) for job, servers in lists.items()}
        simulation = simulate(read, chosen, knows_connections)
        slow = Product(spec, lists, knows_connections)
        assert runs(simulation) == [
            (run.job, run.vm, run.start, run.proxy, run.tier, run.connection, run.failed_over)
            for run in slow.runs
        ]
        assert load_rows(simulation, folder) == slow.load_rows
    assert sum(simulation.tiers) + simulation.failed == len(slow.runs)
    assert simulation.tiers == tuple(
        sum(run.tier == tier for run in slow.runs) for tier in (1, 2, 3, 4)
    )
    assert simulation.failed_over == sum(run.failed_over for run in slow.runs)
    assert simulation.peak == slow.peak
    names = read.servers["server"]
    overload = {names[server]: minutes for server, minutes in simulation.overload.items()}
    assert overload == slow.overload


@plain
@given(random_estates.estates(), st.booleans())
def test_random_estates_as_the_slow_simulation_has_it(
    spec: dict[str, Any], knows_connections: bool
) -> None:
    compare(spec, None, knows_connections)


@st.composite
def inside_lists(draw: st.DrawFn) -> tuple[dict[str, Any], Lists]:
    """Return an estate and, for some of its jobs, a list of servers."""
    spec = draw(random_estates.estates())
    servers = [row["server"] for row in spec["servers"]]
    chosen = st.lists(st.sampled_from(servers), min_size=1, unique=True)
    jobs = [row["job"] for row in spec["jobs"]]
    return spec, draw(st.dictionaries(st.sampled_from(jobs), chosen))


@plain
@given(inside_lists(), st.booleans())
def test_random_lists_as_the_slow_simulation_has_it(
    drawn: tuple[dict[str, Any], Lists], knows_connections: bool
) -> None:
    compare(*drawn, knows_connections)


@st.composite
def crowds(draw: st.DrawFn) -> dict[str, Any]:
    """Return an estate where many VMs of networks that overlap want many servers at once."""
    networks = ["n0", "n1", "n2", "n3"]
    some = st.lists(st.sampled_from(networks), min_size=1, max_size=3).map("; ".join)
    counts = st.sampled_from(["0", "0", "1", "2", "3"])
    names = ["s2", "s10", "S3", "é", "a", "Z", "s1", "s", "zz"]  # fmt: skip
    server = {"os": st.just("Windows Server 2022"), "networks": some, "running_tasks": counts}
    job = {
        "start": st.sampled_from(["22:00", "22:30", "23:00"]),
        "duration_minutes": st.sampled_from(["30", "60", "1500"]),
        "application_aware": st.just("yes"),
        "days": st.sampled_from(["mon", "mon;tue", "sun;mon"]),
    }
    vm = {"os": st.just("Windows Server 2022"), "networks": some}
    links = list(pairwise(networks))
    up = draw(st.lists(st.booleans(), min_size=len(links), max_size=len(links)))
    spec: dict[str, Any] = {
        "servers": [{"server": name, **draw(st.fixed_dictionaries(server))} for name in names],
        "networks": [{"network": name} for name in networks],
        "links": [{"from": a, "to": b} for (a, b), there in zip(links, up, strict=True) if there],
        "vms": [{"vm": f"v{n}", **draw(st.fixed_dictionaries(vm))} for n in range(24)],
        "jobs": [{"job": job_name, **draw(st.fixed_dictionaries(job))} for job_name in "bAc"],
        "settings": {},
    }
    backup_server = draw(st.integers(0, len(names) - 1))
    for number, row in enumerate(spec["servers"]):
        row["roles"] = "backup_server" if number == backup_server else ""
    spec["job_vms"] = [
        {"job": row["job"], "vm": vm_row["vm"]}
        for number, row in enumerate(spec["jobs"])
        for vm_row in spec["vms"][number:]
    ]
    return spec


@plain
@given(crowds(), st.booleans())
def test_crowds_as_the_slow_simulation_has_it(
    spec: dict[str, Any], knows_connections: bool
) -> None:
    compare(spec, None, knows_connections)


def gip(*arguments: object) -> tuple[int, str, str]:
    """Run the program; return exit code, stdout and stderr."""
    done = subprocess.run([GIP, *map(str, arguments)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_the_files_to_the_letter(tmp_path: Path) -> None:
    # a is p's; b, where p is the nearest by networks alone, has only bs to connect; c has nobody.
    read = estate(
        tmp_path / "e",
        ["bs hq max_tasks=1 running_tasks=1", "p east"],
        ["c west", "a east", "b lab"],
        jobs=["j 23:30 45 days=sun", "k 22:00 60 days=tue;mon job=j, k"],
        job_vms=["j a", "k a job=j, k", "k b job=j, k", "k c job=j, k"],
        links=["hq > lab"],
    )
    simulation = simulate(read)
    write_simulation(simulation, None, tmp_path)
    assert (tmp_path / "runs.csv").read_bytes() == (
        b"\xef\xbb\xbfjob,vm,start,proxy,tier,connection,failed_over\r\n"
        b"j,a,sun 23:30,p,1,network,false\r\n"
        b'"j, k",a,mon 22:00,p,1,network,false\r\n'
        b'"j, k",a,tue 22:00,p,1,network,false\r\n'
        b'"j, k",b,mon 22:00,bs,4,network,true\r\n'
        b'"j, k",b,tue 22:00,bs,4,network,true\r\n'
        b'"j, k",c,mon 22:00,,,,false\r\n'
        b'"j, k",c,tue 22:00,,,,false\r\n'
    )
    assert (tmp_path / "proxy_load.csv").read_bytes() == (
        b"\xef\xbb\xbfserver,from,to,running_tasks,planned_tasks,max_tasks\r\n"
        b"bs,mon 00:00,mon 22:00,1,0,1\r\n"
        b"bs,mon 22:00,mon 23:00,1,1,1\r\n"
        b"bs,mon 23:00,tue 22:00,1,0,1\r\n"
        b"bs,tue 22:00,tue 23:00,1,1,1\r\n"
        b"bs,tue 23:00,mon 00:00,1,0,1\r\n"
        b"p,mon 00:00,mon 00:15,0,1,\r\n"
        b"p,mon 00:15,mon 22:00,0,0,\r\n"
        b"p,mon 22:00,mon 23:00,0,1,\r\n"
        b"p,mon 23:00,tue 22:00,0,0,\r\n"
        b"p,tue 22:00,tue 23:00,0,1,\r\n"
        b"p,tue 23:00,sun 23:30,0,0,\r\n"
        b"p,sun 23:30,mon 00:00,0,1,\r\n"
    )
    record = json.loads((tmp_path / "simulation.json").read_bytes())
    assert (record.pop("tool").keys(), record.pop("inputs")) == (
        {"gip-planner", "pandas", "pyarrow", "python"}, dict(read.inputs),
    )  # fmt: skip
    assert record == {
        "format": 1,
        "knows_connections": False,
        "runs": 7,
        "runs_per_tier": {"1": 3, "2": 0, "3": 0, "4": 2},
        "failed": 2,
        "failed_over": 2,
        "peak": 2,
        "overload_task_minutes": {"bs": 120},
        "plan": None,
    }


def test_agreement_counts_runs_and_leaves_unassigned_tasks_out(tmp_path: Path) -> None:
    # p and q are tier 1 to a and b, bs is tier 4; the product gives p to a, q to b, p to c.
    read = estate(tmp_path, ["bs hq", "p east", "q east"], ["a east", "b east", "c east"])
    bs, p, q = codes(read, "bs", "p", "q")
    simulation = simulate(read)
    assert list(served(simulation).values()) == ["p", "q", "p"]

    def agreed(*plan: tuple[int, int]) -> tuple[int, ...]:
        proxy, tier = (np.array(column) for column in zip(*plan, strict=True))
        return astuple(measure_agreement(simulation.runs, proxy, tier))

    assert agreed((p, 1), (q, 1), (p, 1)) == (21, 21, 21)
    assert agreed((q, 1), (bs, 4), (p, 1)) == (21, 7, 14)
    assert agreed((-1, 0), (p, 1), (-1, 0)) == (7, 0, 7)


def test_a_simulation_on_the_terminal_and_as_json(tmp_path: Path) -> None:
    code, shown, error = gip("simulate", BRANCHES, "--out", tmp_path / "a")
    assert (code, error) == (0, "")
    assert content(tmp_path / "a").keys() == FILES
    record = json.loads((tmp_path / "a" / "simulation.json").read_bytes())
    assert record["failed_over"] > 0
    assert record["overload_task_minutes"]
    assert (
        f"{record['runs']} runs, {record['failed_over']} failed over, {record['failed']} failed; "
        f"peak {record['peak']}; written to {tmp_path}/a"
    ) in shown
    for server, minutes in record["overload_task_minutes"].items():
        assert re.search(rf"{server} .* {minutes} ", shown)
    assert gip("simulate", BRANCHES, "--out", tmp_path / "b", "--quiet") == (0, "", "")
    assert content(tmp_path / "a") == content(tmp_path / "b")
    code, shown, error = gip(
        "simulate", BRANCHES, "--out", tmp_path / "b", "--json", "--knows-connections"
    )
    assert (code, error) == (0, "")
    assert shown.encode() == (tmp_path / "b" / "simulation.json").read_bytes()
    kinder = json.loads(shown)
    assert kinder["knows_connections"]
    assert kinder["failed_over"] < record["failed_over"]


def test_inside_the_lists_of_a_plan(tmp_path: Path) -> None:
    assert gip("plan", TINY, "--out", tmp_path / "plan", "-q") == (0, "", "")
    code, shown, error = gip("simulate", TINY, "--plan", tmp_path / "plan", "--out", tmp_path / "s")
    assert (code, error) == (0, "")
    record = json.loads((tmp_path / "s" / "simulation.json").read_bytes())
    assert f"of {record['runs']} planned runs {record['plan']['on_planned_server']} (" in shown
    assert record["plan"]["planned_runs"] == record["runs"]
    week = json.loads((tmp_path / "plan" / "plan.json").read_bytes())["week"]
    lists, today = week["lists"]["nominal"], week["today"]["nominal"]
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines()]
    shares = {row[0]: (row[1], row[3]) for row in cells if len(row) == 4}
    for name, figure in (("1", "tier1"), ("failed", "failed"), ("overload", "overload_minutes")):
        assert shares[name] == (str(lists[figure]), str(today[figure]))


def test_a_job_without_a_row_keeps_its_own(tmp_path: Path) -> None:
    jobs = ["j 22:00 60 proxies=q", "k 22:00 60"]
    read = estate(tmp_path / "in", ["bs hq", "p east", "q east"], ["a east"], jobs=jobs)
    out = tmp_path / "plan"
    assert gip("plan", read.folder, "--out", out, "-q") == (0, "", "")
    lines = (out / "job_proxies.csv").read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(b"j,")]
    assert len(kept) == len(lines) - 1
    (out / "job_proxies.csv").write_bytes(b"".join(kept))
    assert gip("simulate", read.folder, "--plan", out, "--out", tmp_path / "s", "-q")[0] == 0
    runs = (tmp_path / "s" / "runs.csv").read_text("utf-8-sig").splitlines()[1:]
    assert {tuple(run.split(",")[i] for i in (0, 3)) for run in runs} == {("j", "q"), ("k", "p")}


def test_a_plan_is_not_overwritten(tmp_path: Path) -> None:
    assert gip("plan", TINY, "--out", tmp_path, "-q") == (0, "", "")
    before = content(tmp_path)
    code, shown, error = gip("simulate", TINY, "--plan", tmp_path, "--out", tmp_path)
    assert (code, shown) == (1, "")
    assert error.startswith(f"Error: {tmp_path}: holds a plan, whose proxy_load.csv")
    assert content(tmp_path) == before


def test_what_cannot_be_simulated_leaves_nothing_behind(tmp_path: Path) -> None:
    code, shown, error = gip("simulate", TINY, "--plan", tmp_path / "no", "--out", tmp_path / "out")
    assert (code, shown) == (1, "")
    assert error.startswith("Error: ")
    assert gip("simulate", tmp_path / "none", "--out", tmp_path / "out")[0] == 1
    assert gip("simulate", TINY)[0] == 2
    assert not list(tmp_path.iterdir())
