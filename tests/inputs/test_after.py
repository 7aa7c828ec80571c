"""Tests of `gip plan --after`: which jobs are free again, which stay bound, what is refused."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from estates import estate

from models.errors import PlanError
from models.estate import Estate
from optimizer.cli.main import gip
from optimizer.inputs.week_record import free_after

Row = tuple[str, str, str]  # change, what the plan has, what it saw
HOME = ["bs hq", "p east", "q east", "r west"]


def now(folder: Path, **jobs: str) -> Estate:
    rows = [f"{job} 22:00 60 proxies={proxies}" for job, proxies in jobs.items()]
    return estate(folder, HOME, ["a east", "b west"], jobs=rows)


def before(folder: Path, jobs: Mapping[str, Row], parts: Mapping[str, str] | None = None) -> Path:
    """Write what is read of a plan applied before; ``parts`` of a split job by name."""
    folder.mkdir()
    head = ("job", "proxies", "change", "certainty", "note")
    rows = [(job, has, change, "likely", "") for job, (change, has, _) in jobs.items()]
    _write(folder / "job_proxies.csv", head, rows)
    seen = [(job, saw) for job, (_, _, saw) in jobs.items()]
    _write(folder / "job_before.csv", ("job", "proxies"), seen)
    split_head = ("job", "rank", "part", "name", "choice", "proxies", "vm", "vm_name")
    of_split = [
        ("j", "1", str(part), name, "list", proxies, "a", "")
        for part, (name, proxies) in enumerate((parts or {}).items())
    ]
    _write(folder / "job_splits.csv", split_head, of_split)
    return folder


def _write(path: Path, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])


def bound(found: Estate) -> dict[str, bool]:
    pairs = zip(found.jobs["job"], found.jobs["bound_codes"], strict=True)
    return {job: bool(codes) for job, codes in pairs}


def test_what_the_plan_set_is_free_and_all_else_is_bound(tmp_path: Path) -> None:
    """As set, in another order; still as seen; kept; changed since; new; a part of a split."""
    today = now(tmp_path, s="q;p", o="r", k="p", c="r", n="p", j1="p")
    plan = before(
        tmp_path / "plan",
        {
            "s": ("set", "p;q", ""), "o": ("set", "p", "r"), "k": ("keep", "p", "p"),
            "c": ("set", "p", "q"), "g": ("set", "p", ""),
        },
        {"j1": "p"},
    )  # fmt: skip
    found = free_after(today, plan)
    assert bound(found) == {"s": False, "o": True, "k": True, "c": True, "n": True, "j1": False}
    [finding] = [each for each in found.findings if each not in today.findings]
    assert (finding.severity, finding.code, finding.subject) == (
        "warning",
        "changed_since_plan",
        "c",
    )
    assert finding.detail.startswith("selects r, not p as the plan given with --after set")


@pytest.mark.parametrize(
    ("jobs", "says"),
    [
        ({"c": ("set", "p", "q")}, "before ('c' selects r). Give --after the plan that was"),
        ({"g": ("set", "p", "")}, "before ('g' is gone)."),
        ({"c": ("set", "p", ""), "g": ("set", "p", "")}, "('c' selects r, 'g' is gone)."),
        ({"a": ("set", "p", "q"), "k": ("keep", "p", "p")}, "('a' selects automatic selection)."),
    ],
)
def test_a_plan_that_is_not_the_last_is_refused(
    tmp_path: Path, jobs: dict[str, Row], says: str
) -> None:
    today = now(tmp_path, c="r", k="p", a="")
    with pytest.raises(PlanError, match="is not the plan applied last: no job selects") as caught:
        free_after(today, before(tmp_path / "plan", jobs))
    assert says in str(caught.value)


def test_a_plan_that_set_nothing_or_was_not_applied_yet_changes_nothing(tmp_path: Path) -> None:
    today = now(tmp_path, k="p", o="q")
    for name, jobs in {
        "kept": {"k": ("keep", "p", "p")}, "not-applied": {"o": ("set", "p", "q")},
    }.items():  # fmt: skip
        found = free_after(today, before(tmp_path / name, jobs))
        assert bound(found) == {"k": True, "o": True}
        assert found.findings == today.findings


def run(*words: object) -> Result:
    return CliRunner().invoke(gip, list(map(str, words)), catch_exceptions=False)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def sets(plan: Path) -> dict[str, str]:
    found = rows(plan / "job_proxies.csv")
    return {row["job"]: row["proxies"] for row in found if row["change"] == "set"}


def test_after_the_plan_is_applied_only_what_has_to_change_does(tmp_path: Path) -> None:
    """One job is set, then nothing is; a server breaks down, and only its job changes."""
    busy = "p east max_tasks=9 running_tasks=4"
    servers = ["bs hq max_tasks=9", busy, "q east max_tasks=1", "s west"]
    jobs = ["one 22:00 60", "two 22:00 60 proxies=s"]
    members = ["one a", "one c", "two b"]

    def today(name: str) -> Path:
        (tmp_path / name).mkdir()
        vms = ["a east", "b west", "c east"]
        estate(tmp_path / name, servers, vms, jobs=jobs, job_vms=members)
        return tmp_path / name

    first, second, third = (tmp_path / f"plan-{number}" for number in (1, 2, 3))
    run("plan", today("estate"), "--out", first, "-q")
    assert sets(first) == {"one": "p"}
    jobs[0] = "one 22:00 60 proxies=p"
    run("plan", today("applied"), "--out", second, "--after", first, "-q")
    assert sets(second) == {}
    servers[1:2] = [f"{busy} available=false", "t east max_tasks=9"]
    run("plan", today("broken"), "--out", third, "--after", first, "-q")
    assert sets(third) == {"one": ""}
