"""Judges a plan from the estate's tables and the written files alone.

Nothing here comes from the planner: what it knows of eligibility, load and protection is written
again from the contract, the plain way, so that the two cannot share a mistake.
"""

from __future__ import annotations

from pathlib import Path

from models.estate import Estate
from optimizer.check.reasons import judge_reasons
from optimizer.check.record import coverage_proven
from optimizer.check.seen import conclude, look_at
from optimizer.check.verdict import Complaints, Judgement
from optimizer.check.written import ADDED_LATER, COLUMNS, read_record, read_written

__all__ = ["Judgement", "judge"]


def judge(estate: Estate, folder: Path) -> Judgement:
    """Judge the plan in ``folder``: every rule, every label, every aim's value.

    Raise PlanError where one of its files is missing or cannot be read.
    """
    complaints = Complaints()
    record = read_record(folder)
    files = {
        file: read_written(folder, file, complaints)
        for file in COLUMNS
        if file not in ADDED_LATER or (folder / file).exists()
    }
    assignments, unassigned = files["assignments.csv"], files["unassigned.csv"]
    look = look_at(estate, assignments, unassigned, complaints)
    judge_reasons(estate, look, look.seen.loads, unassigned, coverage_proven(record), complaints)
    return conclude(estate, look.seen, files, record, complaints)
