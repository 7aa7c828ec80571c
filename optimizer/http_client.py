"""Speaks HTTPS with a server: TLS verified, answers and waiting times bounded, no redirections."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import urllib3
from urllib3.exceptions import (
    HTTPError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.exceptions import TimeoutError as Late
from urllib3.util import Url, parse_url

from models.errors import WRONG_ARGUMENTS, GipError
from optimizer.files.reading import check_regular

LARGEST_ANSWER = 64 << 20
LONGEST_ANSWER = 300  # seconds
LONGEST_HEAD = 120  # seconds, for the connection, and for the headers of an answer
SLOW = "answers too slowly; try again later"
CONNECTIONS = 8
TIMEOUT = urllib3.Timeout(connect=10, read=60)
RETRY = urllib3.Retry(
    total=5,
    other=0,  # a certificate that is not trusted
    allowed_methods=None,  # all: what is put twice is the same, and so is a login
    backoff_factor=0.5,
    backoff_max=20,
    retry_after_max=60,
    status_forcelist=(429, 500, 502, 503, 504),
    raise_on_status=False,
)
ONCE = urllib3.Retry(total=0, raise_on_status=False)
REMEDY = "check --url, and --ca-file where the certificate is your own"


class HttpsError(GipError):
    """A server cannot be spoken with: the address, what happened, what to do; never a secret."""


class AddressError(HttpsError):
    """What was given as an address is none."""

    exit_code = WRONG_ARGUMENTS


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answers: its status and its body, as it was sent."""

    status: int
    content: bytes


class _Connection(urllib3.connection.HTTPSConnection):
    """A connection whose whole exchange, headers included, ends by a deadline.

    A read may take as long as its own limit allows, and a server that trickles makes many.
    """

    _twin: socket.socket | None = None  # stays the same while TLS takes the first one over

    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        self._twin = made.dup()
        return made

    def close(self) -> None:
        """Close the connection."""
        super().close()
        if self._twin is not None:
            self._twin.close()

    def connect(self) -> None:
        """Connect and shake hands, in time."""
        with self._deadline():
            super().connect()

    def getresponse(self) -> Any:
        """Return the answer once its headers are there, in time."""
        with self._deadline():
            return super().getresponse()

    @contextlib.contextmanager
    def _deadline(self) -> Iterator[None]:
        late = threading.Event()

        def cut() -> None:
            late.set()
            if self._twin is not None:  # whoever waits for the other gets its end
                with contextlib.suppress(OSError):
                    self._twin.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(LONGEST_HEAD, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (OSError, HTTPException, HTTPError):
            if not late.is_set():
                raise
        finally:
            timer.cancel()
        if late.is_set():  # the end that was made may look like the end of the headers
            raise HttpsError(f"https://{self.host}: {SLOW}")


class _Pool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Connection


def connect(ca_file: Path | None) -> urllib3.PoolManager:
    """Return connections that trust the system's authorities, or only those in ``ca_file``.

    Threads may share them. Raises HttpsError where ``ca_file`` is no PEM file.
    """
    try:
        if ca_file is not None:
            check_regular(ca_file)
        tls = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise HttpsError(f"--ca-file {ca_file}: {error}; give a PEM file") from error
    pool = urllib3.PoolManager(ssl_context=tls, maxsize=CONNECTIONS, block=True)
    pool.pool_classes_by_scheme = {"https": _Pool}
    return pool


def base_url(url: str, owner: str, example: str) -> str:
    """Return where a server is, without a slash at the end.

    Raises AddressError where ``url`` is no https address or holds a password; ``owner`` and
    ``example`` say what to write.
    """
    at = parts_of(url)
    if at is None or at.scheme != "https" or not at.host or at.auth is not None:
        raise AddressError(f"--url: write the address of {owner}, as in {example}")
    return f"https://{at.netloc}{(at.path or '').rstrip('/')}"


def parts_of(url: str) -> Url | None:
    """Return the parts of an address, None where it is none."""
    try:
        return parse_url(url)
    except LocationParseError:
        return None


def exchange(
    pool: urllib3.PoolManager,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
    most: int = LARGEST_ANSWER,
    retry: urllib3.Retry | None = None,
) -> Reply:
    """Return what the server answers, after as many tries as ``retry`` (RETRY) allows.

    A redirection is an answer like any other. Raises HttpsError where the server cannot be
    reached or trusted, cuts the connection, or answers more than ``most`` bytes or too slowly.
    """
    tries = RETRY if retry is None else retry
    deadline = time.monotonic() + LONGEST_ANSWER
    try:
        while True:
            answer = pool.request(
                method, url, body=body, headers=headers, preload_content=False, redirect=False,
                retries=tries, timeout=TIMEOUT,
            )  # fmt: skip
            try:
                return Reply(answer.status, _content(answer, url, most, deadline))
            except (ProtocolError, ReadTimeoutError) as error:  # cut amid the answer
                if time.monotonic() > deadline:
                    raise HttpsError(f"{url}: {SLOW}") from None
                tries = (answer.retries or tries).increment(method, url, error=error)
                tries.sleep()
    except HTTPError as error:
        # what a server sent instead of HTTP may repeat a secret: it goes no further
        raise HttpsError(f"{url}: {_reason(error)}; {REMEDY}") from None


def _content(answer: urllib3.BaseHTTPResponse, url: str, most: int, deadline: float) -> bytes:
    """Return the body of an answer, as it is sent: a few bytes cannot become gigabytes."""
    content = bytearray()
    try:
        while chunk := answer.read1(1 << 16, decode_content=False):
            content += chunk
            if len(content) > most:
                raise HttpsError(f"{url}: answers more than {most} bytes; ask its administrator")
            if time.monotonic() > deadline:
                raise HttpsError(f"{url}: {SLOW}")
        return bytes(content)
    except BaseException:
        answer.close()  # what is left of the answer is not waited for
        raise
    finally:
        answer.release_conn()


def _reason(error: HTTPError) -> str:
    cause = getattr(error, "reason", None) or error
    if isinstance(cause, SSLError):
        return str(cause)
    if isinstance(cause, NameResolutionError):
        return "no host has this name"
    if isinstance(cause, NewConnectionError):
        return "cannot be reached"
    if isinstance(cause, Late):
        return "does not answer in time"
    return "cuts the connection, or does not speak HTTP"
