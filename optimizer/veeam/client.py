"""A session with a backup server: login, lists page by page, reading and writing."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3

from optimizer.files.reading import parse_json
from optimizer.http_client import ONCE, HttpsError, Reply, base_url, connect, exchange
from optimizer.veeam.api_errors import explain_refusal
from optimizer.veeam.api_revisions import NAMES, REVISIONS, Revision

EXAMPLE = "https://vbr.example.com:9419"
PAGE = 200
MOST_PAGES = 10_000
LARGEST_IN_ALL = 512 << 20
UNKNOWN_REVISION = (400, 404, 406, 415, 422)


@dataclass(frozen=True, slots=True)
class Answer:
    """A page of a list: where it was read, the bytes of it, and what it lists."""

    url: str
    content: bytes
    items: tuple[dict[str, Any], ...]


@contextlib.contextmanager
def login(
    url: str, user: str, password: str, revision: Revision | None, ca_file: Path | None
) -> Iterator[Session]:
    """Give a session with the backup server at ``url``, as in https://vbr.example.com:9419.

    Without a ``revision`` it is the newest that the server accepts. Raises HttpsError.
    """
    base = base_url(url, "the backup server", EXAMPLE)
    with connect(ca_file) as pool:
        session = Session(pool, base, user, password, revision or _newest(pool, base))
        session.renew(None)
        try:
            yield session
        finally:
            session.leave()


def _newest(pool: urllib3.PoolManager, base: str) -> Revision:
    """Return the newest revision in which the server tells the time, which takes no login."""
    url = f"{base}/api/v1/serverTime"
    for revision in reversed(REVISIONS):
        status = exchange(pool, "GET", url, {"x-api-version": revision.name}).status
        if status in (200, 401):
            return revision
        if status not in UNKNOWN_REVISION:
            raise HttpsError(f"{url}: {explain_refusal(status)}")
    raise HttpsError(f"{url}: accepts none of {', '.join(NAMES)}; check --url")


class Session:
    """A login that is valid, kept so; threads may share it.

    Paths are those below /api/v1/, as in ``jobs`` or ``backupInfrastructure/proxies``. All methods
    raise HttpsError, whose text holds no password and no token.
    """

    def __init__(
        self, pool: urllib3.PoolManager, base: str, user: str, password: str, revision: Revision
    ) -> None:
        self.base = base
        self.revision = revision
        self._pool = pool
        self._user = user
        self._secrets = {password}
        self._password = password
        self._token: str | None = None
        self._renewing = threading.Lock()

    def get(self, path: str, **query: str | int) -> bytes:
        """Return the bytes of an answer."""
        return self._ask("GET", self.url(path, **query))

    def put(self, path: str, body: bytes) -> bytes:
        """Replace what is at ``path`` by ``body``, JSON; return the bytes of the answer."""
        return self._ask("PUT", self.url(path), body)

    def pages(self, path: str, **query: str | int) -> Iterator[Answer]:
        """Yield a list page by page; pages that repeat or never end are refused."""
        met: set[str] = set()
        skip, room = 0, LARGEST_IN_ALL
        for _ in range(MOST_PAGES):
            url = self.url(path, **query, skip=skip, limit=PAGE)
            content = self._ask("GET", url)
            items, total = _listed(url, content)
            yield Answer(url, content, items)
            new = {str(item.get("id") or json.dumps(item)) for item in items} - met
            met |= new
            skip += len(items)
            room -= len(content)
            if not items or skip >= total:
                return
            if not new or room < 0:
                break
        raise HttpsError(f"{url}: its pages have no end; ask the server's administrator")

    def url(self, path: str, **query: str | int) -> str:
        """Return the address that a path and a query stand for."""
        return f"{self.base}/api/v1/{path}{'?' if query else ''}{urlencode(query)}"

    def renew(self, expired: str | None) -> None:
        """Log in, unless another thread has since ``expired``."""
        with self._renewing:
            if self._token != expired:
                return
            url = f"{self.base}/api/oauth2/token"
            form = {"grant_type": "password", "username": self._user, "password": self._password}
            reply = self._send("POST", url, urlencode(form).encode())
            if reply.status != 200:
                raise HttpsError(
                    f"{url}: {explain_refusal(reply.status, reply.content, self._secrets)}"
                )
            self._token = _token(url, reply.content)
            self._secrets.add(self._token)

    def leave(self) -> None:
        """Log out, if the server listens; else the token soon expires by itself."""
        with contextlib.suppress(HttpsError):
            self._send("POST", f"{self.base}/api/oauth2/logout", None, self._token, ONCE)

    def _ask(self, method: str, url: str, body: bytes | None = None) -> bytes:
        token = self._token
        reply = self._send(method, url, body, token)
        if reply.status == 401:
            self.renew(token)
            reply = self._send(method, url, body, self._token)
        if not 200 <= reply.status < 300:
            raise HttpsError(
                f"{url}: {explain_refusal(reply.status, reply.content, self._secrets)}"
            )
        return reply.content

    def _send(
        self, method: str, url: str, body: bytes | None, token: str | None = None,
        retry: urllib3.Retry | None = None,
    ) -> Reply:  # fmt: skip
        headers = {"x-api-version": self.revision.name, "Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            form = "application/x-www-form-urlencoded"
            headers["Content-Type"] = "application/json" if method == "PUT" else form
        return exchange(self._pool, method, url, headers, body, retry=retry)


def _listed(url: str, content: bytes) -> tuple[tuple[dict[str, Any], ...], int]:
    """Return what a page lists and how long the whole list is."""
    try:
        page = parse_json(content)
        items, total = page["data"], page["pagination"]["total"]
    except (ValueError, TypeError, KeyError, RecursionError):
        items, total = None, None
    if not (
        isinstance(items, list) and isinstance(total, int)
        and all(isinstance(item, dict) for item in items)
    ):  # fmt: skip
        raise HttpsError(f"{url}: answers something else than a list; check --url and --revision")
    return tuple(items), total


def _token(url: str, content: bytes) -> str:
    try:
        token = parse_json(content)["access_token"]
    except (ValueError, TypeError, KeyError, RecursionError):
        token = None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
        raise HttpsError(f"{url}: answers something else than a token; check --url") from None
    return token
