"""Pages of a NetBox that answers, is busy, or answers badly."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from network_listings import prefix, rows

from models.errors import GipError
from optimizer import http_client
from optimizer.http_client import HttpsError
from optimizer.inputs.importers.netbox import sources
from optimizer.inputs.importers.netbox.reader import read_netbox
from optimizer.inputs.importers.netbox.sources import (
    read_live_netbox,
)

TOKEN = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105


@dataclass
class Answers:
    """What the server answers, one after another, and what it was asked."""

    url: str = ""
    ca_file: Path = Path()
    script: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def add(self, *items: Any, status: int = 200, rest: str | None = None, **headers: str) -> None:
        body = json.dumps({"next": rest, "results": items}).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.script.append((status, named, body))


@contextmanager
def serving(folder: Path) -> Iterator[Answers]:
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers.asked.append((self.path, self.headers["Authorization"]))
            status, headers, body = answers.script.pop(0)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    authority = trustme.CA()
    answers.ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(answers.ca_file))
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        answers.url = f"https://localhost:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield answers
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def netbox(tmp_path: Path) -> Iterator[Answers]:
    with serving(tmp_path) as answers:
        yield answers


def test_pages_follow_one_another_through_a_busy_server(netbox: Answers) -> None:
    start = "/api/ipam/prefixes/?limit=1000"
    second = f"{netbox.url}{start}&offset=1000"
    netbox.add(status=429, Retry_After="0")
    netbox.add(prefix("10.0.0.0/24"), rest=second)
    netbox.add(status=503)
    netbox.add(prefix("10.0.1.0/24"))
    inventory = read_netbox(read_live_netbox(netbox.url + "/", TOKEN, netbox.ca_file, vms=False))
    assert [name for name, *_ in rows(inventory)] == ["10.0.0.0/24", "10.0.1.0/24"]
    assert [file.file for file in inventory.files] == [netbox.url + start, second]
    assert [path for path, _ in netbox.asked] == [start] * 2 + [start + "&offset=1000"] * 2
    assert {token for _, token in netbox.asked} == {f"Token {TOKEN}"}


def test_vms_and_their_addresses_come_where_they_are_wanted(netbox: Answers) -> None:
    netbox.add(prefix("10.0.0.0/24"))
    netbox.add({"id": 1, "name": "sql", "primary_ip4": None})
    owner = {"virtual_machine": {"id": 1}}
    netbox.add({"address": "10.0.0.5/24", "vrf": None, "assigned_object": owner})
    inventory = read_netbox(
        read_live_netbox(netbox.url, f"nbt_a.{TOKEN}", netbox.ca_file, vms=True)
    )
    assert rows(inventory, "vms") == [("sql", "sql", "", "10.0.0.0/24", "true")]
    assert {token for _, token in netbox.asked} == {f"Bearer nbt_a.{TOKEN}"}


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ({"rest": "https://elsewhere.example/api/"}, "its next page is at 'https://elsewhere"),
        ({"rest": "http://localhost/api/"}, "its next page is at 'http://localhost"),
        ({"rest": "/api/?offset=1"}, "its next page is at '/api"),
        ({"status": 302, "Location": "https://elsewhere.example/"}, "a redirection"),
        ({"status": 403}, "NETBOX_TOKEN"),
        ({"status": 404}, "answers 404; check --url"),
        ({"Content_Length": "100000"}, "check --url"),  # and then the connection is cut
    ],
)
def test_a_bad_answer_is_refused_and_the_token_stays(
    netbox: Answers, monkeypatch: pytest.MonkeyPatch, page: dict[str, Any], says: str
) -> None:
    monkeypatch.setattr(http_client, "RETRY", http_client.RETRY.new(total=0))
    netbox.add(prefix("10.0.0.0/24"), **page)
    with pytest.raises(HttpsError) as caught:
        read_live_netbox(netbox.url, TOKEN, netbox.ca_file, vms=False)
    assert says in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert len(netbox.asked) == 1


def test_pages_without_end_come_to_one(netbox: Answers) -> None:
    start = f"{netbox.url}/api/ipam/prefixes/?limit=1000"
    netbox.add(rest=f"{start}&offset=1")
    netbox.add(rest=start)
    with pytest.raises(HttpsError, match="have no end"):
        read_live_netbox(netbox.url, TOKEN, netbox.ca_file, vms=False)


def test_an_endless_answer_is_cut_short(netbox: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LARGEST_ANSWER", 1000)
    netbox.script.append((200, {}, b" " * 100_000))
    with pytest.raises(HttpsError, match="answers more than 1000 bytes"):
        read_live_netbox(netbox.url, TOKEN, netbox.ca_file, vms=False)


def test_only_a_trusted_server_hears_the_token(netbox: Answers) -> None:
    with pytest.raises(HttpsError, match="certificate"):
        read_live_netbox(netbox.url, TOKEN, None, vms=False)
    assert netbox.asked == []


@pytest.mark.parametrize(
    ("url", "token", "says"),
    [
        ("http://netbox.example.com", TOKEN, "https://"),
        ("https://me:secret@netbox.example.com", TOKEN, "https://"),
        ("https://[", TOKEN, "https://"),
        ("https://localhost", "", "NETBOX_TOKEN"),
        ("https://localhost", "a\r\nHost: b", "NETBOX_TOKEN"),
    ],
)
def test_a_wrong_address_or_token_is_seen_at_once(url: str, token: str, says: str) -> None:
    with pytest.raises(GipError, match=says) as caught:
        read_live_netbox(url, token, None, vms=False)
    assert "secret" not in str(caught.value)
