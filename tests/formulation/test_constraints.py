"""What every plan must obey (docs/aims.md), at the edge: what just fits, and what just does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from estates import load, planned, proxies, reasons, values

OFF = "bs hq excluded=yes"  # so that nobody else helps out


def vms(network: str, count: int) -> list[str]:
    return [f"{network}{n} {network}" for n in range(count)]


def enforced(tasks: int | None = None, survive: str = "server") -> dict[str, Any]:
    limit = {} if tasks is None else {"tasks": tasks}
    return {"failover": {"capacity": "enforce", "survive": survive, **limit}}


@pytest.mark.parametrize(
    ("limit", "running", "served"),
    [
        ("", 5, 3),  # no limit
        (4, 1, 3),
        (3, 1, 2),
        (3, 2, 1),
        (3, 3, 0),
        (2, 5, 0),  # it runs more than it may as it is: nothing is planned, nothing breaks
    ],
)
def test_capacity_is_what_running_tasks_leave(
    tmp_path: Path, limit: int | str, running: int, served: int
) -> None:
    p = f"p east max_tasks={limit} running_tasks={running}"
    plan = planned(tmp_path, [OFF, p], vms("east", 3))
    assert load(plan) == ({"p": served} if served else {})
    assert list(reasons(plan).values()) == ["capacity"] * (3 - served)
    assert values(plan)["peak"] == running + served


@pytest.mark.parametrize(
    ("limit", "served"),
    # Early bs runs its Linux task as well, late it does not.
    [(1, {"late0": "bs"}), (2, {"early0": "bs", "late0": "bs", "late1": "bs"})],
)
def test_the_backup_servers_own_work_takes_room_only_while_it_runs(
    tmp_path: Path, limit: int, served: dict[str, str]
) -> None:
    plan = planned(
        tmp_path,
        [f"bs hq max_tasks={limit}"],
        ["own hq os=Ubuntu", "early0 hq", "early1 hq", "late0 hq", "late1 hq"],
        jobs=["early 22:00 60", "late 23:00 60"],
        job_vms=["early own", "early early0", "early early1", "late late0", "late late1"],
    )
    assert proxies(plan) == served | {"own": "bs"}


@pytest.mark.parametrize(
    ("start", "minutes", "served"),
    [("23:00", 60, 2), ("22:59", 60, 1), ("21:00", 60, 2), ("21:00", 61, 1)],
)
def test_jobs_that_touch_do_not_overlap(
    tmp_path: Path, start: str, minutes: int, served: int
) -> None:
    plan = planned(
        tmp_path,
        [OFF, "p east max_tasks=1"],
        vms("east", 2),
        jobs=["j 22:00 60", f"k {start} {minutes}"],
        job_vms=["j east0", "k east1"],
    )
    assert load(plan) == {"p": served}


@pytest.mark.parametrize(
    ("start", "days", "served"),
    # Sunday's run from 23:30 for an hour is over on Monday at 00:30.
    [
        ("00:00", "mon", 1),
        ("00:29", "mon", 1),
        ("00:30", "mon", 2),
        ("00:00", "tue", 2),
        ("23:29", "sun", 2),
        ("23:30", "sun", 1),
    ],
)
def test_the_week_wraps_round_on_sunday_midnight(
    tmp_path: Path, start: str, days: str, served: int
) -> None:
    plan = planned(
        tmp_path,
        [OFF, "p east max_tasks=1"],
        vms("east", 2),
        jobs=["j 23:30 60 days=sun", f"k {start} 1 days={days}"],
        job_vms=["j east0", "k east1"],
    )
    assert load(plan) == {"p": served}


@pytest.mark.parametrize(("tasks", "served"), [(0, 0), (1, 2), (2, 4), (3, 4)])
def test_failover_of_any_one_server(tmp_path: Path, tasks: int, served: int) -> None:
    # p and q are lost one by one: with room for one task each may have one.
    plan = planned(
        tmp_path,
        [OFF, "p east", "q east"],
        vms("east", 4),
        settings=enforced(tasks),
    )
    assert values(plan)["coverage"] == served
    assert list(reasons(plan).values()) == ["failover_capacity"] * (4 - served)


def test_failover_may_be_only_reported(tmp_path: Path) -> None:
    settings = {"failover": {"capacity": "report", "tasks": 0}}
    plan = planned(tmp_path, [OFF, "p east"], vms("east", 4), settings=settings)
    assert load(plan) == {"p": 4}


@pytest.mark.parametrize(("tasks", "served"), [(1, 1), (3, 3), (4, 4)])
def test_failover_of_a_whole_site(tmp_path: Path, tasks: int, served: int) -> None:
    # p and q are lost together.
    settings = enforced(tasks, "site")
    plan = planned(tmp_path, [OFF, "p east", "q east"], vms("east", 4), settings=settings)
    assert values(plan)["coverage"] == served


@pytest.mark.parametrize(
    ("networks", "other", "served"),
    [
        ("east", "e", 1),
        ("east", "w", 2),
        ("west", "e", 2),
        ("east;west", "e", 1),  # lost with the one site
        ("east;west", "w", 1),  # and with the other
        ("nowhere", "e", 2),  # no site: lost by itself
        ("hq", "e", 2),  # bs's site is not lost, but each server in it may be
        ("hq;east", "e", 1),  # in both: lost with east
    ],
)
def test_failover_of_a_site_takes_every_server_with_a_network_there(
    tmp_path: Path, networks: str, other: str, served: int
) -> None:
    # s and the other one are to serve a task each, and bs can take over one.
    plan = planned(
        tmp_path,
        [OFF, f"s {networks}", "e east", "w west"],
        ["a hq", "b hq"],
        networks=["hq hq", "east east", "west west", "nowhere"],
        jobs=["j 22:00 60 proxies=s", f"k 22:00 60 proxies={other}"],
        job_vms=["j a", "k b"],
        settings=enforced(1, "site"),
    )
    assert values(plan)["coverage"] == served


@pytest.mark.parametrize("network", ["nowhere", "hq", "hq;east"])
def test_failover_of_a_site_loses_servers_outside_one_by_one(tmp_path: Path, network: str) -> None:
    settings, networks = enforced(0, "site"), ["hq hq", "east east", "nowhere"]
    tables: Any = {"servers": [OFF, f"s {network}"], "vms": ["v hq"], "networks": networks}
    assert proxies(planned(tmp_path, **tables)) == {"v": "s"}
    assert proxies(planned(tmp_path, **tables, settings=settings)) == {}


@pytest.mark.parametrize(("networks", "served"), [(["hq hq", "moon moon"], 1), (["hq hq"], 2)])
def test_failover_of_a_site_without_servers(
    tmp_path: Path, networks: list[str], served: int
) -> None:
    # Losing the moon costs nothing, but bs has to keep to its one task then; where there is
    # nothing to lose it may do more.
    plan = planned(
        tmp_path, ["bs hq"], vms("hq", 2), networks=networks, settings=enforced(1, "site")
    )
    assert load(plan) == {"bs": served}


@pytest.mark.parametrize(
    ("limit", "tasks", "served"),
    [
        (2, None, 2),  # the default is max_tasks
        (2, 3, 3),  # it may do more while it stands in
        (2, 1, 1),  # or less
        ("", 1, 1),
        ("", None, 4),  # no limit at all
    ],
)
def test_failover_tasks(tmp_path: Path, limit: int | str, tasks: int | None, served: int) -> None:
    plan = planned(
        tmp_path,
        [f"{OFF} max_tasks={limit}", "p east"],
        vms("east", 4),
        settings=enforced(tasks),
    )
    assert values(plan)["coverage"] == served


@pytest.mark.parametrize(
    ("backup_server", "own", "served"),
    [
        ("", "", 2),
        ("running_tasks=1", "", 1),
        ("", "os=Ubuntu", 1),  # its own task
        ("running_tasks=1", "os=Ubuntu", 0),
        ("running_tasks=9", "", 0),
    ],
)
def test_failover_beside_what_the_backup_server_runs_anyway(
    tmp_path: Path, backup_server: str, own: str, served: int
) -> None:
    plan = planned(
        tmp_path,
        [f"{OFF} {backup_server}", "p east"],
        [*vms("east", 2), f"own hq available={'yes' if own else 'no'} {own}"],
        settings=enforced(2),
    )
    assert values(plan)["coverage"] == served


@pytest.mark.parametrize(("tasks", "served"), [(0, 0), (1, 1), (2, 2), (3, 3)])
def test_failover_beside_what_the_backup_server_serves(
    tmp_path: Path, tasks: int, served: int
) -> None:
    # Only bs may serve a, and it still has that task when p's fall to it.
    plan = planned(
        tmp_path,
        ["bs hq", "p east"],
        ["a hq", *vms("east", 2)],
        jobs=["j 22:00 60 proxies=bs", "k 22:00 60 proxies=p"],
        job_vms=["j a", "k east0", "k east1"],
        settings=enforced(tasks),
    )
    assert values(plan)["coverage"] == served


@pytest.mark.parametrize(("start", "served"), [("23:00", 2), ("22:59", 1)])
def test_failover_is_moment_by_moment(tmp_path: Path, start: str, served: int) -> None:
    plan = planned(
        tmp_path,
        [OFF, "p east"],
        vms("east", 2),
        jobs=["j 22:00 60", f"k {start} 60"],
        job_vms=["j east0", "k east1"],
        settings=enforced(1),
    )
    assert values(plan)["coverage"] == served


@pytest.mark.parametrize(("link", "served"), [("hq - east", 0), ("east > hq", 1), ("hq - x", 1)])
def test_failover_counts_only_what_the_backup_server_connects_to(
    tmp_path: Path, link: str, served: int
) -> None:
    plan = planned(tmp_path, [OFF, "p east"], ["v east"], links=[link], settings=enforced(0))
    assert values(plan)["coverage"] == served


@pytest.mark.parametrize(("version", "served"), [("5.1", 0), ("", 1)])
def test_failover_counts_takeover_by_powershell_direct(
    tmp_path: Path, version: str, served: int
) -> None:
    # Only p is in v's network; bs gets there through the host h, if at all.
    plan = planned(
        tmp_path,
        [f"{OFF} powershell_version={version}", "h hq managed=no", "p island"],
        ["v island platform=hyperv host=h host_version=2016"],
        links=[],
        settings=enforced(0),
    )
    assert values(plan)["coverage"] == served
