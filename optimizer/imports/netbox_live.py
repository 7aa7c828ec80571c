"""Reads listings from a NetBox server, page by page."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import urllib3
from urllib3.util import Url

from models.inventory import SourceFile
from optimizer.https import HttpsError, base_of, connect, exchange, parsed
from optimizer.imports.netbox_items import Listing, parse_listing

PREFIXES = "api/ipam/prefixes/"
VMS = ("api/virtualization/virtual-machines/", "api/ipam/ip-addresses/")
PAGE = 1000
MOST_PAGES = 10_000
LARGEST_ANSWER = 64 << 20
LARGEST_IN_ALL = 512 << 20


def read_live(url: str, token: str, ca_file: Path | None, vms: bool) -> list[Listing]:
    """Return the pages of all prefixes, and with ``vms`` those of VMs and IP addresses.

    ``url`` is where NetBox is, as in ``https://netbox.example.com``; ``token`` goes to that host
    only. Raises HttpsError.
    """
    base = base_of(url, "NetBox", "https://netbox.example.com")
    if not token or not token.isascii() or not token.isprintable():
        raise HttpsError("NETBOX_TOKEN: set it to an API token of NetBox that may read prefixes")
    kind = "Bearer" if token.startswith("nbt_") else "Token"  # since 4.5, and before
    headers = {"Authorization": f"{kind} {token}", "Accept": "application/json"}
    paths = (PREFIXES, *(VMS if vms else ()))
    with connect(ca_file) as pool:
        return [listing for path in paths for listing in _pages(pool, f"{base}/{path}", headers)]


def _next(url: str, rest: str) -> str:
    """Return the address of the next page, "" after the last; only this host hears the token."""
    here, there = parsed(url) or Url(), parsed(rest) or Url()
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
        url = _next(url, listing.rest)


def _refusal(status: int) -> str:
    if status in (401, 403):
        return f"answers {status}; check that NETBOX_TOKEN is valid and may read this"
    if 300 <= status < 400:
        return f"answers {status}, a redirection; write the address that it leads to"
    return f"answers {status}; check --url, or try again later"
