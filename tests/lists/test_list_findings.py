"""Tests of what is found on the choices of jobs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from estates import estate
from week_plans import week_of

from models.diagnostics import Finding
from models.week_plan import ListWishes
from optimizer.eligibility.context import PlanningContext
from optimizer.lists.list_findings import find_in_lists
from optimizer.output.plan_writer import write_plan
from optimizer.planner import plan
from optimizer.simulation.candidate_sets import job_tasks

FAR = "its list, q, offers no server at the sites of its VMs"
FEW = "keeps p, but [lists] least_servers = 2"
OUTSIDE = "keeps q, outside the sites of its VMs, but [lists] cross_sites = false"


@pytest.mark.parametrize(
    ("wishes", "found"),
    [
        (ListWishes(), [("list_without_site", "set", FAR)]),
        (
            ListWishes(least_servers=2),
            [
                ("kept_against_wish", "few", FEW),
                ("kept_against_wish", "outside", FEW.replace("keeps p", "keeps q")),
                ("list_without_site", "set", FAR),
            ],
        ),
        (
            ListWishes(cross_sites=False),
            [("kept_against_wish", "outside", OUTSIDE), ("list_without_site", "set", FAR)],
        ),
    ],
)
def test_lists_that_leave_the_site_and_wishes_that_are_not_kept(
    tmp_path: Path, wishes: ListWishes, found: list[tuple[str, str, str]]
) -> None:
    jobs = ["auto 22:00 60", "few 22:00 60 proxies=p", "outside 22:00 60 proxies=q", "set 22:00 60"]
    read = estate(tmp_path / "in", ["bs hq", "p east", "q west"], ["a east"], jobs=jobs)
    made = plan(read)
    week = week_of(made, {"set": ((2,), [("tier1", 35)])})
    choices = [replace(choice, leaves_site=choice.is_set) for choice in week.choices]
    context = PlanningContext.build(read)
    working = job_tasks(context.tasks, context.eligibility)
    told = find_in_lists(context, working, choices, wishes)
    expected = [Finding("warning", *rest) for rest in found]
    assert sorted(told) == sorted(expected)
    out = tmp_path / "out"
    out.mkdir()
    write_plan(made, replace(week, findings=told), out, 0)
    rows = (out / "findings.csv").read_text("utf-8-sig").splitlines()
    for code, job, _ in found:
        assert any(row.startswith(f"warning,{code},{job},") for row in rows)


def test_automatic_selection_that_crosses_sites_is_told(tmp_path: Path) -> None:
    # West's VM shares no network with p or q: automatic selection offers it both, and q is at home.
    read = estate(
        tmp_path, ["bs hq", "p east", "q lab"], ["a west"], jobs=["j 22:00 60"],
        networks=["hq hq", "east east", "lab west", "west west"],
    )  # fmt: skip
    context = PlanningContext.build(read)
    working = job_tasks(context.tasks, context.eligibility)
    week = week_of(plan(read))
    (told,) = find_in_lists(context, working, week.choices, ListWishes(cross_sites=False))
    assert told.detail == OUTSIDE.replace("keeps q", "keeps p")
    assert find_in_lists(context, working, week.choices, ListWishes()) == ()
