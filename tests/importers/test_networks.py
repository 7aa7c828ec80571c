"""Networks from NetBox and Infoblox, saved and live: tenants stay apart, nothing is guessed."""

from __future__ import annotations

import contextlib
import ipaddress
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
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import EstateError, GipError
from models.imported_tables import Inventory, SourceFile
from optimizer import http_client
from optimizer.http_client import HttpsError
from optimizer.inputs.importers.infoblox import read_infoblox
from optimizer.inputs.importers.ip_plan import Prefix, name_networks, parse_prefix
from optimizer.inputs.importers.netbox import sources
from optimizer.inputs.importers.netbox.reader import read_netbox
from optimizer.inputs.importers.netbox.sources import (
    parse_listing,
    read_live_netbox,
    read_saved_netbox,
)

SHARED = Path(__file__).parents[3] / "shared/data"
TOKEN = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105
scarce = settings(max_examples=max(50, settings().max_examples // 10))
NO_SOURCE = SourceFile("prefixes.json", "")


def prefix(cidr: str, **more: Any) -> dict[str, Any]:
    return {"prefix": cidr, "status": {"value": "active"}, "vrf": None, **more}


def vrf(number: int, name: str) -> dict[str, Any]:
    return {"id": number, "name": name, "rd": None}


def read(*items: dict[str, Any]) -> Inventory:
    return read_netbox([parse_listing(NO_SOURCE, json.dumps({"results": items}).encode())])


def rows(inventory: Inventory, table: str = "networks") -> list[tuple[str, ...]]:
    return [tuple(row) for row in inventory.tables[table].itertuples(index=False)]


def codes(inventory: Inventory) -> list[tuple[str, str]]:
    """Return what was told, but for the keys that the short answers here lack."""
    told = [(finding.code, finding.subject) for finding in inventory.findings]
    return [(code, subject) for code, subject in told if code != "absent_keys"]


# --- NetBox, saved


def test_a_site_is_read_from_either_revision() -> None:
    old = prefix("10.0.1.0/24", site={"id": 1, "name": "Tokyo", "slug": "tokyo"})
    new = prefix("10.0.2.0/24", scope_type="dcim.site", scope_id=2, scope={"name": "Osaka"})
    region = prefix("10.0.3.0/24", scope_type="dcim.region", scope_id=2, scope={"name": "Kanto"})
    read_in = read(old, new, region)
    assert rows(read_in) == [
        ("10.0.1.0/24", "10.0.1.0/24", "Tokyo"),
        ("10.0.2.0/24", "10.0.2.0/24", "Osaka"),
        ("10.0.3.0/24", "10.0.3.0/24", ""),
    ]
    assert codes(read_in) == [("scope_without_site", "dcim.region")]


def test_tenants_who_use_the_same_addresses_stay_apart() -> None:
    inventory = read(
        prefix("10.0.0.0/24"),
        prefix("10.0.0.0/24", vrf=vrf(1, "acme")),
        prefix("10.0.0.0/24", vrf=vrf(2, "acme"), tenant={"name": "Acme; east"}),
        prefix("10.0.0.0/24", vrf=vrf(3, "acme")),
        prefix("10.0.0.0/24", site={"name": "Oslo"}),
        prefix("10.0.0.0/24", vrf=vrf(1, "acme")),
    )
    assert [name for name, *_ in rows(inventory)] == [
        "10.0.0.0/24",
        "acme/10.0.0.0/24",
        "acme/10.0.0.0/24 (Acme, east)",  # ';' would end an item of a networks cell
        "acme/10.0.0.0/24 (2)",
        "10.0.0.0/24 (Oslo)",
    ]
    assert codes(inventory) == [("repeated_prefixes", "networks")]


def test_what_is_not_in_use_is_left_out_or_told() -> None:
    inventory = read(
        prefix("10.0.0.0/16", status={"value": "container"}),
        prefix("10.0.1.0/24", status={"value": "deprecated"}),
        prefix("10.0.2.0/24", status={"value": "reserved"}),
    )
    assert rows(inventory) == [("10.0.2.0/24", "10.0.2.0/24", "")]
    assert codes(inventory) == [
        ("deprecated_prefix", "10.0.1.0/24"),
        ("reserved_prefix", "10.0.2.0/24"),
        ("containers", "networks"),
    ]


def test_a_vm_is_in_the_network_of_its_own_vrf() -> None:
    def address(cidr: str, of: dict[str, Any] | None, vm: int) -> dict[str, Any]:
        return {"address": cidr, "vrf": of, "assigned_object": {"virtual_machine": {"id": vm}}}

    def vm(number: int, name: str, primary: str | None, status: str = "active") -> dict[str, Any]:
        ip4 = {"address": primary} if primary else None
        return {
            "id": number, "name": name, "status": {"value": status}, "primary_ip4": ip4,
            "platform": {"name": "Microsoft Windows Server 2022 (64-bit)"},
        }  # fmt: skip

    inventory = read(
        prefix("10.0.0.0/24", vrf=vrf(1, "acme")),
        prefix("10.0.0.0/24", vrf=vrf(2, "beta")),
        vm(7, "sql", "10.0.0.5/24"), vm(8, "sql", "10.0.0.5/24"),
        vm(9, "web", "192.0.2.9/24", "offline"), vm(10, "", None),
        address("10.0.0.5/24", vrf(2, "beta"), 7), address("10.9.9.9/24", vrf(2, "beta"), 7),
        address("10.0.0.5/24", vrf(1, "acme"), 8), address("198.51.100.8/24", None, 8),
    )  # fmt: skip
    windows = "Microsoft Windows Server 2022 (64-bit)"
    assert rows(inventory, "vms") == [
        ("sql (#7)", "sql", windows, "beta/10.0.0.0/24", "true"),
        ("sql (#8)", "sql", windows, "acme/10.0.0.0/24;198.51.100.8", "true"),
        ("web", "web", windows, "192.0.2.9", "false"),
    ]
    assert codes(inventory) == [
        ("address_without_prefix", "beta/10.9.9.9"), ("vm_without_name", "#10"),
    ]  # fmt: skip


def test_a_page_that_is_not_the_last_is_told(tmp_path: Path) -> None:
    page = {"count": 2, "next": "https://netbox/api/?offset=1", "results": [prefix("10.0.0.0/24")]}
    first, last = tmp_path / "1.json", tmp_path / "2.json"
    first.write_text(json.dumps(page))
    last.write_text(json.dumps({"next": None, "results": [prefix("10.0.1.0/24")]}))
    both = read_netbox([read_saved_netbox(first, None), read_saved_netbox(last, None)])
    assert len(rows(both)) == 2
    assert codes(both) == []
    assert codes(read_netbox([read_saved_netbox(first, None)])) == [("incomplete", "1.json")]


def test_a_csv_of_the_table_view_reads_like_the_interface(tmp_path: Path) -> None:
    """Its headers are for people, depth is bullets, and no VRF is called Global."""
    path = tmp_path / "netbox_prefixes.csv"
    path.write_text(
        "Prefix,Status,VRF,Tenant,Scope Type,Scope\n"
        "10.0.0.0/16,Container,Global,,DCIM | site,Tokyo\n"
        "• 10.0.1.0/24,Active,Global,,DCIM | site,Tokyo\n"
        "•• 10.0.1.0/25,Reserved,acme (65000:1),Acme,DCIM | region,Kanto\n",
        encoding="utf-8",
    )
    assert rows(read_netbox([read_saved_netbox(path, None)])) == [
        ("10.0.1.0/24", "10.0.1.0/24", "Tokyo"),
        ("acme/10.0.1.0/25", "10.0.1.0/25", ""),
    ]


@pytest.mark.parametrize("file", ["v4.1.json", "v4.2plus.json", "export.csv"])
def test_all_forms_of_one_plan_are_the_same(file: str) -> None:
    path = SHARED / "netbox" / f"prefixes_{file}"
    if not path.exists():
        pytest.skip("the shared samples are not here")
    assert rows(read_netbox([read_saved_netbox(path, None)])) == [
        (cidr, cidr, "Osaka" if cidr.startswith("10.20") else "Tokyo")
        for cidr in (
            "10.10.100.0/24", "10.10.110.0/24", "10.10.120.0/24", "10.10.190.0/24",
            "10.20.110.0/24", "2001:db8:10:130::/64",
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<html>", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 200_000, "is nested too deeply"),
        (b'{"results": {"a": 1}}', "is not a listing"),
        (b'["10.0.0.0/24"]', "is not a listing"),
        (b'[{"cidr": "10.0.0.0/24"}]', "item 1: is neither prefix, virtual machine nor IP address"),
        (b'[{"prefix": "10.0.0.0/33"}]', "'10.0.0.0/33' is not a prefix; write address/length"),
        (b'[{"prefix": ["=cmd|x"]}]', "is not a prefix"),
    ],
)
def test_what_is_no_listing_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "prefixes.json"
    path.write_bytes(content)
    with pytest.raises(EstateError, match=r"prefixes\.json") as caught:
        read_netbox([read_saved_netbox(path, None)])
    assert says in str(caught.value)


@scarce
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: (
    st.lists(inner) | st.dictionaries(st.sampled_from(
        ["results", "next", "prefix", "site", "name", "vrf", "id", "status", "value", "address",
         "primary_ip4", "scope_type", "assigned_object", "virtual_machine"]), inner)
), max_leaves=20))  # fmt: skip
def test_any_json_is_a_listing_or_an_error(value: object) -> None:
    with contextlib.suppress(EstateError):
        inventory = read_netbox([parse_listing(NO_SOURCE, json.dumps(value).encode())])
        assert set(inventory.tables) <= {"networks", "vms"}


few = st.sampled_from(["", "a", "b;", " a "])
some_prefixes = st.builds(
    Prefix,
    st.sampled_from([ipaddress.ip_network(text) for text in ("10.0.0.0/8", "10.0.0.0/9", "::/8")]),
    few, few, few, few, st.sampled_from(["active", "active", "container"]),
)  # fmt: skip


@scarce
@given(st.lists(some_prefixes, max_size=20))
def test_every_network_has_a_name_of_its_own(prefixes: list[Prefix]) -> None:
    networks = name_networks(prefixes, [])
    kept = {(p.space, p.cidr, p.tenant, p.site) for p in prefixes if p.status == "active"}
    found = [(p.space, p.cidr, p.tenant, p.site) for p in networks.values()]
    assert sorted(found, key=str) == sorted(kept, key=str)
    assert all(name == name.strip() and ";" not in name for name in networks)


@pytest.mark.parametrize("text", ["10.0.0.1", "", "/24", "10.0.0.0/", "10.0.0.0/-1", "٣.0.0.0/8"])
def test_what_is_no_prefix(text: str) -> None:
    assert parse_prefix(text) is None


# --- NetBox, live


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


# --- Infoblox

LIST_HEADER = "IP Address,Name,MAC Address,Status,Type,Usage,Site\n"


def infoblox(folder: Path, text: str) -> Inventory:
    path = folder / "infoblox.csv"
    path.write_text(text, encoding="utf-8")
    return read_infoblox(path, None)


def test_a_csv_export_gives_networks_with_their_view_and_site(tmp_path: Path) -> None:
    inventory = infoblox(
        tmp_path,
        "header-networkcontainer,address*,netmask*,network_view\n"
        "networkcontainer,10.0.0.0,255.255.0.0,default\n"
        "HEADER-NETWORK,ADDRESS*,NETMASK*,network_view,EA-Site\n"
        'network,10.0.1.0,255.255.255.0,default,"Tokyo, west"\n'
        "network,10.0.1.0,255.255.255.128,acme\n"
        "header-ipv6network,address*,cidr*,network_view,EA-Site\n"
        "ipv6network,2001:db8::,64,default,Osaka\n"
        "header-hostrecord,fqdn*,addresses\n"
        "hostrecord,sql.example.com,10.0.1.5\n",
    )
    assert rows(inventory) == [
        ("10.0.1.0/24", "10.0.1.0/24", "Tokyo, west"),
        ("acme/10.0.1.0/25", "10.0.1.0/25", ""),
        ("2001:db8::/64", "2001:db8::/64", "Osaka"),
    ]


def test_a_network_of_an_export_needs_its_mask(tmp_path: Path) -> None:
    with pytest.raises(EstateError, match=r"infoblox.csv:2: 'network,10.0.1.0,' has no address"):
        infoblox(tmp_path, "header-network,address*,netmask*\nnetwork,10.0.1.0,\n")


def test_a_list_of_addresses_tells_a_network_by_its_ends(tmp_path: Path) -> None:
    """10.10.110.255 can end a /24 at most, and only a /24 there holds .21, too.

    10.0.3.255 can end a /22, of which the addresses listed need only the last /23: assumed.
    10.0.8.0 and 10.0.9.255 are marked as ends, so it is a /23 whatever else is listed. Of
    192.0.2.7 no end is known, nor is anything known of 10.1.0.255 alone.
    """
    inventory = infoblox(
        tmp_path,
        LIST_HEADER + '10.10.110.21,tok-sql-01,,Used,"A Record, PTR Record",,Tokyo\n'
        "10.10.110.255,,,Used,Broadcast,,Tokyo\n"
        "10.0.3.255,,,Used,Broadcast,,\n10.0.2.9,,,Used,A Record,,Oslo\n"
        "10.0.8.0,,,Used,Network,,\n10.0.9.255,,,Used,Broadcast,,\n"
        "10.1.0.255,,,Used,Broadcast,,\n192.0.2.7,,,Used,A Record,,\n",
    )
    assert rows(inventory) == [
        ("10.0.2.0/23", "10.0.2.0/23", "Oslo"),
        ("10.0.8.0/23", "10.0.8.0/23", ""),
        ("10.10.110.0/24", "10.10.110.0/24", "Tokyo"),
    ]
    assert codes(inventory) == [("assumed_prefix", "10.0.2.0/23"), ("unknown_prefix", "10.1.0.255")]


addresses = st.integers(0, 2**32 - 1)


@scarce
@given(addresses, st.integers(8, 30), st.lists(addresses, max_size=5), st.booleans())
def test_a_list_never_gives_a_wrong_network_as_sure(
    tmp_path_factory: pytest.TempPathFactory, at: int, length: int, hosts: list[int], marked: bool
) -> None:
    network = ipaddress.ip_network((at, length), strict=False)
    listed = [network[host % network.num_addresses] for host in hosts]
    ends = [(network[-1], "Broadcast"), *([(network[0], "Network")] if marked else [])]
    lines = [(address, "A Record") for address in listed if address not in dict(ends)] + ends
    text = "".join(f"{address},,,Used,{kind},,\n" for address, kind in lines)
    inventory = infoblox(tmp_path_factory.mktemp("list"), LIST_HEADER + text)
    sure = {"assumed_prefix", "unknown_prefix"}.isdisjoint(code for code, _ in codes(inventory))
    found = [ipaddress.ip_network(cidr) for _, cidr, _ in rows(inventory)]
    inside = [part[0] in network and part[-1] in network for part in found]
    assert found == [network] if sure else all(inside)
    assert sure or not marked


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Name,Site\na,b\n", "has no columns 'IP Address' and 'Type'"),
        (LIST_HEADER + "=cmd|x,,,Used,A Record,,\n", "infoblox.csv:2: IP Address: '=cmd|x' is not"),
        ("header-network,address*,netmask*\nnetwork,\udcff,\n", "name it: --encoding"),
    ],
)
def test_what_is_no_export_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "infoblox.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(EstateError) as caught:
        read_infoblox(path, None)
    assert says in str(caught.value)


def test_the_shared_list_is_one_network() -> None:
    path = SHARED / "ipam/infoblox_ipam.csv"
    if not path.exists():
        pytest.skip("the shared samples are not here")
    assert rows(read_infoblox(path, None)) == [("10.10.110.0/24", "10.10.110.0/24", "Tokyo")]
