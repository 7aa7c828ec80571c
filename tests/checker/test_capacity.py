"""Rules 2 and 3: max_tasks at every moment, and a backup server that can stand in."""

from __future__ import annotations

from pathlib import Path

import pytest
from judged_plan import ENFORCE, Case, about, spoil, spoil_all, write


@pytest.mark.parametrize(("most", "found"), [(3, []), (2, [1]), (1, [0])])
def test_capacity(tmp_path: Path, most: int, found: list[int]) -> None:
    """`p` runs 1 task anyway and 2 planned ones on Monday at 22:00."""
    case = Case(tmp_path)
    spoil(case.estate, "servers.csv", "branch,3,1", f"branch,{most},1")
    lines = about(case.judge(), "planned tasks, expected", "at most (max_tasks")
    assert lines == [
        f"server 'p' at mon 22:00: 2 planned tasks, expected {limit} at most "
        "(max_tasks less what it runs anyway)"
        for limit in found
    ]


@pytest.mark.parametrize(("most", "fits"), [(3, True), (2, False)])
def test_own_work_takes_room_on_the_backup_server(tmp_path: Path, most: int, fits: bool) -> None:
    """At 22:00 `b` runs 1 task anyway, `l1`, and the planned `v2`: three."""
    case = Case(tmp_path)
    spoil(case.estate, "servers.csv", "hq,4,1", f"hq,{most},1")
    spoil(case.plan, "assignments.csv", "v2,p,1", "v2,b,4")
    lines = about(case.judge(), "server 'b' at mon 22:00", "expected 0 at most")
    assert bool(lines) == (not fits)


@pytest.mark.parametrize(("tasks", "fits"), [(4, True), (3, False), (None, True)])
def test_failover_of_a_server(tmp_path: Path, tasks: int | None, fits: bool) -> None:
    """`p` has two tasks at 22:00, when `b` runs two anyway: it needs 4, its max_tasks."""
    case = Case(tmp_path)
    write(case.estate, "estate.toml", ENFORCE + (f"tasks = {tasks}" if tasks else ""))
    assert about(case.judge(), "lost at") == (
        []
        if fits
        else [
            "server 'p' lost at mon 22:00: 2 planned tasks on the backup server 'b', "
            "expected 1 at most (failover.tasks less what it runs anyway)"
        ]
    )


def test_failover_only_where_enforced_and_limited(tmp_path: Path) -> None:
    case = Case(tmp_path)
    spoil(case.estate, "servers.csv", "hq,4,1", "hq,,1")
    write(case.estate, "estate.toml", ENFORCE)
    assert not about(case.judge(), "lost at")


def test_failover_is_reported_only(tmp_path: Path) -> None:
    case = Case(tmp_path)
    write(case.estate, "estate.toml", "[failover]\ntasks = 1")
    assert case.judge().violations == ()


def test_what_the_backup_server_cannot_reach_is_not_taken_over(tmp_path: Path) -> None:
    """v1 and v2 stay behind; v3 of q fits: 1 planned, 2 - 1 allowed on Sunday."""
    case = Case(tmp_path)
    spoil(case.estate, "links.csv", "hq,branch,true,true", "hq,branch,true,false")
    write(case.estate, "estate.toml", f"{ENFORCE}tasks = 2")
    assert about(case.judge(), "lost at") == []


@pytest.mark.parametrize(
    ("survive", "tasks", "lost"),
    [("server", 2, []), ("site", 2, ["site 'BR'"]), ("site", 3, [])],
)
def test_failover_of_a_site(tmp_path: Path, survive: str, tasks: int, lost: list[str]) -> None:
    """`p` and `q` at the branch have one task each on Sunday at 23:00, `b` runs one anyway.

    Nightly does not run, so that Sunday is the week's worst moment.
    """
    case = Case(tmp_path)
    spoil_all(
        case.estate,
        [("servers.csv", ",,hq,,0", ",,branch,,0"), ("jobs.csv", "mon,true", "mon,false")],
    )
    write(case.estate, "estate.toml", f'{ENFORCE}survive = "{survive}"\ntasks = {tasks}')
    lines = about(case.judge(), "lost at")
    assert [line.partition(" lost at mon 00:00: 2 planned")[0] for line in lines] == lost


def test_servers_at_home_and_without_a_site_are_lost_one_by_one(tmp_path: Path) -> None:
    """No loss is too much for 2 tasks at a time: `q` is at the backup server's site."""
    case = Case(tmp_path)
    spoil(case.estate, "networks.csv", "branch,BR", "branch,")
    write(case.estate, "estate.toml", f'{ENFORCE}survive = "site"\ntasks = 3')
    [line] = about(case.judge(), "lost at")
    assert line.startswith("server 'p' lost at mon 22:00: 2 planned tasks")


@pytest.mark.parametrize(("tasks", "lost"), [(2, []), (1, ["server 'p'", "server 'q'"])])
def test_the_backup_servers_own_site_is_no_loss(
    tmp_path: Path, tasks: int, lost: list[str]
) -> None:
    """`p` and `q` at its site run one task each on Sunday, and are lost one by one."""
    case = Case(tmp_path)
    spoil_all(
        case.estate,
        [("servers.csv", ",,branch,3", ",,hq,3"), ("jobs.csv", "mon,true", "mon,false")],
    )
    write(case.estate, "estate.toml", f'{ENFORCE}survive = "site"\ntasks = {tasks}')
    lines = about(case.judge(), "lost at")
    assert [line.partition(" lost at mon 00:00: 1 planned")[0] for line in lines] == lost
