"""Wrong figures and wrong records of a week are found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import slow_weeks
from week_cases import Case, Cells, cases


def has_jobs(made: Case) -> bool:
    return bool(made.rows)


def has_split(made: Case) -> bool:
    return bool(made.splits)


def test_vms_that_change_parts_change_the_week(tmp_path: Path) -> None:
    found = 0
    for made, _ in zip(cases(tmp_path, has_split), range(25), strict=False):
        lists, (job, parts) = made.lists, next(iter(made.splits.items()))
        (one_name, (one_choice, one_vms)), (name, (choice, vms)) = parts.items()
        swapped = {one_name: (choice, one_vms), name: (one_choice, vms)}
        units = lists.units({job: choice for job, (_, choice) in made.rows.items()})
        both = [lists.weeks_of(lists.split(units, job, of)) for of in (parts, swapped)]
        if both[0] == both[1] or len(made.splits) > 1:
            continue

        def change(cells: Cells, name: str = one_name) -> None:
            rows = {row["name"] == name: row for row in cells}
            said = {of: (row["choice"], row["proxies"]) for of, row in rows.items()}
            for row in cells:
                row["choice"], row["proxies"] = said[row["name"] != name]

        made.spoil("job_splits.csv", change)
        lines = made.judged()
        assert any("week splits" in line for line in lines)
        assert any("week lists_and_splits" in line for line in lines)
        found += 1
    assert found >= 2


@pytest.mark.parametrize("part", ["today", "automatic", "lists", "lists_and_splits"])
@pytest.mark.parametrize("kind", ["nominal", "mean", "worst"])
def test_a_wrong_figure_of_the_week_is_found(tmp_path: Path, part: str, kind: str) -> None:
    made = next(cases(tmp_path, has_jobs))
    for number, figure in enumerate(slow_weeks.FIGURES):
        right = (made.plan / "plan.json").read_text(encoding="utf-8")

        def change(week: Any, figure: str = figure, number: int = number) -> None:
            week[part][kind][figure] += 0.2 if number % 2 else 1

        made.spoil_week(change)
        lines = made.judged()
        assert any(
            line.startswith(f"plan.json: week {part} {kind} has {figure} ") for line in lines
        )
        assert bool(made.judged(weeks=1)) == (part == "lists" and kind == "nominal")
        (made.plan / "plan.json").write_text(right, encoding="utf-8")


def _aim(week: Any, name: str) -> Any:
    return next(aim for aim in week["aims"] if aim["aim"] == name)


RECORDS: dict[str, tuple[Callable[[Any], object], str]] = {
    "first": (
        lambda week: week.update(first="limits" if week["first"] == "tiers" else "tiers"),
        "week has first",
    ),
    "plan": (lambda week: week["plan"].update(tier1=week["plan"]["tier1"] + 1), "week plan has"),
    "plan gone": (lambda week: week.pop("plan"), "week plan is missing"),
    "bound": (lambda week: week["bound"].update(failed=-1), "week bound has failed -1"),
    "bound of labels": (
        lambda week: week["bound"].update(same_site=-1),
        "week bound has same_site -1, and",
    ),
    "bound of overload": (
        lambda week: week["bound"].update(overload_minutes=10**9),
        "week bound has overload_minutes 1000000000, and",
    ),
    "value and bound": (
        lambda week: _aim(week, "peak").update(
            value=_aim(week, "peak")["value"] + 1, bound=_aim(week, "peak")["bound"] + 1
        ),
        "week aim 'peak' has value",
    ),
    "wrong side": (
        lambda week: _aim(week, "failed").update(bound=_aim(week, "failed")["value"] + 1),
        "beyond bound",
    ),
    "wrong side of what is maximised": (
        lambda week: _aim(week, "tier1").update(bound=_aim(week, "tier1")["value"] - 1),
        "beyond bound",
    ),
    "not proven": (lambda week: _aim(week, "failed").update(proven=False), "has proven False"),
    "proven after what is not": (
        lambda week: _aim(week, "failed").update(bound=-1, proven=False),
        "has proven True",
    ),
    "proof": (lambda week: _aim(week, "changed").update(proof="magic"), "has proof 'magic'"),
    "aims": (lambda week: week["aims"].reverse(), "week aims are"),
    "text for a number": (
        lambda week: week["lists"]["nominal"].update(failed="0"),
        "failed '0', e",
    ),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_wrong_record_is_found(tmp_path: Path, name: str) -> None:
    change, words = RECORDS[name]
    made = next(cases(tmp_path, lambda made: all(aim["proven"] for aim in week_of(made)["aims"])))
    made.spoil_week(change)
    assert any(words in line for line in made.judged())


def week_of(made: Case) -> Any:
    return json.loads((made.plan / "plan.json").read_text(encoding="utf-8"))["week"]


def test_a_record_without_a_week_is_told(tmp_path: Path) -> None:
    made = next(cases(tmp_path, has_jobs))
    (made.plan / "plan.json").write_text("{}", encoding="utf-8")
    (line,) = made.judged()
    assert "has no section week" in line
