"""Judges the rows of job_splits.csv VM by VM: whoever follows them loses none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.estate import Estate
from optimizer.checker.plan_files import PlanFiles, judge_order
from optimizer.checker.tasks import NOWHERE
from optimizer.checker.violations import Violations
from optimizer.checker.vm_names import judge_names

Whole = NDArray[np.int64]


class PartRow(NamedTuple):
    """What the rows of a part of a split job have in common, word for word."""

    job: str
    rank: str
    part: str
    name: str
    choice: str
    proxies: str


@dataclass(frozen=True)
class SplitRows:
    """The rows of job_splits.csv, judged VM by VM.

    Each different `PartRow` of a job once, with its ``vms`` (codes). ``lossy`` are the jobs whose
    VMs are not all there once.
    """

    vms: Mapping[PartRow, Whole]
    lossy: frozenset[str]

    @property
    def by_job(self) -> dict[str, list[PartRow]]:
        """The distinct rows of each job."""
        found: dict[str, list[PartRow]] = defaultdict(list)
        for row in self.vms:
            found[row.job].append(row)
        return found


def judge_split_rows(
    estate: Estate,
    called: Any,
    written: PlanFiles,
    complaints: Violations,
    jobs: Iterable[str] = (),
) -> SplitRows:
    """Judge that each row of job_vms of a split job is there once, by the right name, in order.

    ``called`` is what people call each VM; ``jobs`` are split beside those that the file has.
    """
    ids = pa.array(estate.vms["vm"], pa.string())
    judge_order(written, complaints)
    judge_names(ids, called, written, complaints)
    cells = [written.columns[name].to_pylist() for name in PartRow._fields]
    rows: dict[PartRow, list[int]] = defaultdict(list)
    for place, row in enumerate(zip(*cells, strict=True)):
        rows[PartRow(*row)].append(place)
    found = pc.index_in(written.columns["vm"], value_set=ids)
    vm = pc.fill_null(found, NOWHERE).to_numpy(zero_copy_only=False).astype(np.int64)
    of_job: dict[str, list[int]] = defaultdict(list)
    for part, places in rows.items():
        of_job[part.job] += places
    lossy = set()
    for job in sorted(set(of_job).union(jobs)):
        wrong = list(_wrong_vms(estate, written, job, of_job[job], vm))
        for kind, sentence in wrong:
            complaints.add(kind, f"{written.file}: job {job!r} {sentence}")
        if wrong:
            lossy.add(job)
    return SplitRows({part: vm[places] for part, places in rows.items()}, frozenset(lossy))


def _wrong_vms(
    estate: Estate, written: PlanFiles, job: str, rows: Sequence[int], vm: Whole
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the VMs of one job: its kind, and a sentence."""
    codes = np.flatnonzero(estate.jobs["job"] == job)
    of_job = np.isin(estate.job_vms["job_code"].to_numpy(), codes)
    wanted, names = estate.job_vms["vm_code"].to_numpy()[of_job], estate.vms["vm"]
    for lost in sorted(names.iloc[np.setdiff1d(wanted, vm[rows])]):
        yield (
            "VMs that a split drops",
            f"has no row for vm {lost!r}, expected one: whoever splits it would lose the VM",
        )
    strange = np.array(rows, dtype=np.int64)[~np.isin(vm[rows], wanted)]
    for stray in sorted({written.text("vm", row) for row in strange.tolist()}):
        yield "VMs of no such job", f"has a row for vm {stray!r}, which it does not process"
    known, count = np.unique(vm[rows][vm[rows] != NOWHERE], return_counts=True)
    for twice in sorted(names.iloc[known[count > 1]]):
        yield "VMs in two parts", f"has several rows for vm {twice!r}"
