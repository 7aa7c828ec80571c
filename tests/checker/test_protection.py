"""Protected tasks (S16), by enumerating all paths, and cases by hand."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from judged_plan import ESTATE, Case, about, spoil, spoil_all

from optimizer.checker.paths import compute_paths
from optimizer.checker.protection import pairs_on_one_link
from optimizer.inputs.estate_folder.reader import read_estate


def link_sets(
    arcs: list[tuple[int, int, int]], home: tuple[int, ...], goal: tuple[int, ...]
) -> list[frozenset[int]]:
    """Return the links of every path without a node twice, from any of home to any of goal."""
    found = []

    def walk(node: int, seen: frozenset[int], used: frozenset[int]) -> None:
        if node in goal:
            found.append(used)
        for tail, head, link in arcs:
            if tail == node and head not in seen:
                walk(head, seen | {head}, used | {link})

    for node in home:
        walk(node, frozenset({node}), frozenset())
    return found


def random_network(folder: Path, rng: random.Random) -> list[tuple[int, int, int]]:
    """Write an estate of 6 networks with servers and VMs in one or two; return its arcs."""
    size = 6
    links = [(*rng.sample(range(size), 2), rng.random() < 0.5) for _ in range(rng.randint(4, 10))]
    places = [f"n{node}" for node in range(size)]
    places += [";".join(rng.sample(places, 2)) for _ in range(3)]
    rng.shuffle(places)
    files = ESTATE | {
        "networks.csv": "network\n" + "".join(f"n{node}\n" for node in range(size)),
        "links.csv": "from,to,both_ways\n"
        + "".join(f"n{tail},n{head},{both}\n" for tail, head, both in links),
        "servers.csv": "server,os,roles,networks\n"
        + "".join(
            f"s{number},Windows Server 2019,{'' if number else 'backup_server'},{place}\n"
            for number, place in enumerate(places)
        ),
        "vms.csv": "vm,os,networks\n"
        + "".join(f"v{number},Windows,{place}\n" for number, place in enumerate(places)),
        "job_vms.csv": "job,vm\n",
        "current.csv": "job,vm,proxy\n",
    }
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    arcs = [(tail, head, link) for link, (tail, head, _) in enumerate(links)]
    return arcs + [(head, tail, link) for link, (tail, head, both) in enumerate(links) if both]


def test_protected_means_two_link_disjoint_paths(tmp_path: Path) -> None:
    rng = random.Random(7)  # noqa: S311
    seen: Counter[bool] = Counter()
    for trial in range(40):
        folder = tmp_path / str(trial)
        arcs = random_network(folder, rng)
        estate = read_estate(folder)
        sets = estate.network_sets
        home = sets[estate.servers["network_set"].iloc[0]]
        pairs = [
            (proxy, vm)
            for proxy in range(1, len(sets))
            for vm in range(1, len(sets))
            if link_sets(arcs, home, sets[vm]) and link_sets(arcs, sets[proxy], sets[vm])
        ]
        disjoint = [
            any(
                not mine & other
                for mine in link_sets(arcs, sets[proxy], sets[vm])
                for other in link_sets(arcs, home, sets[vm])
            )
            for proxy, vm in pairs
        ]
        alone = pairs_on_one_link(estate, compute_paths(estate), *zip(*pairs, strict=True))
        np.testing.assert_array_equal(~alone, disjoint)
        seen.update(disjoint)
    assert min(seen[True], seen[False]) > 100


@pytest.mark.parametrize(("second", "protected"), [("", False), ("hq,branch,true,true\n", True)])
def test_a_repeated_row_is_a_second_link(tmp_path: Path, second: str, protected: bool) -> None:
    case = Case(tmp_path)
    spoil(case.estate, "links.csv", "hq,branch", f"{second}hq,branch")
    spoil(case.plan, "assignments.csv", "v2,p,1", "v2,q,3")
    wrong = about(case.judge(), "v2", "protected is 'true', expected 'false'")
    assert bool(wrong) == (not protected)


def test_powershell_direct_is_not_protected(tmp_path: Path) -> None:
    """`p` is cut off but for v2's host; the backup server has two links to v2's network."""
    case = Case(tmp_path)
    hosted = "v2,Windows Server 2019,vms,hyperv,p,2019"
    spoil_all(
        case.estate,
        [
            ("links.csv", "hq,branch,true,true", "hq,vms,true,true\nhq,vms,true,true"),
            ("networks.csv", "branch,BR\n", "branch,BR\nvms,BR\n"),
            ("vms.csv", "v2,Windows Server 2019,branch,,,", hosted),
        ],
    )
    spoil(case.plan, "assignments.csv", "v2,p,1,network", "v2,p,3,powershell_direct")
    lines = about(case.judge(), "vm 'v2'")
    assert lines == ["job 'nightly', vm 'v2': protected is 'true', expected 'false'"]
