"""A backup server on loopback, with its own certificate, for one revision of the interface.

It keeps jobs as the bytes that it was given, lists what it is told to, wants the right revision
and a token that is valid, and can be told to misbehave. What it sends and receives is judged by
the vendor's schemas where they are there: ``complaints`` has to stay empty.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import trustme
from veeam_schemas import complaints

USER, PASSWORD = "CORP\\backup", 'Pä$$w0rd & <more>+%"'
TOKEN = "eyJhbGciOiJSUzUxMiJ9.token-that-nobody-may-see-"  # noqa: S105
API = "/api/v1/"
LISTS = {
    "jobs": "JobsResult",
    "sessions": "SessionsResult",
    "backupInfrastructure/managedServers": "ManagedServersResult",
    "backupInfrastructure/proxies": "ProxiesResult",
    "backupInfrastructure/repositories": "RepositoriesResult",
    "backupInfrastructure/wanAccelerators": "WANAcceleratorsResult",
}
DOCUMENTS = {
    r"serverInfo": "ServerInfoModel",
    r"license": "InstalledLicenseModel",
    r"taskSessions/[^/]+/logs": "SessionLogResult",
    r"sessions/[^/]+/logs": "SessionLogResult",
}
NOT_IN_V11 = re.compile("license|backupInfrastructure/wanAccelerators|.*[tT]askSessions.*")


@dataclass
class Fault:
    """How to treat the next ``times`` requests by ``method`` whose path matches ``path``.

    ``kind`` is one of ``status`` (answer ``status`` with ``headers`` and ``body``), ``expire``
    (the token is no longer valid), ``cut before`` and ``cut after`` acting on the request,
    ``cut amid`` the answer, ``endless``, ``wait`` (act, set ``waiting``, answer when ``released``),
    ``call`` (do ``action``, then answer as usual), ``echo`` (``status``, and a body that repeats
    the secrets of the request).
    """

    kind: str
    path: str = ""
    method: str = "GET"
    times: int = 1
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    action: Callable[[], None] = lambda: None
    waiting: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


@dataclass
class VeeamServer:
    """What the server holds, and what it was asked.

    ``jobs`` gives ids bodies; ``lists`` paths items (those of LISTS, and
    ``sessions/ID/taskSessions``); ``documents`` paths documents (serverInfo, license,
    ``taskSessions/ID/logs``). ``rewrite`` is what it makes of a body that it stores.
    """

    revision: str
    url: str = ""
    ca_file: Path = Path()
    jobs: dict[str, bytes] = field(default_factory=dict)
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)
    rewrite: Callable[[bytes], bytes] = lambda body: body
    page: int = 200
    faults: list[Fault] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    logins: int = 0
    tokens: set[str] = field(default_factory=set)

    def add_job(self, job: dict[str, Any], indent: int | None = None) -> str:
        """Keep a job, written as JSON; return its id."""
        self.jobs[job["id"]] = json.dumps(job, indent=indent, ensure_ascii=False).encode()
        return str(job["id"])

    def job(self, name: str) -> dict[str, Any]:
        """Return the job that is called ``name``."""
        return next(job for job in map(json.loads, self.jobs.values()) if job["name"] == name)

    def puts(self) -> list[str]:
        """Return the paths that were put to, in their order."""
        return [path for method, path in self.asked if method == "PUT"]

    def judge(self, schema: str, body: Any) -> list[str]:
        """Return what is wrong with a body, and remember it."""
        found = complaints(self.revision, schema, body)
        self.complaints += found
        return found


@contextmanager
def serving(revision: str, folder: Path) -> Iterator[VeeamServer]:
    """Give a server that listens, its certificate's authority in ``folder``."""
    state = VeeamServer(revision)
    authority = trustme.CA()
    state.ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(state.ca_file))

    class Handler(_Handler):
        server_state = state

    with _Server(("127.0.0.1", 0), Handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        state.url = f"https://localhost:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield state
        finally:
            for fault in state.faults:
                fault.released.set()
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: object) -> None:
        """Say nothing where a client has gone."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_state: VeeamServer

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._respond()

    do_PUT = do_POST = do_GET  # noqa: N815

    def _respond(self) -> None:
        state, at = self.server_state, urlsplit(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        state.asked.append((self.command, at.path.removeprefix(API)))
        fault = self._fault(at.path)
        kind = fault.kind if fault else ""
        if fault and kind in ("status", "echo"):
            repeated = json.dumps({"message": f"{dict(self.headers)} {parse_qsl(body.decode())}"})
            content = repeated.encode() if kind == "echo" else fault.body
            return self._send(fault.status, content, fault.headers)
        if kind == "expire":
            state.tokens.clear()
        if kind == "cut before":
            return self._cut()
        if fault and kind == "call":
            fault.action()
        status, content = self._act(at.path, parse_qs(at.query), body)
        if fault and kind == "wait":
            fault.waiting.set()
            fault.released.wait()
        if kind == "cut after":
            return self._cut()
        if kind == "cut amid":
            self._send(status, content, {"Content-Length": str(len(content) + 1)})
            return self._cut()
        if kind == "endless":
            self._send(status, b"", {"Transfer-Encoding": "chunked"})
            while True:
                self.wfile.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        return self._send(status, content, {})

    def _fault(self, path: str) -> Fault | None:
        for fault in self.server_state.faults:
            wanted = fault.times > 0 and fault.method == self.command
            if wanted and re.search(fault.path, path):
                fault.times -= 1
                return fault
        return None

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        length = {} if "Transfer-Encoding" in headers else {"Content-Length": str(len(content))}
        for name, value in {"Content-Type": "application/json", **length, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _cut(self) -> None:
        self.close_connection = True

    def _act(self, path: str, query: dict[str, list[str]], body: bytes) -> tuple[int, bytes]:
        state = self.server_state
        if self.headers["x-api-version"] != state.revision:
            return _refused(400, "this revision of the interface is not supported")
        if (self.command, path) == ("POST", "/api/oauth2/token"):
            return self._log_in(dict(parse_qsl(body.decode())))
        if path == API + "serverTime":
            return 200, b'{"serverTime": "2026-11-25T13:00:00+00:00"}'
        scheme, _, token = (self.headers["Authorization"] or "").partition(" ")
        if scheme != "Bearer" or token not in state.tokens:
            return _refused(401, "the token is not valid")
        if (self.command, path) == ("POST", "/api/oauth2/logout"):
            state.tokens.discard(token)
            return 200, b""
        path = path.removeprefix(API)
        if state.revision == "1.1-rev0" and NOT_IN_V11.fullmatch(path):
            return _refused(404, "there is no such thing")
        if self.command == "PUT":
            return self._put(path.removeprefix("jobs/"), body)
        return self._get(path, query)

    def _log_in(self, form: dict[str, str]) -> tuple[int, bytes]:
        state = self.server_state
        if form != {"grant_type": "password", "username": USER, "password": PASSWORD}:
            return _refused(401, "user name or password is wrong")
        state.logins += 1
        token = f"{TOKEN}{state.logins}"
        state.tokens.add(token)
        return 200, json.dumps({"access_token": token, "token_type": "bearer"}).encode()

    def _get(self, path: str, query: dict[str, list[str]]) -> tuple[int, bytes]:
        state = self.server_state
        if path.startswith("jobs/"):
            body = state.jobs.get(path.removeprefix("jobs/"))
            return (200, body) if body else _refused(404, "there is no such job")
        if path in LISTS or path in state.lists:
            jobs = list(state.jobs.values())
            items = [json.dumps(item).encode() for item in state.lists.get(path, [])]
            content = _page(jobs if path == "jobs" else items, query, state.page)
            state.judge(LISTS.get(path, ""), json.loads(content))
            return 200, content
        if path in state.documents:
            schema = next((DOCUMENTS[name] for name in DOCUMENTS if re.fullmatch(name, path)), "")
            state.judge(schema, state.documents[path])
            return 200, json.dumps(state.documents[path]).encode()
        return _refused(404, "there is no such thing")

    def _put(self, job: str, body: bytes) -> tuple[int, bytes]:
        state = self.server_state
        if job not in state.jobs:
            return _refused(404, "there is no such job")
        wrong = state.judge("any JobModel", json.loads(body))
        if wrong:
            return _refused(400, wrong[0])
        state.jobs[job] = state.rewrite(body)
        return 200, state.jobs[job]


def _page(items: list[bytes], query: dict[str, list[str]], most: int) -> bytes:
    skip, limit = int(query.get("skip", ["0"])[0]), min(int(query.get("limit", ["200"])[0]), most)
    shown = items[skip : skip + limit]
    pagination = {"total": len(items), "count": len(shown), "skip": skip, "limit": limit}
    return b'{"data": [%s], "pagination": %s}' % (b",".join(shown), json.dumps(pagination).encode())


def _refused(status: int, message: str) -> tuple[int, bytes]:
    return status, json.dumps({"errorCode": "Refused", "message": message}).encode()
