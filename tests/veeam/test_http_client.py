from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
import urllib3
from veeam_server import Fault, VeeamServer, serving

from optimizer import http_client
from optimizer.http_client import HttpsError, Reply, base_url, connect, exchange


@pytest.fixture
def server(tmp_path: Path) -> Iterator[VeeamServer]:
    with serving("1.3-rev0", tmp_path) as started:
        yield started


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries, which nobody waits for."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


def ask(server: VeeamServer, method: str = "GET", body: bytes | None = None) -> Reply:
    headers = {"x-api-version": server.revision}
    with connect(server.ca_file) as pool:
        return exchange(pool, method, f"{server.url}/api/v1/serverTime", headers, body)


def test_a_pause_is_as_long_as_the_server_asks_for_but_no_longer_than_a_minute(
    server: VeeamServer, slept: list[float]
) -> None:
    for wanted in ("7", "86400"):
        server.faults.append(Fault("status", status=429, headers={"Retry-After": wanted}))
    assert ask(server).status == 200
    assert slept == [7, 60]


def test_pauses_grow_and_then_it_gives_up(server: VeeamServer, slept: list[float]) -> None:
    server.faults.append(Fault("status", status=503, body=b"busy", times=99))
    assert ask(server) == Reply(503, b"busy")
    assert slept == [1, 2, 4, 8]
    assert len(server.asked) == 6


@pytest.mark.parametrize("kind", ["cut before", "cut after", "cut amid"])
def test_a_cut_connection_is_tried_again(
    server: VeeamServer, slept: list[float], kind: str
) -> None:
    server.faults.append(Fault(kind, times=5))
    assert ask(server).status == 200
    server.faults.append(Fault(kind, times=6))
    with pytest.raises(HttpsError, match="cuts the connection"):
        ask(server)
    assert max(slept) <= 20


def test_a_redirection_is_not_followed(server: VeeamServer) -> None:
    elsewhere = {"Location": "/api/v1/jobs"}
    server.faults.append(Fault("status", status=307, headers=elsewhere))
    assert ask(server).status == 307
    assert len(server.asked) == 1


def test_what_is_packed_stays_packed(server: VeeamServer) -> None:
    packed = gzip.compress(bytes(10 << 20))
    headers = {"Content-Encoding": "gzip"}
    server.faults.append(Fault("status", status=200, headers=headers, body=packed))
    assert ask(server).content == packed


def test_an_answer_has_to_end(server: VeeamServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.faults.append(Fault("endless", times=2))
    with pytest.raises(HttpsError, match=f"answers more than {http_client.LARGEST_ANSWER} bytes"):
        ask(server)
    monkeypatch.setattr(http_client, "LONGEST_ANSWER", -1)
    with pytest.raises(HttpsError, match="answers too slowly"):
        ask(server)
    assert len(server.asked) == 2


@pytest.mark.parametrize("begin", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n"])
def test_headers_that_trickle_are_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begin: bytes
) -> None:
    """Each byte comes in time; all together never do."""
    monkeypatch.setattr(http_client, "LONGEST_HEAD", 0.3)
    with (
        trickling(tmp_path, begin, b"a") as (url, authority),
        connect(authority) as pool,
        pytest.raises(HttpsError, match="answers too slowly"),
    ):
        exchange(pool, "GET", url, {})


def test_a_handshake_that_never_comes_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "LONGEST_HEAD", 0.3)
    with (
        socket.create_server(("localhost", 0)) as silent,
        connect(None) as pool,
        pytest.raises(HttpsError, match="answers too slowly"),
    ):
        exchange(pool, "GET", f"https://localhost:{silent.getsockname()[1]}", {})


def test_a_length_that_is_never_kept_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "TIMEOUT", urllib3.Timeout(connect=10, read=0.1))
    monkeypatch.setattr(http_client, "LONGEST_ANSWER", 0.05)
    begin = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    with (
        trickling(tmp_path, begin, b"") as (url, authority),
        connect(authority) as pool,
        pytest.raises(HttpsError, match="answers too slowly"),
    ):
        exchange(pool, "GET", url, {})


@contextlib.contextmanager
def trickling(folder: Path, begin: bytes, rest: bytes) -> Iterator[tuple[str, Path]]:
    """A server that sends ``begin``, then ``rest`` again and again, never the end."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            with (
                contextlib.suppress(OSError),
                context.wrap_socket(listener.accept()[0], server_side=True) as client,
            ):
                client.recv(1 << 16)
                client.sendall(begin)
                while not over.wait(0.02):
                    client.sendall(rest)

    with socket.create_server(("localhost", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"https://localhost:{listener.getsockname()[1]}/", folder / "ca.pem"
        over.set()


def test_nobody_is_there(tmp_path: Path, slept: list[float]) -> None:
    with serving("1.3-rev0", tmp_path) as gone:
        pass
    with pytest.raises(HttpsError, match="cannot be reached; check --url"):
        ask(gone)


def test_a_certificate_for_another_name_is_not_trusted(server: VeeamServer) -> None:
    server.url = server.url.replace("localhost", "127.0.0.1")
    with pytest.raises(HttpsError, match="certificate"):
        ask(server)
    assert server.asked == []


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_bad_file_of_authorities_is_told(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(HttpsError, match=r"--ca-file .*ca\.pem: .*; give a PEM file"):
        connect(path)


def test_addresses() -> None:
    assert base_url("https://[::1]:9419/a/", "it", "") == "https://[::1]:9419/a"
    for wrong in ("", "http://a", "//a", "https://", "https://u:p@a", "https://a:b"):
        with pytest.raises(HttpsError, match="--url: write the address of it, as in that"):
            base_url(wrong, "it", "that")
