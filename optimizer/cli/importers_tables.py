"""``gip import``: IP plans, veeam-healthcheck, Live Optics and any other table."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from models.schema import TABLES
from optimizer.cli.importer_options import encoding_option, finish_import, importer_options

PATH = click.Path(path_type=Path)
FILLED = [table.name for table in TABLES if table.key]


@click.command(short_help="Networks, and VMs, from NetBox.")
@click.argument("files", nargs=-1, type=PATH)
@click.option("--url", help="Read from this NetBox; its token is in NETBOX_TOKEN.")
@click.option("--ca-file", type=PATH, help="PEM file of the authority to trust with --url.")
@click.option("--vms", is_flag=True, help="With --url: import VMs, too, with names as ids.")
@importer_options
@encoding_option
def netbox(
    files: tuple[Path, ...], url: str | None, ca_file: Path | None, vms: bool,
    encoding: str | None, **to: Any,
) -> None:  # fmt: skip
    """Import networks and sites from NetBox: from FILES, or live with --url.

    FILES are answers of its interface saved as JSON (prefixes, and if wanted virtual machines and
    IP addresses), or its CSV export of prefixes. A network is named after its prefix, one in a VRF
    vrf/prefix; several of one name by their tenants, sites or VRFs, too. NetBox does not know the
    ids that other inventories give VMs, so its VMs have their names as ids.

    \b
    Example:
      gip import netbox prefixes.json virtual-machines.json --out my-estate
      gip import netbox --url https://netbox.example.com --out my-estate
    """
    if bool(files) == bool(url):
        raise click.UsageError("Give either FILES or --url.")
    if url is None and (vms or ca_file is not None):
        raise click.UsageError("--vms and --ca-file go with --url.")
    from optimizer.inputs.importers.netbox.reader import read_netbox
    from optimizer.inputs.importers.netbox.sources import read_live_netbox, read_saved_netbox

    def read(step: Any) -> list[Any]:
        if url is None:
            return [read_netbox([read_saved_netbox(path, encoding) for path in files])]
        token = os.environ.get("NETBOX_TOKEN", "")
        return [read_netbox(read_live_netbox(url, token, ca_file, vms))]

    finish_import(read, **to)


@click.command(short_help="Networks from Infoblox.")
@click.argument("file", type=PATH)
@importer_options
@encoding_option
def infoblox(file: Path, encoding: str | None, **to: Any) -> None:
    """Import networks from FILE, an Infoblox CSV export or its list of IP addresses.

    \b
    Example:
      gip import infoblox networks.csv --out my-estate
    """
    from optimizer.inputs.importers.infoblox import read_infoblox

    finish_import(lambda step: [read_infoblox(file, encoding)], **to)


@click.command(short_help="Servers and jobs from veeam-healthcheck.")
@click.argument("files", nargs=-1, required=True, type=PATH)
@importer_options
@encoding_option
def healthcheck(files: tuple[Path, ...], encoding: str | None, **to: Any) -> None:
    """Import servers with their roles, and jobs, from the CSV files of veeam-healthcheck.

    FILES are its folder, or single ones of *_Servers.csv, *_Jobs.csv, *_Proxies.csv,
    *_HvProxy.csv, *_Repositories.csv and *_SOBRExtents.csv.

    \b
    Example:
      gip import healthcheck vHC/Original/VBR-01 --out my-estate
    """
    from optimizer.inputs.importers.healthcheck.reader import read_healthcheck

    finish_import(lambda step: [read_healthcheck(files, encoding)], **to)


@click.command(short_help="VMs from Live Optics.")
@click.argument("file", type=PATH)
@importer_options
@encoding_option
def liveoptics(file: Path, encoding: str | None, **to: Any) -> None:
    """Import VMs from FILE, a Live Optics workbook or its sheet VMs as CSV.

    \b
    Example:
      gip import liveoptics LiveOptics_VMWARE.xlsx --out my-estate
    """
    from optimizer.inputs.importers.liveoptics import read_liveoptics

    finish_import(lambda step: [read_liveoptics(file, encoding)], **to)


@click.command(short_help="Rows from any table, column by column.")
@click.argument("file", type=PATH)
@click.option(
    "--into", required=True, type=click.Choice(FILLED), metavar="TABLE",
    help=f"The table of the estate that the rows are for, one of {', '.join(FILLED)}.",
)  # fmt: skip
@click.option(
    "--map", "mapping", required=True, multiple=True, metavar="COLUMN=FIELD",
    help="A column of FILE and the field that it fills; several columns may fill one list.",
)  # fmt: skip
@click.option(
    "--split", default="", metavar="CHARACTERS",
    help="Characters that separate the items of a list, besides ;.",
)  # fmt: skip
@click.option(
    "--value", "values", multiple=True, metavar="[FIELD:]OLD=NEW",
    help="Replace a cell, or an item of a list; with nothing after =, leave it out.",
)  # fmt: skip
@click.option(
    "--set", "constants", multiple=True, metavar="FIELD=VALUE",
    help="Give a field the same value in every row.",
)  # fmt: skip
@importer_options
@encoding_option
def table(
    file: Path, into: str, mapping: tuple[str, ...], split: str, values: tuple[str, ...],
    constants: tuple[str, ...], encoding: str | None, **to: Any,
) -> None:  # fmt: skip
    """Import rows from FILE, CSV or xlsx, whatever its columns are called.

    Two columns may fill cidr: the network and its mask.

    \b
    Example:
      gip import table vms.csv --into vms --map Id=vm --map Name=name
        --map IPAddress=networks --map GuestFullName=os --split ",;| "
        --out my-estate
      gip import table subnets.csv --into networks --map Name=network
        --map Subnet=cidr --map Mask=cidr --set site=hq --out my-estate
    """
    from optimizer.inputs.importers.generic_table import read_generic_table

    kind = next(kind for kind in TABLES if kind.name == into)
    finish_import(
        lambda step: [read_generic_table(file, kind, mapping, split, encoding, values, constants)],
        **to,
    )


KINDS = (netbox, infoblox, healthcheck, liveoptics, table)
