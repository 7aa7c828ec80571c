"""Finds the tasks of an estate (S1, S5) and what `current.csv` says of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.diagnostics import Finding
from models.estate import Estate
from models.plan import OTHER, UNKNOWN, WINDOWS, Tasks
from models.ruleset import is_windows

LISTED = 100


def find_tasks(estate: Estate) -> Tasks:
    """Return every task of ``estate``, sorted by job name and VM id in byte order."""
    jobs, vms = estate.jobs, estate.vms
    works = needs_interaction(jobs)
    job = estate.job_vms["job_code"].to_numpy()
    vm = estate.job_vms["vm_code"].to_numpy()
    is_task = works[job] & vms["available"].to_numpy()[vm]
    job, vm = job[is_task], vm[is_task]
    # Sort by names, though codes follow the order of the files.
    rank = byte_rank(jobs["job"])[job] * len(vms) + byte_rank(vms["vm"])[vm]
    order = np.argsort(rank, kind="stable")  # which sees at once that most are in order already
    job, vm = job[order], vm[order]
    # Today's server of each task, by the row of `current` that names it.
    known = np.zeros(len(job), dtype=np.bool_)
    current = np.full(len(job), -1, dtype=np.int32)
    previous = np.full(len(job), "", dtype=object)
    if estate.current is not None:
        row = _positions(
            _pairs(estate, estate.current["job_code"], estate.current["vm_code"]),
            _pairs(estate, job, vm),
        )
        known = row >= 0
        current[known] = estate.current["proxy_code"].to_numpy()[row[known]]
        there, gone = current >= 0, known & (current < 0)
        previous[there] = estate.servers["server"].to_numpy(dtype=object)[current[there]]
        previous[gone] = estate.current["proxy"].iloc[row[gone]]
    once = np.broadcast_to(np.int64(1), len(job))  # which takes no room
    return Tasks(job, vm, classify_guests(vms["os"])[vm], known, current, previous, once)


def needs_interaction(jobs: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which jobs need guest interaction (S1): enabled, and processing inside of guests."""
    processing = jobs["application_aware"] | jobs["indexing"] | jobs["log_processing"]
    return np.asarray(jobs["enabled"] & processing, dtype=np.bool_)


def byte_rank(names: pd.Series[Any]) -> NDArray[np.int64]:
    """Return each name's place among all ``names`` in byte order."""
    array = pa.array(names, pa.string())
    if len(array) < 2 or pc.all(pc.less(array[:-1], array[1:])).as_py():
        return np.arange(len(array))
    rank = np.empty(len(array), dtype=np.int64)
    rank[pc.array_sort_indices(array).to_numpy()] = np.arange(len(array))
    return rank


def classify_guests(os: pd.Series[Any]) -> NDArray[np.int8]:
    """Return whether the guest of each VM is `WINDOWS`, `OTHER` or `UNKNOWN`."""
    texts = os.cat.categories
    kinds = [UNKNOWN if not text else WINDOWS if is_windows(text) else OTHER for text in texts]
    return np.array(kinds, dtype=np.int8)[os.cat.codes]


def _pairs(estate: Estate, job: Any, vm: Any) -> NDArray[np.int64]:
    """Return job and VM as one number, -1 where one of them is not known."""
    job, vm = np.asarray(job, dtype=np.int64), np.asarray(vm, dtype=np.int64)
    return np.where((job >= 0) & (vm >= 0), job * len(estate.vms) + vm, -1)


def _positions(pairs: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place in ``pairs`` of each of ``wanted``, -1 where there is none."""
    order = np.argsort(pairs, kind="stable")
    place = np.append(order, -1)[np.searchsorted(pairs, wanted, sorter=order)]
    return np.where(np.append(pairs, -1)[place] == wanted, place, -1)


def stale_rows(estate: Estate, tasks: Tasks) -> list[Finding]:
    """Return a finding for each row of `current.csv` whose task or server is gone."""
    current = estate.current
    if current is None:
        return []
    pairs = _pairs(estate, current["job_code"], current["vm_code"])
    gone = _positions(_pairs(estate, tasks.job, tasks.vm), pairs) < 0
    serverless = ~gone & (current["proxy_code"].to_numpy() < 0)
    jobs, vms = estate.jobs["job"], estate.vms["vm"]
    return stale_findings(
        [row + 1 for row in np.flatnonzero(gone)[:LISTED].tolist()],
        int(gone.sum()),
        [
            (jobs[current["job_code"][row]], vms[current["vm_code"][row]], current["proxy"][row])
            for row in np.flatnonzero(serverless)[:LISTED].tolist()
        ],
        int(serverless.sum()),
    )


def stale_findings(
    gone: Sequence[int], all_gone: int, serverless: Sequence[tuple[str, str, str]], all_of_it: int
) -> list[Finding]:
    """Return the findings of rows of `current.csv` that say nothing of today.

    ``gone`` has the numbers of the first rows without a task, of ``all_gone``; ``serverless`` job,
    VM and server of the first ones whose server is not there, of ``all_of_it``.
    """
    findings = [
        Finding("info", "current_task_gone", f"row {row}", "current.csv: no such task any more")
        for row in gone
    ] + [
        Finding(
            "warning",
            "current_server_gone",
            f"{job}/{vm}",
            f"its server of today, {proxy}, is not in servers.csv: it counts as moved",
        )
        for job, vm, proxy in serverless
    ]
    for code, count in (("task", all_gone), ("server", all_of_it)):
        if count > LISTED:
            detail = f"{count - LISTED} more rows of current.csv are like these"
            findings.append(Finding("info", f"current_{code}_gone", "others", detail))
    return findings
