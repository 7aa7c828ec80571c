"""Compares two plans, or today and a plan: assignments, and the choices of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from models.diagnostics import InputProblem
from models.errors import EstateError, PlanError
from models.estate import Estate
from models.schema import CURRENT
from optimizer.files.replacement import recover
from optimizer.files.table_reader import read_table
from optimizer.files.text_table import items
from optimizer.inputs.plan_folder import ASSIGNMENTS, JOB_PROXIES, plan_table, tiers

SIDES = ("before", "after")
FLAGS = ["moved", "added", "removed", "tier_changed"]
OWN_WORK, NOT_SAID, NO_ROW = 0, -1, -2


@dataclass(frozen=True, slots=True)
class ChoiceDifference:
    """A job whose choice differs: servers in order of name, none for automatic selection.

    None on a side that has no row for it.
    """

    job: str
    before: tuple[str, ...] | None
    after: tuple[str, ...] | None


@dataclass(frozen=True)
class Difference:
    """Two assignments of planned tasks, one ``before`` the other.

    ``tasks`` has a row per task, by job and VM in byte order: ``before`` and ``after``, its proxy
    or "", ``tier_before`` and ``tier_after``, below 1 where not known, and the `FLAGS`; ``added``
    and ``removed`` have a proxy on one side only. ``sites`` gives servers their sites; None where
    nobody told them. ``choices`` are those of jobs that differ; None where a side has none.
    """

    tasks: pd.DataFrame
    sites: Mapping[str, str] | None
    choices: tuple[ChoiceDifference, ...] | None = None

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing differs."""
        return not any(self.totals.values()) and not self.choices

    @property
    def totals(self) -> dict[str, int]:
        """Return how many tasks moved, were added or removed, or changed their tier."""
        return {flag: int(self.tasks[flag].sum()) for flag in FLAGS}

    @property
    def jobs(self) -> pd.DataFrame:
        """Return the totals of each job that differs."""
        jobs = self.tasks.groupby("job")[FLAGS].sum()
        return jobs[jobs.any(axis=1)].reset_index()

    @property
    def moves(self) -> pd.DataFrame:
        """Return how many ``tasks`` of each job go from which server to which."""
        return _counted(self.tasks[self.tasks["moved"]], ["job", "before", "after"])

    @property
    def tiers(self) -> pd.DataFrame:
        """Return how many ``tasks`` go from which tier to which."""
        return _counted(self.tasks[self.tasks["tier_changed"]], ["tier_before", "tier_after"])

    @property
    def servers(self) -> pd.DataFrame:
        """Return each server's tasks ``before`` and ``after``, and how many leave and arrive."""
        before, after = (self.tasks[end].mask(self.tasks[end] == "") for end in SIDES)
        return _per("server", before, after)

    @property
    def by_site(self) -> pd.DataFrame | None:
        """Return the same of each site, "" for servers without one."""
        if self.sites is None:
            return None
        before, after = (self.tasks[end].map(self.sites) for end in SIDES)
        return _per("site", before, after)


def compare_assignments(before: Path, after: Path, estate: Estate | None = None) -> Difference:
    """Compare two assignments, each a plan's folder or a file like `current.csv`.

    What is the backup server's own work on either side is left out of it there. Raises
    PlanError and EstateError for what cannot be read.
    """
    names = [*CURRENT.key]
    tasks = _assignment(before).merge(
        _assignment(after), "outer", names, suffixes=("_before", "_after")
    )
    tiers = [tasks[f"tier_{end}"].fillna(NO_ROW).astype(int) for end in SIDES]
    # A task is planned on a side unless the other side calls it the backup server's own work.
    here, there = _planned(*tiers), _planned(*tiers[::-1])
    frame = pd.DataFrame(
        {
            **tasks[names],
            "before": tasks["proxy_before"].where(here, ""),
            "after": tasks["proxy_after"].where(there, ""),
            "tier_before": tiers[0],
            "tier_after": tiers[1],
        }
    )
    both = here & there
    frame["moved"] = both & (frame["before"] != frame["after"])
    frame["added"], frame["removed"] = there & ~here, here & ~there
    frame["tier_changed"] = both & (tiers[0] > 0) & (tiers[1] > 0) & (tiers[0] != tiers[1])
    sites = None if estate is None else _sites(estate)
    return Difference(frame[here | there], sites, _compare_choices(before, after))


def _compare_choices(before: Path, after: Path) -> tuple[ChoiceDifference, ...] | None:
    """Return the jobs whose choice differs, in order of name; None unless both sides have some."""
    choices = [_choices(path) for path in (before, after) if (path / JOB_PROXIES).exists()]
    if len(choices) < len(SIDES):
        return None
    here, there = choices
    return tuple(
        ChoiceDifference(job, here.get(job), there.get(job))
        for job in sorted(here.keys() | there.keys(), key=str.encode)
        if here.get(job) != there.get(job)
    )


def _choices(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the servers of each job in a plan's folder, whether to be set or kept."""
    rows = plan_table(folder, JOB_PROXIES, ("job", "proxies"))
    pairs = zip(*(rows.columns[name].to_pylist() for name in ("job", "proxies")), strict=True)
    return {job: tuple(sorted(items(cell), key=str.encode)) for job, cell in pairs}


def _planned(tier: Any, other: Any) -> Any:
    """Tell which tasks are planned on a side with ``tier``, given the ``other`` side's."""
    return (tier > 0) | ((tier == NOT_SAID) & (other != OWN_WORK))


def _assignment(path: Path) -> pd.DataFrame:
    """Return job, vm, proxy and tier of a plan's folder or a table like `current.csv`."""
    names = [column.name for column in CURRENT.columns]
    if path.is_dir():
        rows = plan_table(path, ASSIGNMENTS)
        tier = tiers(rows)
    else:
        recover(path.parent)
        rows = read_table(path, names)
        absent = [name for name in names if name not in rows.columns]
        problems = [*rows.problems] + [
            InputProblem(
                rows.file, 1, None, None, f"has no column {name!r}", "add it, or name a plan"
            )
            for name in absent
        ]
        if problems:
            raise EstateError(problems)
        tier = np.full(len(rows), NOT_SAID, dtype=np.int8)
    texts = {name: rows.columns[name].cast(pa.string()) for name in names}
    frame = pd.DataFrame({name: pd.Series(cells, dtype="str") for name, cells in texts.items()})
    again = np.flatnonzero(frame.duplicated([*CURRENT.key]))
    if len(again):
        (line,), row = rows.lines([int(again[0])]), frame.iloc[again[0]]
        raise PlanError(
            f"{path}:{line}: job {row['job']!r}, vm {row['vm']!r} is there already; keep one row"
        )
    return frame.assign(tier=tier)


def _sites(estate: Estate) -> dict[str, str]:
    """Return each server's sites, by name, as one text."""
    site = estate.networks["site"].tolist()
    names = [sorted({site[n] for n in networks} - {""}) for networks in estate.network_sets]
    servers = estate.servers
    return {
        name: ";".join(names[number])
        for name, number in zip(servers["server"], servers["network_set"], strict=True)
    }


def _counted(tasks: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    return tasks.groupby(by).size().reset_index(name="tasks")


def _per(name: str, before: pd.Series[str], after: pd.Series[str]) -> pd.DataFrame:
    """Return the tasks of each text before and after, of those that differ as well."""
    differs = before != after
    columns = {
        "before": before, "after": after, "leave": before[differs], "arrive": after[differs],
    }  # fmt: skip
    counts = pd.DataFrame({key: cells.value_counts() for key, cells in columns.items()})
    return counts.fillna(0).astype(int).rename_axis(name).sort_index().reset_index()
