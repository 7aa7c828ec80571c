"""The checker: judges a plan from the estate's tables and the written files alone.

Nothing here comes from the planner: what it knows of eligibility, load and protection is written
again from the contract, the plain way, so that the two cannot share a mistake.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from models.estate import Estate
from optimizer.checker.plan_files import ADDED_LATER, COLUMNS, read_plan_files, read_record
from optimizer.checker.plan_record import coverage_proven, freed_jobs, wishes_of
from optimizer.checker.row_checks import check_rows, check_totals
from optimizer.checker.unassigned import judge_reasons
from optimizer.checker.violations import Judgement, Violations
from optimizer.checker.week_judgement import NOT_DERIVED, WeekFiles, judge_week

__all__ = ["Judgement", "judge"]

NO_BEFORE = "what jobs had before the plan, which has no job_before.csv"


def judge(estate: Estate, folder: Path, weeks: int = 1) -> Judgement:
    """Judge the plan in ``folder``: every rule, every label, every aim's value, the week.

    The lists are replayed in the nominal week, with ``weeks`` 5 in all five, today's choices and
    the splits beside them (`Judgement.not_derived` says what is not judged).

    Raise PlanError where one of its files is missing or cannot be read.
    """
    complaints = Violations()
    record = read_record(folder)
    estate = estate.with_free(freed_jobs(record))
    files = {
        file: read_plan_files(folder, file, complaints)
        for file in COLUMNS
        if file not in ADDED_LATER or (folder / file).exists()
    }
    assignments, unassigned = files["assignments.csv"], files["unassigned.csv"]
    checked = check_rows(estate, assignments, unassigned, complaints)
    judge_reasons(
        estate, checked, checked.seen.loads, unassigned, coverage_proven(record), complaints
    )
    wishes = wishes_of(estate, record)
    week = WeekFiles(files["job_proxies.csv"], files["job_splits.csv"], record)
    roster, connections = checked.roster, checked.connections
    judge_week(estate, roster, connections, checked.planned, week, complaints, wishes, weeks)
    judgement = check_totals(estate, checked.seen, files, record, complaints)
    missing = () if "job_before.csv" in files else (NO_BEFORE,)
    return replace(judgement, not_derived=NOT_DERIVED + missing)
