"""Reads networks from Infoblox: its CSV export, or a list of one network's addresses."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from models.errors import EstateError, Problem
from models.finding import Finding
from models.inventory import Inventory
from optimizer.imports.delimited import rows_of
from optimizer.imports.infoblox_list import networks_of_list
from optimizer.imports.prefixes import Prefix, named, networks_table, parse
from optimizer.imports.sheets import read_sheets, source_file
from optimizer.sources.raw_table import refused

HEADER = "header-"
CONTAINERS = ("networkcontainer", "ipv6networkcontainer")
NETWORKS = ("network", "ipv6network", *CONTAINERS)
DEFAULT_VIEW = "default"
LARGEST = 512 << 20


def read_infoblox(path: Path, encoding: str | None) -> Inventory:
    """Return the networks in an export of Infoblox.

    Its CSV export gives each kind of object a ``header-`` row of its own; an address list has
    the column ``IP Address``. A network view other than the default one is a VRF, the extensible
    attribute ``Site`` is the site. Raises EstateError where the file is neither.
    """
    source = source_file(path)
    findings: list[Finding] = []
    if _is_export(path):
        networks = named(_exported(path, encoding or "utf-8-sig"), findings)
    else:
        networks = named(_listed(path, encoding, findings), findings)
    return Inventory({"networks": networks_table(networks)}, (source,), tuple(findings))


def _is_export(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(64)
    return start.removeprefix(b"\xef\xbb\xbf").lstrip(b'"').lower().startswith(HEADER.encode())


def _listed(path: Path, encoding: str | None, findings: list[Finding]) -> Iterator[Prefix]:
    for sheet in read_sheets(path, encoding):
        if not {"IP Address", "Type"} <= set(sheet.cells.columns):
            reason = "has no columns 'IP Address' and 'Type', and is no CSV export either"
            remedy = (
                "export the networks as Infoblox CSV, or use `gip import table --into networks`"
            )
            raise refused(sheet.file, reason, remedy, 1)
        yield from networks_of_list(sheet, findings)


def _exported(path: Path, encoding: str) -> Iterator[Prefix]:
    """Yield the networks and containers of a CSV export; EstateError lists what is wrong."""
    problems: list[Problem] = []
    headers: dict[str, list[str]] = {}
    for line, row in _rows(path, encoding):
        kind = row[0].strip().lower() if row else ""
        if kind.startswith(HEADER):
            headers[kind.removeprefix(HEADER)] = [name.strip(" *").lower() for name in row]
        elif kind in NETWORKS:
            cells = dict(zip(headers.get(kind, ()), map(str.strip, row), strict=False))
            prefix = _prefix(cells, "container" if kind in CONTAINERS else "active")
            if prefix is None:
                remedy = "export the networks again"
                reason = "has no address with a netmask or CIDR length"
                problems.append(Problem(path.name, line, None, ",".join(row), reason, remedy))
            else:
                yield prefix
    if problems:
        raise EstateError(problems)


def _prefix(cells: Mapping[str, str], status: str) -> Prefix | None:
    """Return the network of a row: ``address`` and ``netmask``, or ``address`` and ``cidr``."""
    length = cells.get("netmask") or cells.get("cidr", "")
    cidr = parse(f"{cells.get('address', '')}/{length.lstrip('/')}") if length else None
    view = cells.get("network_view", "")
    view = "" if view.lower() == DEFAULT_VIEW else view
    site = cells.get("ea-site", "")
    return None if cidr is None else Prefix(cidr, site, vrf=view, space=view, status=status)


def _rows(path: Path, encoding: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the rows, of unlike width, with their lines."""
    remedy = "name its encoding, as in --encoding cp932 (Japanese) or --encoding cp1252"
    line = 0
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"larger than {LARGEST >> 20} MiB")
        with path.open(encoding=encoding, newline="") as file:
            for line, row in rows_of(file, ","):
                yield line, row
    except (ValueError, LookupError, csv.Error) as error:
        raise refused(path.name, f"cannot be read: {error}", remedy, line + 1) from error
