"""Reads listings from a NetBox server: TLS verified, answers and waiting times bounded."""

from __future__ import annotations

import hashlib
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import Url, parse_url

from models.errors import GipError
from models.inventory import SourceFile
from optimizer.imports.netbox_items import Listing, parse_listing

PREFIXES = "api/ipam/prefixes/"
VMS = ("api/virtualization/virtual-machines/", "api/ipam/ip-addresses/")
PAGE = 1000
MOST_PAGES = 10_000
LARGEST_ANSWER = 64 << 20
LARGEST_IN_ALL = 512 << 20
LONGEST_ANSWER = 300  # seconds
TIMEOUT = urllib3.Timeout(connect=10, read=60)
RETRY = urllib3.Retry(
    total=5,
    redirect=0,
    other=0,  # a certificate that is not trusted
    backoff_factor=0.5,
    backoff_max=20,
    retry_after_max=60,
    status_forcelist=(429, 500, 502, 503, 504),
    raise_on_status=False,
    raise_on_redirect=False,
)


class NetboxError(GipError):
    """The NetBox server cannot be read: the address, what happened, what to do."""


def read_live(url: str, token: str, ca_file: Path | None, vms: bool) -> list[Listing]:
    """Return the pages of all prefixes, and with ``vms`` those of VMs and IP addresses.

    ``url`` is where NetBox is, as in ``https://netbox.example.com``; ``token`` goes to that host
    only. Raises NetboxError.
    """
    at = _parsed(url)
    if at is None or at.scheme != "https" or not at.host or at.auth is not None:
        raise NetboxError("--url: write the address of NetBox, as in https://netbox.example.com")
    if not token or not token.isascii() or not token.isprintable():
        raise NetboxError("NETBOX_TOKEN: set it to an API token of NetBox that may read prefixes")
    kind = "Bearer" if token.startswith("nbt_") else "Token"  # since 4.5, and before
    headers = {"Authorization": f"{kind} {token}", "Accept": "application/json"}
    base = f"https://{at.netloc}{(at.path or '').rstrip('/')}/"
    paths = (PREFIXES, *(VMS if vms else ()))
    with urllib3.PoolManager(ssl_context=_tls(ca_file), headers=headers, retries=RETRY) as pool:
        return [listing for path in paths for listing in _pages(pool, base + path)]


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise NetboxError(f"--ca-file {ca_file}: {error}; give a PEM file") from error


def _parsed(url: str) -> Url | None:
    try:
        return parse_url(url)
    except LocationParseError:
        return None


def _next(url: str, rest: str) -> str:
    """Return the address of the next page, "" after the last; only this host hears the token."""
    here, there = _parsed(url) or Url(), _parsed(rest) or Url()
    if rest and (here.scheme, here.host, here.port) != (there.scheme, there.host, there.port):
        remedy = "correct the server's proxy headers, or write --url as the server does"
        raise NetboxError(f"{url}: its next page is at {rest[:200]!r}; {remedy}")
    return there.url


def _pages(pool: urllib3.PoolManager, start: str) -> Iterator[Listing]:
    """Yield page after page; each has to name a new one."""
    url = f"{start}?limit={PAGE}"
    met: set[str] = set()
    room = LARGEST_IN_ALL
    while url:
        if url in met or len(met) == MOST_PAGES:
            raise NetboxError(f"{url}: its pages have no end; ask the server's administrator")
        met.add(url)
        content = _get(pool, url, min(room, LARGEST_ANSWER))
        room -= len(content)
        listing = parse_listing(SourceFile(url, hashlib.sha256(content).hexdigest()), content)
        yield listing
        url = _next(url, listing.rest)


def _get(pool: urllib3.PoolManager, url: str, most: int) -> bytes:
    """Return the body of an answer, as it is sent: a few bytes cannot become gigabytes."""
    deadline = time.monotonic() + LONGEST_ANSWER
    try:
        answer = pool.request("GET", url, preload_content=False, timeout=TIMEOUT)
        try:
            if answer.status != 200:
                raise NetboxError(f"{url}: {_refusal(answer.status)}")
            content = bytearray()
            while piece := answer.read1(1 << 16, decode_content=False):
                content += piece
                if len(content) > most:
                    raise NetboxError(f"{url}: answers more than {most} bytes; save it as JSON")
                if time.monotonic() > deadline:
                    raise NetboxError(f"{url}: answers too slowly; try again later")
            return bytes(content)
        finally:
            answer.close()  # what is left of the answer is not waited for
    except HTTPError as error:
        reason = getattr(error, "reason", None) or error
        remedy = "check --url, and --ca-file where the certificate is your own"
        raise NetboxError(f"{url}: {reason}; {remedy}") from error


def _refusal(status: int) -> str:
    if status in (401, 403):
        return f"answers {status}; check that NETBOX_TOKEN is valid and may read this"
    if 300 <= status < 400:
        return f"answers {status}, a redirection; write the address that it leads to"
    return f"answers {status}; check --url, or try again later"
