"""Finds the tabs of RVTools exports and their columns, by name, in any of their forms.

Column names differ: `Primary IP Address` is `vInfoPrimaryIPAddress` with -DBColumnNames. So names
are compared without case, signs and the tab's name. Customers' own columns may stand anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from models.diagnostics import Finding, InputProblem, Severity, did_you_mean
from models.errors import EstateError
from optimizer.inputs.importers.closed_sets import read_closed
from optimizer.inputs.importers.csv_dialects import REMOVE_TITLE
from optimizer.inputs.importers.guest_networks import unreadable, without_nil
from optimizer.inputs.importers.rvtools.backup_notes import BACKUP_NOTE
from optimizer.inputs.importers.rvtools.columns import (
    ADDRESSES,
    CLOSED,
    EXAMPLES,
    FIELDS,
    FITS,
    MARKS,
    PLACES,
    PORT_GROUPS,
    SHEETS,
    TABS,
    WITHOUT,
    WITHOUT_NIC,
    plain_name,
)
from optimizer.inputs.importers.spreadsheets import Sheet, Step, read_sheets

BETWEEN = "\n"


@dataclass(frozen=True, slots=True)
class Tabs:
    """The rows of all vInfo tabs, and those of all vNetwork tabs.

    Columns are `FIELDS`, and ``addresses``, ``port_groups`` and ``notes`` on backups, several of
    them in lines, and ``where`` each stands. Blank rows are left out.
    """

    info: pd.DataFrame
    network: pd.DataFrame


def read_tabs(
    files: Sequence[Path], encoding: str | None, findings: list[Finding], step: Step
) -> Tabs:
    """Return the tabs in ``files``; another tab's file is told in ``findings``.

    Raises EstateError for a file that is no tab of RVTools, for a tab that lacks what it needs,
    and where none is vInfo or vNetwork.
    """
    rows: dict[str, list[pd.DataFrame]] = {tab: [] for tab in TABS}
    doubts: list[Finding] = []  # of VMs as vNetwork tells of them
    problems: list[InputProblem] = []
    for path in files:
        sheets = read_sheets(path, encoding, SHEETS, step)
        found = list(_tabs(sheets, problems))
        for tab, sheet in found:
            findings += sheet.findings
            of_vms = findings if tab == "vInfo" else doubts
            rows[tab].append(_rows(tab, sheet, findings, of_vms))
        if not found and _is_other_tab(path.stem):
            detail = "not read: only the tabs vInfo and vNetwork are"
            findings.append(Finding("info", "no_tab", path.name, detail))
        elif not found and not any(problem.file.startswith(path.name) for problem in problems):
            problems.append(_no_tab(path, sheets))
    if not problems and not any(rows.values()):
        reason, remedy = "holds neither of the tabs vInfo and vNetwork", "export them, too"
        problems = [InputProblem(path.name, None, None, None, reason, remedy) for path in files]
    if problems:
        raise EstateError(problems)
    findings += [] if any(map(len, rows["vInfo"])) else doubts
    empty = pd.DataFrame(
        columns=[*FIELDS, "addresses", "port_groups", "notes", "where"], dtype="str"
    )
    info, network = (
        pd.concat(rows[tab], ignore_index=True) if rows[tab] else empty for tab in TABS
    )
    return Tabs(info, network)


def _tabs(sheets: Sequence[Sheet], problems: list[InputProblem]) -> Iterator[tuple[str, Sheet]]:
    """Yield the sheets that are a tab: by columns that only it has, or by its name and columns.

    A sheet that has the name and not the columns is added to ``problems``.
    """
    for sheet in sheets:
        called = next((tab for tab in TABS if sheet.name.lower().endswith(tab.lower())), None)
        columns = {tab: {plain_name(tab, str(name)) for name in sheet.cells} for tab in TABS}
        like = [
            tab for tab, marks in MARKS.items() if "vm" in columns[tab] and marks & columns[tab]
        ]
        tab = called if called in like else next(iter(like), called)
        if tab is None:
            continue
        wanted = [
            names for names, there in (
                ("VM", "vm" in columns[tab]),
                (EXAMPLES[tab], columns[tab] & FITS[tab]),
            ) if not there
        ]  # fmt: skip
        if wanted:
            problems.append(_unfit(sheet, tab, wanted))
        else:
            yield tab, sheet


def _unfit(sheet: Sheet, tab: str, lacking: Sequence[str]) -> InputProblem:
    """Return why a sheet that is called after ``tab`` is not taken for it."""
    names = [str(name) for name in sheet.cells]
    alone = len(names) <= 1 < len(sheet.cells) + 1
    known = ["VM", *(name for name, _ in WITHOUT.values())]
    hints = [f"{name!r}{did_you_mean(name, known)}" for name in names]
    meant = [hint for hint in hints if "did you mean" in hint]
    if alone:
        remedy = REMOVE_TITLE
    elif "VM" in lacking and meant:
        remedy = f"was it renamed? {meant[0]}"
    else:
        some = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        remedy = f"was it renamed, or is it of another language or tab? its columns are {some}"
    where = sheet.file if sheet.name in sheet.file else f"{sheet.file}, sheet {sheet.name}"
    reason = f"has no column {' and no '.join(lacking)}, which {tab} needs"
    return InputProblem(where, sheet.lines[0], None, None, reason, remedy)


def _no_tab(path: Path, sheets: Sequence[Sheet]) -> InputProblem:
    if not sheets:
        reason, remedy = "has no sheet vInfo or vNetwork", "give an export of RVTools"
        return InputProblem(path.name, None, None, None, reason, remedy)
    names = ", ".join([str(name) for name in sheets[0].cells][:8])
    reason = f"is no tab of RVTools by its columns ({names})"
    remedy = "give vInfo and vNetwork, or use `gip import table --into vms`"
    return InputProblem(path.name, sheets[0].lines[0], None, None, reason, remedy)


def _is_other_tab(stem: str) -> bool:
    """Tell whether a file is called after a tab that is not read.

    >>> _is_other_tab("RVTools_tabvHost"), _is_other_tab("hosts")
    (True, False)
    """
    return re.search(r"tabd?v\w+$", stem, re.IGNORECASE) is not None


def _rows(tab: str, sheet: Sheet, findings: list[Finding], doubts: list[Finding]) -> pd.DataFrame:
    """Return the rows of a tab; ``doubts`` are findings that count where it tells of the VMs."""
    cells = sheet.cells
    names: dict[str, str] = {}
    for name in map(str, cells):
        names.setdefault(plain_name(tab, name), name)
    doubts += _lacking(tab, sheet, names)
    findings += _lacking_of_nics(sheet, names) if tab == "vNetwork" else ()
    told = {field: _first(cells, names, aliases) for field, aliases in FIELDS.items()}
    for field, (words, taken) in CLOSED.items():
        column = next((names[alias] for alias in FIELDS[field] if alias in names), None)
        if column is not None:
            told[field] = read_closed(sheet, column, words, taken, doubts)
    notes = [
        name for name in map(str, cells) if cells[name].str.contains("Job: [", regex=False).any()
    ]
    notes = [name for name in notes if cells[name].str.contains(BACKUP_NOTE).any()]
    told |= {field: without_nil(told[field]) for field in ("uuid", "number", "vcenter")}
    told["uuid"] = told["uuid"].str.lower().str.strip("{}")
    addresses = [names[name] for name in ADDRESSES[tab] if name in names]
    findings += unreadable(sheet, {name: cells[name] for name in addresses})
    told["addresses"] = _join_texts(cells, addresses)
    told["port_groups"] = _join_texts(
        cells, [names[name] for name in PORT_GROUPS[tab] if name in names]
    )
    told["notes"] = _join_texts(cells, notes)
    told["where"] = pd.Series([sheet.place(row) for row in range(len(cells))], cells.index, "str")
    blank = (cells == "").all(axis=1) if len(cells.columns) else pd.Series(True, cells.index)
    return pd.DataFrame(told)[~blank]


def _lacking(tab: str, sheet: Sheet, names: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what a tab does not tell, since it lacks the columns, and what is assumed instead."""
    known = {**FIELDS, "addresses": ADDRESSES["vInfo"]}
    lacking = {
        field: f"{column} ({without})"
        for field, (column, without) in WITHOUT.items()
        if not any(alias in names for alias in known[field])
        and (tab == "vInfo" or field != "addresses")
    }
    kinds: tuple[tuple[Severity, Set[str]], ...] = (
        ("warning", lacking.keys() - PLACES), ("info", PLACES),
    )  # fmt: skip
    for severity, fields in kinds:
        told = [text for field, text in lacking.items() if field in fields]
        if told:
            detail = f"has no column {', '.join(told)}"
            yield Finding(severity, "absent_columns", sheet.file, detail)


def _lacking_of_nics(sheet: Sheet, names: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what a vNetwork does not tell of where VMs are, since it lacks the columns."""
    absent = [
        f"{column} ({without})"
        for aliases, column, without in WITHOUT_NIC
        if not any(alias in names for alias in aliases)
    ]
    if absent:
        detail = f"has no column {', '.join(absent)}"
        yield Finding("warning", "absent_columns", sheet.file, detail)


def _first(cells: pd.DataFrame, names: Mapping[str, str], aliases: Sequence[str]) -> pd.Series[str]:
    """Return the cells of the first of several columns that has one, "" where none has."""
    found = pd.Series("", cells.index, dtype="str")
    for alias in aliases:
        if alias in names:
            found = found.where(found != "", cells[names[alias]])
    return found


def _join_texts(cells: pd.DataFrame, names: Sequence[str]) -> pd.Series[str]:
    texts = pd.Series("", cells.index, dtype="str")
    for name in names:
        texts = texts + BETWEEN + cells[name]
    return texts.str.strip(BETWEEN)
