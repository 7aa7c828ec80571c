"""Writes a report: an estate and a plan in, a page and firewall.csv out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

FIREWALL, PAGE = "firewall.csv", "report.html"


def run_report(
    estate_folder: Path, plan_folder: Path, out: Path, lang: Language, step: Callable[[str], None]
) -> Report:
    """Write the report of a plan to the file ``out``, and `FIREWALL` beside it, both or neither.

    Raises EstateError, PlanError where the plan is not one of the estate, and OutputError.
    """
    step("reading")
    sites = read_sites(estate_folder)
    return write_report(read_estate(estate_folder), plan_folder, sites, out, lang, step)


def write_report(
    estate: Estate,
    plan_folder: Path,
    sites: Mapping[str, tuple[float, float]],
    out: Path,
    lang: Language,
    step: Callable[[str], None],
) -> Report:
    """Write the same for an ``estate`` that is read already; ``sites`` says where sites are."""
    step("reading the plan")
    report = build_report(build_facts(estate, plan_folder), sites, step)
    step("page")
    page = render(report, lang)
    step("writing")
    with write_atomically(out.parent, last=out.name) as folder:
        write_firewall(report.rules, folder / FIREWALL)
        (folder / out.name).write_bytes(page)
    return report
