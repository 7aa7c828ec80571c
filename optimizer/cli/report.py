"""``gip report``: a plan as one page for people, and as a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from optimizer.cli.options import estate_argument, reporting

if TYPE_CHECKING:
    from optimizer.output.report.texts import Language

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="Write a plan as one page for people, or as an Excel workbook.")
@estate_argument
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--out", type=FILE, metavar="FILE.html", help="The page; firewall.csv beside it.")
@click.option("--xlsx", type=FILE, metavar="FILE.xlsx", help="The workbook, no other file.")
@click.option(
    "--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True,
    help="Language of the page and the workbook.",
)  # fmt: skip
@click.option("--open", "opened", is_flag=True, help="Open it when it is written.")
@reporting
def report(
    estate: Path,
    plan: Path,
    out: Path | None,
    xlsx: Path | None,
    lang: Language,
    opened: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Write PLAN, an output folder of ESTATE, as one HTML file that works offline.

    It begins with what to do: today's week beside the one with the lists, with the splits, and the
    best possible, then what to select in which job. Then it says how good that is, which tasks
    have no server or one path only, how loaded each server is, and what each failure costs.
    firewall.csv, in the same folder, lists the ports to open. With a sites.csv in ESTATE (site,
    latitude, longitude) its map is a geographic one.

    With --xlsx an Excel workbook says what to change, load by hour, findings and ports.

    \b
    Example:
      gip report data/branch-offices out --out out/report.html --open
      gip report data/branch-offices out --xlsx report.xlsx
    """
    from optimizer.cli.progress import progress
    from optimizer.output.console.plain import print_json, say
    from optimizer.output.report.report import FIREWALL, ReportFiles, run_report

    if out is None and xlsx is None:
        raise click.UsageError("Say what to write: --out FILE.html, --xlsx FILE.xlsx, or both.")
    if out is not None and out.name == FIREWALL:
        raise click.BadParameter(
            f"{FIREWALL} is the list beside the page; name a .html file", param_hint="--out"
        )
    if xlsx is not None and xlsx.suffix.lower() != ".xlsx":
        raise click.BadParameter("Excel opens it only as FILE.xlsx", param_hint="--xlsx")
    files = ReportFiles(page=out, workbook=xlsx)
    with progress(not quiet) as step:
        run_report(estate, plan, files, lang, step)
    if as_json:
        print_json({"files": [str(path) for path in files.written]})
    elif not quiet:
        say(f"wrote {' and '.join(map(str, files.written))}")
    if opened:
        click.launch(str(files.written[0].resolve()))
