"""Reads of a plan's folder what only a report shows: reasons, findings, records, job lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import PlanError
from models.estate import Estate
from models.plan import AimResult, Tasks
from optimizer.sources.cells import items
from optimizer.sources.plan_folder import AGAIN, RECORD, plan_table, tasks_at, unreadable
from optimizer.sources.raw_table import RawTable

UNASSIGNED, FINDINGS, AGREEMENT = "unassigned.csv", "findings.csv", "job_agreement.csv"
BEFORE = "job_before.csv"
COUNTS = ("planned_runs", "on_planned_server", "in_planned_tier", "parts")


@dataclass(frozen=True, slots=True)
class Details:
    """What a plan's files say beside who serves whom.

    Per task ``reason`` is a code into ``reasons``, -1 where it is not in `unassigned.csv`.
    ``agreement`` has, for each job with planned runs, its `COUNTS`; ``before`` the servers, by
    name, that each job named when the plan was made, None where the folder does not tell.
    """

    reason: NDArray[np.int8]
    reasons: tuple[str, ...]
    findings: RawTable
    agreement: Mapping[str, tuple[int, ...]]
    before: Mapping[str, tuple[str, ...]] | None
    aims: tuple[AimResult, ...]
    versions: Mapping[str, str]
    inputs: Mapping[str, str]


def read_details(estate: Estate, tasks: Tasks, folder: Path) -> Details:
    """Return what the plan in ``folder`` says; PlanError where that cannot be read."""
    rows = plan_table(folder, UNASSIGNED, ("job", "vm", "reason"))
    reason = np.full(len(tasks), -1, dtype=np.int8)
    reason[tasks_at(estate, tasks, rows)] = rows.columns["reason"].indices.to_numpy()
    aims, versions, inputs = _record(folder / RECORD)
    agreement = plan_table(folder, AGREEMENT, ("job", *COUNTS))
    return Details(
        reason=reason,
        reasons=tuple(rows.columns["reason"].dictionary.to_pylist()),
        findings=plan_table(folder, FINDINGS, ("severity", "code", "subject", "detail")),
        agreement=_counts(agreement),
        before=_before(folder),
        aims=aims,
        versions=versions,
        inputs=inputs,
    )


def _record(path: Path) -> tuple[tuple[AimResult, ...], dict[str, str], dict[str, str]]:
    try:
        record: Any = json.loads(path.read_bytes())
        aims = tuple(AimResult(**aim) for aim in record["aims"])
        return aims, dict(record["tool"]), dict(record["inputs"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise unreadable(path, "it is not the record of a plan") from error


def _counts(rows: RawTable) -> dict[str, tuple[int, ...]]:
    columns = [rows.columns[name].to_pylist() for name in COUNTS]
    try:
        counts = [tuple(map(int, cells)) for cells in zip(*columns, strict=True)]
    except ValueError as error:
        raise PlanError(f"{rows.file}: {error}: is no count; {AGAIN}") from error
    return dict(zip(rows.columns["job"].to_pylist(), counts, strict=True))


def _before(folder: Path) -> dict[str, tuple[str, ...]] | None:
    if not (folder / BEFORE).exists():
        return None
    rows = plan_table(folder, BEFORE, ("job", "proxies"))
    lists = map(items, rows.columns["proxies"].to_pylist())
    return dict(zip(rows.columns["job"].to_pylist(), lists, strict=True))
