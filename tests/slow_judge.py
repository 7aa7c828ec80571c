"""Judges what a plan's folder says of lists, from the files alone (docs/certainty.md).

``judge_plan(estate, plan)`` returns a sentence for everything that is wrong; none is right.
"""

from __future__ import annotations

import csv
import json
import random
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slow_weeks
from slow_weeks import FIGURES, MAXIMISED, ORDERS, WEEKS, Figures, Lists, Row, Unit, as_key, total

PROXIES = (
    "job", "choice", "proxies", "change", "runs", "failed", "tier1", "tier2", "tier3", "tier4",
    "failed_over", "overload_minutes", "certainty", "note",
)  # fmt: skip
SPLITS = ("job", "rank", "part", "name", "choice", "proxies", "vm", "vm_name")
SUMMARIES = ("today", "automatic", "lists", "lists_and_splits")
PROOFS = ("enumerated", "duals", "search")
TRIES = 20
EVERY = 3_000


class UnreadableError(Exception):
    """A file is not there, or not in the form that the contract wants."""


@dataclass
class Written:
    """The files of a plan that tell of lists."""

    proxies: list[dict[str, str]]
    splits: list[dict[str, str]]
    assignments: list[dict[str, str]]
    week: dict[str, Any]

    @property
    def rows(self) -> dict[str, Row]:
        """Return what job_proxies.csv has for each job."""
        return {
            row["job"]: (row["change"], tuple(filter(None, row["proxies"].split(";"))))
            for row in self.proxies
        }


def judge_plan(
    estate: Path, plan: Path, free: Collection[str] = (), every: int = EVERY
) -> list[str]:
    """Return what is wrong with the lists of a plan.

    ``free`` are jobs that are free beside those of estate.toml (``--after``). Bounds and the
    words of proofs are held against every allowed choice where these are ``every`` at most.
    """
    spec = slow_weeks.read_folder(estate)
    if free:
        lists = spec["settings"].setdefault("lists", {})
        if lists.get("free") != "all":
            lists["free"] = [*lists.get("free", []), *free]
    try:
        written = Written(
            _table(plan / "job_proxies.csv", PROXIES),
            _table(plan / "job_splits.csv", SPLITS),
            _table(plan / "assignments.csv", None),
            json.loads((plan / "plan.json").read_text(encoding="utf-8"))["week"],
        )
    except UnreadableError as error:
        return [str(error)]
    judge = _Judge(Lists(spec), written, every)
    complaints = list(judge.rows())
    if not complaints:
        complaints = [*judge.figures(), *judge.splits()]
    if not complaints:
        complaints = list(judge.week())
    return complaints


def _table(path: Path, columns: Sequence[str] | None) -> list[dict[str, str]]:
    content = path.read_bytes()
    if not content.startswith(b"\xef\xbb\xbf") or b"\n" in content.replace(b"\r\n", b""):
        raise UnreadableError(f"{path.name}: no BOM, or other line ends than CRLF")
    rows = csv.DictReader(content.decode("utf-8-sig").splitlines())
    if columns is not None and tuple(rows.fieldnames or ()) != columns:
        raise UnreadableError(f"{path.name}: columns {rows.fieldnames}")
    return list(rows)


class _Judge:
    def __init__(self, lists: Lists, written: Written, every: int) -> None:
        self.lists, self.written, self.every = lists, written, every
        self.first = written.week.get("first", "")

    def rows(self) -> Iterator[str]:
        """Judge which rows there are, and whether each is allowed."""
        lists, rows = self.lists, self.written.rows
        jobs = [row["job"] for row in self.written.proxies]
        if jobs != lists.jobs:
            yield f"job_proxies.csv: jobs {jobs}, expected {lists.jobs}"
            return
        for row in self.written.proxies:
            job = row["job"]
            if why := lists.why_not(job, rows[job]):
                yield f"job_proxies.csv: {job}: {why}"
            if slow_weeks.written(rows[job][1]) != (row["choice"], row["proxies"]):
                yield f"job_proxies.csv: {job}: choice {row['choice']}, proxies {row['proxies']}"
        changed = sum(change == "set" for change, _ in rows.values())
        most = lists.wishes.most_changes
        if most is not None and changed > most:
            yield f"job_proxies.csv: {changed} changes, at most {most} were wished"

    def units(self, rows: Mapping[str, Row]) -> list[Unit]:
        """Return what starts when rows are in force."""
        return self.lists.units({job: choice for job, (_, choice) in rows.items()})

    def figures(self) -> Iterator[str]:
        """Judge the figures and the certainty of each row."""
        lists = self.lists
        units = self.units(self.written.rows)
        nominal = lists.replay(units, WEEKS[0])
        for row in self.written.proxies:
            job = row["job"]
            expected = lists.row_figures(job, nominal)
            expected["overload_minutes"] = lists.row_overload(job, nominal)
            for name, value in expected.items():
                if row[name] != str(value):
                    yield f"job_proxies.csv: {job}: {name} {row[name]}, expected {value}"
            if row["certainty"] != (certainty := lists.certainty(job, units)):
                yield f"job_proxies.csv: {job}: {row['certainty']}, expected {certainty}"
            if row["certainty"] == "guaranteed":
                yield from self.held(job, units, expected)

    def held(self, job: str, units: Sequence[Unit], expected: Figures) -> Iterator[str]:
        """Judge whether what is guaranteed holds under any loads, ties, orders and starts."""
        chance = random.Random(job)  # noqa: S311
        for _ in range(TRIES):
            found = self.lists.row_figures(job, self.lists.replay(units, WEEKS[0], chance))
            if {**found, "failed_over": 0} != {
                name: value if name != "failed_over" else 0
                for name, value in expected.items()
                if name in found
            }:
                yield f"job_proxies.csv: {job}: guaranteed, and yet {found}"
                return

    def parts(self) -> dict[str, dict[str, list[dict[str, str]]]]:
        """Return the rows of job_splits.csv by job and part."""
        found: dict[str, dict[str, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
        for row in self.written.splits:
            found[row["job"]][row["part"]].append(row)
        return found

    def ranked(self) -> list[str]:
        """Return the split jobs in order of rank."""
        rank = {row["job"]: row["rank"] for row in self.written.splits}
        return sorted(rank, key=lambda job: (len(rank[job]), rank[job]))

    def splits(self) -> Iterator[str]:
        """Judge job_splits.csv: every VM once, names, choices, ranks, order."""
        lists, rows = self.lists, self.written.splits
        keys = [(row["job"], row["vm"]) for row in rows]
        if keys != sorted(keys):
            yield "job_splits.csv: not sorted by job and vm"
        names: list[str] = []
        for job, parts in self.parts().items():
            said = f"job_splits.csv: {job}"
            if job not in lists.jobs:
                yield f"{said}: no job with Windows tasks"
                continue
            there = sorted(row["vm"] for part in parts.values() for row in part)
            wanted = sorted(
                row["vm"].strip() for row in lists.spec["job_vms"] if row["job"].strip() == job
            )
            if there != wanted:
                yield f"{said}: VMs {there}, expected {wanted}"
            if len(parts) < 2 or sorted(parts, key=int) != [
                str(number) for number in range(1, len(parts) + 1)
            ]:
                yield f"{said}: parts {sorted(parts)}"
            if len({row["rank"] for part in parts.values() for row in part}) != 1:
                yield f"{said}: several ranks"
            if job in lists.wishes.keep:
                yield f"{said}: split against the wish to keep"
            for part in parts.values():
                names.append(part[0]["name"])
                yield from self.part(said, job, part)
            for row in (row for part in parts.values() for row in part):
                if row["vm_name"] not in self.names(row["vm"]):
                    yield f"{said}: vm_name {row['vm_name']}, expected {self.names(row['vm'])}"
        if len(set(names)) != len(names) or set(names) & set(lists.estate.jobs):
            yield f"job_splits.csv: names that are there already: {names}"
        if self.ranked() != [
            job
            for rank in range(1, len(self.parts()) + 1)
            for job in self.ranked()
            if {row["rank"] for row in rows if row["job"] == job} == {str(rank)}
        ]:
            yield "job_splits.csv: ranks are not 1, 2, 3 ..."

    def part(self, said: str, job: str, part: Sequence[Mapping[str, str]]) -> Iterator[str]:
        """Judge one part of a split job."""
        lists = self.lists
        if len({(row["name"], row["choice"], row["proxies"]) for row in part}) != 1:
            yield f"{said}: a part with several names or choices"
        choice = tuple(filter(None, part[0]["proxies"].split(";")))
        if slow_weeks.written(choice) != (part[0]["choice"], part[0]["proxies"]):
            yield f"{said}: choice {part[0]['choice']}, proxies {part[0]['proxies']}"
        if not set(choice) <= set(lists.allowed(job)) or list(choice) != sorted(set(choice)):
            yield f"{said}: a list of servers that are not allowed, or not sorted: {choice}"
        if not choice and lists.is_bound(job):
            yield f"{said}: a part of a bound job is automatic"
        if not lists.licensed or not lists.allowed(job):
            yield f"{said}: split where nothing can be chosen"

    def names(self, vm: str) -> tuple[str, ...]:
        """Return what people may call a VM: its name, with its id where others have it, too."""
        name = {key: row.get("name", "").strip() for key, row in self.lists.estate.vms.items()}
        if not name[vm]:
            return "", vm
        return (f"{name[vm]} ({vm})" if list(name.values()).count(name[vm]) > 1 else name[vm],)

    def week(self) -> Iterator[str]:
        """Judge plan.json: week by week, then the aims."""
        lists, week, rows = self.lists, self.written.week, self.written.rows
        if self.first != lists.wishes.first:
            yield f"plan.json: first {self.first}, expected {lists.wishes.first}"
            return
        plan = lists.as_planned(self.written.assignments)
        yield from _differ("plan", week["plan"], plan)
        automatic = dict.fromkeys(lists.jobs, ())
        named = sum(bool(lists.today[job]) for job in lists.jobs)
        changed = sum(change == "set" for change, _ in rows.values())
        weeks = {
            "today": lists.weeks({}),
            "automatic": lists.weeks(automatic, named),
            "lists": lists.weeks_of_rows(rows),
        }
        units, at_last, steps = self.units(rows), weeks["lists"], []
        before = as_key(total(at_last, plan, self.first))[:-1]
        for number, job in enumerate(self.ranked(), 1):
            parts = {
                part[0]["name"]: (
                    tuple(filter(None, part[0]["proxies"].split(";"))),
                    [row["vm"] for row in part],
                )
                for part in self.parts()[job].values()
            }
            units = lists.split(units, job, parts)
            changed += rows[job][0] != "set"
            at_last = lists.weeks_of(units, changed)
            steps.append({"job": job, "rank": number, **_summary(at_last)})
            after = as_key(total(at_last, plan, self.first))[:-1]
            if after > before:
                yield f"the split of {job} makes it worse: {after} instead of {before}"
            before = after
        weeks["lists_and_splits"] = at_last
        for name in SUMMARIES:
            for kind, figures in _summary(weeks[name]).items():
                yield from _differ(f"{name} {kind}", week[name][kind], figures)
        if week["splits"] != steps:
            yield f"plan.json: splits {week['splits']}, expected {steps}"
        yield from self.bound(weeks)
        yield from self.promises(weeks, plan)
        yield from self.aims(total(weeks["lists"], plan, self.first), plan)

    def bound(self, weeks: Mapping[str, list[Figures]]) -> Iterator[str]:
        """Judge the best of any choice per VM, nominal week."""
        found, ideal = self.written.week["bound"], self.lists.ideal()
        for name in ("failed", "tier1", "tier2", "tier3", "tier4", "failed_over", "jobs_changed"):
            if found[name] != ideal[name]:
                yield f"plan.json: bound: {name} {found[name]}, expected {ideal[name]}"
        reached = [weeks[name][0] for name in ("today", "lists", "lists_and_splits")]
        every = self.lists.every(self.every)
        reached += [self.lists.weeks_of_rows(rows)[0] for rows in every or ()]
        for name in ("protected", "same_site", "overload_minutes", "peak"):
            sign = 1 if name in MAXIMISED else -1
            best = max(sign * week[name] for week in reached)
            if sign * found[name] < best:
                yield f"plan.json: bound: {name} {found[name]}, and {sign * best} is reached"

    def promises(self, weeks: Mapping[str, list[Figures]], plan: Figures) -> Iterator[str]:
        """Judge that nothing is worse than today or automatic, and every change is worth it."""
        lists, rows, first = self.lists, self.written.rows, self.first
        keys = {name: as_key(total(weeks[name], plan, first)) for name in SUMMARIES}
        if keys["lists"] > keys["today"]:
            yield f"worse than today: {keys['lists']} instead of {keys['today']}"
        automatic: dict[str, Row] = {
            job: ("set", ()) if lists.today[job] else ("keep", ()) for job in lists.jobs
        }
        most = lists.wishes.most_changes
        may = all(not lists.why_not(job, row) for job, row in automatic.items())
        may &= most is None or sum(change == "set" for change, _ in automatic.values()) <= most
        if may and keys["lists"] > keys["automatic"]:
            yield f"worse than automatic: {keys['lists']} instead of {keys['automatic']}"
        for job, (change, _) in rows.items():
            without = {**rows, job: ("keep", lists.today[job])}
            reverted = as_key(lists.aims(without, plan, first))
            if change == "set" and reverted[:-1] <= keys["lists"][:-1]:
                yield f"{job}: without its change {reverted} is as good as {keys['lists']}"

    def aims(self, values: Mapping[str, int], plan: Figures) -> Iterator[str]:
        """Judge the values of aims, and that no allowed choice is beyond a bound."""
        aims = self.written.week["aims"]
        if [aim["aim"] for aim in aims] != list(ORDERS[self.first]):
            yield f"plan.json: aims {aims}"
            return
        proven = True
        for aim in aims:
            said, value = f"plan.json: aim {aim['aim']}", values[aim["aim"]]
            sign = -1 if aim["aim"] in MAXIMISED else 1
            if aim["value"] != value:
                yield f"{said}: value {aim['value']}, expected {value}"
            if sign * aim["bound"] > sign * value:
                yield f"{said}: bound {aim['bound']} beyond its value {value}"
            proven = proven and aim["bound"] == aim["value"]
            if aim["proven"] is not proven:
                yield f"{said}: proven {aim['proven']}, expected {proven}"
            if aim["proof"] not in PROOFS:
                yield f"{said}: proof {aim['proof']}"
        wanted = as_key(values)
        bounds = as_key({aim["aim"]: aim["bound"] for aim in aims})
        for rows in self.lists.every(self.every) or ():
            key = as_key(self.lists.aims(rows, plan, self.first))
            for place, aim in enumerate(aims):
                if key[place] < bounds[place]:
                    yield f"plan.json: aim {aim['aim']}: {rows} is beyond its bound: {key[place]}"
                    return
                if key[place] != wanted[place]:
                    break


def _summary(weeks: Sequence[Figures]) -> dict[str, dict[str, float]]:
    return {
        "nominal": {name: weeks[0][name] for name in FIGURES},
        "mean": {name: sum(week[name] for week in weeks) / len(weeks) for name in FIGURES},
        "worst": {
            name: (min if name in MAXIMISED else max)(week[name] for week in weeks)
            for name in FIGURES
        },
    }


def _differ(said: str, found: Mapping[str, float], wanted: Mapping[str, float]) -> Iterator[str]:
    if found != wanted:
        yield f"plan.json: {said}: {found}, expected {wanted}"
