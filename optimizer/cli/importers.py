"""``gip import``: inventories into an estate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from optimizer.cli.importer_options import encoding_option, finish_import, importer_options
from optimizer.cli.importers_tables import KINDS
from optimizer.cli.importers_veeam import veeam

PATH = click.Path(path_type=Path)


@click.group("import", short_help="Read inventories into an estate.")
def imports() -> None:
    """Read inventories into an estate's folder, each adding what it knows.

    Cells that are filled stay as they are, unless --replace is given. sources.csv in the folder
    lists what was read, missing.csv what a plan still lacks.

    \b
    Example:
      gip import rvtools export.xlsx --networks networks.csv --out my-estate
      gip import netbox prefixes.json --out my-estate
    """


@click.command(short_help="VMs, addresses and jobs from RVTools.")
@click.argument("files", nargs=-1, required=True, type=PATH)
@click.option(
    "--networks", type=PATH, metavar="FILE",
    help="The networks of the addresses: a networks.csv, or a CSV with cidr, site, vrf, name.",
)  # fmt: skip
@click.option(
    "--guess-prefix", type=click.IntRange(8, 32), metavar="N",
    help="Guess a network of N bits (/64 for IPv6) for addresses that are in no known one.",
)  # fmt: skip
@click.option("--templates", is_flag=True, help="Import templates, too.")
@click.option("--placeholders", is_flag=True, help="Import SRM placeholders, too.")
@click.option("--vcls", is_flag=True, help="Import vCLS VMs, too.")
@click.option("--powered-off", is_flag=True, help="Plan VMs that are not powered on, too.")
@importer_options
@encoding_option
def rvtools(
    files: tuple[Path, ...], networks: Path | None, guess_prefix: int | None, templates: bool,
    placeholders: bool, vcls: bool, powered_off: bool, encoding: str | None, **to: Any,
) -> None:  # fmt: skip
    """Import VMs from FILES, RVTools workbooks or the CSV files of single tabs.

    A VM gets one row, however many exports and vCenters list it. RVTools exports no prefix
    lengths: name the networks with --networks, or have them guessed with --guess-prefix. Where
    backup jobs leave a note at their VMs, the jobs and their VMs are imported, too.

    \b
    Example:
      gip import rvtools RVTools_export.xlsx --guess-prefix 24 --out my-estate
      gip import rvtools RVTools_tabvInfo.csv RVTools_tabvNetwork.csv
        --encoding cp932 --networks networks.csv --out my-estate
    """
    from optimizer.inputs.importers.rvtools.reader import Choice, read_rvtools

    choice = Choice(templates, placeholders, vcls, powered_off)
    there = to["out"] / "networks.csv"
    leave_out = to["leave_out"]
    finish_import(
        lambda step: [
            read_rvtools(files, networks, guess_prefix, choice, encoding, step, there, leave_out)
        ],
        **to,
    )


for kind in (rvtools, veeam, *KINDS):
    imports.add_command(kind)
