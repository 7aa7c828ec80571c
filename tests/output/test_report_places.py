"""Where the report puts sites, and what it draws between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from report_plans import BRANCHES, call, planned, report_of_plan, reported, rows

from models.errors import EstateError
from models.report_data import Report
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.estate_folder.site_coordinates import read_sites
from optimizer.output.report.map.layout import close_pairs, positions

SINET = Path(__file__).parents[3] / "shared/data/topologies/Sinet.graphml"


def test_places_have_the_tasks_of_their_vms(branches: Report, out: Path) -> None:
    site = {row["network"]: row["site"] for row in rows(BRANCHES / "networks.csv")}
    at = {row["vm"]: site.get(row["networks"]) for row in rows(BRANCHES / "vms.csv")}
    served = rows(out / "assignments.csv")
    found = {place.name: place for place in branches.places}
    assert sorted(found) == sorted(set(site.values()))  # each router is at one of them
    tiers = Counter((at[row["vm"]], row["tier"]) for row in served)
    # VMs with an address instead of a network's name are left to the sums below; one of which no
    # network is known is nowhere, though PowerShell Direct may serve it.
    for (name, tier), count in tiers.items():
        assert not name or not tier or found[name].tiers[int(tier) - 1] >= count
    nowhere = {row["vm"] for row in rows(BRANCHES / "vms.csv") if not row["networks"]}
    placed = [row for row in served if row["tier"] and row["vm"] not in nowhere]
    assert sum(sum(place.tiers) for place in branches.places) == len(placed)
    for figure, wanted in (
        ("failover", sum(row["failover_proxy"] != "" for row in placed)),
        ("unprotected", sum(row["protected"] == "false" for row in placed)),
    ):
        assert sum(getattr(place, figure) for place in branches.places) == wanted
    assert [place.name for place in branches.places if place.home] == ["tokyo"]
    used = {row["proxy"] for row in served if row["tier"]}
    assert sum(place.servers for place in branches.places) == len(used)


def test_places_and_lines(tmp_path: Path) -> None:
    # Site one: n1, n2 and their router r. w is at site two, the only one with a network that it
    # is linked to. x has no site, and v is a router between sites.
    report = report_of_plan(
        tmp_path,
        ["bs n1", "p n3"],
        ["a n1", "b n2;n3", "c x", "d 9.9.9.9"],
        networks=["n1 one", "n2 one", "n3 two", "x"],
        links=[
            "n1 - r", "n2 - r", "r - w", "w - n3", "n2 - n3", "n3 > x", "x > n3 up=false",
            "v - n1 up=false", "v - n3 up=false",
        ],
    )  # fmt: skip
    names = [place.name for place in report.places]
    assert names == ["one", "two", "v", "x"]
    lines = {
        (names[line.start], names[line.end]): (line.links, line.bridge, line.up)
        for line in report.lines
    }
    # From one to two there are two ways, and yet others part where site two as a whole fails.
    assert lines == {
        ("one", "two"): (2, False, True),
        ("one", "v"): (1, False, False),
        ("two", "v"): (1, False, False),
        ("two", "x"): (2, True, True),
    }
    assert [place.parting for place in report.places] == [False, True, False, False]


def test_coordinates_make_a_map(tmp_path: Path) -> None:
    call(
        "generate", tmp_path / "in", "--vms", 50, "--topology", graphml(tmp_path), "--no-current",
        "--quiet",
    )  # fmt: skip
    assert (tmp_path / "in/sites.csv").read_text() == (
        "site,latitude,longitude\nSuva,-18,178\nApia,-13,-172\nNadi,-17,177\n"
    )
    read = read_estate(tmp_path / "in")
    planned(tmp_path / "in", tmp_path / "out")
    report = reported(read, tmp_path / "out", read_sites(tmp_path / "in"))
    x = {place.name: place.x for place in report.places}
    y = {place.name: place.y for place in report.places}
    assert x["Nadi"] < x["Suva"] < x["Apia"]  # over the date line
    assert y["Apia"] < y["Nadi"] < y["Suva"]
    assert x["Suva"] < x["Half way"] < x["Apia"]
    assert y["Alone"] > max(y[name] for name in ("Suva", "Apia", "Nadi", "Half way"))


def graphml(folder: Path) -> Path:
    places = {
        "Suva": (-18, 178),
        "Apia": (-13, -172),
        "Nadi": (-17, 177),
        "Half way": (),
        "Alone": (),
    }
    nodes = "".join(
        f'<node id="{name}">'
        + "".join(f'<data key="{key}">{value}</data>' for key, value in zip("ao", at, strict=False))
        + "</node>"
        for name, at in places.items()
    )
    keys = "".join(
        f'<key id="{key}" for="node" attr.name="{name}" attr.type="double"/>'
        for key, name in (("a", "Latitude"), ("o", "Longitude"))
    )
    edges = "".join(
        f'<edge source="{one}" target="{other}"/>'
        for one, other in (("Suva", "Nadi"), ("Suva", "Half way"), ("Half way", "Apia"))
    )
    path = folder / "pacific.graphml"
    path.write_text(
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
        f'{keys}<graph edgedefault="undirected">{nodes}{edges}</graph></graphml>'
    )
    return path


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("site,latitude\na,1\n", "sites.csv:1: has no column 'longitude'"),
        ("site,latitude,longitude\na,91,0\n", "sites.csv:2: latitude: '91' is not a number"),
        ("site,latitude,longitude\na,1,nan\n", "sites.csv:2: longitude: 'nan' is not a number"),
        ("site,latitude,longitude\na,1,1\na,1,1\n", "sites.csv:3: site: 'a' is there already"),
    ],
)
def test_wrong_coordinates_are_refused(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text(text)
    with pytest.raises(EstateError) as refusal:
        read_sites(tmp_path)
    assert str(refusal.value).startswith(problem)


NETWORKS: dict[str, Callable[[int], list[tuple[int, int]]]] = {
    "hub": lambda count: [(0, number) for number in range(1, count)],
    "mesh": lambda count: sorted(
        (number, (number + step) % count) for number in range(count) for step in (1, 28)
    ),
    "tree": lambda count: [((number - 1) // 3, number) for number in range(1, count)],
    "none": lambda count: [],
    "two": lambda count: [(n, n + 1) for n in range(count - 1) if n != count // 2],
}


@pytest.mark.parametrize("shape", NETWORKS)
@pytest.mark.parametrize("count", [1, 2, 5, 300])
def test_no_place_hides_another_and_all_stay_put(shape: str, count: int) -> None:
    points = positions(count, NETWORKS[shape](count), {})
    assert (points == positions(count, NETWORKS[shape](count), {})).all()
    assert points.min() >= 0
    assert points.max() <= 1
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) + np.eye(count)
    assert apart.min() > 0.4 / count**0.5


def test_places_of_the_same_coordinates_are_parted() -> None:
    points = positions(3, [(0, 1), (1, 2)], dict.fromkeys(range(3), (35.0, 139.0)))
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) + np.eye(3)
    assert apart.min() > 0.2


def test_the_close_pairs_are_those_of_all() -> None:
    points = np.random.default_rng(1).random((200, 2)) - 0.3
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    near = {(a, b) for a, b in zip(*np.nonzero(apart < 0.1), strict=True) if a < b}
    one, other = close_pairs(points, 0.1)
    pairs = [tuple(sorted(pair)) for pair in zip(one.tolist(), other.tolist(), strict=True)]
    assert len(pairs) == len(set(pairs))
    assert near <= set(pairs)


def test_real_coordinates_stay_in_their_order(tmp_path: Path) -> None:
    if not SINET.exists():
        pytest.skip("the shared topologies are not here")
    call("generate", tmp_path, "--vms", 100, "--topology", SINET, "--quiet")
    sites = read_sites(tmp_path)
    assert len(sites) == 47
    assert sites["Hiroshima U"][0] > sites["Fukuoka DC"][0] > sites["Kyushu U"][0]
