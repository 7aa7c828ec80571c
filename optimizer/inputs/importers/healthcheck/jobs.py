"""Reads veeam-healthcheck's jobs as rows of ``jobs.csv``; older versions lack six columns."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

from models.diagnostics import Finding
from optimizer.inputs.importers.closed_sets import FLAGS, read_closed
from optimizer.inputs.importers.csv_dialects import minute_of
from optimizer.inputs.importers.spreadsheets import Sheet, nameless

TYPES = {"backup": "backup", "replica": "replication"}
OTHER_TYPES = frozenset({  # of other jobs, as PowerShell calls them, in small letters
    "backupcopy", "backupsync", "copy", "simplebackupcopypolicy", "simplebackupcopyworker", "drv",
    "surebackup", "epagentbackup", "epagentpolicy", "epagentmanagement", "endpointbackup",
    "nasbackup", "nasbackupcopy", "filebackup", "filecopy", "vmcopy", "vmtapebackup",
    "filetapebackup", "sqllogbackup", "oraclelogbackup", "postgresqllogbackup", "cloud", "cdp",
    "cdpreplica", "objectstoragebackup", "sansnapshot",
})  # fmt: skip
NO_INDEXING = "none"
NEWER = ("AAIPEnabled", "GuestFSIndexingEnabled", "IsJobEnabled", "IsScheduleDisabled")
CLOCK = r"\d{1,2}:\d{2}:\d{2}(?: (?:AM|PM))?"


def jobs_table(sheet: Sheet, findings: list[Finding]) -> pd.DataFrame:
    """Return a row for each backup and replication job; "" is what cannot be read for sure.

    A job without a schedule of its own counts as not enabled. Duration, days, VMs and chosen
    proxies are not in this file.
    """
    findings += nameless(sheet, "Name")
    cells = sheet.cells.assign(
        **{
            name: read_closed(sheet, name, FLAGS, "taken as unknown", findings)
            for name in NEWER
            if name in sheet.cells.columns
        }
    )
    kinds = cells["JobType"].str.lower().map(TYPES).fillna("")
    jobs = cells[(kinds != "") & (cells["Name"] != "")]
    by_hand = _truth(jobs, "IsScheduleDisabled")
    table = pd.DataFrame({
        "job": jobs["Name"],
        "start": jobs["ScheduleOptions"].map(start_of).where(by_hand != "true", ""),
        "type": kinds[jobs.index],
        "enabled": _truth(jobs, "IsJobEnabled").where(by_hand != "true", "false"),
        "application_aware": _truth(jobs, "AAIPEnabled"),
        "indexing": _indexing(jobs),
    })  # fmt: skip
    again = table["job"].duplicated()
    findings += _report_unread(cells, kinds, table, again, by_hand)
    findings += _unread_times(sheet, jobs, table, by_hand)
    return table[~again].reset_index(drop=True).astype("str")


def _unread_times(
    sheet: Sheet, jobs: pd.DataFrame, table: pd.DataFrame, by_hand: pd.Series[str]
) -> Iterator[Finding]:
    """Quote what stands where no start could be read."""
    unread = (table["start"] == "") & (jobs["ScheduleOptions"] != "") & (by_hand != "true")
    for row in jobs.index[unread]:
        text = jobs.loc[row, "ScheduleOptions"]
        detail = f"ScheduleOptions: no single start can be read from {str(text)[:120]!r}"
        yield Finding("warning", "unknown_value", sheet.place(int(row)), detail)


def start_of(options: str) -> str:
    """Return when a job with these ``ScheduleOptions`` starts, as HH:MM, or "".

    They are texts like ``Start time: [1/15/2026 10:00:00 PM], Next run time: [...]``. The time is
    believed only where both name the same: for jobs that run every few hours, after another job
    or never, they do not.

    >>> start_of("Start time: [1/15/2026 10:00:00 PM], Next run time: [1/16/2026 10:00:00 PM]")
    '22:00'
    """
    start, following = _clock("Start time", options), _clock("Next run time", options)
    return start if start == following else ""


def _clock(label: str, options: str) -> str:
    pattern = rf"(?:^|, ?){label}: \[[\d./-]+ ({CLOCK})\]"
    found = re.search(pattern, options, re.ASCII | re.IGNORECASE)
    minute = minute_of(found[1]) if found else None
    return "" if minute is None else f"{minute // 60:02}:{minute % 60:02}"


def _truth(jobs: pd.DataFrame, column: str) -> pd.Series[str]:
    if column not in jobs.columns:
        return pd.Series("", index=jobs.index, dtype="str")
    return jobs[column]


def _indexing(jobs: pd.DataFrame) -> pd.Series[str]:
    """Return whether guest files are indexed; older versions tell only which would be."""
    if "GuestFSIndexingEnabled" in jobs.columns:
        return _truth(jobs, "GuestFSIndexingEnabled")
    none = jobs["IndexingType"].str.lower() == NO_INDEXING
    return none.map({True: "false", False: ""}).astype("str")


def _report_unread(
    cells: pd.DataFrame,
    kinds: pd.Series[str],
    table: pd.DataFrame,
    again: pd.Series[bool],
    by_hand: pd.Series[str],
) -> Iterator[Finding]:
    """Yield what was left out, and what this file does not say."""
    for kind, count in cells["JobType"][kinds == ""].value_counts(sort=False).items():
        if str(kind).lower() in OTHER_TYPES:
            detail = f"{count} of this type left out: not a backup or replication of VMs"
            yield Finding("info", "other_jobs", str(kind), detail)
        else:
            detail = f"{count} of this type, which is not known here, left out"
            yield Finding("warning", "unknown_job_type", str(kind) or "no type", detail)
    for name in table["job"][again]:
        yield Finding("warning", "repeated_job", name, "listed twice: the first one is taken")
    for name in table["job"][by_hand == "true"]:
        detail = "it has no schedule and is only started by hand: imported as not enabled"
        yield Finding("info", "job_by_hand", name, detail)
    lacking = [name for name in NEWER if name not in cells.columns]
    if lacking and len(table):
        detail = (
            f"this version of veeam-healthcheck does not write {', '.join(lacking)}; "
            "fill in enabled, application_aware and indexing yourself, or import from a newer one"
        )
        yield Finding("warning", "job_settings_unknown", "jobs", detail)
