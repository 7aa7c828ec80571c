"""Retells the week as the plan's files have it: weeks to compare, jobs to change, jobs to split."""

from __future__ import annotations

from collections.abc import Sequence

from models.report_data import JobChange, PartToMake, SplitJob, WeekColumn
from models.week_aims import First
from optimizer.inputs.week_record import ChoiceRow, SplitPart, WeekRecord
from optimizer.output.week_ranking import differences, is_early, rank_gains
from optimizer.output.week_words import read_note, without_repetition


def week_columns(week: WeekRecord) -> list[WeekColumn]:
    """Return today, the week with the lists, with the splits where there are, and the best."""
    found = [
        WeekColumn("today", week.today.nominal, week.today.worst),
        WeekColumn("lists", week.lists.nominal, week.lists.worst),
    ]
    if week.splits:
        both = week.lists_and_splits
        found.append(WeekColumn("splits", both.nominal, both.worst))
    return [*found, WeekColumn("best", week.bound, None)]


def other_weeks(week: WeekRecord) -> list[WeekColumn]:
    """Return the weeks to compare with: all jobs automatic, and every VM as planned."""
    return [
        WeekColumn("automatic", week.automatic.nominal, week.automatic.worst),
        WeekColumn("plan", week.plan, None),
    ]


def job_changes(first: First, rows: Sequence[ChoiceRow]) -> list[JobChange]:
    """Return the jobs to change, what gains most first."""
    found = []
    for row in rows:
        if row.is_set:
            gains, leaves_site = read_note(row.note)
            early = is_early(first, gains)
            found.append(
                JobChange(
                    row.job, row.before, row.servers, row.certainty, gains, early, leaves_site
                )
            )
    return sorted(found, key=lambda change: rank_gains(first, change.gains))


def split_jobs(week: WeekRecord, parts: Sequence[SplitPart]) -> list[SplitJob]:
    """Return the jobs to split in their order, each beside the lists and the splits before it."""
    found = []
    before = week.lists
    for split in sorted(week.splits, key=lambda split: split.rank):
        gains, costs = map(without_repetition, differences(week.first, before, split.weeks))
        mine = tuple(
            PartToMake(part.name, len(part.vms), part.servers)
            for part in parts
            if part.job == split.job
        )
        found.append(SplitJob(split.job, mine, gains, costs))
        before = split.weeks
    return found
