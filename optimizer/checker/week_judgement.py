"""Judges what a plan says will really happen: lists, splits, the week (docs/certainty.md).

One week, the nominal one, is enough for what was just written; five are replayed when asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.estate import Estate
from models.week_plan import ListWishes
from optimizer.checker.assignments import Connections
from optimizer.checker.plan_files import PlanFiles
from optimizer.checker.tasks import TaskRows
from optimizer.checker.violations import Violations
from optimizer.checker.week_choices import Choices
from optimizer.checker.week_figures import (
    FIGURES,
    TIERS,
    Figures,
    Outcome,
    aim_values,
    key_of,
    outcome_of,
)
from optimizer.checker.week_record import RecordJudge
from optimizer.checker.week_replay import FIVE, Unit, WeekReplayer
from optimizer.checker.week_roster import WeekRoster, order_tasks
from optimizer.checker.week_rows import Rows, judge_certainty, judge_figures, read_rows
from optimizer.checker.week_signatures import sign
from optimizer.checker.week_split_rows import SplitRows, judge_split_rows
from optimizer.checker.week_splits import Split, SplitsJudge

Whole = NDArray[np.int64]
NOT_DERIVED = (
    "that no lists are better than the bounds of the week's aims",
    "that no choice per VM has less overload or peak, or more protected or same_site runs, than "
    "the bound of the week",
    "that every single change is worth it",
    "that of lists as good as each other each has the most servers",
    "findings.csv, and what notes and details say",
)
NEVER_WORSE = "lists that are worse than today"


@dataclass(frozen=True)
class WeekFiles:
    """What a plan says of the week: job_proxies.csv, job_splits.csv and plan.json."""

    proxies: PlanFiles
    splits: PlanFiles
    record: Mapping[str, Any]


def judge_week(
    estate: Estate,
    roster: TaskRows,
    connections: Connections,
    planned: Whole,
    files: WeekFiles,
    complaints: Violations,
    wishes: ListWishes | None = None,
    weeks: int = 1,
) -> None:
    """Judge the lists of a plan and the week that follows.

    ``planned`` is the server (code) of each task of the ``roster``, -1 for none. With ``weeks`` 5
    today, automatic, lists and splits are replayed in all five weeks, and never worse than today
    is judged; with 1 the rows and the nominal week of the lists. What is judged in neither case:
    `NOT_DERIVED`.
    """
    rows = judge_split_rows(estate, roster.called, files.splits, complaints)
    ordered = order_tasks(estate, roster, planned)
    judge_lists(
        estate, ordered, connections, files.proxies, rows, files.record, complaints, wishes, weeks
    )


def judge_lists(
    estate: Estate,
    roster: WeekRoster,
    connections: Connections,
    proxies: PlanFiles,
    split_rows: SplitRows,
    record: Mapping[str, Any],
    complaints: Violations,
    wishes: ListWishes | None = None,
    weeks: int = 1,
) -> None:
    """Judge the lists and the week as `judge_week` does, the rows of splits already judged."""
    signatures, tasks = sign(estate, roster, connections)
    wished = ListWishes() if wishes is None else wishes
    choices = Choices(estate, signatures, tasks, wished)
    week = RecordJudge(record, complaints)
    rows = read_rows(proxies, choices, complaints)
    splits = SplitsJudge(split_rows, choices, roster, complaints)
    made = splits.splits()
    if rows is None or not week.week:
        return
    week.judge_first(wished.first)
    judge = _Judge(choices, WeekReplayer(signatures), rows, week, complaints, weeks)
    plan = judge.planned()
    lists = judge.lists()
    if weeks == 1:
        judge.bound([lists[0]])
        week.judge_aims(wished.first, None)
        return
    steps = judge.splits(splits, made) if made is not None else []
    judge.others(plan, lists, steps)


class _Judge:
    """Replays what is to be compared."""

    def __init__(
        self,
        choices: Choices,
        replayer: WeekReplayer,
        rows: Rows,
        record: RecordJudge,
        complaints: Violations,
        weeks: int,
    ) -> None:
        self._choices, self._replayer, self._rows = choices, replayer, rows
        self._record, self._complaints = record, complaints
        self._variants = FIVE[:weeks]

    def replay(self, units: Sequence[Unit]) -> list[Outcome]:
        """Return what the weeks come to."""
        replayer = self._replayer
        return [outcome_of(replayer, replayer.replay(units, variant)) for variant in self._variants]

    def planned(self) -> Figures:
        """Judge and return the week in which every run is on its own proxy."""
        units = self._choices.planned_units()
        figures = outcome_of(self._replayer, self._replayer.replay(units)).figures(0)
        self._record.judge_figures(("plan",), figures)
        return figures

    def lists(self) -> list[Figures]:
        """Judge the rows, and the weeks of all of them."""
        outcomes = self.replay(self._choices.units(self._rows.choices))
        judge_figures(self._rows, outcomes[0], self._complaints)
        judge_certainty(self._rows, self._choices, outcomes, self._complaints)
        figures = [outcome.figures(len(self._rows.changed)) for outcome in outcomes]
        self._record.judge_summary("lists", figures)
        return figures

    def splits(self, judge: SplitsJudge, splits: Sequence[Split]) -> list[list[Figures]]:
        """Judge the weeks as one split is made after another."""
        units = self._choices.units(self._rows.choices)
        changed, steps = len(self._rows.changed), []
        for split in splits:
            units = judge.split_units(units, split)
            changed += split.job not in self._rows.changed
            steps.append([outcome.figures(changed) for outcome in self.replay(units)])
        self._record.judge_splits(
            [(split.job, weeks) for split, weeks in zip(splits, steps, strict=True)]
        )
        return steps

    def others(self, plan: Figures, lists: list[Figures], steps: Sequence[list[Figures]]) -> None:
        """Judge today, automatic, the last split and the bound, and the lists beside them."""
        choices = self._choices
        at_last = steps[-1] if steps else lists
        self._record.judge_summary("lists_and_splits", at_last)
        today = [outcome.figures(0) for outcome in self.replay(choices.units({}))]
        self._record.judge_summary("today", today)
        named = [job for job in choices.jobs if choices.today[job]]
        freed = self.replay(choices.units(dict.fromkeys(choices.jobs, ())))
        automatic = [outcome.figures(len(named)) for outcome in freed]
        self._record.judge_summary("automatic", automatic)
        self.bound([today[0], lists[0], at_last[0]])
        first = choices.wishes.first
        values = aim_values(first, lists, plan)
        self._record.judge_aims(first, values)
        reached, kept = key_of(values), key_of(aim_values(first, today, plan))
        self._never(NEVER_WORSE, "today's choices, kept,", dict(values), reached, kept)
        most = choices.wishes.most_changes
        if not any(choices.why_not(job, ()) for job in named) and (
            most is None or len(named) <= most
        ):
            other = key_of(aim_values(first, automatic, plan))
            self._never("lists that are worse than automatic", "automatic selection", values,
                        reached, other)  # fmt: skip
        before = reached
        for number, step in enumerate(steps, 1):
            after = key_of(aim_values(first, step, plan))
            self._never(
                "splits that make it worse", "the week without it", aim_values(first, step, plan),
                after[:-1], before[:-1], f"split {number}: ",
            )  # fmt: skip
            before = after

    def bound(self, reached: Sequence[Figures]) -> None:
        """Judge the bound of the week."""
        failed, *tiers = self._choices.ideal(self._replayer).tolist()
        ideal = dict.fromkeys(FIGURES, 0) | dict(zip(TIERS, tiers, strict=True))
        self._record.judge_bound(ideal | {"failed": failed}, reached)

    def _never(
        self,
        kind: str,
        than: str,
        values: Mapping[str, int],
        found: tuple[int, ...],
        other: tuple[int, ...],
        said: str = "",
    ) -> None:
        """Complain where the key ``found`` is worse than the ``other``: of the first such aim."""
        if found <= other:
            return
        place = next(place for place, value in enumerate(found) if value != other[place])
        aim = list(values)[place]
        self._complaints.add(
            kind,
            f"{self._rows.file}: {said}{than} would be better: {aim} {abs(other[place])} instead "
            f"of {abs(found[place])}, in the sum of the five weeks",
        )
