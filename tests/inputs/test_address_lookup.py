"""Addresses in CIDRs: the longest prefix wins."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_tables import LEAST, written

from optimizer.inputs.estate_folder.prefix_lookup import AMBIGUOUS, NEITHER, OUTSIDE, PrefixTable
from optimizer.inputs.estate_folder.reader import read_estate

CIDRS = (
    ("wide", "10.0.0.0/8"), ("site", "10.1.0.0/16"), ("rack", "10.1.2.0/24"),
    ("six", "2001:db8::/32"), ("six-a", "2001:db8:a::/48"), ("twin-1", "192.168.0.0/24"),
    ("twin-2", "192.168.0.0/24"), ("10.9.9.9", "10.9.0.0/16"), ("last", "255.255.255.0/24"),
    ("none", None),
)  # fmt: skip
BOOK = PrefixTable.of(
    [name for name, _ in CIDRS],
    [None if cidr is None else ipaddress.ip_network(cidr) for _, cidr in CIDRS],
)
FOUND = {
    "10.200.0.1": 0,
    "10.0.0.0": 0,
    "10.1.3.255": 1,
    "10.1.2.0": 2,
    "10.1.2.255": 2,
    "10.1.1.255": 1,
    "2001:db8:b::1": 3,
    "2001:DB8:a::1": 4,
    "fe80::1": OUTSIDE,
    "2001:db8:a::1%eth0": 4,
    "192.168.0.77": AMBIGUOUS,
    "192.168.1.0": OUTSIDE,
    "0.0.0.0": OUTSIDE,  # noqa: S104 - an address in no network, not one to listen on
    "11.0.0.0": OUTSIDE,
    "255.255.255.255": 8,
    "10.9.9.9": 7,
    "rack": 2,
    "Rack": NEITHER,
    "none": 9,
    "10.1.2": NEITHER,
    "10.1.2.256": NEITHER,
    "10.1.2.3.": NEITHER,
    "10.1.2.03": NEITHER,
    "10.1.2.3\n": NEITHER,
    "::ffff:10.1.2.3": OUTSIDE,
    "10.1.2.3/24": NEITHER,
    "\u0661\u0660.1.2.3": NEITHER,
    "": NEITHER,
}


@pytest.mark.parametrize("item", FOUND)
def test_the_longest_prefix_wins(item: str) -> None:
    assert BOOK.find(item) == FOUND[item]


def test_all_at_once_finds_what_one_by_one_finds() -> None:
    assert BOOK.find_all(pa.array(FOUND)).tolist() == list(FOUND.values())
    assert BOOK.find_all(pa.array([], pa.string())).tolist() == []


@st.composite
def books(draw: st.DrawFn) -> tuple[PrefixTable, list[str]]:
    """Return nested networks, and addresses in and about them."""
    values = st.integers(0, 2**32 - 1)
    few = st.sampled_from([0, 10 << 24, 10 << 24 | 1 << 8, 2**32 - 1])
    prefixes = st.tuples(few | values, st.integers(0, 32))
    drawn = draw(st.lists(prefixes, max_size=8))
    cidrs = [ipaddress.ip_network((value, length), strict=False) for value, length in drawn]
    edges = [int(end) for c in cidrs for end in (c.network_address, c.broadcast_address)]
    near = [value + step for value in edges for step in (-1, 0, 1)]
    numbers = [value for value in near if 0 <= value < 2**32] + draw(st.lists(values, max_size=5))
    items = [str(ipaddress.IPv4Address(value)) for value in numbers]
    names = [f"n{number}" for number in range(len(cidrs))]
    if items and draw(st.sampled_from([True, False])):
        names = [items[0], *names[1:]]  # an address is the name of a network, too
    return PrefixTable.of(names, cidrs), items


@given(books())
def test_spans_agree_with_prefixes(drawn: tuple[PrefixTable, list[str]]) -> None:
    book, items = drawn
    found = book.find_all(pa.array(items, pa.string()))
    assert found.tolist() == [book.find(item) for item in items]


@given(st.lists(st.text("0123456789.:af% -", max_size=18)))
def test_odd_texts_are_found_alike(items: list[str]) -> None:
    assert BOOK.find_all(pa.array(items, pa.string())).tolist() == [BOOK.find(i) for i in items]


def test_addresses_that_mean_nothing_are_told_once(tmp_path: Path) -> None:
    networks = "network,cidr\nhq,10.0.0.0/24\none,10.0.1.0/24\ntwo,10.0.1.0/24\n"
    # The first one as it is called, wherever its row is.
    vms = "vm,os,networks\nweb,,10.9.0.1;hq\nsql,,10.0.1.5\ndc,,10.9.0.1;10.0.1.5\n"
    estate = read_estate(written(tmp_path, LEAST, networks=networks, vms=vms))
    sets = [estate.network_sets[code] for code in estate.vms["network_set"]]
    assert sets == [(0,), (), ()]
    assert [(f.code, f.subject, f.detail) for f in estate.findings] == [
        ("ambiguous_address", "10.0.1.5", "vms.csv: in two networks of the same prefix, "
         "so taken as unknown; first at vm dc"),
        ("unknown_address", "10.9.0.1", "vms.csv: in no network, so taken as unknown; "
         "first at vm dc"),
    ]  # fmt: skip


def test_overlapping_cidrs_at_two_sites_are_a_finding(tmp_path: Path) -> None:
    networks = (
        "network,cidr,site\nhq,10.0.0.0/16,a\ninner,10.0.1.0/24,a\nother,10.0.2.0/24,b\n"
        "apart,10.1.0.0/16,b\nnowhere,10.0.3.0/24,\n"
    )
    estate = read_estate(written(tmp_path, LEAST, networks=networks))
    (finding,) = estate.findings
    assert (finding.code, finding.subject) == ("overlapping_cidr", "other")
    assert "10.0.2.0/24 at b overlaps 10.0.0.0/16 of hq at a" in finding.detail
