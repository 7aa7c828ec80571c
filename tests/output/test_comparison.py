"""Tests of what the terminal says of the other order of the week's aims."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from estates import estate
from week_plans import WEEK, week_of

from models.week_plan import WeekPlan, summarise
from optimizer.output.console.comparison import print_comparison
from optimizer.planner import plan


@pytest.mark.parametrize(
    ("first", "change", "said"),
    [
        ("limits", {}, "Limits kept or tiers first: the same runs either way."),
        (
            "limits",
            {"tier1": 501, "tier3": 21 - 431, "overload_minutes": 1600},
            "Limits kept: 431 runs fewer in tier 1 than with tiers first, "
            "for 1,000 task-minutes of overload fewer.",
        ),
        (
            "tiers",
            {"tier1": 60, "tier2": 4, "overload_minutes": 100},
            "Tiers first: 500 task-minutes of overload more than with limits first, "
            "for 10 runs more in tier 1, 6 runs more in tiers 1 and 2.",
        ),
        (
            "limits",
            {"failed": 9},
            "Limits kept: 2 failed runs fewer than with tiers first, at no price.",
        ),
    ],
)
def test_what_the_order_costs(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    first: Any,
    change: dict[str, int],
    said: str,
) -> None:
    week: WeekPlan = replace(week_of(plan(estate(tmp_path, ["bs hq"], ["a hq"]))), first=first)
    lists = replace(WEEK, overload_minutes=600)
    other = replace(
        week,
        first="tiers" if first == "limits" else "limits",
        lists=summarise([replace(lists, **change)] * 5),
    )
    print_comparison(week, other)
    assert said in " ".join(capsys.readouterr().out.split())
