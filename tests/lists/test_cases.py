"""Tests of two estates as people have them: what a plan says of their week, to the figure."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import commands
import numpy as np
import pytest

from models.plan import WINDOWS
from optimizer.analysis.explanation.week_route import SplitRouter, WeekRouter
from optimizer.eligibility.context import PlanningContext
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.plan_folder import read_plan
from optimizer.inputs.week_record import read_splits

CASES = Path(__file__).parents[1] / "cases"
NORDWIND, TWO = CASES / "nordwind", CASES / "two-equal-proxies"
LEADING = ("failed", "tier1", "tier2", "tier3", "tier4", "overload_minutes")


def gip(*arguments: object, code: int = 0) -> str:
    """Run the program; return what it prints, as one line."""
    ended, shown, told = commands.gip(*arguments)
    assert ended == code, told
    return " ".join(shown.split())


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [*csv.DictReader(file)]


def week(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "plan.json").read_bytes())["week"])


def leading(figures: dict[str, Any]) -> dict[str, int]:
    return {name: figures["nominal"][name] for name in LEADING}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the folder of the plan, and what the terminal said."""
    out = tmp_path_factory.mktemp("nordwind") / "plan"
    return out, gip("plan", NORDWIND, "--out", out, code=3)


def test_no_list_helps_but_a_split_does(planned: tuple[Path, str]) -> None:
    out, said = planned
    found = week(out)
    today, split = leading(found["today"]), leading(found["lists_and_splits"])
    assert leading(found["lists"]) == today
    assert (today["failed"], today["tier1"], today["overload_minutes"]) == (35, 1498, 28560)
    assert (split["failed"], split["tier1"], split["overload_minutes"]) == (35, 1498 - 119, 0)
    assert [part["job"] for part in found["splits"]] == ["HAM-Daily"]
    assert "No list of servers does better than today's choices; splitting jobs does" in said
    assert "HAM-Daily: 28,560 fewer task-minutes of overload" in said
    assert "at the price of 119 fewer runs in tier 1" in said
    # What gains only nearness stands apart, and is all that is set.
    late = said.partition("These can wait; they gain only second paths, nearness or")[2]
    changed = [row["job"] for row in rows(out / "job_proxies.csv") if row["change"] == "set"]
    assert all(f"{job} ->" in late for job in changed)
    assert "What to select in each job" not in said


def test_every_vm_of_the_split_job_is_in_a_part(planned: tuple[Path, str]) -> None:
    out, _ = planned
    parts = rows(out / "job_splits.csv")
    ours = [row["vm"] for row in rows(NORDWIND / "job_vms.csv") if row["job"] == "HAM-Daily"]
    assert {row["job"] for row in parts} == {"HAM-Daily"}
    assert sorted(row["vm"] for row in parts) == sorted(ours)


def test_nothing_goes_to_another_city_without_a_word(
    planned: tuple[Path, str], tmp_path: Path
) -> None:
    out, _ = planned
    gip("simulate", NORDWIND, "--plan", out, "--out", tmp_path / "week", "-q")
    by_job = {row["job"]: row for row in rows(out / "job_proxies.csv")}
    told = {row["subject"] for row in rows(out / "findings.csv") if "site" in row["code"]}
    for run in rows(tmp_path / "week" / "runs.csv"):
        job, server = run["job"], run["proxy"]
        home = job.partition("-")[0].lower()
        if by_job[job]["change"] == "set" and server and not server.startswith(home):
            assert job in told or by_job[job]["note"], run
    dmz = by_job["HAM-DMZ"]
    assert dmz["change"] == "keep" or "site" in dmz["note"]


def test_the_split_estate_stays_without_overload(planned: tuple[Path, str], tmp_path: Path) -> None:
    out, _ = planned
    estate, again = tmp_path / "estate", tmp_path / "again"
    shutil.copytree(NORDWIND, estate)
    follow(out, estate)
    gip("plan", estate, "--out", again, "--after", out, "-q", code=3)
    found = week(again)
    split = leading(week(out)["lists_and_splits"])
    assert leading(found["today"]) == leading(found["lists"]) == split
    settings = json.loads((again / "plan.json").read_bytes())["settings"]["lists"]
    lists = {row["job"] for row in rows(out / "job_proxies.csv") if row["change"] == "set"}
    lists |= {row["name"] for row in rows(out / "job_splits.csv") if row["proxies"]}
    assert settings["freed_after"] == sorted(lists)


def follow(plan: Path, estate: Path) -> None:
    """Do in the estate's files what the plan says: set lists, split jobs."""
    jobs = {row["job"]: row for row in rows(estate / "jobs.csv")}
    members = rows(estate / "job_vms.csv")
    for row in rows(plan / "job_proxies.csv"):
        if row["change"] == "set":
            jobs[row["job"]]["proxies"] = row["proxies"]
    for row in rows(plan / "job_splits.csv"):
        part = {**jobs[row["job"]], "job": row["name"], "proxies": row["proxies"]}
        jobs.setdefault(row["name"], part)
        (mine,) = (m for m in members if (m["job"], m["vm"]) == (row["job"], row["vm"]))
        mine["job"] = row["name"]
    used = {member["job"] for member in members}
    table(estate / "jobs.csv", [row for row in jobs.values() if row["job"] in used])
    table(estate / "job_vms.csv", members)


def table(path: Path, content: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, content[0])
        writer.writeheader()
        writer.writerows(content)


def test_explain_says_what_the_split_gives(planned: tuple[Path, str]) -> None:
    out, _ = planned
    read = read_estate(NORDWIND)
    context = PlanningContext.build(read)
    choices, splits = read_plan(read, context.tasks, out).choices, read_splits(out)
    whole, parted = WeekRouter(context, choices), SplitRouter(context, choices, splits)
    job = read.jobs["job"].tolist().index("HAM-Daily")
    ours = (context.tasks.job == job) & (context.tasks.kind == WINDOWS)
    near = {"whole": 0, "split": 0}
    for task in np.flatnonzero(ours).tolist():
        split = parted.route(task)
        assert split is not None
        for name, route in (("whole", whole.route(task)), ("split", split.route)):
            near[name] += sum(len(runs.starts) for runs in route.served if runs.tier == 1)
    assert near == {"whole": 469, "split": 469 - 119}


def test_explain_says_which_network_is_missing(planned: tuple[Path, str]) -> None:
    out, _ = planned
    said = gip("explain", NORDWIND, out, "ham-legacy-01")
    assert "192.168.77.4 is in no network: add 192.168.77.0/24 to networks.csv" in said
    assert "7 of 7 runs fail: nobody serves them" in said
    assert "No single flag" not in said
    named = {row["vm_name"]: row["name"] for row in rows(out / "job_splits.csv")}
    part = named["ham-legacy-01"]
    assert f"If HAM-Daily is split, it is in {part}, which selects" in said


def test_two_equal_proxies_are_both_left_to_choose_from(tmp_path: Path) -> None:
    gip("plan", TWO, "--out", tmp_path / "out", "-q")
    (row,) = rows(tmp_path / "out" / "job_proxies.csv")
    assert row["proxies"] in ("", "prx-01;prx-02")
    assert row["change"] == "keep"
