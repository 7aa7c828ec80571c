"""``gip report``: a plan as one page for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from optimizer.cli.options import estate_argument, reporting

if TYPE_CHECKING:
    from optimizer.output.report.texts import Language


@click.command(short_help="Write a plan as one page for people.")
@estate_argument
@click.argument("plan", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.html",
    help="The page; firewall.csv is written beside it.",
)  # fmt: skip
@click.option(
    "--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True,
    help="Language of the page.",
)  # fmt: skip
@reporting
def report(estate: Path, plan: Path, out: Path, lang: Language, quiet: bool, as_json: bool) -> None:
    """Write PLAN, an output folder of ESTATE, as one HTML file that works offline.

    It says how good the plan is, also against today and the product's own choice, where it
    hurts, who carries what, what fails with what, and what to change. firewall.csv, in the same
    folder, lists the ports to open. A sites.csv in ESTATE (site, latitude, longitude) makes its
    map a geographic one.

    \b
    Example:
      gip report data/branch-offices out --out out/report.html
    """
    from optimizer.cli.progress import progress
    from optimizer.output.console.plain import print_json, say
    from optimizer.output.report.report import FIREWALL, run_report

    if out.name == FIREWALL:
        raise click.BadParameter(
            f"{FIREWALL} is the list beside the page; name a .html file", param_hint="--out"
        )
    with progress(not quiet) as step:
        run_report(estate, plan, out, lang, step)
    written = [str(out), str(out.parent / FIREWALL)]
    if as_json:
        print_json({"files": written})
    elif not quiet:
        say(f"wrote {' and '.join(written)}")
