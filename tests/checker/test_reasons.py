"""unassigned.csv: the reason of each task, and whether it would have fitted somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from judged_plan import ENFORCE, Case, Edit, Record, about, leave_out, spoil, spoil_all, write

SOCKET = '[license]\ntype = "socket"\nedition = "standard"'
NO_LINK = ("links.csv", "hq,branch,true,true", "hq,branch,true,false")


def full(backup_server: int = 1, proxy: int = 2) -> list[Edit]:
    """Return edits after which only `b` and `p` are candidates, with these limits."""
    return [
        ("servers.csv", "hq,4,1", f"hq,{backup_server},1"),
        ("servers.csv", "branch,3,1", f"branch,{proxy},1"),
        ("servers.csv", "q,Windows Server 2022", "q,Windows 11"),
    ]


@pytest.mark.parametrize(
    ("edits", "toml", "reason"),
    [
        (full(), "", "capacity"),
        ([NO_LINK, ("servers.csv", "p,Windows Server 2022", "p,Windows 11")], "", "not_reachable"),
        ([("vms.csv", "v2,Windows Server 2019,branch", "v2,Windows Server 2019,")], "",
         "unknown_network"),
        ([("jobs.csv", "true,true,\nweekend", "true,true,q\nweekend"), NO_LINK], "",
         "job_proxies"),
        ([("servers.csv", "hq,4,1,true", "hq,4,1,false")], SOCKET, "no_candidate"),
        (full(proxy=9), f"{ENFORCE}tasks = 3", "failover_capacity"),
        ([("vms.csv", "v2,Windows Server 2019", "v2,")], "", "unknown_os"),
    ],
)  # fmt: skip
def test_reasons(tmp_path: Path, edits: list[Edit], toml: str, reason: str) -> None:
    """In each estate one reason is right, and every other one is found to be wrong.

    In the failover case `b` is full and `p` could take v2, but `b` runs two tasks of its three
    anyway and could take over only one of `p`'s.
    """

    def judged(said: str) -> list[str]:
        case = Case(tmp_path / said)
        spoil_all(case.estate, edits)
        write(case.estate, "estate.toml", toml)
        leave_out(case, said)
        return about(case.judge(), "vm 'v2'")

    assert judged(reason) == []
    others = ["unknown_os", "no_candidate", "unknown_network", "not_reachable", "job_proxies"]
    others += ["capacity"] if not reason.endswith("capacity") else []
    others += ["failover_capacity"] if not toml.startswith("[failover]") else []
    for other in {*others} - {reason}:
        words = f"vm 'v2': reason is '{other}', expected '{reason.removeprefix('failover_')}'"
        assert any(words in line for line in judged(other))


def test_a_reason_for_an_unknown_os(tmp_path: Path) -> None:
    case = Case(tmp_path)
    spoil(case.plan, "unassigned.csv", "nightly,x1,unknown_os", "nightly,x1,capacity")
    words = "'nightly', vm 'x1': reason is 'capacity', expected 'unknown_os'"
    assert about(case.judge(), words)


@pytest.mark.parametrize(("room", "proven"), [(2, True), (3, True), (3, False)])
def test_task_that_would_fit(tmp_path: Path, room: int, proven: bool) -> None:
    """`p` has v1 at 22:00 and one task anyway: v2 is the third."""
    case = Case(tmp_path)
    spoil_all(case.estate, full(proxy=room))
    leave_out(case, "capacity")

    def amend(record: Record) -> None:
        record["aims"][0]["proven"] = proven

    lines = about(case.judge(amend=amend), "fits on server")
    assert lines == (
        [
            "job 'nightly', vm 'v2': unassigned, but fits on server 'p', "
            "though plan.json calls coverage proven"
        ]
        if room == 3 and proven
        else []
    )


def test_task_given_up_within_the_tolerance(tmp_path: Path) -> None:
    """Coverage was 4, proven; floor(0.25 * 4) = 1 task may go again for a later aim."""

    def amend(record: Record) -> None:
        record["aims"][0].update(value=3, best=4, bound=4)

    case = Case(tmp_path)
    spoil_all(case.estate, full(proxy=3))
    write(case.estate, "estate.toml", "[planning.tolerance]\ncoverage = 0.25\n")
    leave_out(case, "capacity")
    judgement = case.judge(amend=amend)
    assert not about(judgement, "vm 'v2'")
    assert not about(judgement, "'coverage'")


def test_task_that_would_fit_but_for_failover(tmp_path: Path) -> None:
    """With 4 tasks `b` can stand in for v1 and v2 of `p`, with 3 only for v1."""
    for tasks, found in ((3, 0), (4, 1)):
        case = Case(tmp_path / str(tasks))
        spoil_all(case.estate, full(proxy=9))
        write(case.estate, "estate.toml", f"{ENFORCE}tasks = {tasks}")
        leave_out(case, "failover_capacity")
        assert len(about(case.judge(), "fits on server 'p'")) == found


@pytest.mark.parametrize(("tasks", "found"), [(3, 0), (4, 1)])
def test_task_on_the_backup_server_weighs_in_every_loss(
    tmp_path: Path, tasks: int, found: int
) -> None:
    """`p` is full with v1; with v2 on `b` and two tasks anyway, its loss makes 4 there."""
    case = Case(tmp_path)
    spoil_all(case.estate, full(backup_server=9))
    write(case.estate, "estate.toml", f"{ENFORCE}tasks = {tasks}")
    leave_out(case, "failover_capacity")
    assert len(about(case.judge(), "fits on server 'b'")) == found


def test_task_out_of_the_backup_servers_reach_needs_no_failover(tmp_path: Path) -> None:
    """Rule 3 leaves `b` no room, but it could not take v2 over from `p` anyway."""
    case = Case(tmp_path)
    spoil_all(case.estate, [NO_LINK, ("servers.csv", "branch,3,1", "branch,9,1")])
    write(case.estate, "estate.toml", f"{ENFORCE}tasks = 2")
    leave_out(case, "failover_capacity")
    assert about(case.judge(), "fits on server 'p'")


def test_own_work_is_not_unassigned(tmp_path: Path) -> None:
    case = Case(tmp_path)
    spoil(case.plan, "assignments.csv", "nightly,l1,b,,network,false,,\n", "")
    spoil(case.plan, "unassigned.csv", "nightly,x1", "nightly,l1,capacity,\nnightly,x1")
    [line] = case.judge().violations
    assert "vm 'l1': stands in unassigned.csv" in line


def test_unknown_os_has_no_proxy(tmp_path: Path) -> None:
    case = Case(tmp_path)
    row = "nightly,x1,p,1,network,true,b,\nweekend,v1"
    spoil(case.plan, "assignments.csv", "weekend,v1", row)
    spoil(case.plan, "unassigned.csv", "nightly,x1,unknown_os,its os is empty\n", "")
    [line] = case.judge().violations
    assert "vm 'x1': has a proxy, expected reason 'unknown_os'" in line
