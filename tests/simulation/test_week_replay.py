"""Tests of the product's own choice: each rule by hand, then all of them on random estates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from estates import estate
from replays import codes, load_rows, runs, served

from optimizer.simulation import simulate
from optimizer.simulation.results import Simulation

STANDARD = {"license": {"type": "socket", "edition": "standard"}}


def only(simulation: Simulation, start: str = "mon 22:00") -> tuple[str, int, str, bool]:
    """Return proxy, tier, connection and takeover of the only run that begins at ``start``."""
    (found,) = [row[3:] for row in runs(simulation) if row[2] == start]
    return found


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
