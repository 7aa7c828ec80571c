"""Reads networks from Infoblox: its CSV export, or a list of one network's addresses."""

from __future__ import annotations

import io
import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from models.diagnostics import Finding, InputProblem, counted
from models.errors import EstateError
from models.imported_tables import Inventory
from optimizer.files.reading import check_regular
from optimizer.files.text_table import refuse_table
from optimizer.inputs.importers.csv_dialects import (
    RowError,
    delimiter_of,
    in_utf8,
    marked_encoding,
    refuse_row,
    rows_of,
)
from optimizer.inputs.importers.ip_plan import (
    Network,
    Prefix,
    name_networks,
    networks_table,
    parse_prefix,
)
from optimizer.inputs.importers.spreadsheets import Sheet, read_sheets, source_file

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
    if _is_export(path, encoding):
        prefixes = _exported(path, encoding, findings)
        networks = name_networks(prefixes, findings)
    else:
        networks = name_networks(_listed(path, encoding, findings), findings)
    return Inventory({"networks": networks_table(networks)}, (source,), tuple(findings))


def _is_export(path: Path, encoding: str | None) -> bool:
    """Tell whether the first line is a ``header-`` row, but for one that names the delimiter."""
    check_regular(path)
    with path.open("rb") as file:
        start = file.read(256)
    with suppress(LookupError, ValueError):  # reading the file tells what is wrong with either
        text = start.decode(marked_encoding(start) or encoding or "utf-8", "ignore")
        lines = [*text.splitlines(), "", ""]
        header = lines[delimiter_of(lines[0])[1]]
        return header.lstrip('"').lower().startswith(HEADER)
    return False


def _listed(path: Path, encoding: str | None, findings: list[Finding]) -> Iterator[Prefix]:
    for sheet in read_sheets(path, encoding):
        if not {"IP Address", "Type"} <= set(sheet.cells.columns):
            reason = "has no columns 'IP Address' and 'Type', and is no CSV export either"
            remedy = (
                "export the networks as Infoblox CSV, or use `gip import table --into networks`"
            )
            raise refuse_table(sheet.file, reason, remedy, 1)
        yield from networks_of_list(sheet, findings)


def _exported(path: Path, encoding: str | None, findings: list[Finding]) -> Iterator[Prefix]:
    """Yield the networks and containers of a CSV export; EstateError lists what is wrong."""
    problems: list[InputProblem] = []
    headers: dict[str, list[str]] = {}
    for line, row in _rows(path, encoding, findings):
        kind = row[0].strip().lower() if row else ""
        if kind.startswith(HEADER):
            names = [name.strip(" *").lower() for name in row]
            headers[kind.removeprefix(HEADER)] = names
            if kind.removeprefix(HEADER) in NETWORKS:
                problems += _lacking(path.name, line, kind, names)
                findings += _unsaid_of(path.name, kind, names)
        elif kind in NETWORKS:
            cells = dict(zip(headers.get(kind, ()), map(str.strip, row), strict=False))
            prefix = _prefix(cells, "container" if kind in CONTAINERS else "active")
            if prefix is None:
                remedy = "export the networks again"
                reason = "has no address with a netmask or CIDR length"
                problems.append(InputProblem(path.name, line, None, ",".join(row), reason, remedy))
            else:
                yield prefix
    if problems:
        raise EstateError(problems)
    if headers.keys().isdisjoint(NETWORKS):
        reason = f"has no line {HEADER}network, so no networks"
        raise refuse_table(path.name, reason, "export the networks as Infoblox CSV")


def _lacking(file: str, line: int, kind: str, names: Sequence[str]) -> Iterator[InputProblem]:
    """Yield what the header of a kind of network lacks."""
    lacking = [] if "address" in names else ["address*"]
    lacking += [] if {"netmask", "cidr"} & set(names) else ["netmask* or cidr*"]
    if lacking:
        reason = f"has no column {', '.join(lacking)}"
        yield InputProblem(file, line, None, kind, reason, "export the networks again")


def _unsaid_of(file: str, kind: str, names: Sequence[str]) -> Iterator[Finding]:
    """Yield what the header of a kind of network leaves unsaid."""
    for name, meaning in (
        ("network_view", "its networks are taken as one view's"),
        ("EA-Site", "its networks are at no site"),
    ):
        if name.lower() not in names:
            detail = f"{kind} has no column {name}: {meaning}"
            yield Finding("info", "absent_columns", file, detail)


def _prefix(cells: Mapping[str, str], status: str) -> Prefix | None:
    """Return the network of a row: ``address`` and ``netmask``, or ``address`` and ``cidr``."""
    length = cells.get("netmask") or cells.get("cidr", "")
    cidr = parse_prefix(f"{cells.get('address', '')}/{length.lstrip('/')}") if length else None
    view = cells.get("network_view", "")
    view = "" if view.lower() == DEFAULT_VIEW else view
    site = cells.get("ea-site", "")
    return None if cidr is None else Prefix(cidr, site, vrf=view, space=view, status=status)


def _rows(
    path: Path, encoding: str | None, findings: list[Finding]
) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the rows, of unlike width, with their lines."""
    if path.stat().st_size > LARGEST:
        reason, remedy = f"is larger than {LARGEST >> 20} MiB", "export the networks only"
        raise refuse_table(path.name, reason, remedy)
    content = in_utf8(path.name, path.read_bytes(), encoding, findings)
    file = io.TextIOWrapper(io.BytesIO(content), "utf-8", newline="")
    sign, skipped = delimiter_of(file.readline())
    file.seek(0)
    try:
        yield from islice(rows_of(file, sign), skipped, None)
    except RowError as error:
        raise refuse_row(path.name, error) from error


FIRST, LAST = "network", "broadcast"
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class _Row:
    address: Address
    site: str
    first: bool
    last: bool


def networks_of_list(sheet: Sheet, findings: list[Finding]) -> Iterator[Prefix]:
    """Yield the networks of an address list, and tell in ``findings`` what stays unknown.

    The list has no prefix lengths, but the addresses of type Broadcast and Network. A network
    ends at its broadcast address; it begins at its network address where that is listed, and
    else is taken as the smallest that holds the addresses listed since the last network.
    """
    findings += [*sheet.findings, *_unsaid(sheet)]
    waiting: list[_Row] = []
    lost: list[_Row] = []
    for row in _list_rows(sheet):
        if row.first:
            lost += waiting
            waiting = []
        waiting.append(row)
        span = _span(waiting) if row.last else None
        if span is not None:
            cidr, certain = span
            lost += [held for held in waiting if held.address not in cidr]
            yield Prefix(cidr, next((held.site for held in waiting[::-1] if held.site), ""))
            if not certain:
                detail = "its prefix length is taken from the addresses listed in it; check it"
                findings.append(Finding("warning", "assumed_prefix", str(cidr), detail))
            waiting = []
    lost += waiting
    if lost:
        many = counted(len(lost), "address", "addresses")
        detail = f"{many} from this one on: left out, no network of theirs is known"
        findings.append(Finding("warning", "unknown_prefix", str(lost[0].address), detail))


def _unsaid(sheet: Sheet) -> list[Finding]:
    """Say that there are no sites, and that no row is the first or the last of a network."""
    findings = []
    if "Site" not in sheet.cells.columns:
        detail = "has no column Site: its networks are at no site"
        findings.append(Finding("info", "absent_columns", sheet.file, detail))
    words = [str(word) for word in sheet.cells["Type"].unique()]
    known = {part.strip().lower() for word in words for part in word.split(",")}
    if words and LAST not in known:
        some = ", ".join(map(repr, words[:5]))
        detail = f"Type: none of {some} is Broadcast, which ends a network"
        findings.append(Finding("warning", "unknown_value", sheet.file, detail))
    return findings


def _list_rows(sheet: Sheet) -> list[_Row]:
    """Return the rows in order of their addresses; EstateError for what is no address."""
    cells = sheet.cells
    sites = cells["Site"] if "Site" in cells.columns else [""] * len(cells)
    rows, problems = [], []
    for place, (address, kinds, site) in enumerate(
        zip(cells["IP Address"], cells["Type"], sites, strict=True)
    ):
        kind = {part.strip().lower() for part in str(kinds).split(",")}
        try:
            at = ipaddress.ip_address(str(address))
            rows.append(_Row(at, str(site), FIRST in kind, LAST in kind))
        except ValueError:
            reason, remedy = "is not an IP address", "export the list again"
            line = sheet.line(place)
            problems.append(InputProblem(sheet.file, line, "IP Address", address, reason, remedy))
    if problems:
        raise EstateError(problems)
    return sorted(rows, key=lambda row: (row.address.version, int(row.address), row.last))


def _span(rows: list[_Row]) -> tuple[Network, bool] | None:
    """Return the network that ends with the last of ``rows``, and whether it is sure.

    It is sure where its first address is marked, and where no larger one ends there. None where
    no other address tells how far it goes back.
    """
    last = rows[-1].address
    whole = int(last) ^ (int(last) + 1)  # ones where the largest network that ends here varies
    spread = [int(row.address) ^ int(last) for row in rows]
    size = max(bits.bit_length() for bits in spread if bits <= whole >> 1)
    marked = rows[0].first and spread[0] <= whole >> 1 and spread[0] & (spread[0] + 1) == 0
    if size == 0:
        return None
    cidr = ipaddress.ip_network((last, last.max_prefixlen - size), strict=False)
    return cidr, marked or size == (whole >> 1).bit_length()
