"""Works out networks from a list of addresses that marks each network's first and last one."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from models.errors import EstateError, Problem
from models.finding import Finding
from optimizer.imports.prefixes import Network, Prefix
from optimizer.imports.sheets import Sheet

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
    waiting: list[_Row] = []
    lost: list[_Row] = []
    for row in _rows(sheet):
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
        detail = f"of {len(lost)} addresses from this one on no network is known: left out"
        findings.append(Finding("warning", "unknown_prefix", str(lost[0].address), detail))


def _rows(sheet: Sheet) -> list[_Row]:
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
            line = sheet.first_row + place
            problems.append(Problem(sheet.file, line, "IP Address", address, reason, remedy))
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
