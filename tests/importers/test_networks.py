"""Networks from NetBox and Infoblox, saved and live: tenants stay apart, nothing is guessed."""

from __future__ import annotations

import contextlib
import ipaddress
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from network_listings import SHARED, codes, prefix, rows, scarce

from models.errors import EstateError
from models.imported_tables import Inventory, SourceFile
from optimizer.inputs.importers.ip_plan import Prefix, name_networks, parse_prefix
from optimizer.inputs.importers.netbox.reader import read_netbox
from optimizer.inputs.importers.netbox.sources import (
    parse_listing,
    read_saved_netbox,
)

NO_SOURCE = SourceFile("prefixes.json", "")


def vrf(number: int, name: str) -> dict[str, Any]:
    return {"id": number, "name": name, "rd": None}


def read(*items: dict[str, Any]) -> Inventory:
    return read_netbox([parse_listing(NO_SOURCE, json.dumps({"results": items}).encode())])


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
        "10.0.0.0/24 at no site",
        "acme/10.0.0.0/24 in VRF 1",
        "acme/10.0.0.0/24 (Acme, east)",  # ';' would end an item of a networks cell
        "acme/10.0.0.0/24 in VRF 3",
        "10.0.0.0/24 at Oslo",
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


def test_a_page_that_is_saved_twice_does_not_stand_for_another() -> None:
    def page(*numbers: int, **more: Any) -> dict[str, Any]:
        items = [prefix(f"10.0.{number}.0/24", id=number) for number in numbers]
        return {"count": 3, "next": None, "results": items, **more}

    def pages(*answers: dict[str, Any]) -> Inventory:
        return read_netbox([parse_listing(NO_SOURCE, json.dumps(one).encode()) for one in answers])

    twice = pages(page(1, 2), page(1, 2))
    assert ("incomplete", "prefixes.json") in codes(twice)
    assert "1 more are announced" in str(twice.findings)
    assert "incomplete" not in dict(codes(pages(page(1, 2), page(1, 2), page(3))))


def test_a_vm_on_two_pages_keeps_its_name() -> None:
    vm = {"id": 7, "name": "sql", "status": {"value": "active"}, "primary_ip4": None}
    assert [row[0] for row in rows(read(vm, vm), "vms")] == ["sql"]


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
    assert name_networks([*networks.values()][::-1], []) == networks
    kept = {(p.space, p.cidr, p.tenant, p.site) for p in prefixes if p.status == "active"}
    found = [(p.space, p.cidr, p.tenant, p.site) for p in networks.values()]
    assert sorted(found, key=str) == sorted(kept, key=str)
    assert all(name == name.strip() and ";" not in name for name in networks)


def test_a_network_in_use_is_taken_though_a_deprecated_one_comes_before() -> None:
    was, now = prefix("10.0.0.0/24", status={"value": "deprecated"}), prefix("10.0.0.0/24")
    assert rows(read(was, now)) == rows(read(now, was)) == [("10.0.0.0/24", "10.0.0.0/24", "")]


@pytest.mark.parametrize("text", ["10.0.0.1", "", "/24", "10.0.0.0/", "10.0.0.0/-1", "٣.0.0.0/8"])
def test_what_is_no_prefix(text: str) -> None:
    assert parse_prefix(text) is None
