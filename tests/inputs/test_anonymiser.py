"""Tests of anonymous estates: nothing of the old names is left, and the plan is the same."""

from __future__ import annotations

import csv
import ipaddress
import json
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import random_estates
from click.testing import CliRunner
from hypothesis import given, settings

from models.plan import Plan
from optimizer.cli.main import gip
from optimizer.inputs.anonymiser import anonymise
from optimizer.inputs.anonymous_addresses import AddressMap
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.planner import plan

NAMES_ONLY = {"unknown_column", "alike_names", "doubtful_router"}  # findings that speak of names
ROOT = Path(__file__).parents[2]
BRANCHES = ROOT / "data" / "branch-offices"
NORDWIND = ROOT.parent / "shared" / "faults" / "nordwind"
KINDS = {"servers": "server", "networks": "network", "vms": "vm", "jobs": "job"}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def anonymous(folder: Path, work: Path) -> tuple[Path, dict[tuple[str, str], str]]:
    """Return the anonymous estate of the one in ``folder``, and old names by kind and new one."""
    anonymise(folder, work / "anonymous", work / "key.csv", lambda step: None)
    key = {(row["kind"], row["anonymous"]): row["name"] for row in rows(work / "key.csv")}
    return work / "anonymous", key


def planned(made: Plan, key: dict[tuple[str, str], str] | None = None) -> list[Any]:
    """Return who serves whom, and the aims, by the old names where there is a ``key``."""
    estate, tasks = made.estate, made.tasks

    def names(table: str, kind: str) -> list[str]:
        found = getattr(estate, table)[kind].tolist()
        return found if key is None else [key[kind, name] for name in found]

    job, vm, server = names("jobs", "job"), names("vms", "vm"), [*names("servers", "server"), ""]
    columns = (tasks.job, tasks.vm, made.proxy, made.tier, made.connection, made.protected)
    served = sorted(
        (job[one], vm[two], server[proxy], tier, connection, protected)
        for one, two, proxy, tier, connection, protected in zip(
            *(column.tolist() for column in columns), strict=True
        )
    )
    reasons = sorted((job[tasks.job[t]], vm[tasks.vm[t]], why) for t, why, _ in made.unassigned)
    return [served, reasons, [(aim.aim, aim.value, aim.bound, aim.proven) for aim in made.aims]]


def same_plan(folder: Path, work: Path) -> None:
    other, key = anonymous(folder, work)
    first, second = plan(read_estate(folder)), plan(read_estate(other))
    assert planned(second, key) == planned(first)
    kinds = [{f.code for f in made.findings} - NAMES_ONLY for made in (first, second)]
    assert kinds[0] == kinds[1]


def test_the_plan_of_the_branch_offices_is_the_same(tmp_path: Path) -> None:
    same_plan(BRANCHES, tmp_path)


def test_the_plan_of_nordwind_is_the_same(tmp_path: Path) -> None:
    if not NORDWIND.exists():
        pytest.skip("the shared estates are not here")
    same_plan(NORDWIND, tmp_path)


@settings(max_examples=15, deadline=None)
@given(random_estates.estates())
def test_the_plan_of_random_estates_is_the_same(spec: dict[str, Any]) -> None:
    with TemporaryDirectory() as folder:
        work = Path(folder)
        random_estates.write(spec, work / "in")
        same_plan(work / "in", work)


def test_no_name_is_left_and_their_order_stays(tmp_path: Path) -> None:
    other, key = anonymous(BRANCHES, tmp_path)
    text = "".join(path.read_text(encoding="utf-8-sig") for path in other.iterdir())
    for (kind, new), old in key.items():
        assert kind == "address" or len(old) < 4 or old not in text, (kind, old, new)
    assert "trading company" not in text
    by_kind: dict[str, list[tuple[bytes, str]]] = {}
    for (kind, new), old in key.items():
        by_kind.setdefault(kind, []).append((old.encode(), new))
    assert set(by_kind) == {"server", "network", "site", "vm", "name", "job", "address"}
    for kind, pairs in by_kind.items():
        if kind != "address":
            assert [new for _, new in sorted(pairs)] == sorted(new for _, new in pairs)
            assert len({new for _, new in pairs}) == len(pairs)


def test_the_same_estate_gives_the_same_bytes_and_keeps_its_rows(tmp_path: Path) -> None:
    for name in ("one", "two"):
        anonymise(BRANCHES, tmp_path / name, None, lambda step: None)
    one, two = (sorted((tmp_path / name).iterdir()) for name in ("one", "two"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]
    for path in one:
        if path.suffix == ".csv":
            assert len(rows(path)) == len(rows(BRANCHES / path.name))


def test_wishes_and_empty_cells_are_renamed_with_the_rest(tmp_path: Path) -> None:
    write_estate(tmp_path / "in", 'name = "Contoso"\n[lists]\nfree = ["b"]\nkeep = ["a"]\n')
    other, key = anonymous(tmp_path / "in", tmp_path)
    job = {old: new for (kind, new), old in key.items() if kind == "job"}
    read = read_estate(other).settings
    assert (read.name, read.lists.free, read.lists.keep) == (
        "anonymous", frozenset({job["b"]}), frozenset({job["a"]}),
    )  # fmt: skip
    assert [row["networks"] for row in rows(other / "vms.csv")] == ["net-01", ""]
    assert [row["host"] for row in rows(other / "vms.csv")] == ["", "server-02"]


def write_estate(folder: Path, settings: str) -> None:
    folder.mkdir()
    for name, text in {
        "servers.csv": "server,os,roles,networks\nbs,Windows Server 2022,backup_server,n\n",
        "networks.csv": "network,cidr,site,owner\nn,10.0.0.0/24,hq,Bob\n",
        "vms.csv": "vm,os,networks,host\nv,Windows,n,\nw,,,gone-host\n",
        "jobs.csv": "job,start,duration_minutes\na,22:00,60\nb,23:00,60\n",
        "job_vms.csv": "job,vm\na,v\n",
        "sites.csv": "site,latitude,longitude\nhq,35.7,139.7\n",
        "estate.toml": settings,
    }.items():
        (folder / name).write_text(text)


def test_routers_and_networks_may_be_named_by_addresses(tmp_path: Path) -> None:
    write_estate(tmp_path / "in", "")
    for name, text in {
        "networks.csv": "network,cidr,site\n10.0.0.0/24,10.0.0.0/24,hq\nn,,\n",
        "links.csv": "from,to\n10.0.0.0/24,10.0.0.1\n10.0.0.1,n\n",
        "vms.csv": "vm,os,networks\nv,Windows,10.0.0.1\nw,Windows,10.0.0.0/24;10.9.9.9\n",
        "job_vms.csv": "job,vm\na,v\na,w\n",
    }.items():
        (tmp_path / "in" / name).write_text(text)
    same_plan(tmp_path / "in", tmp_path)


def test_a_job_is_as_late_in_the_late_weeks(tmp_path: Path) -> None:
    # Two of the five weeks start a job later, by numbers drawn from its name.
    def lateness(job: str) -> list[int]:
        digest = sha256(job.encode()).digest()
        return [int.from_bytes(digest[n : n + 4], "big") % 11 for n in (0, 4)]

    _, key = anonymous(BRANCHES, tmp_path)
    pairs = [(old, new) for (kind, new), old in key.items() if kind == "job"]
    assert [lateness(new) for _, new in pairs] == [lateness(old) for old, _ in pairs]


def run(*words: object) -> Any:
    return CliRunner().invoke(gip, ["anonymise", *map(str, words)], catch_exceptions=False)


def test_the_command_says_what_it_leaves_out(tmp_path: Path) -> None:
    write_estate(tmp_path / "in", 'name = "Contoso"\n')
    done = run(tmp_path / "in", "--out", tmp_path / "out")
    assert done.exit_code == 0
    for words in ("columns networks.owner", "files sites.csv", "2 jobs", "operating systems"):
        assert words in done.output
    assert "Bob" not in (tmp_path / "out" / "networks.csv").read_text(encoding="utf-8-sig")
    told = json.loads(run(tmp_path / "in", "--out", tmp_path / "json", "--json").output)
    assert told["left_out"] == {
        "columns": ["networks.owner"], "settings": [], "files": ["sites.csv"],
    }  # fmt: skip


def test_nothing_is_overwritten_and_no_key_goes_with_the_estate(tmp_path: Path) -> None:
    write_estate(tmp_path / "in", "")
    before = {path.name: path.read_bytes() for path in (tmp_path / "in").iterdir()}
    done = CliRunner().invoke(
        gip, ["anonymise", str(tmp_path / "in"), "--out", str(tmp_path / "in")]
    )
    assert "is there already" in str(done.exception)
    assert {path.name: path.read_bytes() for path in (tmp_path / "in").iterdir()} == before
    done = run(tmp_path / "in", "--out", tmp_path / "out", "--key", tmp_path / "out" / "key.csv")
    assert done.exit_code == 2
    assert not (tmp_path / "out").exists()


# Addresses


def common(one: str, other: str) -> int:
    """Return how many leading bits two addresses share."""
    first, second = map(ipaddress.ip_address, (one, other))
    return first.max_prefixlen - (int(first) ^ int(second)).bit_length()


@pytest.mark.parametrize("size", [4, 6])
def test_addresses_keep_their_common_prefixes(size: int) -> None:
    drawn = np.random.default_rng(size)
    bits, kind = (32, ipaddress.IPv4Address) if size == 4 else (128, ipaddress.IPv6Address)
    numbers = [int.from_bytes(drawn.bytes(bits // 8), "big") for _ in range(20)]
    flips = drawn.integers(0, bits, (3, len(numbers))).tolist()
    numbers += [n ^ 1 << flip for row in flips for n, flip in zip(numbers, row, strict=True)]
    old = [str(kind(number)) for number in numbers]
    renumber = AddressMap(b"key").address
    new = [renumber(address) for address in old]
    assert len(set(new)) == len(set(old))
    assert new != old
    for at, one in enumerate(old):
        for place, other in enumerate(old[:at]):
            assert common(new[at], new[place]) == common(one, other)
    neighbours = {renumber(f"10.{number}.0.5").rpartition(".")[2] for number in range(20)}
    assert len(neighbours) > 5
    assert [AddressMap(b"other key").address(address) for address in old] != new


@pytest.mark.parametrize(
    "block", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"]
)
def test_a_private_address_stays_private(block: str) -> None:
    network = ipaddress.ip_network(block)
    for key in (b"a", b"b", b"c"):
        for step in range(0, network.num_addresses, network.num_addresses // 7):
            assert ipaddress.ip_address(AddressMap(key).address(str(network[step]))) in network
        assert AddressMap(key).prefix(block) == block


def test_an_address_stays_in_its_prefix() -> None:
    addresses = AddressMap(b"key")
    for prefix, inside in [("10.1.2.0/23", "10.1.3.7"), ("2001:db8:5::/48", "2001:db8:5::9")]:
        new = ipaddress.ip_network(addresses.prefix(prefix))
        assert str(new) != prefix
        assert ipaddress.ip_address(addresses.address(inside)) in new
    assert addresses.address("fe80::1%eth0") == addresses.address("fe80::1")
