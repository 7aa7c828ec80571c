"""Listings of NetBox objects: from a server, page by page, or saved."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import urllib3
from urllib3.util import Url

from models.diagnostics import Finding
from models.imported_tables import SourceFile
from optimizer.files.json_shapes import TEXT, WHOLE, Shape, misfits
from optimizer.files.reading import parse_json
from optimizer.files.text_table import refuse_table
from optimizer.http_client import HttpsError, base_url, connect, exchange, parts_of
from optimizer.inputs.importers.spreadsheets import read_sheets, source_file

Item = Mapping[str, Any]
PAGED: Shape = {"next": TEXT, "count": WHOLE}
SAVE = "save the answer of /api/ipam/prefixes/?limit=0 as JSON"


@dataclass(frozen=True, slots=True)
class Listing:
    """Objects of one kind from one file or page.

    ``rest`` is where the others are, or ""; ``count`` is how many all pages have, 0 if not told.
    """

    source: SourceFile
    items: tuple[Item, ...]
    rest: str = ""
    count: int = 0
    findings: tuple[Finding, ...] = ()


def parse_listing(source: SourceFile, content: bytes) -> Listing:
    """Return the objects in an answer of the interface, or in a bare list of them.

    Raises EstateError where ``content`` is something else.
    """
    try:
        answer = parse_json(content)
    except ValueError as error:
        raise refuse_table(source.file, f"is not JSON: {error}", SAVE) from error
    rest = answer.get("next") if isinstance(answer, dict) else None
    items = answer.get("results") if isinstance(answer, dict) else answer
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise refuse_table(source.file, "is not a listing of NetBox's interface", SAVE)
    if isinstance(answer, dict) and (wrong := next(misfits(answer, PAGED), None)) is not None:
        raise refuse_table(source.file, wrong, SAVE)
    count = answer.get("count") if isinstance(answer, dict) else None
    return Listing(source, tuple(items), rest or "", count or 0)


def listing_text(item: Any, *path: str) -> str:
    """Return the text or whole number at ``path`` in nested objects, "" where there is none.

    >>> text({"site": {"id": 7, "name": " Oslo "}}, "site", "name")
    'Oslo'
    """
    for key in path:
        item = item.get(key) if isinstance(item, dict) else None
    fits = isinstance(item, (str, int)) and not isinstance(item, bool)
    return " ".join(str(item).split()) if fits else ""


PREFIXES = "api/ipam/prefixes/"
VMS = ("api/virtualization/virtual-machines/", "api/ipam/ip-addresses/")
PAGE = 1000
MOST_PAGES = 10_000
LARGEST_ANSWER = 64 << 20
LARGEST_IN_ALL = 512 << 20


def read_live_netbox(url: str, token: str, ca_file: Path | None, vms: bool) -> list[Listing]:
    """Return the pages of all prefixes, and with ``vms`` those of VMs and IP addresses.

    ``url`` is where NetBox is, as in ``https://netbox.example.com``; ``token`` goes to that host
    only. Raises HttpsError.
    """
    base = base_url(url, "NetBox", "https://netbox.example.com")
    if not token or not token.isascii() or not token.isprintable():
        raise HttpsError("NETBOX_TOKEN: set it to an API token of NetBox that may read prefixes")
    kind = "Bearer" if token.startswith("nbt_") else "Token"  # since 4.5, and before
    headers = {"Authorization": f"{kind} {token}", "Accept": "application/json"}
    paths = (PREFIXES, *(VMS if vms else ()))
    with connect(ca_file) as pool:
        return [listing for path in paths for listing in _pages(pool, f"{base}/{path}", headers)]


def _next_page(url: str, rest: str) -> str:
    """Return the address of the next page, "" after the last; only this host hears the token."""
    here, there = parts_of(url) or Url(), parts_of(rest) or Url()
    if rest and (here.scheme, here.host, here.port) != (there.scheme, there.host, there.port):
        remedy = "correct the server's proxy headers, or write --url as the server does"
        raise HttpsError(f"{url}: its next page is at {rest[:200]!r}; {remedy}")
    return there.url


def _pages(pool: urllib3.PoolManager, start: str, headers: Mapping[str, str]) -> Iterator[Listing]:
    """Yield page after page; each has to name a new one."""
    url = f"{start}?limit={PAGE}"
    met: set[str] = set()
    room = LARGEST_IN_ALL
    while url:
        if url in met or len(met) == MOST_PAGES:
            raise HttpsError(f"{url}: its pages have no end; ask the server's administrator")
        met.add(url)
        reply = exchange(pool, "GET", url, headers, most=min(room, LARGEST_ANSWER))
        if reply.status != 200:
            raise HttpsError(f"{url}: {_refusal(reply.status)}")
        room -= len(reply.content)
        page = SourceFile(url, hashlib.sha256(reply.content).hexdigest())
        listing = parse_listing(page, reply.content)
        yield listing
        url = _next_page(url, listing.rest)


def _refusal(status: int) -> str:
    if status in (401, 403):
        return f"answers {status}; check that NETBOX_TOKEN is valid and may read this"
    if 300 <= status < 400:
        return f"answers {status}, a redirection; write the address that it leads to"
    return f"answers {status}; check --url, or try again later"


LARGEST = 512 << 20
GLOBAL = "global"  # what the table view prints where there is no VRF
ASSUMED = {
    ("status",): "every prefix is taken as active",
    ("site", "scope"): "networks are at no site",
    ("vrf",): "all are in the global one",
    ("tenant",): "networks of one range are told apart by site or VRF",
}
DISTINGUISHER = r" \([\d.]+:\d+\)$"


def read_saved_netbox(path: Path, encoding: str | None) -> Listing:
    """Return the listing in a file; EstateError where it holds none."""
    if path.suffix.lower() != ".json":
        return _exported(path, encoding)
    source = source_file(path)
    size = path.stat().st_size
    if size > LARGEST:
        reason, remedy = f"is larger than {LARGEST >> 20} MiB", "save it in several pages"
        raise refuse_table(path.name, reason, remedy)
    return parse_listing(source, path.read_bytes())


def _exported(path: Path, encoding: str | None) -> Listing:
    """Return the prefixes of a CSV export as the interface would give them."""
    sheets = read_sheets(path, encoding)
    cells = sheets[0].cells if sheets else pd.DataFrame()
    cells = cells.rename(columns=lambda name: str(name).lower().replace("_", " "))
    if not {"prefix", "prefix (flat)"} & set(cells.columns):
        reason, remedy = "has no column 'prefix'", "export IPAM, Prefixes as CSV, or save JSON"
        raise refuse_table(path.name, reason, remedy, 1)
    rows = cells.to_dict("records")
    items = tuple(_item({str(name): str(cell) for name, cell in row.items()}) for row in rows)
    findings = list(sheets[0].findings)
    absent = [
        f"{names[0]} ({assumed})"
        for names, assumed in ASSUMED.items()
        if not set(names) & set(cells.columns)
    ]
    if absent:
        detail = f"has no column {', '.join(absent)}"
        findings.append(Finding("warning", "absent_columns", path.name, detail))
    return Listing(source_file(path), items, findings=tuple(findings))


def _item(row: Mapping[str, str]) -> Item:
    """Return a row as an object of the interface.

    The table view shows depth as bullets, a VRF with its route distinguisher, a scope's type as
    ``dcim.site`` or ``DCIM | site``.
    """
    vrf = row.get("vrf", "")
    scope = re.split(r"[.|] ?", row.get("scope type", "").lower())[-1].strip()
    return {
        "prefix": (row.get("prefix (flat)") or row.get("prefix", "")).lstrip("•· "),
        "status": {"value": row.get("status", "").lower()},
        "site": {"name": row.get("site", "")},
        "scope_type": f"dcim.{scope or 'site'}" if row.get("scope") else None,
        "scope": {"name": row.get("scope", "")},
        "vrf": None if vrf.lower() in ("", GLOBAL) else {
            "id": vrf, "name": re.sub(DISTINGUISHER, "", vrf, flags=re.ASCII),
        },
        "tenant": {"name": row.get("tenant", "")},
    }  # fmt: skip
