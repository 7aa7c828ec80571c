"""Finds the tasks of an estate (S1, S5), and the rows of a plan's files for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.estate import Estate
from optimizer.checker.candidate_rules import (
    compute_guests,
    has_powershell_direct,
    is_windows,
)
from optimizer.checker.plan_files import PlanFiles, judge_order
from optimizer.checker.violations import Rows, Violations
from optimizer.checker.vm_names import compute_names

WINDOWS, OTHER, UNKNOWN = 0, 1, 2
NOWHERE = -1


@dataclass(frozen=True)
class TaskRows:
    """Every task of the estate, sorted by (job code, VM code); all arrays of shape (tasks,).

    Of all VMs ``vm_names`` has the ids, and ``called`` what people call them.
    ``network_set`` is the VM's, ``host_set`` its Hyper-V host's where PowerShell Direct is open
    to it (S11), else 0, the set without networks; ``guest`` what it asks of servers (`Guests`).
    ``row`` is the task's row in assignments.csv
    and ``left_out`` that in unassigned.csv, `NOWHERE` where it has none.
    """

    job_names: Sequence[str]
    vm_names: Any
    called: Any
    key: NDArray[np.int64]
    job: NDArray[np.int64]
    vm: NDArray[np.int64]
    kind: NDArray[np.int8]
    network_set: NDArray[np.int64]
    host_set: NDArray[np.int64]
    guest: NDArray[np.int64]
    row: Rows
    left_out: Rows

    def name(self, task: int) -> str:
        """Return a task as sentences name it."""
        job, vm = int(self.job[task]), int(self.vm[task])
        return f"job {self.job_names[job]!r}, vm {self.vm_names[vm].as_py()!r}"

    def find(self, key: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the task of each of ``key``s, `NOWHERE` where it is none."""
        if not len(self.key):
            return np.full(len(key), NOWHERE)
        place = np.minimum(np.searchsorted(self.key, key), len(self.key) - 1)
        return np.where(self.key[place] == key, place, NOWHERE)


def match_rows_to_tasks(
    estate: Estate,
    assignments: PlanFiles,
    unassigned: PlanFiles,
    complaints: Violations,
    shared: NDArray[np.bool_] | None = None,
) -> TaskRows:
    """Match rows with tasks; complain of rows that are no task, tasks without a row or with two.

    ``shared`` is as for `compute_names`.
    """
    roster = _tasks(estate, shared)
    both = (assignments, unassigned)
    rows = [np.full(len(roster.key), NOWHERE) for _ in both]
    seen = np.zeros(len(roster.key), dtype=np.int64)
    left_out = _tasks_of(estate, roster, unassigned, np.zeros(0, dtype=np.int64))
    others = np.ones(len(roster.key), dtype=np.bool_)
    others[left_out[left_out != NOWHERE]] = False
    found = (_tasks_of(estate, roster, assignments, np.flatnonzero(others)), left_out)
    for written, row, task in zip(both, rows, found, strict=True):
        judge_order(written, complaints)
        strangers = np.flatnonzero(task == NOWHERE)
        complaints.each("rows that are no task", strangers, _stranger(written))
        known = np.flatnonzero(task != NOWHERE)
        seen += np.bincount(task[known], minlength=len(seen))
        # Backwards, so that of two rows the first one stays.
        row[task[known[::-1]]] = known[::-1]
    complaints.each(
        "tasks without a row",
        np.flatnonzero(seen == 0),
        lambda task: f"{roster.name(task)}: a task, expected in {both[0].file} or {both[1].file}",
    )
    complaints.each(
        "tasks with more than one row",
        np.flatnonzero(seen > 1),
        lambda task: f"{roster.name(task)}: stands in {seen[task]} rows, expected one",
    )
    roster.row[:], roster.left_out[:] = rows
    return roster


def _tasks(estate: Estate, shared: NDArray[np.bool_] | None) -> TaskRows:
    jobs, vms = estate.jobs, estate.vms
    needs = jobs["application_aware"] | jobs["indexing"] | jobs["log_processing"]
    works = (jobs["enabled"] & needs).to_numpy(dtype=np.bool_)
    there = vms["available"].to_numpy(dtype=np.bool_)
    job = estate.job_vms["job_code"].to_numpy(dtype=np.int64)
    vm = estate.job_vms["vm_code"].to_numpy(dtype=np.int64)
    is_task = np.flatnonzero(works[job] & there[vm])
    key = job[is_task] * len(vms) + vm[is_task]
    order = np.argsort(key, kind="stable")  # at once where they are in order already
    key, job, vm = key[order], job[is_task[order]], vm[is_task[order]]
    # Kinds by distinct text of the operating system (S5).
    os = vms["os"].cat.codes.to_numpy()
    texts = vms["os"].cat.categories.tolist()
    kinds = np.array(
        [WINDOWS if is_windows(text) else OTHER if text else UNKNOWN for text in texts],
        dtype=np.int8,
    )
    guests = compute_guests(estate)
    host_sets = _host_sets(estate, _guests(texts)[os] & ~guests.gmsa[guests.of_vm])
    return TaskRows(
        estate.jobs["job"].tolist(),
        pa.array(vms["vm"], pa.string()),
        compute_names(estate, shared),
        key,
        job,
        vm,
        kinds[os][vm],
        vms["network_set"].to_numpy(dtype=np.int64)[vm],
        host_sets[vm],
        guests.of_vm[vm],
        np.full(len(key), NOWHERE),
        np.full(len(key), NOWHERE),
    )


def _guests(texts: list[str]) -> NDArray[np.bool_]:
    return np.array([has_powershell_direct(text) for text in texts], dtype=np.bool_)


def _host_sets(estate: Estate, guest: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the network set of each VM's host, 0 where S11 rules it out, shape (VMs,)."""
    vms = estate.vms
    host = vms["host_code"].to_numpy(dtype=np.int64)
    hosted = (vms["platform"] == "hyperv").to_numpy(dtype=np.bool_) & (host >= 0)
    new_enough = (vms["host_version"] >= 2016).to_numpy(dtype=np.bool_)
    host_set = estate.servers["network_set"].to_numpy(dtype=np.int64)[host]
    return np.where(guest & hosted & new_enough, host_set, 0)


def _tasks_of(
    estate: Estate, roster: TaskRows, written: PlanFiles, guess: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return each row's task, `NOWHERE` where it is none.

    Names are looked up only in rows that are not the task of the ``guess``.
    """
    codes = {name: code for code, name in enumerate(roster.job_names)}
    job, name = written.codes("job", codes.get), written.columns["vm"]
    task = np.full(len(written), NOWHERE)
    if len(guess) == len(written):
        same_vm = pc.equal(roster.vm_names.take(pa.array(roster.vm[guess])), name)
        right = same_vm.to_numpy(zero_copy_only=False) & (roster.job[guess] == job)
        task[right] = guess[right]
    rest = np.flatnonzero(task == NOWHERE)
    vm, job = _look_up(name.take(pa.array(rest)), roster.vm_names), job[rest]
    key = np.where((job >= 0) & (vm >= 0), job * len(estate.vms) + vm, NOWHERE)
    task[rest] = roster.find(key)
    return task


def _look_up(wanted: Any, names: Any) -> NDArray[np.int64]:
    """Return the place of each of ``wanted`` among ``names``, `NOWHERE` where it has none."""
    encoded = wanted.dictionary_encode()
    found = pc.fill_null(pc.index_in(names, encoded.dictionary), NOWHERE).to_numpy()
    place = np.full(len(encoded.dictionary), NOWHERE)
    place[found[found >= 0]] = np.flatnonzero(found >= 0)
    return np.asarray(place[encoded.indices.to_numpy()])


def _stranger(written: PlanFiles) -> Any:
    return lambda row: (
        f"{written.file}: job {written.text('job', row)!r}, vm {written.text('vm', row)!r} "
        "is not a task of the estate"
    )


class Today(NamedTuple):
    """The rows of current.csv that are tasks, and the task of each."""

    rows: pd.DataFrame
    task: NDArray[np.int64]


def today(estate: Estate, roster: TaskRows) -> Today:
    """Return what current.csv says of the tasks."""
    current = estate.current
    if current is None:
        nothing = pd.DataFrame({"proxy": [], "proxy_code": []})
        return Today(nothing, np.zeros(0, dtype=np.int64))
    job = current["job_code"].to_numpy(dtype=np.int64)
    vm = current["vm_code"].to_numpy(dtype=np.int64)
    task = roster.find(np.where((job >= 0) & (vm >= 0), job * len(estate.vms) + vm, NOWHERE))
    return Today(current[task != NOWHERE], task[task != NOWHERE])
