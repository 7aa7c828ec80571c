"""Writes what a plan's folder says of lists, from the slow weeks: right in every cell, so that a
test may spoil one."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import slow_judge
from slow_weeks import MAXIMISED, WEEKS, Choice, Lists, Row, as_key, total, written

Parts = Mapping[str, tuple[Choice, Sequence[str]]]
ASSIGNMENTS = (
    "job", "vm", "proxy", "tier", "connection", "protected", "failover_proxy", "previous_proxy",
)  # fmt: skip


def write(
    lists: Lists,
    rows: Mapping[str, Row],
    splits: Mapping[str, Parts],
    assignments: Sequence[Mapping[str, str]],
    folder: Path,
) -> dict[str, Any]:
    """Write the files; return the record of the week. ``splits`` are in order of rank.

    Every row that may be chosen is tried, so that the bounds are tight.
    """
    folder.mkdir(exist_ok=True)
    table(folder / "assignments.csv", ASSIGNMENTS, assignments)
    table(folder / "job_proxies.csv", slow_judge.PROXIES, proxies(lists, rows))
    table(folder / "job_before.csv", ("job", "proxies"), [
        {"job": job, "proxies": ";".join(lists.today[job])} for job in lists.jobs
    ])  # fmt: skip
    table(folder / "job_splits.csv", slow_judge.SPLITS, _split_rows(lists, splits))
    week = _week(lists, rows, splits, assignments)
    record = {"format": 1, "week": week}
    (folder / "plan.json").write_text(json.dumps(record), encoding="utf-8")
    return week


def table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a CSV file as plans have them."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)


def some_assignments(lists: Lists, chance: random.Random) -> list[dict[str, str]]:
    """Return a plan that keeps rule 1: most tasks on some server that they may have."""
    options = lists.estate.options
    rows = []
    for job in lists.jobs:
        for vm in lists.vms[job]:
            servers = [server for (task, server) in options if task == (job, vm)]
            if servers and chance.random() < 0.9:
                server = min(servers, key=lambda name: options[(job, vm), name].tier)
                server = chance.choice([server, server, chance.choice(servers)])
                option = options[(job, vm), server]
                rows.append(
                    dict.fromkeys(ASSIGNMENTS, "")
                    | {"job": job, "vm": vm, "proxy": server, "tier": str(option.tier)}
                    | {"connection": option.connection}
                    | {"protected": str(option.protected).lower()}
                )
    return sorted(rows, key=lambda row: (row["job"], row["vm"]))


def some_split(lists: Lists, job: str, chance: random.Random) -> Parts | None:
    """Return a job in two parts, each with some choice; None where it cannot be split."""
    vms = [row["vm"] for row in lists.spec["job_vms"] if row["job"] == job]
    if len(vms) < 2 or not lists.licensed or not lists.allowed(job) or job in lists.wishes.keep:
        return None
    cut = chance.randint(1, len(vms) - 1)
    made = {}
    for number, some in enumerate([vms[:cut], vms[cut:]], 1):
        servers = lists.allowed(job)
        choice = tuple(sorted(chance.sample(servers, chance.randint(1, len(servers)))))
        if chance.random() < 0.3 and not lists.is_bound(job):
            choice = ()
        made[f"{job} ({number})"] = choice, some
    return made


def proxies(lists: Lists, rows: Mapping[str, Row]) -> list[dict[str, Any]]:
    """Return the rows of job_proxies.csv."""
    units = lists.units({job: choice for job, (_, choice) in rows.items()})
    nominal = lists.replay(units, WEEKS[0])
    made = []
    for job in lists.jobs:
        change, choice = rows[job]
        kind, proxies = written(choice)
        row: dict[str, Any] = {
            "job": job,
            "choice": kind,
            "proxies": proxies,
            "change": change,
            "note": "",
        }
        row |= lists.row_figures(job, nominal)
        row["overload_minutes"] = lists.row_overload(job, nominal)
        row["certainty"] = lists.certainty(job, units)
        made.append(row)
    return made


def _split_rows(lists: Lists, splits: Mapping[str, Parts]) -> list[dict[str, Any]]:
    names = [row.get("name", "") for row in lists.spec["vms"]]
    name = {row["vm"]: row.get("name", "") for row in lists.spec["vms"]}
    made = []
    for rank, (job, parts) in enumerate(splits.items(), 1):
        for number, (part, (choice, vms)) in enumerate(parts.items(), 1):
            kind, proxies = written(choice)
            for vm in vms:
                shared = name[vm] and names.count(name[vm]) > 1
                made.append(
                    {"job": job, "rank": rank, "part": number, "name": part, "choice": kind}
                    | {"proxies": proxies, "vm": vm}
                    | {"vm_name": f"{name[vm]} ({vm})" if shared else name[vm]}
                )
    return sorted(made, key=lambda row: (row["job"], row["vm"]))


def _week(
    lists: Lists,
    rows: Mapping[str, Row],
    splits: Mapping[str, Parts],
    assignments: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    first = lists.wishes.first
    plan = lists.as_planned(assignments)
    named = sum(bool(lists.today[job]) for job in lists.jobs)
    made = weeks = lists.weeks_of_rows(rows)
    changed = weeks[0]["jobs_changed"]
    units = lists.units({job: choice for job, (_, choice) in rows.items()})
    steps = []
    for rank, (job, parts) in enumerate(splits.items(), 1):
        units = lists.split(units, job, parts)
        changed += rows[job][0] == "keep"
        weeks = lists.weeks_of(units, changed)
        steps.append({"job": job, "rank": rank, **slow_judge._summary(weeks)})
    today = lists.weeks({})
    every = [lists.weeks_of_rows(choice) for choice in lists.every() or ()]
    bound = lists.ideal()
    for figure in ("protected", "same_site", "overload_minutes", "peak"):
        best = max if figure in MAXIMISED else min
        bound[figure] = best(nominal[figure] for nominal, *_ in [*every, today, made, weeks])
    return {
        "first": first,
        "plan": plan,
        "today": slow_judge._summary(today),
        "automatic": slow_judge._summary(lists.weeks(dict.fromkeys(lists.jobs, ()), named)),
        "lists": slow_judge._summary(made),
        "lists_and_splits": slow_judge._summary(weeks),
        "bound": bound,
        "splits": steps,
        "aims": _aims(total(made, plan, first), [total(weeks, plan, first) for weeks in every]),
    }


def _aims(values: Mapping[str, int], every: Sequence[Mapping[str, int]]) -> list[dict[str, Any]]:
    """Return aims with the best bounds: among choices with all earlier aims at their values."""
    made, proven = [], True
    wanted, keys = as_key(values), [as_key(aims) for aims in every]
    for place, (aim, value) in enumerate(values.items()):
        best = min((key[place] for key in keys), default=wanted[place])
        keys = [key for key in keys if key[place] == wanted[place]]
        bound = min(best, wanted[place]) * (-1 if aim in MAXIMISED else 1)
        proven = proven and bound == value
        made.append(
            {"aim": aim, "value": value, "bound": bound, "proven": proven, "proof": "enumerated"}
        )
    return made
