"""Tests of what the terminal says of the week, and of the words that notes are planned_jobs of."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from estates import estate
from week_plans import week_of

from models.plan import Plan
from models.week_aims import WEEK_AIMS
from models.week_plan import WeekPlan
from optimizer.output.console.terminal import Terminal
from optimizer.output.console.week import SHOWN, print_week
from optimizer.output.week_words import describe_gain, note_of, read_note
from optimizer.planner import plan


@pytest.fixture(scope="module")
def planned_jobs(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Return a plan of 14 jobs of two VMs."""
    jobs = [f"job-{number:02} 22:00 60" for number in range(14)]
    folder = tmp_path_factory.mktemp("in")
    return plan(estate(folder, ["bs hq", "p east", "q lab"], ["a east", "b lab"], jobs=jobs))


def printed(planned_jobs: Plan, week: WeekPlan, width: int = 80) -> str:
    """Return what is printed on a terminal, as one line."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"FORCE_COLOR": "1", "TERM": "dumb", "LINES": "24"}.items():
            patch.setenv(name, value)
        patch.setenv("COLUMNS", str(width))
        console = Terminal()
        console.file = io.StringIO()
        print_week(console, planned_jobs.estate, week, Path("out"))
        text = console.file.getvalue()
    commands = text.index("Next:")
    assert max(map(len, text[:commands].splitlines())) <= width
    return " ".join(text.split())


@pytest.mark.parametrize("width", [80, 40])
def test_the_terminal_says_what_to_select_and_what_to_split(planned_jobs: Plan, width: int) -> None:
    changes = {
        "job-03": ((1,), [("protected", 10)]),
        "job-05": ((1, 2), [("overload", 3000), ("tier1", 25)]),
        "job-07": ((), [("failed", 5)]),
    }
    said = printed(planned_jobs, week_of(planned_jobs, changes, parts=2), width)
    figures = (
        ["today lists split best", "overload 1,200 600 0 0 worst 1,200 900 0"]
        if width == 80
        else ["overload today 1,200 lists 600 split 0 best 0 worst today 1,200 lists 900 split 0"]
    )
    wanted = [
        *figures,
        "job-07 -> automatic selection 1 fewer failed run (likely)",
        "job-05 -> p, q 600 fewer task-minutes of overload, 5 more runs in tier 1 (likely)",
        "These can wait",
        "job-03 -> p 2 more protected runs (likely)",
        "11 of 14 jobs keep what they have.",
        "job-00: 720 fewer task-minutes of overload, 5 more runs in tier 1, at the price of 1 "
        "fewer run at the VM's site",
        "job-00 (1) (1 Windows VM) -> automatic selection job-00 (2) (1 Windows VM) -> p",
        "gip apply out --url",
        f"gip plan {planned_jobs.estate.folder} --out NEXT --after out",
    ]
    places = [said.find(text) for text in wanted]
    assert -1 not in places, (wanted[places.index(-1)], said)
    assert places == sorted(places)


def test_where_doing_nothing_is_as_good_it_says_so(planned_jobs: Plan) -> None:
    week = week_of(planned_jobs)
    said = printed(planned_jobs, week)
    assert "Doing nothing is as good" in said
    assert "What stays: 7 failed runs and 1,200 task-minutes of overload a week." in said
    assert "Every job keeps what it has." in said
    assert "gip apply" not in said
    assert "splitting jobs does" in printed(planned_jobs, week_of(planned_jobs, parts=2))
    nominal = replace(week.today.nominal, failed=0, overload_minutes=0)
    easy = replace(week, today=replace(week.today, nominal=nominal))
    assert "Nothing has to change" in printed(planned_jobs, easy)


def test_long_lists_end_with_a_file(planned_jobs: Plan) -> None:
    changes = {f"job-{number:02}": ((1,), [("tier1", number + 1)]) for number in range(14)}
    said = printed(planned_jobs, week_of(planned_jobs, changes))
    assert said.count("->") == SHOWN
    assert f"... and {14 - SHOWN} more, in job_proxies.csv" in said
    assert "No job stays as it is." in said
    assert said.index("job-13") < said.index("job-12")


@pytest.mark.parametrize("first", WEEK_AIMS)
@pytest.mark.parametrize("amount", [1, 5, 7, 5000, 12_345_678])
def test_a_note_is_read_as_it_was_written(planned_jobs: Plan, first: str, amount: int) -> None:
    (choice, *_) = week_of(planned_jobs, {"job-00": ((1,), ())}).choices
    for leaves_site in (False, True):
        gains = tuple((aim, amount + place) for place, aim in enumerate(WEEK_AIMS[first]))  # type: ignore[index]
        note = note_of(replace(choice, gains=gains, leaves_site=leaves_site))
        assert read_note(note) == (gains, leaves_site)
    assert read_note("") == ((), False)
    assert describe_gain("short1", amount) != describe_gain("tier1", amount)
