"""Writes a report: a page with the firewall's list beside it, and a workbook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.estate import Estate
from models.report_data import Report
from optimizer.files.atomic_folder import write_atomically
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.estate_folder.site_coordinates import read_sites
from optimizer.output.report.build import build_report
from optimizer.output.report.facts import build_facts
from optimizer.output.report.firewall import write_firewall
from optimizer.output.report.page import render
from optimizer.output.report.texts import Language
from optimizer.output.report.workbook import write_workbook

FIREWALL, PAGE = "firewall.csv", "report.html"


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Where to write a report: as a page, with `FIREWALL` beside it, and as a workbook."""

    page: Path | None = None
    workbook: Path | None = None

    @property
    def written(self) -> list[Path]:
        """Return every file that is written."""
        page = [] if self.page is None else [self.page, self.page.parent / FIREWALL]
        return page if self.workbook is None else [*page, self.workbook]


def run_report(
    estate_folder: Path,
    plan_folder: Path,
    files: ReportFiles,
    lang: Language,
    step: Callable[[str], None],
) -> Report:
    """Write the report of a plan; a page and the list beside it appear both or neither.

    Raises EstateError, PlanError where the plan is not one of the estate, and OutputError.
    """
    step("reading")
    sites = read_sites(estate_folder)
    return write_report(read_estate(estate_folder), plan_folder, sites, files, lang, step)


def write_report(
    estate: Estate,
    plan_folder: Path,
    sites: Mapping[str, tuple[float, float]],
    files: ReportFiles,
    lang: Language,
    step: Callable[[str], None],
) -> Report:
    """Write the same for an ``estate`` that is read already; ``sites`` says where sites are."""
    step("reading the plan")
    facts = build_facts(estate, plan_folder)
    report = build_report(facts, sites, step)
    if files.page is not None:
        step("page")
        page = render(report, lang)
        step("writing")
        with write_atomically(files.page.parent, last=files.page.name) as folder:
            write_firewall(report.rules, folder / FIREWALL)
            (folder / files.page.name).write_bytes(page)
    if files.workbook is not None:
        step("workbook")
        with write_atomically(files.workbook.parent, last=files.workbook.name) as folder:
            write_workbook(facts, report, lang, folder / files.workbook.name)
    return report
