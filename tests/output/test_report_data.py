"""Tests of `optimizer.output.report`: every figure of a report, got in another way as well."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from estates import estate
from week_plans import week_of

from models.errors import EstateError, PlanError
from models.estate import Estate
from models.ports import LOGS, PORTS, SOURCES, WHEN
from models.report_data import PortRule, Report
from models.schema import DAYS
from optimizer.cli.main import gip
from optimizer.files.csv_reader import read_csv
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.estate_folder.site_coordinates import read_sites
from optimizer.output.plan_writer import write_plan
from optimizer.output.report import failures as swept
from optimizer.output.report.build import build_report
from optimizer.output.report.counts import EXAMPLES, findings
from optimizer.output.report.facts import build_facts
from optimizer.output.report.firewall import COLUMNS, VSPHERE, write_firewall
from optimizer.output.report.map.layout import close_pairs, positions
from optimizer.planner import plan

DATA = Path(__file__).parents[2] / "data"
BRANCHES = DATA / "branch-offices"
SINET = Path(__file__).parents[3] / "shared/data/topologies/Sinet.graphml"
TWO = {"networks": ["n1 one", "n2 two"], "links": ["n1 - r", "r - n2"]}


def call(*words: object) -> None:
    gip.main([str(word) for word in words], standalone_mode=False)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def reported(estate: Estate, folder: Path, sites: Any = None) -> Report:
    return build_report(build_facts(estate, folder), sites or {}, lambda step: None)


def report_of_plan(folder: Path, *tables: list[str], **others: Any) -> Report:
    """Return the report of the estate of these rows, planned."""
    read = estate(folder / "in", *tables, **others)
    (folder / "out").mkdir()
    made = plan(read)
    write_plan(made, week_of(made), folder / "out", 0)
    return reported(read, folder / "out")


def planned(folder: Path, out: Path) -> Path:
    """Write a plan of the estate in ``folder``, with two jobs to change and one to split."""
    made = plan(read_estate(folder))
    jobs = made.estate.jobs["job"].tolist()
    out.mkdir(exist_ok=True)
    changes = {jobs[0]: ((0, 1), [("protected", 5)]), jobs[-1]: ((2,), [("overload", 3000)])}
    write_plan(made, week_of(made, changes, parts=2), out, 0)
    return out


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a plan of `branch-offices`."""
    return planned(BRANCHES, tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="module")
def branches(out: Path) -> Report:
    """Return the report of it."""
    return reported(read_estate(BRANCHES), out)


def test_the_numbers_of_tasks_and_aims(branches: Report, out: Path) -> None:
    record = json.loads((out / "plan.json").read_bytes())
    totals = record["totals"]
    assert (branches.tasks, branches.windows_tasks, branches.own_tasks, branches.assigned) == tuple(
        totals[name] for name in ("tasks", "windows_tasks", "own_tasks", "assigned")
    )
    assert [(aim.aim, aim.value, aim.bound, aim.proven) for aim in branches.aims] == [
        (aim["aim"], aim["value"], aim["bound"], aim["proven"]) for aim in record["aims"]
    ]
    assert (branches.versions, branches.inputs) == (record["tool"], record["inputs"])
    assert (branches.estate, branches.backup_server) == ("branch-offices", "vbr-01")
    assert branches.vms == len(rows(BRANCHES / "vms.csv"))
    protected = sum(row["protected"] == "true" for row in rows(out / "assignments.csv"))
    assert branches.unprotected == branches.assigned - protected


def test_the_weeks_are_those_of_the_record(branches: Report, out: Path) -> None:
    record = json.loads((out / "plan.json").read_bytes())["week"]
    parts = {"today": "today", "lists": "lists", "splits": "lists_and_splits"}
    assert [week.week for week in branches.weeks] == ["today", "lists", "splits", "best"]
    for week in branches.weeks[:3]:
        wanted = record[parts[week.week]]
        assert week.worst is not None
        assert (asdict(week.nominal), asdict(week.worst)) == (wanted["nominal"], wanted["worst"])
    assert (asdict(branches.weeks[3].nominal), branches.weeks[3].worst) == (record["bound"], None)
    automatic, planned = branches.other_weeks
    assert asdict(automatic.nominal) == record["automatic"]["nominal"]
    assert (asdict(planned.nominal), planned.worst) == (record["plan"], None)
    assert [asdict(aim) for aim in branches.week_aims] == record["aims"]


def test_what_each_server_gains_and_loses(tmp_path: Path) -> None:
    # c's server is gone, d has none. q does not connect, and nobody reaches f and g.
    report = report_of_plan(
        tmp_path,
        ["bs hq", "p east max_tasks=1 excluded=true", "q lab max_tasks=1"],
        ["a east", "b hq", "c hq", "d hq", "e hq", "f far", "g far"],
        links=["east - hq"],
        current=["j a p", "j b p", "j c nobody", "j e q", "j f q", "j g q"],
    )
    # All but f and g go to bs, and those to nobody.
    assert report.moves_by_server == [
        ("bs", 4, 0), ("nobody", 0, 1), ("p", 0, 2), ("q", 0, 3),
    ]  # fmt: skip


def test_the_moves_come_to_the_aim(branches: Report) -> None:
    moves = next(aim.value for aim in branches.aims if aim.aim == "moves")
    assert sum(losses for _, _, losses in branches.moves_by_server) == moves


def test_the_load_of_servers_hour_by_hour(branches: Report, out: Path) -> None:
    wanted: dict[str, list[int]] = {}
    for row in rows(out / "proxy_load.csv"):
        begin, end = (minute(row[name]) for name in ("from", "to"))
        hours = wanted.setdefault(row["server"], [0] * 168)
        for hour in range(begin // 60, -(-(end or 10080) // 60)):
            load = int(row["running_tasks"]) + int(row["planned_tasks"])
            hours[hour] = max(hours[hour], load)
    assert {week.server: list(week.hours) for week in branches.servers} == wanted
    limits = {row["server"]: row["max_tasks"] for row in rows(BRANCHES / "servers.csv")}
    tiers = Counter(
        (row["proxy"], row["tier"]) for row in rows(out / "assignments.csv") if row["tier"]
    )
    for week in branches.servers:
        assert week.peak == max(week.hours)
        assert str(week.limit or "") == limits[week.server]
        assert week.tiers == tuple(tiers[week.server, tier] for tier in "1234")
        assert week.tasks == sum(week.tiers)
    sites = {week.server: week.site for week in branches.servers}
    assert (sites["gip-takamatsu-01"], sites["vbr-01"]) == ("takamatsu", "tokyo")
    assert branches.overloaded == []


def minute(text: str) -> int:
    day, time = text.split()
    return DAYS.index(day) * 1440 + int(time[:2]) * 60 + int(time[3:])


def test_a_server_that_is_overloaded_by_what_it_runs_anyway(tmp_path: Path) -> None:
    report = report_of_plan(tmp_path, ["bs n max_tasks=2 running_tasks=3"], ["v n"])
    assert [(week.server, week.peak) for week in report.overloaded] == [("bs", 3)]


def test_unassigned_and_findings_are_counted(branches: Report, out: Path) -> None:
    reasons = Counter(row["reason"] for row in rows(out / "unassigned.csv"))
    assert {count.code: count.count for count in branches.unassigned} == reasons
    first = rows(out / "unassigned.csv")[0]
    examples = next(c.examples for c in branches.unassigned if c.code == first["reason"])
    assert examples[0] == f"{first['job']}/{first['vm']}"
    found = Counter((row["severity"], row["code"]) for row in rows(out / "findings.csv"))
    told = {(count.severity, count.code): count.count for count in branches.findings}
    assumed = found.pop(("info", "assumption"))
    assert told == found
    assert [count.code for count in branches.assumptions] == [
        "same_network", "tiers_in_lists", "unofficial_ports",
    ][-assumed - 1 :]  # fmt: skip


def test_a_million_findings_stay_small() -> None:
    text = "severity,code,subject,detail\r\n" + "warning,odd,s,d\r\ninfo,so,t,e\r\n" * 100_000
    table = read_csv("findings.csv", text.encode(), ("severity", "code", "subject", "detail"))
    assert [(one.code, one.count, one.examples) for one in findings(table)] == [
        ("odd", 100_000, ("s: d",) * EXAMPLES), ("so", 100_000, ("t: e",) * EXAMPLES),
    ]  # fmt: skip


def test_the_jobs_to_change_come_in_the_order_of_their_gain(branches: Report, out: Path) -> None:
    # `planned` has the first job gain protection only, the last one less overload.
    table = {row["job"]: row for row in rows(out / "job_proxies.csv")}
    early, late = branches.jobs
    assert (early.gains, early.early) == ((("overload", 3000),), True)
    assert (late.gains, late.early) == ((("protected", 5),), False)
    for change in (early, late):
        row = table[change.job]
        assert row["change"] == "set"
        assert (";".join(change.after), change.certainty) == (row["proxies"], row["certainty"])
        before = {row["job"]: row["proxies"] for row in rows(out / "job_before.csv")}
        assert ";".join(change.before) == before[change.job]
    kept = [row for row in table.values() if row["change"] == "keep"]
    assert branches.kept_jobs == len(kept) == len(table) - 2


def test_the_splits_say_what_they_gain_and_cost(branches: Report, out: Path) -> None:
    (split,) = branches.splits
    # From `week_of`: over five weeks 600 + 900 + 900 + 600 + 600 task-minutes go, 5 x 5 runs come
    # into tier 1, which is no loss to tier 3 that they leave, and 5 leave the site.
    assert split.gains == (("overload", 3600), ("tier1", 25))
    assert split.costs == (("same_site", 5),)
    table = rows(out / "job_splits.csv")
    assert {row["job"] for row in table} == {split.job}
    wanted = Counter((row["name"], row["proxies"]) for row in table)
    assert {(part.name, ";".join(part.servers)): part.vms for part in split.parts} == wanted


def test_the_failures(branches: Report, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call("whatif", BRANCHES, out, "--sweep", "--json")
    told = json.loads(capsys.readouterr().out)["scenarios"]
    assert (branches.scenarios, branches.scenarios_left_out) == (len(told), 0)
    assert branches.failover_limit == told[0]["backup_server_limit"]
    by_name = {scenario["fail"][0]: scenario for scenario in told}
    worst = max(scenario["lost"] + scenario["gone"] for scenario in told)
    assert branches.failures[0].lost + branches.failures[0].gone == worst
    assert len(branches.failures) == swept.WORST
    for failure in branches.failures:
        scenario = by_name[failure.fail]
        for name in ("kept", "failed_over", "lost", "gone"):
            assert getattr(failure, name) == scenario[name]
        assert failure.peak == scenario["backup_server_peak"]
        assert list(failure.single_points) == scenario["single_points"]


def test_a_sweep_that_takes_too_long_begins_with_what_touches_most(
    branches: Report, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swept, "EFFORT", 0)
    report = reported(read_estate(BRANCHES), out)
    assert report.scenarios == swept.FEWEST
    assert report.scenarios_left_out == branches.scenarios - swept.FEWEST
    worst = branches.failures[0].fail
    assert report.failures[0] == branches.failures[0]
    assert sum(failure in report.failures for failure in branches.failures[:5]) == 5, worst


def test_every_task_is_found(branches: Report, out: Path) -> None:
    search = branches.search
    served = {
        (row["job"], row["vm"]): (row["proxy"], row["tier"], row["protected"])
        for row in rows(out / "assignments.csv")
    }
    left = {(row["job"], row["vm"]): row["reason"] for row in rows(out / "unassigned.csv")}
    assert len(search.job) == len(served) + len(left) == branches.tasks
    for job, vm, proxy, tier, protected, reason in zip(
        search.job, search.vm, search.proxy, search.tier, search.protected, search.reason,
        strict=True,
    ):  # fmt: skip
        task = search.jobs[job], search.vms[vm]
        if proxy < 0:
            assert left[task] == search.reasons[reason]
            assert (tier, protected) == (0, 0)
        else:
            flag = "true" if protected else "false"
            assert served[task] == (search.servers[proxy], str(tier or ""), flag)
            assert reason == -1
    names = {row["vm"]: row["name"] for row in rows(BRANCHES / "vms.csv")}
    assert dict(zip(search.vms, search.names, strict=True)) == names


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


def test_an_estate_without_links_sites_and_today(tmp_path: Path) -> None:
    report = report_of_plan(tmp_path, ["bs n1", "p n2"], ["a n1", "b n2"], networks=["n1", "n2"])
    assert [week.week for week in report.weeks] == ["today", "lists", "best"]
    assert [place.name for place in report.places] == ["n1", "n2"]
    assert (report.lines, report.moves_by_server) == ([], [])
    assert "no_links" in {count.code for count in report.assumptions}
    assert {failure.fail.split(":")[0] for failure in report.failures} == {"server", "network"}


def test_a_plan_without_tasks(tmp_path: Path) -> None:
    report = report_of_plan(
        tmp_path, ["bs n1", "p n2"], ["a n1"], jobs=["j 22:00 60 enabled=false"], **TWO
    )
    assert (report.tasks, report.assigned, report.unassigned, report.jobs) == (0, 0, [], [])
    assert report.rules == []
    assert len(report.search.job) == 0
    assert report.failures[0].kept == 0


def test_a_plan_of_nothing_but_unassigned_tasks(tmp_path: Path) -> None:
    report = report_of_plan(tmp_path, ["bs n1 excluded=true"], ["a n1", "b n1", "c n2"], **TWO)
    assert [(count.code, count.count) for count in report.unassigned] == [("no_candidate", 3)]
    assert [place.unassigned for place in report.places] == [2, 1, 0]
    assert (report.assigned, report.unprotected, report.rules) == (0, 0, [])
    assert report.search.proxy.tolist() == [-1, -1, -1]


def test_the_plan_of_another_estate_is_refused(out: Path) -> None:
    with pytest.raises(PlanError, match="is not a plan of"):
        reported(read_estate(DATA / "tiny"), out)


@pytest.mark.parametrize("missing", ["job_proxies.csv", "job_splits.csv", "job_before.csv"])
def test_a_plan_without_its_choices_is_refused(missing: str, out: Path, tmp_path: Path) -> None:
    for path in out.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / missing).unlink()
    with pytest.raises(PlanError, match=rf"{missing}.*run `gip plan` again"):
        reported(read_estate(BRANCHES), tmp_path)


def short(rules: Sequence[PortRule]) -> list[tuple[str, ...]]:
    """Return the rules as start, end, ports and when, with f for failover, s for same network."""
    return [
        (
            rule.start, rule.end, " ".join(rule.ports), rule.when,
            "f" * rule.failover + "s" * rule.same_network,
        )
        for rule in rules
    ]  # fmt: skip


def test_the_firewall_of_the_tiny_estate(tmp_path: Path) -> None:
    # By hand, from the plan that tests/test_tiny.py derives: gip-01 (tokyo) serves two t, gip-02
    # (osaka-a) a1, d1 (in tokyo, too, but that is farther) and b1 in osaka-b, vbr-01 (tokyo) a t
    # and b2. It may take over all that the others serve: those of osaka-b are open for b2.
    planned(DATA / "tiny", tmp_path)
    report = reported(read_estate(DATA / "tiny"), tmp_path)
    guests = [
        ("135 445", "always"), ("49152-65535", "always"), ("2500-3300", "always"),
        ("2500 6160 6173 11731", "persistent_agent"),
    ]  # fmt: skip

    def guest(server: str, network: str, marks: str) -> list[tuple[str, ...]]:
        there = [(server, network, ports, when, marks) for ports, when in guests]
        back = (network, server, "2500-3300 6162", "always", marks)
        return [*there[:3], back, there[3]]

    def control(proxy: str, marks: str) -> list[tuple[str, ...]]:
        uses = [("6190 6290", "always"), ("445", "always")]
        return [("vbr-01", proxy, ports, when, marks) for ports, when in uses]

    assert short(report.rules) == [
        *control("gip-01", "s"),
        *control("gip-02", ""),
        *guest("gip-01", "tokyo", "s"),
        *guest("gip-02", "osaka-a", "s"),
        *guest("gip-02", "osaka-b", ""),
        *guest("vbr-01", "osaka-a", "f"),
        *guest("vbr-01", "osaka-b", ""),
        *guest("vbr-01", "tokyo", "s"),
    ]
    assert {rule.cidr for rule in report.rules if "osaka-b" in (rule.start, rule.end)} == {
        "10.2.2.0/24"
    }


def test_ports_for_logs_vsphere_hosts_and_linux_proxies(tmp_path: Path) -> None:
    # x and y share no network with anything. x: logs, vSphere, by the Linux proxy p. y: through
    # its host h, which no link reaches but from q's network.
    hyperv = "platform=hyperv host=h host_version=2019"
    report = report_of_plan(
        tmp_path,
        [
            "bs hq excluded=true", "p lab os=Rocky Linux 9",
            "q dmz powershell_version=5.1", "h store excluded=true roles=hyperv_host",
        ],
        ["x east platform=vmware", f"y 9.9.9.9 {hyperv}"],
        jobs=["j 22:00 60", "logs 23:00 60 log_processing=true"],
        job_vms=["j x", "j y", "logs x"],
        links=["lab - east", "dmz - store"],
        settings={"ruleset": "v13"},
    )  # fmt: skip
    uses = {use.when for use in PORTS["v13"] if use.ends == "to_guest"}
    to_east = [rule for rule in short(report.rules) if rule[1] == "east"]
    assert {rule[0] for rule in to_east} == {"p"}
    assert {rule[3] for rule in to_east} == uses
    assert uses >= LOGS
    assert [rule for rule in short(report.rules) if rule[:2] == ("bs", "p")] == [
        ("bs", "p", "6190", "non_persistent", ""),
        ("bs", "p", "6160 6162", "always", ""),
        ("bs", "p", "6160", "certificate", ""),
        ("bs", "p", "22", "ssh", ""),
    ]
    assert ("q", "h", "", "unknown", "") in short(report.rules)
    assert [(r.start, r.end, r.ports) for r in report.rules if r.end_kind == "vsphere"] == [
        ("p", "", ("443",))
    ]


def test_a_need_is_for_failover_only_where_nothing_else_needs_it(tmp_path: Path) -> None:
    # bs serves a itself, and would take over b, whose job does log processing.
    report = report_of_plan(
        tmp_path,
        ["bs hq max_tasks=1", "p lab max_tasks=1"],
        ["a east", "b east"],
        jobs=["j 22:00 60 proxies=bs", "logs 22:00 60 log_processing=true proxies=p"],
        job_vms=["j a", "logs b"],
        links=["hq - east", "lab - east"],
    )
    mine = [rule for rule in report.rules if rule.start == "bs" and rule.end == "east"]
    assert {rule.purpose: rule.failover for rule in mine} == {
        "deploy_runtime": False, "dynamic_rpc": False, "channels": False, "agent": False,
        "log_shipping": True,
    }  # fmt: skip


def test_firewall_csv(branches: Report, tmp_path: Path) -> None:
    write_firewall(branches.rules, tmp_path / "firewall.csv")
    content = (tmp_path / "firewall.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbffrom,to,")
    assert content.count(b"\r\n") == content.count(b"\n")
    table = rows(tmp_path / "firewall.csv")
    assert tuple(table[0]) == COLUMNS
    assert [(row["from"], row["to"], row["port"]) for row in table] == [
        (rule.start, rule.end or VSPHERE, port)
        for rule in branches.rules
        for port in rule.ports or ("",)
    ]
    assert {row["protocol"] for row in table if row["port"]} == {"TCP"}
    assert {row["when"] for row in table} <= set(WHEN.values())
    assert {row["source"] for row in table} <= set(SOURCES.values())


@pytest.mark.parametrize(
    ("platform", "opened"), [("", False), ("hyperv", False), ("proxmox", True)]
)
def test_v13_has_6173_for_every_guest_and_6290_for_plug_ins(
    platform: str, opened: bool, tmp_path: Path
) -> None:
    report = report_of_plan(
        tmp_path, ["bs hq excluded=true", "p east"], [f"a east platform={platform}"],
        jobs=["j 22:00 60 log_processing=true"], settings={"ruleset": "v13"},
    )  # fmt: skip
    helper = {rule.when for rule in report.rules if "6173" in rule.ports}
    assert helper == {"non_persistent", "persistent_agent", "sql_oracle"}
    assert [rule.source for rule in report.rules if "6290" in rule.ports] == ["plug_ins"] * opened


def test_used_servers_have_rules_to_what_they_serve(branches: Report, out: Path) -> None:
    used = {row["proxy"] for row in rows(out / "assignments.csv") if row["tier"]}
    starts = {rule.start for rule in branches.rules if rule.start_kind == "server"}
    assert starts == used | {"vbr-01"}
    assert all(rule.start != rule.end for rule in branches.rules)
    assert {
        rule.end for rule in branches.rules if rule.purpose == "control"
    } == used - {"vbr-01"}  # fmt: skip


def test_the_command_writes_the_same_twice(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        call("report", BRANCHES, out, "--out", tmp_path / name / "page.html")
    assert "page.html" in capsys.readouterr().out
    for name in ("page.html", "firewall.csv"):
        one, two = (tmp_path / folder / name for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    assert b"tokyo-app-01" not in (tmp_path / "one/firewall.csv").read_bytes()
    call("report", BRANCHES, out, "--out", tmp_path / "ja.html", "--lang", "ja", "--quiet")
    assert capsys.readouterr().out == ""
    assert 'lang="ja"' in (tmp_path / "ja.html").read_text(encoding="utf-8")[:200]


def test_plan_writes_the_report_too(out: Path, tmp_path: Path) -> None:
    call("plan", BRANCHES, "--out", tmp_path / "plan", "--quiet", "--report")
    call("report", BRANCHES, tmp_path / "plan", "--out", tmp_path / "report.html", "--quiet")
    for name in ("report.html", "firewall.csv"):
        assert (tmp_path / "plan" / name).read_bytes() == (tmp_path / name).read_bytes()


def test_real_coordinates_stay_in_their_order(tmp_path: Path) -> None:
    if not SINET.exists():
        pytest.skip("the shared topologies are not here")
    call("generate", tmp_path, "--vms", 100, "--topology", SINET, "--quiet")
    sites = read_sites(tmp_path)
    assert len(sites) == 47
    assert sites["Hiroshima U"][0] > sites["Fukuoka DC"][0] > sites["Kyushu U"][0]
