"""Writes a report as an Excel workbook: week, jobs, splits, load by hour, findings, firewall.

Every name is written as text, never as a formula, a link or a number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from rich.cells import cell_len

from models.report_data import Report, WeekColumn
from optimizer.output.report.facts import ReportFacts
from optimizer.output.report.firewall import COLUMNS, firewall_rows
from optimizer.output.report.page import STORY, weekly
from optimizer.output.report.texts import Language, Texts

MOST_ROWS = 1_048_575  # of a sheet, below its header
LONGEST = 32_767  # characters of a cell
NARROWEST, WIDEST, MEASURED = 9, 60, 500
FULL, LINE = 52, 15  # characters of a wrapped line in the widest column, and its points
JOB_COLUMNS = ("col.job", "col.after", "col.gains", "col.before", "col.certainty")
SPLIT_COLUMNS = ("col.split", "col.rank", "col.part", "col.after", "col.vm", "col.name")
LOAD_COLUMNS = ("col.server", "col.site", "col.peak", "col.limit")
FINDING = ("severity", "code", "subject", "detail")
MADE = datetime(2020, 1, 1)  # always: the same report gives the same bytes
A4 = 9
PRINTED = 28  # columns on the width of one page: a day of hours
Cell = str | int | None
Row = Sequence[Cell]


class _Sheets:
    """The sheets of one workbook: each a table with a frozen header, a filter, and widths."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._head = book.add_format({"bold": True, "bg_color": "#DDE8EA", "border": 1})
        self._text = book.add_format({"text_wrap": True, "valign": "top"})
        self._number = book.add_format({"num_format": "#,##0", "valign": "top"})
        self._over = book.add_format({"bg_color": "#C2410C", "font_color": "#FFFFFF"})
        self._full = book.add_format({"bg_color": "#9AC6CA"})

    def add(
        self,
        name: str,
        header: Sequence[str],
        rows: Iterable[Row],
        frozen: int = 1,
        filtered: int | None = None,
    ) -> Any:
        """Add a sheet with a table, its first ``frozen`` columns always in view.

        The first ``filtered`` columns have a filter, or all of them; its arrow hides the end of a
        title that has no room for it.
        """
        sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, frozen)
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.repeat_rows(0)
        sheet.repeat_columns(0, frozen - 1)
        sheet.fit_to_pages(math.ceil(len(header) / PRINTED), 0)
        widths = [cell_len(title) + 3 for title in header]  # room for the filter's arrow
        for column, title in enumerate(header):
            sheet.write_string(0, column, title, self._head)
        last = 0
        for last, row in enumerate(rows, start=1):
            if last > MOST_ROWS:
                break
            # Not every program makes room for wrapped lines by itself.
            lines = max((math.ceil(cell_len(str(cell)) / FULL) for cell in row), default=1)
            if lines > 1:
                sheet.set_row(last, lines * LINE)
            for column, cell in enumerate(row):
                self._write(sheet, last, column, cell)
                if last <= MEASURED and cell is not None:
                    widths[column] = max(widths[column], cell_len(str(cell)) + 1)
        if columns := len(header) if filtered is None else filtered:
            sheet.autofilter(0, 0, min(last, MOST_ROWS), columns - 1)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, min(max(width, NARROWEST), WIDEST))
        return sheet

    def _write(self, sheet: Any, row: int, column: int, cell: Cell) -> None:
        if isinstance(cell, int):
            sheet.write_number(row, column, cell, self._number)
        elif cell:
            sheet.write_string(row, column, cell[:LONGEST], self._text)

    def colour_load(self, sheet: Any, rows: int, limit: str, first: int, last: int) -> None:
        """Colour the loads from column ``first`` to ``last`` beside the ``limit`` in its column."""
        start = xlsxwriter.utility.xl_rowcol_to_cell(1, first)
        for sign, colour in ((">", self._over), ("=", self._full)):
            criteria = f'=AND(${limit}2<>"",{start}{sign}${limit}2)'
            rule = {"type": "formula", "criteria": criteria, "format": colour}
            sheet.conditional_format(1, first, max(rows, 1), last, rule)
        sheet.set_column(first, last, 7)


def write_workbook(facts: ReportFacts, report: Report, lang: Language, path: Path) -> None:
    """Write ``report`` of ``facts`` to ``path``; the same report gives the same bytes.

    Rows beyond what a sheet holds are left out; the plan's CSV files have them all.
    """
    texts = Texts(lang)

    def text(key: str, **values: Any) -> str:
        return texts(key, **values).unescape()

    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        book.set_properties({"title": report.estate, "created": MADE})
        sheets = _Sheets(book)
        weeks = [*report.weeks, *report.other_weeks]
        names = [text(f"week.{week.week}") for week in weeks]
        summary = [report.estate or text("page.unnamed"), *names]
        sheets.add(text("sheet.summary"), summary, _summary(report, weeks, text), filtered=0)
        sheets.add(text("sheet.jobs"), [text(key) for key in JOB_COLUMNS], _jobs(report, texts))
        automatic = text("change.automatic")
        titles = [text(key) for key in SPLIT_COLUMNS]
        sheets.add(text("sheet.splits"), titles, _splits(facts, automatic))
        days = [text(f"day.{day}") for day in range(7)]
        hours = [f"{day} {hour:02}" for day in days for hour in range(24)]
        titles = [text(key) for key in LOAD_COLUMNS] + hours
        load = sheets.add(text("sheet.load"), titles, _load(report), 4, filtered=4)
        sheets.colour_load(load, len(report.servers), "D", 4, 3 + len(hours))
        sheets.add(text("sheet.findings"), FINDING, _findings(facts), frozen=2)
        sheets.add(text("sheet.firewall"), COLUMNS, firewall_rows(report.rules), frozen=2)


def _summary(report: Report, weeks: Sequence[WeekColumn], text: Any) -> Iterator[Row]:
    """Yield the figures of the nominal week, those of the worst one, and facts of the estate."""
    for figure in STORY:
        values = [getattr(week.nominal, figure) for week in weeks]
        yield [text(f"figure.{figure}"), *values]
    for figure in STORY:
        worst = [None if week.worst is None else getattr(week.worst, figure) for week in weeks]
        yield [f"{text(f'figure.{figure}')} ({text('sheet.worst')})", *worst]
    yield []
    yield [text("sheet.server"), report.backup_server]
    yield [text("sheet.vms"), report.vms]
    yield [text("sheet.tasks"), report.windows_tasks]
    yield [text("target.served"), report.assigned]
    yield [text("sheet.kept"), report.kept_jobs]
    yield []
    yield [text("sheet.aims"), text("sheet.these"), text("sheet.any")]
    for aim in report.week_aims:
        proven = text("good.no_lists") if aim.proven else None
        yield [text(f"week_aim.{aim.aim}"), aim.value, aim.bound, proven]
    yield []
    yield from ([name, version] for name, version in report.versions.items())


def _jobs(report: Report, texts: Texts) -> Iterator[Row]:
    automatic = texts("change.automatic").unescape()
    for job in report.jobs:
        gains = [texts.code("gain", aim, n=weekly(amount)).unescape() for aim, amount in job.gains]
        if job.leaves_site:
            gains.append(texts("change.leaves_site").unescape())
        after, before = ("; ".join(servers) or automatic for servers in (job.after, job.before))
        certainty = texts.code("certainty", job.certainty).unescape()
        yield [job.job, after, "; ".join(gains), before, certainty]


def _splits(facts: ReportFacts, automatic: str) -> Iterator[Row]:
    """Yield a row for each VM of each job to make."""
    for part in facts.parts:
        servers = "; ".join(part.servers) or automatic
        for vm, name in zip(part.ids, part.vms, strict=True):
            yield [part.job, part.rank, part.name, servers, vm, name]


def _load(report: Report) -> Iterator[Row]:
    for week in report.servers:
        yield [week.server, week.site, week.peak, week.limit, *week.hours]


def _findings(facts: ReportFacts) -> Iterator[Row]:
    """Yield the rows of findings.csv, warnings first."""
    columns = [facts.details.findings.columns[name].to_pylist() for name in FINDING]
    rows = zip(*columns, strict=True)
    yield from sorted(rows, key=lambda row: row[0] != "warning")
