"""The checker's weeks: as the slow ones on tiny random estates, and every spoilt cell is found."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import list_files
import numpy as np
import pytest
import random_estates
import slow_judge
import slow_weeks
import tiny_weeks
from slow_weeks import Lists, Row, as_key, total

from models.week_plan import ListWishes
from optimizer.checker.assignments import compute_connections
from optimizer.checker.paths import compute_paths
from optimizer.checker.plan_files import read_plan_files, read_record
from optimizer.checker.tasks import NOWHERE, match_rows_to_tasks
from optimizer.checker.violations import Violations
from optimizer.checker.week_judgement import WeekFiles, judge_week
from optimizer.inputs.estate_folder.reader import read_estate

Cells = list[dict[str, str]]
FILES = ("assignments.csv", "unassigned.csv", "job_proxies.csv", "job_splits.csv")
MOST = 2000
BLOCKS = range(4)
IN_BLOCK = 25
SEEN_FROM = {"guaranteed": 1, "likely": 34, "depends": 160}


@dataclass(frozen=True)
class Case:
    """An estate in a folder, its slow weeks, and right files of a plan beside it."""

    folder: Path
    lists: Lists
    rows: dict[str, Row]
    splits: dict[str, list_files.Parts]
    assignments: Cells

    @property
    def plan(self) -> Path:
        return self.folder / "plan"

    def judged(self, weeks: int = 5) -> tuple[str, ...]:
        """Return what the checker says of the files as they are now."""
        read, complaints = read_estate(self.folder / "estate"), Violations()
        assignments, unassigned, proxies, splits = (
            read_plan_files(self.plan, name, complaints) for name in FILES
        )
        roster = match_rows_to_tasks(read, assignments, unassigned, Violations())
        names = {name: code for code, name in enumerate(read.servers["server"])}
        planned = np.append(assignments.codes("proxy", names.get), NOWHERE)[roster.row]
        wishes = self.lists.wishes
        judge_week(
            read,
            roster,
            compute_connections(read, compute_paths(read)),
            planned,
            WeekFiles(proxies, splits, read_record(self.plan)),
            complaints,
            ListWishes(
                "tiers" if wishes.first == "tiers" else "limits",
                wishes.free or frozenset(),
                wishes.free is None,
                wishes.keep,
                wishes.most_changes,
                wishes.least_servers,
                wishes.cross_sites,
            ),
            weeks,
        )
        return complaints.sentences()

    def spoil(self, file: str, change: Callable[[Cells], object]) -> None:
        """Change the rows of one CSV file."""
        with (self.plan / file).open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened)
            columns, rows = list(reader.fieldnames or ()), list(reader)
        change(rows)
        list_files.table(self.plan / file, columns, rows)

    def spoil_week(self, change: Callable[[Any], object]) -> None:
        """Change the section ``week`` of plan.json."""
        record = json.loads((self.plan / "plan.json").read_text(encoding="utf-8"))
        change(record["week"])
        (self.plan / "plan.json").write_text(json.dumps(record), encoding="utf-8")


def case(folder: Path, seed: int, best: bool = True) -> Case | None:
    """Return the case of a seed, with the best rows or any that are allowed; None where there are
    too many to try."""
    chance = random.Random(seed)  # noqa: S311
    random_estates.write(tiny_weeks.spec(seed), folder / "estate")
    lists = Lists(slow_weeks.read_folder(folder / "estate"))
    assignments = list_files.some_assignments(lists, chance)
    every = lists.every(MOST)
    if every is None:
        return None
    first, plan = lists.wishes.first, lists.as_planned(assignments)
    found = lists.best(plan, first, MOST) if best else chance.choice(list(every))
    assert found is not None
    splits: dict[str, list_files.Parts] = {}
    units = lists.units({job: choice for job, (_, choice) in found.items()})
    for job in lists.jobs:
        parts = list_files.some_split(lists, job, chance)
        if parts is None or chance.random() < 0.4:
            continue
        then = lists.split(units, job, parts)
        now, later = (as_key(total(lists.weeks_of(of), plan, first)) for of in (units, then))
        if later <= now or not best:
            units, splits[job] = then, parts
    (folder / "plan").mkdir()
    list_files.table(folder / "plan" / "unassigned.csv", ("job", "vm", "reason", "detail"), [])
    list_files.write(lists, found, splits, assignments, folder / "plan")
    return Case(folder, lists, found, splits, assignments)


def cases(folder: Path, wanted: Callable[[Case], object], start: int = 1) -> Iterator[Case]:
    """Yield cases that are as ``wanted``, from a seed on."""
    for seed in count(start):
        made = case(folder / str(seed), seed)
        if made is not None and wanted(made):
            yield made


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


def one(made: Case, cells: Cells) -> dict[str, str]:
    """Return a row of job_proxies.csv; any will do."""
    return cells[len(made.folder.name) % len(cells)]


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


def has_split(made: Case) -> bool:
    return bool(made.splits)


def _is_windows(made: Case, vm: str) -> bool:
    return "windows" in made.lists.estate.vms[vm]["os"].lower()


def has_split_of_other_vms(made: Case) -> bool:
    """Tell whether the first row of the splits is of a VM that is not planned."""
    rows = sorted((job, vm) for job, parts in made.splits.items() for _, vms in parts.values()
                  for vm in vms)  # fmt: skip
    return bool(rows) and not _is_windows(made, rows[0][1])


def _all(cells: Cells, **change: str) -> None:
    for row in cells:
        if row["job"] == cells[0]["job"] and row["part"] == cells[0]["part"]:
            row.update(change)


SPLITS: dict[str, tuple[Callable[[Case], object], Callable[[Cells], object], str]] = {
    "dropped": (has_split, lambda cells: cells.pop(0), "whoever splits it would lose the VM"),
    "dropped, not planned": (has_split_of_other_vms, lambda cells: cells.pop(0), "lose the VM"),
    "twice": (has_split, lambda cells: cells.insert(0, dict(cells[0])), "has several rows for vm"),
    "stranger": (
        has_split,
        lambda cells: cells.insert(0, cells[0] | {"vm": "A"}),
        "which it does not process",
    ),
    "order": (has_split, lambda cells: cells.reverse(), "not sorted by job and vm"),
    "rank": (has_split, lambda cells: [row.update(rank="9") for row in cells], "ranks are"),
    "several ranks": (has_split, lambda cells: cells[0].update(rank="9"), "expected one"),
    "part number": (has_split, lambda cells: _all(cells, part="7"), "expected 1, 2 and so on"),
    "parts mixed": (
        has_split,
        lambda cells: cells[0].update(part="2" if cells[0]["part"] == "1" else "1"),
        "several names or choices",
    ),
    "name taken": (has_split, lambda cells: _all(cells, name="nightly"), "another job or part"),
    "names alike": (
        has_split,
        lambda cells: [row.update(name="new") for row in cells],
        "another job or part",
    ),
    "choice": (
        has_split,
        lambda cells: _all(
            cells, choice="list" if cells[0]["choice"] == "automatic" else "automatic"
        ),
        "has choice",
    ),
    "unknown": (
        has_split,
        lambda cells: _all(cells, choice="list", proxies="nobody"),
        "has unknown 'nobody'",
    ),
    "vm_name": (has_split, lambda cells: cells[0].update(vm_name="someone"), "vm_name is"),
    "of no job": (
        has_split,
        lambda cells: [row.update(job="A") for row in cells],
        "has no row in job_proxies.csv",
    ),
    "gone": (has_split, lambda cells: cells.clear(), "week has splits"),
}


@pytest.mark.parametrize("name", SPLITS)
def test_a_wrong_split_is_found(tmp_path: Path, name: str) -> None:
    wanted, change, words = SPLITS[name]
    made = next(cases(tmp_path, wanted))
    made.spoil("job_splits.csv", change)
    assert any(words in line for line in made.judged())


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
    "text for a number": (lambda week: week["lists"]["nominal"].update(failed="0"), "has failed 0"),
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
