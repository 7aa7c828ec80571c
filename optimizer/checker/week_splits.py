"""Judges the splits of job_splits.csv: ranks, parts, and the choice of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.checker.tasks import OTHER
from optimizer.checker.violations import Violations
from optimizer.checker.week_choices import Choice, Choices
from optimizer.checker.week_replay import Unit
from optimizer.checker.week_roster import WeekRoster
from optimizer.checker.week_rows import kind_of, parse_choice
from optimizer.checker.week_signatures import JobRoster
from optimizer.checker.week_split_rows import PartRow, SplitRows

Whole = NDArray[np.int64]
FILE = "job_splits.csv"


@dataclass(frozen=True)
class StatedPart:
    """A part of a split job: its name, its choice and its VMs (codes), of any kind."""

    name: str
    choice: Choice
    vms: Whole


@dataclass(frozen=True)
class Split:
    """A job in parts, in order of their numbers."""

    job: str
    rank: int
    parts: Sequence[StatedPart]


class SplitsJudge:
    """Judges the rows of job_splits.csv, and says what starts once jobs are split."""

    def __init__(
        self, rows: SplitRows, choices: Choices, roster: WeekRoster, complaints: Violations
    ) -> None:
        self._rows, self._choices, self._roster = rows, choices, roster
        self._complaints = complaints

    def splits(self) -> list[Split] | None:
        """Judge the rows and return the splits, best rank first.

        None where they cannot be followed.
        """
        sound = True
        splits = []
        for job, rows in sorted(self._rows.by_job.items()):
            wrong = list(self._wrong(job, rows))
            for kind, sentence in wrong:
                self._complaints.add(kind, f"{FILE}: job {job!r} {sentence}")
            sound = sound and not wrong and job not in self._rows.lossy
            if not wrong:
                splits.append(self._split(job, rows))
        names = [part.name for split in splits for part in split.parts]
        taken = sorted(
            {name for name in names if names.count(name) > 1} | (set(names) & set(self._jobs))
        )
        for name in taken:
            self._complaints.add(
                "parts with a name that is taken",
                f"{FILE}: part {name!r} is called like another job or part",
            )
        ranks = sorted(split.rank for split in splits)
        if sound and ranks != list(range(1, len(splits) + 1)):
            self._complaints.add(
                "wrong ranks", f"{FILE}: ranks are {ranks}, expected 1 to {len(splits)}"
            )
            sound = False
        return sorted(splits, key=lambda split: split.rank) if sound and not taken else None

    def split_units(self, units: Sequence[Unit], split: Split) -> list[Unit]:
        """Return what starts when a job is replaced by its parts."""
        code = self._choices.code[split.job]
        whole = self._choices.tasks[code]
        others = self._roster.vm[(self._roster.job == code) & (self._roster.kind == OTHER)]
        made = []
        for part in split.parts:
            mine = np.isin(whole.vm, part.vms)
            own = int(np.isin(others, part.vms).sum())
            tasks = JobRoster(code, whole.vm[mine], whole.signature[mine], whole.planned[mine], own)
            made.append(Unit(part.name, tasks, self._choices.offers_of(tasks, part.choice)))
        return [unit for unit in units if unit.name != split.job] + made

    @property
    def _jobs(self) -> list[str]:
        return self._choices.names

    def _split(self, job: str, rows: Sequence[PartRow]) -> Split:
        parts = [
            StatedPart(row.name, parse_choice(row.proxies), self._rows.vms[row])
            for row in sorted(rows, key=lambda row: int(row.part))
        ]
        return Split(job, int(rows[0].rank), parts)

    def _wrong(self, job: str, rows: Sequence[PartRow]) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with the rows of one job: its kind, and a sentence."""
        if job not in self._choices.code:
            yield "splits of no job", "is split, expected none: it has no row in job_proxies.csv"
            return
        if job in self._choices.wishes.keep:
            yield "splits against a wish", "is split, and [lists] keep names it"
        ranks = {row.rank for row in rows}
        if len(ranks) > 1 or not _is_number(rows[0].rank):
            yield "splits with a wrong rank", f"has rank {', '.join(sorted(ranks))}, expected one"
        numbers = {row.part for row in rows}
        wanted = {str(number) for number in range(1, len(numbers) + 1)}
        if len(numbers) < 2 or numbers != wanted:
            yield (
                "splits with wrong parts",
                f"has parts {', '.join(sorted(numbers))}, expected 1, 2 and so on",
            )
        for number in sorted(numbers):
            said = {row[3:] for row in rows if row.part == number}
            if len(said) > 1:
                yield "parts that differ", f"has several names or choices in part {number}"
            for _, kind, proxies in said:
                choice = parse_choice(proxies)
                unknown = [name for name in choice if name not in self._choices.place]
                if unknown:
                    yield "parts with unknown proxies", f"has unknown {unknown[0]!r} in {number}"
                elif kind != kind_of(choice):
                    yield (
                        "parts with a wrong choice",
                        f"has choice {kind!r} in part {number}, expected {kind_of(choice)!r}",
                    )
                elif why := self._why_not(job, choice):
                    yield "parts with a choice that is not theirs", f"in part {number} {why}"

    def _why_not(self, job: str, choice: Choice) -> str:
        if not self._choices.licensed:
            return "is split, expected not: the licence allows no proxy (S3)"
        return self._choices.why_not_offered(job, choice)


def _is_number(text: str) -> bool:
    return text.isdecimal() and str(int(text)) == text
