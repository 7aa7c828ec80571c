from __future__ import annotations

import html
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import urllib3
from veeam_server import PASSWORD, TOKEN, USER, Fault, VeeamServer, serving

from models.errors import GipError
from optimizer import http_client
from optimizer.http_client import HttpsError
from optimizer.veeam.api_errors import explain_refusal
from optimizer.veeam.api_revisions import NAMES, revision_named, revision_of_build
from optimizer.veeam.client import login

SERVERS = "backupInfrastructure/managedServers"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "RETRY", http_client.RETRY.new(backoff_factor=0))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[VeeamServer]:
    with serving("1.2-rev1", tmp_path) as started:
        started.lists[SERVERS] = [windows(number) for number in range(450)]
        yield started
    assert started.complaints == []


def windows(number: int) -> dict[str, Any]:
    id_ = f"00000000-0000-0000-0000-{number:012}"
    server = {"id": id_, "name": f"s{number}", "description": "", "type": "WindowsHost"}
    return {**server, "status": "Available", "credentialsId": id_}


def enter(server: VeeamServer, **changes: Any) -> Any:
    given = {
        "url": server.url, "user": USER, "password": PASSWORD, "revision": None,
        "ca_file": server.ca_file,
    }  # fmt: skip
    return login(**{**given, **changes})


def names(server: VeeamServer) -> list[str]:
    with enter(server) as session:
        return [item["name"] for page in session.pages(SERVERS) for item in page.items]


def test_lists_come_page_by_page(server: VeeamServer) -> None:
    assert names(server) == [f"s{number}" for number in range(450)]
    assert server.asked.count(("GET", SERVERS)) == 3
    assert server.asked[-1] == ("POST", "/api/oauth2/logout")
    assert server.tokens == set()


def test_a_server_may_give_fewer_than_it_is_asked_for(server: VeeamServer) -> None:
    server.page = 50
    assert len(names(server)) == 450
    assert server.asked.count(("GET", SERVERS)) == 9


@pytest.mark.parametrize("revision", NAMES)
def test_the_newest_revision_that_the_server_accepts_is_found(
    tmp_path: Path, revision: str
) -> None:
    with serving(revision, tmp_path) as server, enter(server) as session:
        assert session.revision.name == revision
        assert session.get("serverTime").startswith(b'{"serverTime"')


def test_a_revision_that_the_server_does_not_have_is_told(server: VeeamServer) -> None:
    with pytest.raises(HttpsError, match=r"answers 400, 'this revision.*check --revision"):
        enter(server, revision=revision_named("1.3-rev2")).__enter__()


@pytest.mark.parametrize(
    "fault",
    [
        Fault("expire", SERVERS),
        Fault("status", SERVERS, status=429, headers={"Retry-After": "0"}, times=3),
        Fault("status", SERVERS, status=503, times=5),
        Fault("cut before", SERVERS, times=2),
        Fault("cut after", SERVERS, times=2),
        Fault("cut amid", SERVERS, times=2),
        Fault("status", "token", method="POST", times=2),
        Fault("cut before", "logout", method="POST"),
    ],
    ids=lambda fault: f"{fault.kind} {fault.status}",
)
def test_what_passes_is_waited_for(server: VeeamServer, fault: Fault) -> None:
    server.faults.append(fault)
    assert len(names(server)) == 450
    assert fault.times == 0


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault("status", SERVERS, times=99), "answers 500; try again later"),
        (Fault("status", SERVERS, status=429, headers={"Retry-After": "0"}, times=99), "later"),
        (Fault("status", SERVERS, status=401, times=99), "VEEAM_PASSWORD"),
        (Fault("status", SERVERS, status=403), "Backup Administrator"),
        (Fault("status", SERVERS, status=302, headers={"Location": "https://e.test/"}), "redirec"),
        (Fault("cut before", SERVERS, times=99), "cuts the connection"),
        (Fault("cut amid", SERVERS, times=99), "cuts the connection"),
        (Fault("endless", SERVERS), "answers more than"),
        (Fault("status", SERVERS, status=200, body=b"[" * 100_000), "else than a list"),
        (Fault("status", SERVERS, status=200, body=b'{"data": [1]}'), "else than a list"),
        (Fault("status", "token", "POST", status=200, body=b"{}"), "else than a token"),
        (Fault("status", "token", "POST", status=200, body=b'{"access_token": "a\\nb"}'), "token"),
    ],
    ids=lambda value: f"{value.kind} {value.status}" if isinstance(value, Fault) else "",
)
def test_what_does_not_pass_is_told(server: VeeamServer, fault: Fault, says: str) -> None:
    server.faults.append(fault)
    with pytest.raises(HttpsError, match=says):
        names(server)


def test_pages_without_end_are_refused(server: VeeamServer) -> None:
    page = {"data": [windows(1)], "pagination": {"total": 999, "count": 1}}
    body = json.dumps(page).encode()
    server.faults.append(Fault("status", SERVERS, status=200, body=body, times=99))
    with pytest.raises(HttpsError, match="its pages have no end"):
        names(server)
    assert server.asked.count(("GET", SERVERS)) == 2


def test_a_slow_answer_is_given_up(server: VeeamServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "TIMEOUT", urllib3.Timeout(connect=10, read=0.05))
    server.faults.append(Fault("wait", SERVERS, times=99))
    with pytest.raises(HttpsError, match="does not answer in time"):
        names(server)


def test_only_a_trusted_server_hears_the_password(server: VeeamServer) -> None:
    with pytest.raises(HttpsError, match="certificate verify failed"):
        enter(server, ca_file=None).__enter__()
    assert server.asked == []


@pytest.mark.parametrize("url", ["http://vbr", "https://me:secret@vbr", "https://[", "vbr:9419"])
def test_only_https_is_spoken(server: VeeamServer, url: str) -> None:
    with pytest.raises(GipError, match="--url: write the address") as caught:
        enter(server, url=url).__enter__()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("path", ["token", SERVERS])
def test_an_echo_of_secrets_goes_no_further(server: VeeamServer, path: str) -> None:
    method = "POST" if path == "token" else "GET"
    server.faults.append(Fault("echo", path, method=method, status=400))
    with pytest.raises(HttpsError, match="answers 400; check") as caught:
        names(server)
    assert TOKEN not in str(caught.value)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "form", [str, quote, quote_plus, html.escape, lambda secret: json.dumps(secret)[1:-1]]
)
def test_a_message_is_passed_on_unless_it_holds_a_secret(form: Callable[[str], str]) -> None:
    secrets = ['a/b" +<ä', TOKEN]
    for secret, said in ((secrets[0], ""), ("none", ", 'so: none.'"), (secrets[1], "")):
        content = json.dumps({"message": f"so: {form(secret)}."}).encode()
        assert explain_refusal(500, content, secrets) == f"answers 500{said}; try again later"


def test_threads_share_a_session_and_its_new_token(server: VeeamServer) -> None:
    server.documents["serverInfo"] = {
        "vbrId": "1", "name": "vbr", "buildVersion": "12.3.1.1139", "patches": [],
        "databaseVendor": "", "sqlServerEdition": "", "sqlServerVersion": "",
        "databaseSchemaVersion": "", "databaseContentVersion": "",
    }  # fmt: skip
    barrier = threading.Barrier(8)
    expire = Fault("call", "serverInfo", times=8, action=lambda: (barrier.wait(), None)[1])
    with enter(server) as session, ThreadPoolExecutor(8) as pool:
        server.tokens.clear()
        server.faults.append(expire)
        answers = list(pool.map(lambda _: session.get("serverInfo"), range(40)))
    assert {json.loads(answer)["name"] for answer in answers} == {"vbr"}
    assert server.logins == 2


def test_revisions_by_build() -> None:
    found = [revision_of_build(build) for build in ("12.0.0.1420", "12.2.0.334", "13.0.1.180")]
    assert [each and each.name for each in found] == ["1.1-rev0", "1.1-rev0", "1.3-rev1"]
    assert revision_of_build("14.0.0.1") == revision_named("1.3-rev2")
    assert revision_of_build("11.0.1.1261") is None
    assert revision_of_build("twelve") is None
