"""Judges job_splits.csv: whoever follows it loses no VM, and each part has a choice of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from optimizer.checker.plan_files import COLUMNS, PlanFiles, judge_order
from optimizer.checker.tasks import NOWHERE, OTHER, TaskRows
from optimizer.checker.violations import Violations
from optimizer.checker.week_choices import Choice, Choices
from optimizer.checker.week_replay import Unit
from optimizer.checker.week_rows import kind_of, parse_choice
from optimizer.checker.week_signatures import JobTasks

Whole = NDArray[np.int64]
Row = tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """A part of a split job: its name, its choice and its VMs (codes), of any kind."""

    name: str
    choice: Choice
    vms: Whole


@dataclass(frozen=True)
class Split:
    """A job in parts, in order of their numbers."""

    job: str
    rank: int
    parts: Sequence[Part]


class SplitsJudge:
    """Judges the rows of job_splits.csv, and says what starts once jobs are split."""

    def __init__(
        self, written: PlanFiles, choices: Choices, roster: TaskRows, complaints: Violations
    ) -> None:
        self._file, self._choices, self._roster = written.file, choices, roster
        self._complaints = complaints
        judge_order(written, complaints)
        table = [written.columns[name].to_pylist() for name in COLUMNS["job_splits.csv"]]
        self._rows: dict[str, list[Row]] = defaultdict(list)
        for row in zip(*table, strict=True):
            self._rows[row[0]].append(row)
        names = written.columns["vm"]
        found = pc.index_in(names, value_set=pa.array(roster.vm_names))
        codes = pc.fill_null(found, NOWHERE).to_numpy(zero_copy_only=False).astype(np.int64)
        self._code = dict(zip(names.to_pylist(), codes.tolist(), strict=True))
        self._called = self._names_of_vms(written) if len(written) else {}

    def splits(self) -> list[Split] | None:
        """Judge the rows and return the splits, best rank first.

        None where they cannot be followed.
        """
        sound = True
        splits = []
        for job, rows in sorted(self._rows.items()):
            wrong = list(self._wrong(job, rows))
            for kind, sentence in wrong:
                self._complaints.add(kind, f"{self._file}: job {job!r} {sentence}")
            sound = sound and not wrong
            if not wrong:
                splits.append(self._split(job, rows))
        names = [part.name for split in splits for part in split.parts]
        taken = sorted(
            {name for name in names if names.count(name) > 1} | (set(names) & set(self._jobs))
        )
        for name in taken:
            self._complaints.add(
                "parts with a name that is taken",
                f"{self._file}: part {name!r} is called like another job or part",
            )
        ranks = sorted(split.rank for split in splits)
        if sound and ranks != list(range(1, len(splits) + 1)):
            self._complaints.add(
                "wrong ranks", f"{self._file}: ranks are {ranks}, expected 1 to {len(splits)}"
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
            tasks = JobTasks(code, whole.vm[mine], whole.signature[mine], own)
            made.append(Unit(part.name, tasks, self._choices.offers_of(tasks, part.choice)))
        return [unit for unit in units if unit.name != split.job] + made

    @property
    def _jobs(self) -> list[str]:
        return self._choices.names

    def _split(self, job: str, rows: Sequence[Row]) -> Split:
        by_part: dict[int, list[Row]] = defaultdict(list)
        for row in rows:
            by_part[int(row[2])].append(row)
        parts = [
            Part(
                some[0][3],
                parse_choice(some[0][5]),
                np.array([self._code[row[6]] for row in some], dtype=np.int64),
            )
            for _, some in sorted(by_part.items())
        ]
        return Split(job, int(rows[0][1]), parts)

    def _wrong(self, job: str, rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with the rows of one job: its kind, and a sentence."""
        if job not in self._choices.code:
            yield "splits of no job", "is split, expected none: it has no row in job_proxies.csv"
            return
        if job in self._choices.wishes.keep:
            yield "splits against a wish", "is split, and [lists] keep names it"
        yield from self._wrong_vms(job, rows)
        ranks = {row[1] for row in rows}
        if len(ranks) > 1 or not _is_number(rows[0][1]):
            yield "splits with a wrong rank", f"has rank {', '.join(sorted(ranks))}, expected one"
        numbers = {row[2] for row in rows}
        wanted = {str(number) for number in range(1, len(numbers) + 1)}
        if len(numbers) < 2 or numbers != wanted:
            yield (
                "splits with wrong parts",
                f"has parts {', '.join(sorted(numbers))}, expected 1, 2 and so on",
            )
        for number in sorted(numbers):
            said = {row[3:6] for row in rows if row[2] == number}
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

    def _wrong_vms(self, job: str, rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
        pairs = self._choices.estate.job_vms
        code = self._choices.code[job]
        wanted = pairs["vm_code"].to_numpy()[pairs["job_code"].to_numpy() == code].tolist()
        names = self._roster.vm_names
        there = {names[vm].as_py() for vm in wanted}
        vms = [row[6] for row in rows]
        for vm in sorted(there - set(vms)):
            yield (
                "VMs that a split drops",
                f"has no row for vm {vm!r}, expected one: whoever splits it would lose the VM",
            )
        for vm in sorted(set(vms) - there):
            yield "VMs of no such job", f"has a row for vm {vm!r}, which it does not process"
        for vm in sorted({vm for vm in vms if vms.count(vm) > 1} if len(vms) > len(set(vms))
                         else ()):  # fmt: skip
            yield "VMs in two parts", f"has several rows for vm {vm!r}"
        for row in rows:
            called = self._called.get(row[6])
            if called is not None and row[7] not in called:
                yield (
                    "VMs with a wrong vm_name",
                    f"vm {row[6]!r} has vm_name {row[7]!r}, expected {called[0]!r}",
                )

    def _names_of_vms(self, written: PlanFiles) -> dict[str, tuple[str, ...]]:
        """Return what each VM of the file may be called.

        Its name, with its id where others have that name, too; without a name nothing, or the id.
        """
        names = self._choices.estate.vms["name"]
        shared = names.duplicated(keep=False).to_numpy()
        texts = names.to_numpy()
        called: dict[str, tuple[str, ...]] = {}
        for vm, code in self._code.items():
            if code != NOWHERE:
                name = str(texts[code] or "")
                one = f"{name} ({vm})" if shared[code] else name
                called[vm] = (one,) if name else ("", vm)
        return called


def _is_number(text: str) -> bool:
    return text.isdecimal() and str(int(text)) == text
