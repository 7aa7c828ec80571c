"""Reads the CSV files of veeam-healthcheck: servers with their roles, and jobs.

Windows PowerShell writes them as ASCII, so that other letters have become question marks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from models.diagnostics import Finding, did_you_mean
from models.imported_tables import Inventory
from optimizer.files.text_table import refuse_table
from optimizer.inputs.importers.healthcheck.jobs import jobs_table
from optimizer.inputs.importers.healthcheck.servers import servers_table
from optimizer.inputs.importers.spreadsheets import Sheet, read_sheets, source_file

NEEDED = {
    "servers": ("Id", "Name", "Type", "IsUnavailable", "OSInfo"),
    "jobs": ("Name", "JobType", "ScheduleOptions", "IndexingType"),
    "proxies": ("HostId", "Host"),
    "hvproxy": ("HostId", "Host"),
    "repositories": ("HostId",),
    "sobrextents": ("HostId",),
}
KIND = re.compile(rf"(?:^|_)({'|'.join(NEEDED)})$", re.IGNORECASE)
GUARDED = r"^'(?=[=+\-@\t\r])"  # newer versions put it before what a spreadsheet would compute


def read_healthcheck(paths: Sequence[Path], encoding: str | None) -> Inventory:
    """Return servers and jobs of one backup server from files, or folders, of veeam-healthcheck.

    Read are ``_Servers``, ``_Jobs``, ``_Proxies``, ``_HvProxy``, ``_Repositories`` and
    ``_SOBRExtents``, whatever stands before the underscore. Raises EstateError where none is
    there, two are of one kind, or a column is missing.
    """
    files = _files(paths)
    sheets = {kind: _sheet(path, kind, encoding) for kind, path in files.items()}
    findings = [finding for sheet in sheets.values() for finding in sheet.findings]
    tables: dict[str, pd.DataFrame] = {}
    if "servers" in sheets:
        host = KIND.sub("", files["servers"].stem)
        tables["servers"] = servers_table(sheets, host, findings)
    if "jobs" in sheets:
        tables["jobs"] = jobs_table(sheets["jobs"], findings)
    for table, key in (("servers", "server"), ("jobs", "job")):
        if table in tables:
            findings += _lost_letters(table, tables[table][key])
    sources = tuple(source_file(path) for path in files.values())
    return Inventory(tables, sources, tuple(findings))


def _files(paths: Sequence[Path]) -> Mapping[str, Path]:
    """Return the file of each kind."""
    files: dict[str, Path] = {}
    for path in paths:
        for file in sorted(path.glob("*.csv")) if path.is_dir() else [path]:
            found = KIND.search(file.stem)
            kind = found[1].lower() if found else ""
            if kind in files:
                reason = f"is of the same kind as {files[kind].name}"
                raise refuse_table(file.name, reason, "import one backup server at a time")
            if kind:
                files[kind] = file
            elif file == path:
                raise refuse_table(
                    file.name, "is not read", "give *_Servers.csv, *_Jobs.csv, *_Proxies.csv"
                )
    if not files:
        reason = "holds no file of veeam-healthcheck"
        raise refuse_table(
            paths[0].name, reason, "give the folder with *_Servers.csv and *_Jobs.csv"
        )
    return files


def _sheet(path: Path, kind: str, encoding: str | None) -> Sheet:
    """Return the table in a file that has the columns which are needed."""
    (sheet,) = read_sheets(path, encoding)[:1] or [
        Sheet(path.name, path.stem, pd.DataFrame(), (1,))
    ]
    columns = [str(name) for name in sheet.cells.columns]
    lacking = [name for name in NEEDED[kind] if name not in columns]
    if lacking:
        hints = [hint for name in lacking if (hint := did_you_mean(name, columns))]
        reason, remedy = f"has no column {', '.join(lacking)}", "run veeam-healthcheck again"
        raise refuse_table(path.name, reason, f"{remedy}{''.join(hints[:1])}")
    return replace(sheet, cells=sheet.cells.replace(GUARDED, "", regex=True))


def _lost_letters(table: str, names: pd.Series[str]) -> list[Finding]:
    detail = (
        f"{table}.csv: the export may have lost letters to question marks; "
        "correct the name, or import from the backup server's own interface"
    )
    lost = names[names.str.contains("?", regex=False)]
    return [Finding("warning", "lost_letters", name, detail) for name in lost]
