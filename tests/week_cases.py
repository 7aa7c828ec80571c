"""Small weeks, planned and written, that tests spoil."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import list_files
import numpy as np
import random_estates
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


@cache
def _choices(
    seed: int, best: bool
) -> tuple[Lists, dict[str, Row], dict[str, list_files.Parts], Cells] | None:
    """Return the weeks of a seed with the choices, splits and tasks of a plan of them."""
    chance = random.Random(seed)  # noqa: S311
    with TemporaryDirectory() as estate:
        random_estates.write(tiny_weeks.spec(seed), Path(estate))
        lists = Lists(slow_weeks.read_folder(Path(estate)))
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
    return lists, found, splits, assignments


def case(folder: Path, seed: int, best: bool = True) -> Case | None:
    """Return the case of a seed, with the best rows or any that are allowed; None where there are
    too many to try."""
    chosen = _choices(seed, best)
    if chosen is None:
        return None
    lists, found, splits, assignments = chosen
    random_estates.write(tiny_weeks.spec(seed), folder / "estate")
    (folder / "plan").mkdir()
    list_files.table(folder / "plan" / "unassigned.csv", ("job", "vm", "reason", "detail"), [])
    list_files.write(lists, found, splits, assignments, folder / "plan")
    return Case(folder, *chosen)


def cases(folder: Path, wanted: Callable[[Case], object], start: int = 1) -> Iterator[Case]:
    """Yield cases that are as ``wanted``, from a seed on."""
    for seed in count(start):
        made = case(folder / str(seed), seed)
        if made is not None and wanted(made):
            yield made


def one(made: Case, cells: Cells) -> dict[str, str]:
    """Return a row of job_proxies.csv; any will do."""
    return cells[len(made.folder.name) % len(cells)]


def update(cells: Cells, **change: str) -> None:
    for row in cells:
        if row["job"] == cells[0]["job"] and row["part"] == cells[0]["part"]:
            row.update(change)
