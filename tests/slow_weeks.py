"""The five weeks of docs/certainty.md, its aims and the best lists of small estates, the plain way.

Shares nothing with the planner nor with the checker: facts come from the oracle, every run is
dispatched by itself, every allowed choice is tried. A *choice* is a tuple of server names, the
empty one is automatic selection; a *row* is what is written of a job: ``("keep", choice)`` or
``("set", choice)``. Servers, jobs and VMs are names; code points order as UTF-8 bytes do.
"""

from __future__ import annotations

import csv
import hashlib
import random
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import combinations, product
from pathlib import Path
from typing import Any

import oracle
from oracle import DAYS, WEEK

Choice = tuple[str, ...]
Row = tuple[str, Choice]
Figures = dict[str, int]

FIGURES = (
    "failed", "tier1", "tier2", "tier3", "tier4", "failed_over", "protected", "same_site",
    "overload_minutes", "peak", "jobs_changed",
)  # fmt: skip
ORDERS = {
    "limits": (
        "failed", "short1", "short2", "short3", "overload", "tier1", "tier2", "tier3", "protected",
        "same_site", "peak", "changed",
    ),
    "tiers": (
        "failed", "tier1", "tier2", "tier3", "overload", "protected", "same_site", "peak",
        "changed",
    ),
}  # fmt: skip
MAXIMISED = {"tier1", "tier2", "tier3", "protected", "same_site"}
TABLES = ("servers", "networks", "links", "vms", "jobs", "job_vms", "current")
LATEST = 10


@dataclass(frozen=True)
class Week:
    """How one of the five weeks goes: ties and orders that are turned round, and which four bytes
    of a job's hash say how late it is."""

    ties_down: bool = False
    orders_down: bool = False
    late: int | None = None


WEEKS = (
    Week(),
    Week(ties_down=True),
    Week(orders_down=True),
    Week(late=0),
    Week(ties_down=True, orders_down=True, late=1),
)


@dataclass(frozen=True)
class Unit:
    """What starts as one: a job, or a part of a split one. ``own`` are its non-Windows tasks."""

    name: str
    starts: tuple[int, ...]
    duration: int
    vms: tuple[str, ...]
    own: int
    choice: Choice = ()


@dataclass(frozen=True)
class Run:
    """A run of a task, from minute ``begin`` to ``end`` of two weeks; "" for no server, tier 0."""

    unit: str
    vm: str
    begin: int
    end: int
    server: str
    tier: int
    failed_over: bool


@dataclass(frozen=True)
class Wishes:
    """What `[lists]` of estate.toml says; ``free`` None frees every job."""

    first: str = "limits"
    free: frozenset[str] | None = frozenset()
    keep: frozenset[str] = frozenset()
    most_changes: int | None = None
    least_servers: int = 1
    cross_sites: bool = True


def read_folder(folder: Path) -> dict[str, Any]:
    """Read an estate's CSV files and estate.toml as a spec of the oracle."""
    spec: dict[str, Any] = {"settings": {}}
    for table in TABLES:
        if (path := folder / f"{table}.csv").exists():
            with path.open(encoding="utf-8-sig", newline="") as file:
                spec[table] = list(csv.DictReader(file))
    if (path := folder / "estate.toml").exists():
        spec["settings"] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    return spec


def lateness(name: str, number: int) -> int:
    """Return h(job, n): how many minutes late a job is."""
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[4 * number : 4 * number + 4], "big") % 11


def total(weeks: Sequence[Figures], planned: Mapping[str, int], first: str) -> dict[str, int]:
    """Return the value of each of the week's aims in order, a sum over ``weeks``."""

    def value(aim: str, week: Figures) -> int:
        if aim.startswith("short"):
            tiers = [f"tier{tier}" for tier in range(1, int(aim[5:]) + 1)]
            return max(0, sum(planned[tier] - week[tier] for tier in tiers))
        return week[{"overload": "overload_minutes", "changed": "jobs_changed"}.get(aim, aim)]

    return {aim: sum(value(aim, week) for week in weeks) for aim in ORDERS[first]}


def as_key(aims: Mapping[str, int]) -> tuple[int, ...]:
    """Return aims as a key: the smaller the better."""
    return tuple(-value if aim in MAXIMISED else value for aim, value in aims.items())


class Lists:
    """One estate, and what follows from the choices of its jobs."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.spec = spec
        self.estate = oracle.Estate(spec)
        self.backup = self.estate.backup.name
        settings = spec["settings"].get("lists", {})
        free = settings.get("free", [])
        self.wishes = Wishes(
            settings.get("first", "limits"),
            None if free == "all" else frozenset(free),
            frozenset(settings.get("keep", [])),
            settings.get("most_changes"),
            settings.get("least_servers", 1),
            settings.get("cross_sites", True),
        )
        self.licensed = (
            self.estate.setting("license", "type", "vul") == "vul"
            or self.estate.setting("license", "edition", "enterprise") != "standard"
        )
        self.usable = sorted(
            server.name
            for server in self.estate.servers.values()
            if server.candidate and (self.licensed or server.name == self.backup)
        )
        self.vms: dict[str, list[str]] = defaultdict(list)
        self.own: dict[str, int] = defaultdict(int)
        for job, vm in self.estate.tasks.windows:
            self.vms[job].append(vm)
        for job, _ in self.estate.tasks.own:
            self.own[job] += 1
        self.jobs = sorted(self.vms)
        self.today: dict[str, Choice] = {
            job: tuple(oracle._items(row, "proxies")) for job, row in self.estate.jobs.items()
        }
        self.known: dict[object, list[Figures]] = {}

    # What one task gets

    @cached_property
    def offers(self) -> dict[tuple[str, Choice], Choice]:
        """What was found by `offered`."""
        return {}

    def offered(self, vm: str, choice: Choice) -> Choice:
        """Return the servers among which the product picks: the best tier by networks alone."""
        if (vm, choice) not in self.offers:
            allowed = [
                server
                for server in self.usable
                if (not choice or server in choice)
                and self.estate.may_serve(self.estate.servers[server], vm)
            ]
            best = min((self.tier(server, vm) for server in allowed), default=0)
            found = [server for server in allowed if self.tier(server, vm) == best]
            self.offers[vm, choice] = tuple(found)
        return self.offers[vm, choice]

    def tier(self, server: str, vm: str) -> int:
        """Return the tier of a server by networks alone (S14)."""
        near = self.estate.servers[server].networks & self.estate.vm_networks[vm]
        return (1 if near else 3) + (server == self.backup)

    def outcome(self, server: str, vm: str) -> tuple[str, int, bool]:
        """Return who runs a task that picks ``server`` ("" where nothing can be picked), the tier,
        and whether the backup server took over (S16)."""
        if (server, vm) not in self.outcomes:
            found = ("", 0, False)
            if server and self.estate.connection(self.estate.servers[server], vm):
                found = (server, self.tier(server, vm), False)
            elif self.estate.connection(self.estate.backup, vm):
                found = (self.backup, self.tier(self.backup, vm), True)
            self.outcomes[server, vm] = found
        return self.outcomes[server, vm]

    @cached_property
    def outcomes(self) -> dict[tuple[str, str], tuple[str, int, bool]]:
        """What was found by `outcome`."""
        return {}

    @cache  # noqa: B019 (as short-lived as a test)
    def labels(self, server: str, vm: str) -> tuple[bool, bool]:
        """Return whether the server is protected for the VM, and at its site."""
        machine = self.estate.servers[server]
        sites = self.estate.sites(machine.networks)
        here = bool(sites & self.estate.sites(self.estate.vm_networks[vm]))
        return self.estate.protected(machine, vm), here

    # The weeks

    def starts(self, job: str) -> tuple[int, ...]:
        """Return the minutes of the week at which a job starts."""
        row = self.estate.jobs[job]
        days = [day.lower() for day in oracle._items(row, "days")] or ["daily"]
        hours, minutes = row["start"].strip().split(":")
        return tuple(
            number * 24 * 60 + int(hours) * 60 + int(minutes)
            for number, day in enumerate(DAYS)
            if day in days or "daily" in days
        )

    def units(self, choices: Mapping[str, Choice]) -> list[Unit]:
        """Return all jobs that run anything, by name; those without a choice keep theirs."""
        return [
            Unit(
                job,
                self.starts(job),
                int(self.estate.jobs[job]["duration_minutes"]),
                tuple(sorted(self.vms.get(job, ()))),
                self.own.get(job, 0),
                choices.get(job, self.today[job]),
            )
            for job in sorted(self.vms.keys() | self.own.keys())
        ]

    def events(self, units: Iterable[Unit], week: Week, late: Mapping[str, int]) -> list[Any]:
        """Return the minute and the unit of every start of two weeks, in the order they happen."""
        starts = [
            (number * WEEK + (start + late[unit.name]) % WEEK, unit)
            for unit in sorted(units, key=lambda unit: unit.name, reverse=week.orders_down)
            for number in (0, 1)
            for start in unit.starts
        ]
        return sorted(starts, key=lambda event: event[0])

    def replay(
        self, units: Sequence[Unit], week: Week, chance: random.Random | None = None
    ) -> list[Run]:
        """Return the runs of two weeks, own work as VM "" on the backup server.

        With ``chance`` loads, ties, orders and starts are anything.
        """
        late = {
            unit.name: 0 if week.late is None else lateness(unit.name, week.late) for unit in units
        }
        if chance:
            late = {name: chance.randint(0, LATEST) for name in late}
        names = sorted(self.estate.servers, reverse=week.ties_down)
        rank = {name: place for place, name in enumerate(names)}
        load = {name: server.running for name, server in self.estate.servers.items()}
        in_progress: list[Run] = []
        runs: list[Run] = []

        def add(run: Run) -> None:
            runs.append(run)
            in_progress.append(run)
            if run.server:
                load[run.server] += 1

        for now, unit in self.events(units, week, late):
            for run in [run for run in in_progress if run.end <= now]:
                in_progress.remove(run)
                if run.server:
                    load[run.server] -= 1
            end = now + unit.duration
            for _ in range(unit.own):
                add(Run(unit.name, "", now, end, self.backup, 0, False))
            vms = sorted(unit.vms, reverse=week.orders_down)
            if chance:
                chance.shuffle(vms)
            for vm in vms:
                if chance:
                    rank = {name: chance.randint(-40, 40) for name in names}
                offered = self.offered(vm, unit.choice)
                noise = 5 if chance else 0
                picked = min(
                    offered, key=lambda name: (load[name] + noise * rank[name], rank[name]),
                    default="",
                )  # fmt: skip
                server, tier, failed_over = self.outcome(picked, vm)
                add(Run(unit.name, vm, now, end, server, tier, failed_over))
        return runs

    def figures(self, runs: Sequence[Run]) -> Figures:
        """Return the figures of the second week, ``jobs_changed`` 0."""
        found = dict.fromkeys(FIGURES, 0)
        for run in runs:
            if run.vm and run.begin >= WEEK:
                found["failed" if not run.server else f"tier{run.tier}"] += 1
                found["failed_over"] += run.failed_over
                if run.server:
                    protected, same_site = self.labels(run.server, run.vm)
                    found["protected"] += protected
                    found["same_site"] += same_site
        peaks = [0]
        for name, server in self.estate.servers.items():
            loads = self.load(name, runs)
            busiest = max(load for load, _ in loads)
            if server.candidate:
                peaks.append(busiest)
            if (server.candidate or name == self.backup) and server.limit is not None:
                found["overload_minutes"] += sum(
                    max(0, load - server.limit) * minutes for load, minutes in loads
                )
        found["peak"] = max(peaks)
        return found

    def load(self, name: str, runs: Iterable[Run]) -> list[tuple[int, int]]:
        """Return the loads of a server in the second week, and for how many minutes each."""
        change: dict[int, int] = defaultdict(int)
        for run in runs:
            if run.server == name and run.end > WEEK:
                change[max(run.begin, WEEK)] += 1
                change[run.end] -= 1
        load, since, found = self.estate.servers[name].running, WEEK, []
        for minute in [*sorted(minute for minute in change if minute < 2 * WEEK), 2 * WEEK]:
            found.append((load, minute - since))
            since = minute
            load += change.get(minute, 0)
        return found

    def row_overload(self, job: str, runs: Sequence[Run]) -> int:
        """Return the overload of each server while a (Windows) run of the job is on it."""
        found = 0
        for name, server in self.estate.servers.items():
            if not (server.candidate or name == self.backup) or server.limit is None:
                continue
            here = [run for run in runs if run.server == name]
            mine = [run for run in here if run.unit == job and run.vm]
            minutes = {
                minute
                for run in mine
                for minute in range(max(run.begin, WEEK), min(run.end, 2 * WEEK))
            }
            for minute in minutes:
                load = server.running + sum(run.begin <= minute < run.end for run in here)
                found += max(0, load - server.limit)
        return found

    def weeks(self, choices: Mapping[str, Choice], changed: int = 0) -> list[Figures]:
        """Return the figures of the five weeks that follow from the jobs' choices."""
        return self.weeks_of(self.units(choices), changed)

    def weeks_of(self, units: Sequence[Unit], changed: int = 0) -> list[Figures]:
        """Return the figures of the five weeks of ``units``."""
        what = tuple(
            (unit.name, tuple((vm, self.offered(vm, unit.choice)) for vm in unit.vms))
            for unit in units
        )
        if what not in self.known:
            self.known[what] = [self.figures(self.replay(units, week)) for week in WEEKS]
        return [week | {"jobs_changed": changed} for week in self.known[what]]

    def weeks_of_rows(self, rows: Mapping[str, Row]) -> list[Figures]:
        """Return the figures of the five weeks that follow from rows."""
        changed = sum(change == "set" for change, _ in rows.values())
        return self.weeks({job: choice for job, (_, choice) in rows.items()}, changed)

    def aims(
        self, rows: Mapping[str, Row], planned: Mapping[str, int], first: str
    ) -> dict[str, int]:
        """Return the values of the week's aims that follow from rows."""
        return total(self.weeks_of_rows(rows), planned, first)

    # What may be chosen

    def is_bound(self, job: str) -> bool:
        """Tell whether a job is bound to the servers that it names."""
        free = self.wishes.free is None or job in self.wishes.free
        return bool(self.today[job]) and not free

    def allowed(self, job: str) -> list[str]:
        """Return the servers that a list of the job may hold, wishes left aside, sorted."""
        bound = self.is_bound(job)
        return [
            server
            for server in self.usable
            if (not bound or server in self.today[job])
            and all(self.estate.may_list(self.estate.servers[server], vm) for vm in self.vms[job])
        ]

    def sites(self, job: str) -> set[str]:
        """Return the sites of the job's Windows VMs."""
        return set().union(
            *(self.estate.sites(self.estate.vm_networks[vm]) for vm in self.vms[job])
        )

    def is_inside(self, server: str, job: str) -> bool:
        """Tell whether a server is at a site of the job's VMs."""
        return bool(self.estate.sites(self.estate.servers[server].networks) & self.sites(job))

    def stays_home(self, job: str) -> bool:
        """Tell whether the job's lists may not leave the sites of its VMs."""
        return not self.wishes.cross_sites and any(
            self.is_inside(server, job)
            and any(self.estate.connection(self.estate.servers[server], vm) for vm in self.vms[job])
            for server in self.usable
        )

    def why_not(self, job: str, row: Row) -> str:
        """Say why a row is not allowed, "" where it is; `most_changes` is left aside."""
        change, choice = row
        if change == "keep":
            return "" if choice == self.today[job] else "keep does not repeat jobs.csv"
        if change != "set":
            return f"change {change!r}"
        if not self.licensed:
            return "set under the licence gate"
        if not self.allowed(job):
            return "set where no server is left"
        if job in self.wishes.keep:
            return "set against the wish to keep"
        if not choice and self.is_bound(job):
            return "a bound job is automatic"
        if list(choice) != sorted(set(choice)):
            return "a list that is not sorted"
        if not set(choice) <= set(self.allowed(job)):
            return "a list of servers that are not allowed"
        if choice and len(choice) < self.wishes.least_servers:
            return "a list of too few servers"
        if self.stays_home(job):
            offered = choice or {s for vm in self.vms[job] for s in self.offered(vm, ())}
            if not all(self.is_inside(server, job) for server in offered):
                return "a list that leaves the sites"
        return ""

    def rows(self, job: str) -> list[Row]:
        """Return every row that is allowed for a job; a change to what is there is none."""
        servers = self.allowed(job)
        choices = [c for size in range(len(servers) + 1) for c in combinations(servers, size)]
        return [
            ("keep", self.today[job]),
            *(
                ("set", choice)
                for choice in choices
                if choice != self.today[job] and not self.why_not(job, ("set", choice))
            ),
        ]

    def every(self, most: int = 100_000) -> Iterator[dict[str, Row]] | None:
        """Return all rows together that are allowed; None where there are more than ``most``."""
        by_job = [self.rows(job) for job in self.jobs]
        number = 1
        for rows in by_job:
            number *= len(rows)
        if number > most:
            return None
        every = (dict(zip(self.jobs, rows, strict=True)) for rows in product(*by_job))
        limit = self.wishes.most_changes
        return (
            rows
            for rows in every
            if limit is None or sum(change == "set" for change, _ in rows.values()) <= limit
        )

    def preference(self, rows: Mapping[str, Row]) -> tuple[Any, ...]:
        """Return what decides among equal aims: the larger choice for changed jobs, then bytes."""
        offered = sum(
            len(self.starts(job)) * len(self.offered(vm, choice))
            for job, (change, choice) in rows.items()
            if change == "set"
            for vm in self.vms[job]
        )
        return -offered, [written(rows[job][1]) for job in self.jobs]

    def best(
        self, planned: Mapping[str, int], first: str, most: int = 100_000
    ) -> dict[str, Row] | None:
        """Return the best rows of all; None where there are more than ``most``."""
        every = self.every(most)
        if every is None:
            return None
        return min(
            every,
            key=lambda rows: (as_key(self.aims(rows, planned, first)), self.preference(rows)),
        )

    def keeping(self) -> dict[str, Row]:
        """Return the rows that leave all as it is."""
        return {job: ("keep", self.today[job]) for job in self.jobs}

    def free(self) -> Lists:
        """Return the same estate without bound jobs and wishes."""
        settings = dict(self.spec["settings"]) | {"lists": {"free": "all"}}
        return Lists({**self.spec, "settings": settings})

    # What may be said of a row

    def ends(self, vm: str, choice: Choice) -> set[int]:
        """Return the tiers in which a run can end, whatever is picked; 0 where it fails."""
        return {self.outcome(server, vm)[1] for server in self.offered(vm, choice) or ("",)}

    def is_guaranteed(self, job: str, choice: Choice) -> bool:
        """Tell whether neither loads nor ties decide how often a job fails, and its tiers."""
        return all(len(self.ends(vm, choice)) == 1 for vm in self.vms[job])

    def row_figures(self, job: str, runs: Sequence[Run]) -> Figures:
        """Return the figures of one row, the overload left aside."""
        mine = [run for run in runs if run.unit == job and run.vm and run.begin >= WEEK]
        counts = {f"tier{tier}": sum(run.tier == tier for run in mine) for tier in (1, 2, 3, 4)}
        return {
            "runs": len(mine),
            "failed": sum(not run.server for run in mine),
            **counts,
            "failed_over": sum(run.failed_over for run in mine),
        }

    def certainty(self, job: str, units: Sequence[Unit]) -> str:
        """Return how certain a row's failed and tiers are."""
        choice = next(unit.choice for unit in units if unit.name == job)
        if self.is_guaranteed(job, choice):
            return "guaranteed"
        seen = [self.row_figures(job, self.replay(units, week)) for week in WEEKS]
        for figures in seen:
            del figures["failed_over"]
        return "likely" if all(figures == seen[0] for figures in seen) else "depends"

    def ideal(self) -> Figures:
        """Return failed and tiers with every VM at its best, whatever server its job may pick."""
        found = dict.fromkeys(FIGURES, 0)
        for job in self.jobs:
            for vm in self.vms[job]:
                ends = {self.outcome(server, vm)[1] for server in self.allowed(job)}
                ends |= self.ends(vm, self.today[job])
                if self.allowed(job) and not self.is_bound(job):
                    ends |= self.ends(vm, ())
                best = min(ends - {0}, default=0)
                found[f"tier{best}" if best else "failed"] += len(self.starts(job))
        return found

    def as_planned(self, assignments: Iterable[Mapping[str, str]]) -> Figures:
        """Return the week in which every run is on the server of its row in assignments.csv."""
        proxy = {(row["job"], row["vm"]): row["proxy"] for row in assignments}
        runs = []
        for unit in self.units({}):
            for begin in [n * WEEK + start for n in (0, 1) for start in unit.starts]:
                end = begin + unit.duration
                runs += [Run(unit.name, "", begin, end, self.backup, 0, False)] * unit.own
                for vm in unit.vms:
                    server = proxy.get((unit.name, vm), "")
                    tier = self.tier(server, vm) if server else 0
                    runs.append(Run(unit.name, vm, begin, end, server, tier, False))
        return self.figures(runs)

    def split(self, units: Sequence[Unit], job: str, parts: Mapping[str, Any]) -> list[Unit]:
        """Return units with a job replaced by parts: name to choice and VMs (of any kind)."""
        whole = next(unit for unit in units if unit.name == job)
        own = {vm for of_job, vm in self.estate.tasks.own if of_job == job}
        made = [
            replace(
                whole,
                name=name,
                choice=tuple(choice),
                vms=tuple(sorted(set(whole.vms) & set(vms))),
                own=len(own & set(vms)),
            )
            for name, (choice, vms) in parts.items()
        ]
        return [unit for unit in units if unit.name != job] + made


def written(choice: Choice) -> tuple[str, str]:
    """Return a choice as the cells ``choice`` and ``proxies``."""
    return ("list" if choice else "automatic"), ";".join(choice)
