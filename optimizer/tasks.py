"""Finds the tasks of an estate (S1, S5) and what `current.csv` says of each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.estate import Estate
from models.finding import Finding
from models.plan import OTHER, UNKNOWN, WINDOWS, Tasks
from models.ruleset import is_windows

LISTED = 100


def tasks_of(estate: Estate) -> Tasks:
    """Return every task of ``estate``, sorted by job name and VM id in byte order."""
    jobs, vms = estate.jobs, estate.vms
    works = jobs["enabled"] & (
        jobs["application_aware"] | jobs["indexing"] | jobs["log_processing"]
    )
    job = estate.job_vms["job_code"].to_numpy()
    vm = estate.job_vms["vm_code"].to_numpy()
    is_task = works.to_numpy()[job] & vms["available"].to_numpy()[vm]
    job, vm = job[is_task], vm[is_task]
    order = np.lexsort((byte_rank(vms["vm"])[vm], byte_rank(jobs["job"])[job]))
    job, vm = job[order], vm[order]
    row = _current_rows(estate, job, vm)
    known = row >= 0
    current = np.full(len(job), -1, dtype=np.int32)
    previous = np.full(len(job), "", dtype=object)
    if estate.current is not None:
        current[known] = estate.current["proxy_code"].to_numpy()[row[known]]
        previous[known] = estate.current["proxy"].to_numpy(dtype=object)[row[known]]
    return Tasks(job, vm, _kinds(vms["os"])[vm], known, current, previous)


def byte_rank(names: pd.Series[Any]) -> NDArray[np.int64]:
    """Return each name's place among all ``names`` in byte order."""
    array = pa.array(names, pa.string())
    if len(array) < 2 or pc.all(pc.less(array[:-1], array[1:])).as_py():
        return np.arange(len(array))
    rank = np.empty(len(array), dtype=np.int64)
    rank[pc.array_sort_indices(array).to_numpy()] = np.arange(len(array))
    return rank


def _kinds(os: pd.Series[Any]) -> NDArray[np.int8]:
    codes, distinct = pd.factorize(os)
    kinds = [UNKNOWN if not text else WINDOWS if is_windows(text) else OTHER for text in distinct]
    return np.array(kinds, dtype=np.int8)[codes]


def _current_rows(estate: Estate, job: Any, vm: Any) -> NDArray[np.int64]:
    """Return the row of ``estate.current`` that speaks of each task, -1 where none does."""
    if estate.current is None or estate.current.empty or not len(job):
        return np.full(len(job), -1, dtype=np.int64)
    pairs = _pairs(estate, estate.current["job_code"], estate.current["vm_code"])
    known = np.flatnonzero(pairs >= 0)
    found = pd.Index(pairs[known]).get_indexer(pd.Index(_pairs(estate, job, vm)))
    return np.append(known, -1)[found]


def _pairs(estate: Estate, job: Any, vm: Any) -> NDArray[np.int64]:
    job, vm = np.asarray(job, dtype=np.int64), np.asarray(vm, dtype=np.int64)
    return np.where((job >= 0) & (vm >= 0), job * len(estate.vms) + vm, -1)


def stale_rows(estate: Estate, tasks: Tasks) -> list[Finding]:
    """Return a finding for each row of `current.csv` whose task or server is gone."""
    current = estate.current
    if current is None:
        return []
    pairs = _pairs(estate, current["job_code"], current["vm_code"])
    gone = ~np.isin(pairs, _pairs(estate, tasks.job, tasks.vm))
    serverless = ~gone & (current["proxy_code"].to_numpy() < 0)
    jobs, vms = estate.jobs["job"], estate.vms["vm"]
    findings = [
        Finding("info", "current_task_gone", f"row {row + 1}", "current: no such task any more")
        for row in np.flatnonzero(gone)[:LISTED].tolist()
    ] + [
        Finding(
            "warning",
            "current_server_gone",
            f"{jobs[current['job_code'][row]]}/{vms[current['vm_code'][row]]}",
            f"its server of today, {current['proxy'][row]}, is not in servers: counts as moved",
        )
        for row in np.flatnonzero(serverless)[:LISTED].tolist()
    ]
    for code, count in (("task", gone.sum()), ("server", serverless.sum())):
        if count > LISTED:
            detail = f"{count - LISTED} more rows of current are alike"
            findings.append(Finding("info", f"current_{code}_gone", "others", detail))
    return findings
