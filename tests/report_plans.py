"""Plans for reports: their facts, their rows and the command line."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from estates import estate
from week_plans import week_of

from models.estate import Estate
from models.report_data import Report
from optimizer.cli.main import gip
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.output.plan_writer import write_plan
from optimizer.output.report.build import build_report
from optimizer.output.report.facts import build_facts
from optimizer.planner import plan

DATA = Path(__file__).parents[1] / "data"
BRANCHES = DATA / "branch-offices"


def call(*words: object) -> None:
    gip.main([str(word) for word in words], standalone_mode=False)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def reported(estate: Estate, folder: Path, sites: Any = None) -> Report:
    return build_report(build_facts(estate, folder), sites or {}, lambda step: None)


def report_of_plan(folder: Path, *tables: list[str], **others: Any) -> Report:
    """Return the report of the estate of these rows, planned."""
    read = estate(folder / "in", *tables, **others)
    (folder / "out").mkdir()
    made = plan(read)
    write_plan(made, week_of(made), folder / "out", 0)
    return reported(read, folder / "out")


def planned(folder: Path, out: Path) -> Path:
    """Write a plan of the estate in ``folder``, with two jobs to change and one to split."""
    made = plan(read_estate(folder))
    jobs = made.estate.jobs["job"].tolist()
    out.mkdir(exist_ok=True)
    changes = {jobs[0]: ((0, 1), [("protected", 5)]), jobs[-1]: ((2,), [("overload", 3000)])}
    write_plan(made, week_of(made, changes, parts=2), out, 0)
    return out
