"""Failures of random estates, as the slow way has them: sweeps, weeks, promises, new plans."""

from __future__ import annotations

import csv
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import random_estates
from estates import estate, read_with_lists, servers_of_tasks, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import Assignment
from slow_simulation import Product
from slow_whatif import Broken, every_failure

from models.estate import Codes, Estate
from models.plan import WINDOWS
from optimizer.analysis.what_if.replan import prepare_replan
from optimizer.analysis.what_if.study import what_if
from optimizer.checker import judge
from optimizer.eligibility.failures import combine_losses, list_failures
from optimizer.eligibility.tasks import find_tasks
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.output.console.what_if import record
from optimizer.planner import plan

every_estate = settings(deadline=None, suppress_health_check=list(HealthCheck))
every_estate = settings(parent=every_estate, max_examples=every_estate.max_examples // 20)


@contextmanager
def planned(spec: Mapping[str, Any]) -> Iterator[tuple[Estate, Path, Assignment, Codes]]:
    """Give the estate of ``spec``, the folder of its plan, and the plan by names and codes."""
    with tempfile.TemporaryDirectory() as folder:
        random_estates.write(spec, Path(folder))
        made = plan(read_estate(Path(folder)))
        write(made, Path(folder))
        yield made.estate, Path(folder), by_name(made.estate, made.proxy), made.proxy


def by_name(read: Estate, proxy: Codes) -> dict[tuple[str, str], str]:
    """Return the server of each planned task, all by name."""
    tasks = find_tasks(read)
    jobs, vms, servers = (read.jobs["job"], read.vms["vm"], read.servers["server"])
    return {
        (jobs[tasks.job[task]], vms[tasks.vm[task]]): servers[proxy[task]]
        for task in np.flatnonzero((tasks.kind == WINDOWS) & (proxy >= 0)).tolist()
    }


def compare(spec: Mapping[str, Any], on: Assignment, scenario: Mapping[str, Any]) -> None:
    """Assert that a scenario says what the slow way does."""
    slow = Broken(spec, on, scenario["fail"])
    load = slow.load
    assert {fate: scenario[fate] for fate in slow.fates} == slow.fates
    assert scenario["backup_server_peak"] == load.max()
    assert scenario["tiers_after"] == slow.tiers
    assert scenario["tiers_before"] == Broken(spec, on, []).tiers
    at = scenario["backup_server_peak_at"]
    assert (at is None) == (slow.backup_server not in slow.estate.servers)
    if at is not None:
        day, clock = at.split()
        hours, minutes = map(int, clock.split(":"))
        minute = oracle.DAYS.index(day) * 24 * 60 + hours * 60 + minutes
        assert load[minute] == load.max()


@every_estate
@given(random_estates.estates())
def test_sweeps_of_random_estates_as_the_slow_way_has_them(spec: dict[str, Any]) -> None:
    with planned(spec) as (read, _, on, proxy):
        found = record(what_if(read, find_tasks(read), proxy))["scenarios"]
    assert [row["fail"] for row in found] == [[name] for name in every_failure(spec)]
    for scenario in found:
        compare(spec, on, scenario)


@st.composite
def disasters(draw: st.DrawFn) -> tuple[dict[str, Any], Assignment, list[str]]:
    """Return an estate, servers of its tasks that may serve them, and several failures."""
    spec = draw(random_estates.estates())
    chosen = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311
    options = [*oracle.Estate(spec).options]
    chosen.shuffle(options)
    fail = draw(st.lists(st.sampled_from(every_failure(spec)), max_size=4))
    return spec, dict(options), fail


@every_estate
@given(disasters())
def test_several_failures_at_once_as_the_slow_way_has_them(
    drawn: tuple[dict[str, Any], Assignment, list[str]],
) -> None:
    spec, on, fail = drawn
    with tempfile.TemporaryDirectory() as folder:
        random_estates.write(spec, Path(folder))
        read = read_estate(Path(folder))
    (scenario,) = record(what_if(read, find_tasks(read), servers_of_tasks(read, on), fail))[
        "scenarios"
    ]
    compare(spec, on, scenario)
    if not fail:
        assert (scenario["kept"], scenario["tiers_after"]) == (len(on), scenario["tiers_before"])


def spec_without(spec: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the rows of an estate in which a server or a link fails."""
    kind, _, which = name.partition(":")
    if kind == "server":
        off = {"available": "no", "networks": ""}
        rows = [row | off if row["server"] == which else row for row in spec["servers"]]
        return {**spec, "servers": rows}
    ends = sorted(which.split("~"))
    return {**spec, "links": [r for r in spec["links"] if sorted((r["from"], r["to"])) != ends]}


@every_estate
@given(random_estates.estates(), st.integers(0, 2**32))
def test_the_week_inside_lists_as_the_slow_way_has_it(spec: dict[str, Any], seed: int) -> None:
    read, lists = read_with_lists(spec, seed)
    names = read.servers["server"].tolist()
    tasks = find_tasks(read)
    study = what_if(read, tasks, np.full(len(tasks), -1, dtype=np.int32), lists=lists)
    words = {job: [names[code] for code in codes] for job, codes in lists.items()}
    whole = len(Product(spec, words).runs)
    for row in record(study)["scenarios"]:
        (name,) = row["fail"]
        if name.startswith(("server:", "link:")):
            slow = Product(spec_without(spec, name), words)
            over = sum(run.failed_over for run in slow.runs)
            lost = sum(not run.proxy for run in slow.runs)
            kept = whole - over - lost
            above = sum(minutes for at, minutes in slow.overload.items() if name != f"server:{at}")
            assert list(row["week"].values()) == [kept, over, lost, 0, above]
        assert sum(list(row["week"].values())[:4]) == whole


def test_a_list_of_two_servers_outlives_one_of_them(tmp_path: Path) -> None:
    read = estate(
        tmp_path, ["bs hq", "p east max_tasks=1", "q east max_tasks=1"], ["a east", "b east"],
        networks=["hq hq", "east east"], jobs=["j 22:00 60 days=mon", "k 22:00 60 days=mon"],
        job_vms=["j a", "k b"],
    )  # fmt: skip
    tasks = find_tasks(read)
    none = np.full(len(tasks), -1, dtype=np.int32)

    def week(fail: str) -> dict[str, int]:
        study = what_if(read, tasks, none, [fail], lists={"j": (1, 2), "k": (2,)})
        return dict(record(study)["scenarios"][0]["week"])

    keys = ("kept", "failed_over", "lost", "gone", "overload_minutes")
    # p fails: both are on q. q fails: k's own list is empty, so the backup server takes over.
    assert week("server:p") == dict(zip(keys, (2, 0, 0, 0, 60), strict=True))
    assert week("server:q") == dict(zip(keys, (1, 1, 0, 0, 0), strict=True))
    assert week("network:east") == dict(zip(keys, (0, 0, 0, 2, 0), strict=True))


@every_estate
@given(random_estates.estates())
def test_nothing_fails_as_the_checker_has_it_and_everything(spec: dict[str, Any]) -> None:
    with planned(spec) as (read, folder, on, proxy):
        judgement = judge(read, folder)
        with (folder / "proxy_load.csv").open(encoding="utf-8-sig", newline="") as file:
            spans = [*csv.DictReader(file)]
    study = what_if(read, find_tasks(read), proxy, [])
    nothing = study.scenarios[0].outcome
    assert (nothing, nothing.kept) == (study.before, judgement.assigned)
    assert list(nothing.tiers[:3]) == [judgement.values[f"tier{tier}"] for tier in (1, 2, 3)]
    own = read.servers["server"][read.backup_server]
    figures = ("running_tasks", "planned_tasks")
    loads = [sum(int(span[key]) for key in figures) for span in spans if span["server"] == own]
    assert nothing.peak == max(loads)
    for kinds in (("server",), ("server", "network"), ("server", "link", "network", "site")):
        fail = [name for name in list_failures(read) if name.startswith(kinds)]
        everything = what_if(read, find_tasks(read), proxy, fail).scenarios[0].outcome
        assert (everything.kept, everything.failed_over, everything.peak) == (0, 0, 0)
        assert everything.lost + everything.gone == len(on)


@every_estate
@given(random_estates.estates(), st.sampled_from(["server", "site"]))
def test_an_enforced_failover_is_a_promise(spec: dict[str, Any], survive: str) -> None:
    """What fails over from the servers that the plan is to survive never overloads.

    A plan that survives each site survives each server, too.

    Other tasks can come on top: those that came through a lost host (S11), or through networks
    of a lost site. Nor does anything help where the backup server is above its limit anyway.
    """
    spec["settings"].setdefault("failover", {}).update(capacity="enforce", survive=survive)
    truth = oracle.Estate(spec)
    with planned(spec) as (read, _, on, proxy):
        study = what_if(read, find_tasks(read), proxy)
    if study.limit is None:
        return
    home = truth.sites(truth.backup.networks)
    anyway = int(truth.anyway[truth.backup.name].max())
    for scenario in study.scenarios:
        kind, name = scenario.fail[0].split(":", 1)
        if kind not in ("server", survive) or name == truth.backup.name or name in home:
            continue
        lost = {
            server.name
            for server in truth.servers.values()
            if (kind == "server" and name == server.name)
            or (kind == "site" and name in truth.sites(server.networks))
        }
        over = Broken(spec, on, scenario.fail).failing_over
        others = {task for task in over if on[task] not in lost}
        ways = {truth.connection(truth.servers[on[task]], task[1]) for task in others}
        assert kind == "site" or ways <= {"powershell_direct"}
        if not others:
            assert study.overload(scenario) <= max(0, anyway - study.limit)


def without(spec: Mapping[str, Any], on: Assignment, fail: Sequence[str]) -> dict[str, Any]:
    """Return the spec of an estate that never had what fails, with ``on`` as today."""
    broken = Broken(spec, on, fail)
    nowhere = "192.0.2.1"

    def server(row: Mapping[str, str]) -> dict[str, str]:
        left = broken.estate.servers.get(row["server"])
        networks = "; ".join(sorted(left.networks)) if left else ""
        there = row.get("available", "") if left else "no"
        return {**row, "networks": networks or nowhere, "available": there}

    def vm(row: Mapping[str, str]) -> dict[str, str]:
        networks = "; ".join(sorted(broken.estate.vm_networks[row["vm"]]))
        there = "no" if row["vm"] in broken.gone else row.get("available", "")
        return {**row, "networks": networks, "available": there}

    planning = spec["settings"].get("planning", {})
    aims = planning.get("objectives", list(oracle.AIMS))
    aims = aims if "moves" in aims else [*aims, "moves"]
    rows = [{"job": job, "vm": name, "proxy": proxy} for (job, name), proxy in on.items()]
    changed: dict[str, Any] = {
        "servers": [server(row) for row in spec["servers"]],
        "vms": [vm(row) for row in spec["vms"]],
        "current": rows,
        "settings": {**spec["settings"], "planning": {**planning, "objectives": aims}},
    }
    if broken.estate.links is not None:
        words = {True: "yes", False: "no"}
        changed["links"] = [
            {"from": start, "to": end, "both_ways": words[both]}
            for start, end, both in broken.estate.links
        ]
    return {**spec, **changed}


@every_estate
@given(disasters())
def test_a_new_plan_is_optimal_and_keeps_every_rule(
    drawn: tuple[dict[str, Any], Assignment, list[str]],
) -> None:
    spec, _, fail = drawn
    with planned(spec) as (read, folder, on, proxy):
        (scenario,) = what_if(read, find_tasks(read), proxy, fail, replanned=1).scenarios
        left = prepare_replan(
            read, find_tasks(read), proxy, combine_losses(list_failures(read), fail)
        )
        made = plan(left)
        write(made, folder)
        judgement = judge(left, folder)
    assert judgement.violations == ()
    truth = oracle.solve(without(spec, on, fail))
    assert {aim.aim: aim.best for aim in made.aims} == truth.best
    assert scenario.replanned is not None
    assert scenario.replanned.proven
    assert scenario.replanned.moves == judgement.values["moves"]
    assert list(scenario.replanned.tiers[:3]) == [judgement.values[f"tier{t}"] for t in (1, 2, 3)]
