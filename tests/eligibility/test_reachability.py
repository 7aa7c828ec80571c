"""Who reaches whom, and who is cut off by a single broken link."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import networkx as nx
import numpy as np
import pytest
from estates import estate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from optimizer.eligibility.dominators import START, Dominators
from optimizer.eligibility.reachability import Network

Link = tuple[str, str, str, bool]


def codes(table: Any) -> NDArray[np.int32]:
    return np.asarray(table["network_set"].to_numpy(), dtype=np.int32)


def reaches(folder: Path, links: Sequence[str] | None, source: str, target: str) -> bool:
    made = estate(folder, [f"bs {source}"], [f"v {target}"], links=links)
    return bool(Network(made).reaches(codes(made.servers), codes(made.vms))[0, 0])


def protects(folder: Path, links: Sequence[str] | None, proxy: str, vm: str) -> bool:
    made = estate(folder, ["bs hq", f"p {proxy}"], [f"v {vm}"], links=links)
    own, source = codes(made.servers).tolist()
    sources = np.array([source], dtype=np.int32)
    return bool(Network(made).protects(own, sources, codes(made.vms))[0, 0])


@pytest.mark.parametrize(
    ("links", "there", "back"),
    [
        (["a - b"], True, True),
        (["a > b"], True, False),
        (["b > a"], False, True),
        (["a - b up=no"], False, False),
        (["a - b up=no", "a > b"], True, False),
        (["a - r", "r - b"], True, True),
        (["a > r", "r > s", "s > b"], True, False),
        (["a - c", "c - b"], True, True),  # networks pass traffic on, too
        (["a - r", "s - b"], False, False),
        (["a > r", "b > r"], False, False),
        ([], False, False),
        (None, True, True),  # without the table everything reaches everything
    ],
)
def test_reachability(tmp_path: Path, links: list[str] | None, there: bool, back: bool) -> None:
    found = reaches(tmp_path, links, "a", "b"), reaches(tmp_path, links, "b", "a")
    assert found == (there, back)


@pytest.mark.parametrize(
    ("source", "target", "found"),
    [
        ("c", "c", True),
        ("a;c", "b", True),
        ("c;d", "b", True),
        ("a;d", "b", False),
        ("c", "a;b", True),
        ("c", "b;d", True),
        ("c", "a;d", False),
    ],
)
def test_any_of_several_networks_will_do(
    tmp_path: Path, source: str, target: str, found: bool
) -> None:
    assert reaches(tmp_path, ["c > b"], source, target) == found


@pytest.mark.parametrize("links", [None, [], ["a - b"]])
def test_an_unknown_network_is_not_reached(tmp_path: Path, links: list[str] | None) -> None:
    # 192.0.2.1 is in no network.
    for source, target in [("a", ""), ("a", "192.0.2.1"), ("192.0.2.1", "a")]:
        made = estate(tmp_path, [f"bs {source}"], [f"v {target}"], networks=["a", "b"], links=links)
        assert not Network(made).reaches(codes(made.servers), codes(made.vms)).any()


@pytest.mark.parametrize(
    ("links", "found"),
    [
        (["hq - r", "lab - r", "r - vm"], False),  # all over the bridge r - vm
        (["hq - r", "lab - r", "r - vm", "r - vm"], True),  # which is there twice
        (["hq - r", "lab - r", "r - vm", "r - vm up=no"], False),
        (["hq - r", "lab - r", "r > vm", "r > vm"], True),
        (["hq - r", "r - lab", "lab - vm", "vm - hq"], True),  # a ring: either way round
        (["hq - r", "r - lab", "lab - vm", "vm > hq"], False),  # with a gap
        (["hq - r", "lab - r", "r - vm", "start - vm"], False),  # no router's name is special
        (["hq - lab", "lab - vm"], False),  # bs's way leads past the proxy
        (["hq - vm", "lab - hq"], False),  # the proxy's way leads past bs
        (["hq - vm", "lab - vm"], True),  # a link each
        (["hq > r", "r > vm", "lab > s", "s > vm"], True),
        (["hq - r", "lab - s", "r - s", "s - vm", "r - vm"], True),
        (["lab - vm", "lab - vm"], False),  # bs does not connect
        (["hq - vm", "hq - vm"], False),  # the proxy does not
        ([], False),
        (None, True),  # every network reaches every other, links unknown
    ],
)
def test_protected_from_another_network(
    tmp_path: Path, links: list[str] | None, found: bool
) -> None:
    assert protects(tmp_path, links, "lab", "vm") == found


@pytest.mark.parametrize(
    ("links", "proxy", "vm", "found"),
    [
        (["hq - vm"], "vm", "vm", True),  # the proxy uses no link
        ([], "vm", "vm", False),  # but bs has to connect
        ([], "lab", "hq;lab", True),  # both are in a network of the VM
        (["hq - r", "r - x", "r - y"], "r;hq", "x", False),  # both over r - x
        (["hq - x", "lab - y"], "lab", "x;y", True),  # a card each
        (["hq - r", "lab - r", "r - x"], "lab", "x;y", False),  # y leads nowhere
        (["hq - r", "lab - r", "r - x", "r - y"], "lab", "x;y", True),
        (["hq - r", "r - x", "lab - s", "s - x"], "lab", "x", True),
        (["hq - x", "lab - x"], "hq", "x", False),  # behind the same link as bs
        (["hq - x", "lab - x"], "hq;lab", "x", True),
    ],
)
def test_protected_with_networks_in_common_or_several(
    tmp_path: Path, links: list[str], proxy: str, vm: str, found: bool
) -> None:
    assert protects(tmp_path, links, proxy, vm) == found


NETWORKS = ("n0", "n1", "n2", "n3", "n4")
several = st.lists(st.sampled_from(NETWORKS), max_size=2, unique=True).map(";".join)
one_link = st.tuples(
    st.sampled_from([*NETWORKS, "r", "s"]),
    st.sampled_from("-->"),
    st.sampled_from([*NETWORKS, "r", "s"]),
    st.sampled_from([True, True, True, False]),
)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    links=st.lists(one_link, max_size=10),
    servers=st.lists(several, min_size=2, max_size=4),
    vms=st.lists(several, min_size=1, max_size=4),
)
def test_graph_questions_against_breaking_links_one_by_one(
    tmp_path: Path, links: list[Link], servers: list[str], vms: list[str]
) -> None:
    names = ["bs", "p", "q", "t"]
    made = estate(
        tmp_path,
        [
            f"{name} {cell}" if cell else f"{name} 192.0.2.1"
            for name, cell in zip(names, servers, strict=False)
        ],
        [f"v{n} networks={cell}" for n, cell in enumerate(vms)],
        networks=NETWORKS,
        links=[f"{one} {arrow} {other} up={up}" for one, arrow, other, up in links],
    )
    network = Network(made)
    sources, targets = codes(made.servers), codes(made.vms)
    reached = network.reaches(sources, targets)
    protected = network.protects(int(sources[0]), sources, targets)
    for row, start in enumerate(servers):
        for column, goal in enumerate(vms):
            assert reached[column, row] == walks(links, start, goal)
            assert protected[column, row] == (
                walks(links, start, goal)
                and walks(links, servers[0], goal)
                and all(
                    walks(left, start, goal) or walks(left, servers[0], goal)
                    for left in (links[:n] + links[n + 1 :] for n in range(len(links)))
                )
            )


def walks(links: list[Link], start: str, goal: str) -> bool:
    """Tell whether some network of ``start`` reaches one of ``goal``, breadth first."""
    seen: set[str] = set()
    front = set(filter(None, start.split(";")))
    while front:
        seen |= front
        ahead = {other for one, _, other, up in links if up and one in seen}
        back = {one for one, arrow, other, up in links if up and arrow == "-" and other in seen}
        front = (ahead | back) - seen
    return not seen.isdisjoint(filter(None, goal.split(";")))


@pytest.mark.parametrize("seed", range(200))
def test_dominators_are_those_of_the_library(seed: int) -> None:
    draw = Random(seed)  # noqa: S311
    nodes = range(draw.randint(1, 14))
    graph = nx.DiGraph()
    graph.add_node(START)
    for _ in range(draw.randint(0, 30)):
        first, last = draw.choice([START, *nodes]), draw.choice(nodes)
        if first != last:
            graph.add_edge(first, last)
    assert Dominators(graph).above == {**nx.immediate_dominators(graph, START), START: START}
