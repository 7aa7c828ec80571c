"""The checker's weeks: as the slow ones on tiny random estates, and every spoilt cell is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import slow_judge
import slow_weeks
from hypothesis import settings
from week_cases import MOST, Case, Cells, case, cases

BLOCKS = range(4)
IN_BLOCK = max(8, settings().max_examples // 6)
SEEN_FROM = {"guaranteed": 1, "likely": 34, "depends": 160}


@pytest.mark.parametrize("block", BLOCKS)
def test_the_checker_agrees_with_the_slow_judge_on_right_files(tmp_path: Path, block: int) -> None:
    for seed in range(block * IN_BLOCK, (block + 1) * IN_BLOCK):
        made = case(tmp_path / str(seed), seed)
        if made is not None:
            assert slow_judge.judge_plan(made.folder / "estate", made.plan, every=MOST) == [], seed
            assert made.judged() == (), seed
            assert made.judged(weeks=1) == (), seed


def test_worse_than_today_is_found_just_where_it_is(tmp_path: Path) -> None:
    worse = 0
    for seed in range(500, 540):
        made = case(tmp_path / str(seed), seed, best=False)
        if made is None:
            continue
        slow = slow_judge.judge_plan(made.folder / "estate", made.plan, every=0)
        found = made.judged()
        words = ("worse than today", "worse than automatic", "the split of ")
        for slow_words, quick in zip(words, ("today's", "automatic", "split "), strict=True):
            said = any(line.startswith(slow_words) for line in slow)
            lines = [line for line in found if f" {quick}" in line and "would be better" in line]
            assert said == bool(lines), (seed, slow, found)
            worse += said
        expected = [line for line in slow if "without its change" not in line]
        assert len(expected) == 0 or found, (seed, slow)
        assert made.judged(weeks=1) == ()
    assert worse > 10


def is_set(made: Case) -> bool:
    return any(change == "set" for change, _ in made.rows.values())


def has_jobs(made: Case) -> bool:
    return bool(made.rows)


def has_certainty(certainty: str) -> Callable[[Case], bool]:
    def test(made: Case) -> bool:
        units = made.lists.units({job: choice for job, (_, choice) in made.rows.items()})
        return any(made.lists.certainty(job, units) == certainty for job in made.rows)

    return test


@pytest.mark.parametrize("figure", ["runs", *slow_judge.PROXIES[5:12]])
def test_a_wrong_figure_of_a_row_is_found(tmp_path: Path, figure: str) -> None:
    made = next(cases(tmp_path, has_jobs))
    made.spoil("job_proxies.csv", lambda cells: _add(cells[0], figure))
    for weeks in (1, 5):
        (line,) = made.judged(weeks)
        assert line.startswith("job_proxies.csv: job ")
        assert f"has {figure} '" in line


@pytest.mark.parametrize(
    ("there", "written", "weeks"),
    [
        ("guaranteed", "likely", 1),
        ("guaranteed", "depends", 1),
        ("guaranteed", "sure", 1),
        ("likely", "guaranteed", 1),
        ("likely", "depends", 5),
        ("depends", "guaranteed", 1),
        ("depends", "likely", 5),
    ],
)
def test_a_wrong_certainty_is_found(tmp_path: Path, there: str, written: str, weeks: int) -> None:
    made = next(cases(tmp_path, has_certainty(there), SEEN_FROM[there]))

    def change(cells: Cells) -> None:
        row = next(row for row in cells if row["certainty"] == there)
        row["certainty"] = written

    made.spoil("job_proxies.csv", change)
    (line,) = made.judged(weeks)
    assert f"has certainty '{written}', expected" in line


def _add(row: dict[str, str], figure: str) -> None:
    row[figure] = str(int(row[figure]) + 1)


def _first_set(cells: Cells) -> dict[str, str]:
    return next(row for row in cells if row["change"] == "set")


ROWS: dict[str, tuple[Callable[[Case], object], Callable[[Cells], object], str]] = {
    "set becomes keep": (
        is_set,
        lambda cells: _first_set(cells).update(change="keep"),
        "as in jobs.csv",
    ),
    "keep becomes set": (
        has_jobs,
        lambda cells: [row.update(change="set") for row in cells if row["change"] == "keep"],
        "expected",
    ),
    "neither": (has_jobs, lambda cells: cells[0].update(change="new"), "expected keep or set"),
    "choice": (
        has_jobs,
        lambda cells: cells[0].update(
            choice="list" if cells[0]["choice"] == "automatic" else "automatic"
        ),
        "has choice",
    ),
    "unknown": (
        is_set,
        lambda cells: _first_set(cells).update(proxies="nobody", choice="list"),
        "not in servers",
    ),
    "gap": (
        is_set,
        lambda cells: _first_set(cells).update(proxies=_first_set(cells)["proxies"] + ";"),
        "has choice",
    ),
    "missing": (has_jobs, lambda cells: cells.pop(), "has no row, expected one"),
    "stranger": (
        has_jobs,
        lambda cells: cells.append(cells[-1] | {"job": "\u00fczz"}),
        "has a row, expected none",
    ),
    "twice": (has_jobs, lambda cells: cells.append(dict(cells[-1])), "stands there twice"),
    "order": (lambda made: len(made.rows) > 1, lambda cells: cells.reverse(), "not sorted"),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_wrong_row_is_found(tmp_path: Path, name: str) -> None:
    wanted, change, words = ROWS[name]
    made = next(cases(tmp_path, wanted))
    made.spoil("job_proxies.csv", change)
    for weeks in (1, 5):
        assert any(words in line for line in made.judged(weeks))


def test_another_choice_that_would_be_allowed_does_not_have_these_figures(tmp_path: Path) -> None:
    found = 0
    for made, _ in zip(cases(tmp_path, is_set), range(8), strict=False):
        lists, rows = made.lists, made.rows
        job = next(job for job in rows if rows[job][0] == "set")
        other = next((row for row in lists.rows(job)[1:] if row != rows[job]), None)
        if other is None or lists.weeks_of_rows(rows) == lists.weeks_of_rows({**rows, job: other}):
            continue
        kind, proxies = slow_weeks.written(other[1])

        def change(cells: Cells, job: str = job, kind: str = kind, proxies: str = proxies) -> None:
            next(row for row in cells if row["job"] == job).update(choice=kind, proxies=proxies)

        made.spoil("job_proxies.csv", change)
        assert made.judged()
        found += 1
    assert found >= 3
