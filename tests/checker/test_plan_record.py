"""The aims' values, and plan.json: what it says of them and of the inputs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from judged_plan import AIMS, ESTATE, Case, Record, about, leave_out, spoil, spoil_all, write


def test_who_counts_in_peak_and_balance(tmp_path: Path) -> None:
    """A server that is no candidate does not count, however loaded: q with 9 tasks."""
    case = Case(tmp_path)
    spoil_all(
        case.estate,
        [
            ("servers.csv", "q,Windows Server 2022", "q,Windows 11"),
            ("servers.csv", ",,0,", ",,9,"),
        ],
    )
    values = case.judge().values
    assert (values["peak"], values["balance"]) == (3, 4 + 9)


def test_who_counts_in_moves(tmp_path: Path) -> None:
    """Neither own work nor an unknown os moves; a task that is left out does, if gone or not."""
    case = Case(tmp_path / "served")
    current = ESTATE["current.csv"] + "nightly,l1,p\nnightly,x1,p\nweekend,v2,p\n"
    write(case.estate, "current.csv", current)
    spoil(case.plan, "assignments.csv", "l1,b,,network,false,,\n", "l1,b,,network,false,,p\n")
    judgement = case.judge()
    assert judgement.violations == ()
    assert judgement.values["moves"] == 2
    # v2, whose server is gone, and now without a proxy: still v2 and v3.
    case = Case(tmp_path / "left out")
    leave_out(case, "capacity")
    assert case.judge().values["moves"] == 2


def test_utilisation(tmp_path: Path) -> None:
    """b: 2 of 4 = 500 per mille; p: 3 of 3 = 1000; q has no max_tasks and does not count."""
    case = Case(tmp_path)
    write(case.estate, "estate.toml", '[planning]\nbalance = "utilisation"')
    case.follow()
    assert case.judge(AIMS | {"peak": 1000, "balance": 500**2 + 1000**2}).violations == ()


def test_utilisation_is_rounded_up(tmp_path: Path) -> None:
    """p: 3 of 7 = 428.57 per mille; b stays at 500."""
    case = Case(tmp_path)
    spoil(case.estate, "servers.csv", "branch,3,1", "branch,7,1")
    write(case.estate, "estate.toml", '[planning]\nbalance = "utilisation"')
    assert case.judge().values["balance"] == 500**2 + 429**2


def test_one_job_counts_once_at_a_moment(tmp_path: Path) -> None:
    """A run of more than a day overlaps the next day's: v1 is still one task."""
    case = Case(tmp_path)
    spoil(case.estate, "jobs.csv", "120,mon,", "2000,mon;tue,")
    assert case.judge().values["peak"] == 3


def test_objectives_are_judged_in_their_order(tmp_path: Path) -> None:
    names = ["coverage", "tier1", "tier2", "tier3", "moves", "balance"]
    case = Case(tmp_path)
    write(case.estate, "estate.toml", f"[planning]\nobjectives = {json.dumps(names)}")
    judgement = case.judge({name: AIMS[name] for name in names})
    assert judgement.violations == ()
    assert list(judgement.values) == names


@pytest.mark.parametrize(
    ("aim", "figures", "words"),
    [
        ("peak", {"value": 4}, "'peak' has value 4, expected 3"),
        ("coverage", {"best": 5, "bound": 5}, "has value 4, expected 5 or better (best 5)"),
        ("balance", {"best": 13, "bound": 13}, "has value 14, expected 13 or better (best 13)"),
        ("coverage", {"bound": 5}, "has proven True, expected False (best 4, bound 5)"),
        ("coverage", {"bound": 5, "proven": False}, ""),
        ("coverage", {"proven": False}, "has proven False, expected True"),
        ("coverage", {"bound": 3, "proven": False}, "has best 4 beyond its bound 3"),
        ("peak", {"bound": 4, "proven": False}, "has best 3 beyond its bound 4"),
        ("peak", {"best": 4, "bound": 4}, "has value 3 beyond its bound 4"),
        ("peak", {"bound": 2, "proven": False}, ""),
        ("peak", {"best": "3"}, "lacks a whole number"),
        ("peak", {"proof": "unconfirmed"}, ""),
        ("peak", {"proof": "hope"}, "has proof 'hope', expected duals or search or unconfirmed"),
        ("peak", {"proof": None}, "has proof None"),
        ("peak", {"proof": "disputed"}, "has proof 'disputed', expected"),
        ("peak", {"bound": 2, "proven": False, "proof": "disputed"}, ""),
        # Tolerances: peak may lose floor(0.5 * 2) = 1, coverage floor(0.2 * 5) = 1 and not 2.
        ("peak", {"best": 2, "bound": 2}, ""),
        ("peak", {"best": 1, "bound": 1}, "has value 3, expected 1 or better"),
        ("tier1", {"conditional": False, "seconds": 0.25}, ""),
        ("tier1", {"conditional": True}, "has conditional True, expected False"),
        ("tier1", {"seconds": "0.1"}, "has seconds '0.1', not a number"),
        ("tier1", {"seconds": float("nan")}, "has seconds nan, not a number"),
        ("tier1", {"best": 5, "bound": 5}, ""),
        ("tier1", {"best": 6, "bound": 6}, "has value 4, expected 5 or better"),
    ],
)
def test_aims_of_the_record(
    tmp_path: Path, aim: str, figures: dict[str, object], words: str
) -> None:
    def amend(record: Record) -> None:
        next(row for row in record["aims"] if row["aim"] == aim).update(figures)

    case = Case(tmp_path)
    write(case.estate, "estate.toml", "[planning.tolerance]\npeak = 0.5\ntier1 = 0.2")
    judgement = case.judge(amend=amend)
    if words:
        assert about(judgement, words)
    else:
        assert judgement.violations == ()


@pytest.mark.parametrize(
    ("amend", "words"),
    [
        (lambda record: record.update(format=2), "format is 2, expected 1"),
        (
            lambda record: record["inputs"].update({"vms.csv": "0"}),
            "from another vms.csv; run",
        ),
        (lambda record: record["inputs"].pop("links.csv"), "made without links.csv; run"),
        (
            lambda record: record["inputs"].update({"x.csv": "0"}),
            "from x.csv, which the",
        ),
        (lambda record: record["aims"].reverse(), "aims are ['moves'"),
        (lambda record: record["aims"].pop(), "expected ['coverage'"),
        (lambda record: record.pop("aims"), "aims are [], expected"),
    ],
)
def test_record(tmp_path: Path, amend: Callable[[Record], object], words: str) -> None:
    [line] = Case(tmp_path).judge(amend=amend).violations
    assert line.startswith("plan.json: ")
    assert words in line


@pytest.mark.parametrize(
    ("part", "said", "words"),
    [
        (
            "totals",
            {
                "tasks": 6, "windows_tasks": 4, "own_tasks": 1, "unknown_tasks": 1,
                "assigned": 4, "unassigned": 1, "servers_used": 2, "findings": 1,
                "jobs_to_split": 0,
            },
            "",
        ),
        ("totals", {"tasks": 7}, "totals: tasks is 7, expected 6"),
        ("totals", {"windows_tasks": 5}, "totals: windows_tasks is 5, expected 4"),
        ("totals", {"own_tasks": 0}, "totals: own_tasks is 0, expected 1"),
        ("totals", {"unknown_tasks": True}, "totals: unknown_tasks is True, expected 1"),
        ("totals", {"assigned": "4"}, "totals: assigned is '4', expected 4"),
        ("totals", {"unassigned": 0}, "totals: unassigned is 0, expected 1"),
        ("totals", {"servers_used": 3}, "totals: servers_used is 3, expected 2"),
        ("totals", {"findings": 0}, "totals: findings is 0, expected 1"),
        ("totals", {"jobs_to_split": 1}, "totals: jobs_to_split is 1, expected 0"),
        ("totals", [6], r"totals is [6], not an object"),
        ("settings", "vul", "settings is 'vul', not an object"),
        ("settings", {"seed": 7, "failover": {"capacity": "report", "tasks": None}}, ""),
        ("settings", {"ruleset": "v11"}, "settings: ruleset is 'v11', expected 'v12' as in"),
        ("settings", {"failover": {"tasks": 41}}, "failover tasks is 41, expected None"),
        ("settings", {"license": "vul"}, "settings: license is 'vul', expected {'type'"),
        ("settings", {"planning": {"tolerance": {"peak": 0.1}}}, "expected {} as in estate.toml"),
        ("settings", {"lists": {"freed_after": [], "cross_sites": False}}, "cross_sites is False"),
    ],
)  # fmt: skip
def test_totals_and_settings_of_the_record(
    tmp_path: Path, part: str, said: object, words: str
) -> None:
    judgement = Case(tmp_path).judge(amend=lambda record: record.update({part: said}))
    if words:
        assert about(judgement, words)
    else:
        assert judgement.violations == ()
