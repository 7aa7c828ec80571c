"""Tests of `optimizer.output.report`: every figure of a report, got in another way as well."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pytest
from report_plans import BRANCHES, DATA, call, report_of_plan, reported, rows

from models.errors import PlanError
from models.report_data import Report
from models.schema import DAYS
from optimizer.files.csv_reader import read_csv
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.output.report import failures as swept
from optimizer.output.report.counts import EXAMPLES, findings

TWO = {"networks": ["n1 one", "n2 two"], "links": ["n1 - r", "r - n2"]}


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
