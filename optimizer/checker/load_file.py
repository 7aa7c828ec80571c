"""Judges proxy_load.csv: the load of each server by span of the week."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd

from models.week import WEEK
from optimizer.checker.candidate_rules import why_no_candidate
from optimizer.checker.loads import Loads
from optimizer.checker.plan_files import PlanFiles
from optimizer.checker.timeline import clock
from optimizer.checker.violations import Violations

KEY = ["server", "from"]
FIGURES = ["to", "running_tasks", "planned_tasks", "max_tasks"]
NO_LIMIT = -1


def judge_proxy_load(loads: Loads, written: PlanFiles, complaints: Violations) -> None:
    """Complain of rows that are missing, too many, out of order, or wrong in a figure."""
    names = loads.estate.servers["server"].tolist()
    expected = _expected(loads, names)
    found = _found(written, names)
    if found.equals(expected):
        return
    both = expected.merge(found, how="outer", on=KEY, suffixes=("", " found"), indicator=True)
    pairs = zip(both["server"].tolist(), both["from"].tolist(), strict=True)
    where = [
        f"{written.file}: server {names[server] if server >= 0 else 'unknown'!r} at "
        f"{clock(minute) if minute >= 0 else 'an unreadable time'}"
        for server, minute in pairs
    ]
    complaints.each(
        "missing spans",
        np.flatnonzero(both["_merge"] == "left_only"),
        lambda row: f"{where[row]}: no row, expected {_figures(both, row)}",
    )
    complaints.each(
        "spans too many",
        np.flatnonzero(both["_merge"] == "right_only"),
        lambda row: f"{where[row]}: a row, expected none (no candidate, or nothing changes then)",
    )
    shared = both["_merge"] == "both"
    for name in FIGURES:
        complaints.each(
            f"spans with a wrong {name}",
            np.flatnonzero(shared & (both[name] != both[f"{name} found"])),
            _differing(where, both, name),
        )
    if found[KEY].duplicated().any():
        complaints.add("repeated spans", f"{written.file}: a server's span stands there twice")
    rows = found.merge(expected.reset_index()[[*KEY, "index"]], on=KEY)["index"]
    if not rows.is_monotonic_increasing:
        complaints.add(
            "unsorted files",
            f"{written.file}: rows are not sorted by server (byte order) and from",
        )


def _expected(loads: Loads, names: list[str]) -> pd.DataFrame:
    """Return the rows as they should be: server code, minutes, tasks."""
    refused = why_no_candidate(loads.estate)
    listed = [
        code
        for code in range(len(names))
        if not refused[code] or code == loads.estate.backup_server
    ]
    limits = loads.estate.servers["max_tasks"].tolist()
    parts = []
    for code in sorted(listed, key=lambda code: names[code]):
        running, planned = loads.baseline[code], loads.planned[code]
        changes = (np.diff(running) != 0) | (np.diff(planned) != 0)
        first = np.append(0, np.flatnonzero(changes) + 1)
        begin = loads.moments.minutes[first]
        end = np.append(begin[1:], WEEK) % WEEK
        most = np.full(len(first), limits[code])
        parts.append((np.full(len(first), code), begin, end, running[first], planned[first], most))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return pd.DataFrame(dict(zip((*KEY, *FIGURES), columns, strict=True)))


@cache
def _minutes() -> dict[str, int]:
    return {clock(minute): minute for minute in range(WEEK)}


def _found(written: PlanFiles, names: list[str]) -> pd.DataFrame:
    codes = {name: code for code, name in enumerate(names)}
    meanings = {"server": codes.get, "from": _minutes().get, "to": _minutes().get}
    columns = {name: written.codes(name, meanings.get(name, _number)) for name in (*KEY, *FIGURES)}
    limits = written.codes("max_tasks", lambda text: _number(text) if text else NO_LIMIT)
    return pd.DataFrame({**columns, "max_tasks": limits})


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and str(int(text)) == text else None


def _figure(name: str, value: float) -> str:
    if name == "to":
        return clock(int(value)) if value >= 0 else "unreadable"
    if name == "max_tasks" and value == NO_LIMIT:
        return "empty"
    return f"{value:.0f}" if value >= 0 else "unreadable"


def _differing(where: list[str], rows: pd.DataFrame, name: str) -> Callable[[int], str]:
    expected, found = rows[name].tolist(), rows[f"{name} found"].tolist()
    return lambda row: (
        f"{where[row]}: {name} is {_figure(name, found[row])}, "
        f"expected {_figure(name, expected[row])}"
    )


def _figures(rows: pd.DataFrame, row: int) -> str:
    return ", ".join(f"{name} {_figure(name, rows[name].tolist()[row])}" for name in FIGURES)
