"""Networks from exports and lists of addresses of Infoblox."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from network_listings import SHARED, codes, rows, scarce

from models.errors import EstateError
from models.imported_tables import Inventory
from optimizer.inputs.importers.infoblox import read_infoblox

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


@pytest.mark.parametrize("first", ["", "sep=,\r\n"])
@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-8", None), ("utf-8-sig", None), ("utf-16", None), ("utf-16-le", "utf-16-le")],
)
def test_an_export_is_read_as_any_other_csv(
    tmp_path: Path, first: str, encoding: str, named: str | None
) -> None:
    text = f"{first}header-network,address*,netmask*,EA-Site\nnetwork,10.0.1.0,24,東京\n"
    path = tmp_path / "infoblox.csv"
    path.write_bytes(text.encode(encoding))
    assert rows(read_infoblox(path, named)) == [("10.0.1.0/24", "10.0.1.0/24", "東京")]


def test_an_encoding_that_there_is_not_is_told(tmp_path: Path) -> None:
    path = tmp_path / "infoblox.csv"
    path.write_text("header-network,address*,netmask*\n", encoding="utf-8")
    with pytest.raises(EstateError, match="no encoding is called 'cp9999'"):
        read_infoblox(path, "cp9999")


def test_what_is_wrong_with_an_export_has_its_line(tmp_path: Path) -> None:
    """Blank lines count; a byte in another encoding may stand far behind the start."""
    header = 'header-network,address*,netmask*,comment\n\nnetwork,10.0.1.0,24,"a\nb"\n'
    with pytest.raises(EstateError, match=r"infoblox.csv:5: 'network,10.0.2.0,,' has no address"):
        infoblox(tmp_path, f"{header}network,10.0.2.0,,\n")
    with pytest.raises(EstateError, match=r"infoblox.csv:5: cannot be read: unexpected end"):
        infoblox(tmp_path, f'{header}network,10.0.2.0,24,"\n')
    path = tmp_path / "infoblox.csv"
    many = "network,10.0.2.0,24,\n" * 10_000
    path.write_bytes(f"{header}{many}network,10.0.3.0,24,münchen\n".encode("cp1252"))
    with pytest.raises(EstateError, match=r"byte 0xfc in line 10005; name it: --encoding"):
        read_infoblox(path, None)


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
