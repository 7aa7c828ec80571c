"""The truth about small estates, by other means than the planner's.

Everything is read from a spec's cell texts straight from its definition in the contract: nothing
is collapsed, pooled or shared with the planner, and the solver is SCIP, not CP-SAT. A spec maps
each table that is there to its rows (column to cell text), and ``settings`` to what
``estate.toml`` says, tolerances as decimal text.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.math_opt.python import mathopt

Spec = Mapping[str, Any]
Row = Mapping[str, str]
Task = tuple[str, str]
Assignment = Mapping[Task, str]

AIMS = (
    "coverage", "tier1", "tier2", "tier3", "protected", "same_site", "peak", "balance", "moves",
)  # fmt: skip
EXACT = mathopt.SolveParameters(relative_gap_tolerance=0, absolute_gap_tolerance=0)
MINIMISED = {"peak", "balance", "moves"}
WEEK = 7 * 24 * 60
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
LINUX = r"linux|\brhel\b|red\s*hat|\brocky\b"
PROXY_OS = {"v12": r"windows\s+server", "v13": r"windows\s+server|\brhel\b|red\s*hat|\brocky\b"}


@dataclass(frozen=True)
class Tasks:
    """Every task of an estate: to be planned, the backup server's own work, or of unknown OS."""

    windows: tuple[Task, ...]
    own: tuple[Task, ...]
    unknown: tuple[Task, ...]


@dataclass(frozen=True)
class Truth:
    """The ``best`` of every aim at its turn, in order, what its ``lock`` then is, and one plan.

    No later aim may make an aim's value worse than its lock; without a tolerance it is the best.
    """

    estate: Estate
    best: dict[str, int]
    lock: dict[str, int]
    assignment: Assignment

    def value(self, assignment: Assignment) -> dict[str, int]:
        """Return the value of each of the estate's aims; AssertionError for a broken rule."""
        values = self.estate.evaluate(assignment)
        return {aim: values[aim] for aim in self.best}


@dataclass(frozen=True)
class Server:
    """One server; ``limit`` is its max_tasks, ``powershell`` the major version."""

    name: str
    os: str
    networks: frozenset[str]
    limit: int | None
    running: int
    candidate: bool
    powershell: int
    domain: str


@dataclass(frozen=True)
class Option:
    """What holds where a server serves a task."""

    tier: int
    connection: str
    protected: bool
    same_site: bool


def tasks(spec: Spec) -> Tasks:
    """Return which tasks are planned, which are the backup server's own, which are unknown."""
    return Estate(spec).tasks


def evaluate(spec: Spec, assignment: Assignment) -> dict[str, int]:
    """Return the value of every aim for ``assignment``; AssertionError for a broken rule."""
    return Estate(spec).evaluate(assignment)


class Estate:
    """The facts of a spec, each read from its definition."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.networks: dict[str, Row] = {_text(row, "network"): row for row in spec["networks"]}
        self.links = _links(spec["links"]) if "links" in spec else None
        self.servers = {s.name: s for s in map(self._server, spec["servers"])}
        self.backup = next(
            self.servers[_text(row, "server")]
            for row in spec["servers"]
            if "backup_server" in _items(row, "roles")
        )
        self.vms: dict[str, Row] = {_text(row, "vm"): row for row in spec["vms"]}
        self.vm_networks = {vm: self._resolve(row) for vm, row in self.vms.items()}
        self.jobs: dict[str, Row] = {_text(row, "job"): row for row in spec["jobs"]}
        self.active = {job: _active(row) for job, row in self.jobs.items()}
        self.utilisation = self.setting("planning", "balance", "tasks") == "utilisation"
        self.reached: dict[tuple[frozenset[str], int | None], set[str]] = {}

    def setting(self, section: str, key: str, default: Any) -> Any:
        """Return one setting of ``estate.toml``."""
        return self.spec["settings"].get(section, {}).get(key, default)

    @property
    def aims(self) -> list[str]:
        """Return the aims in order; `moves` is one only where `current.csv` is."""
        chosen = self.setting("planning", "objectives", AIMS)
        return [aim for aim in chosen if aim != "moves" or "current" in self.spec]

    @cached_property
    def tasks(self) -> Tasks:
        """Return every task by kind."""
        kinds: tuple[list[Task], ...] = ([], [], [])
        work = ("application_aware", "indexing", "log_processing")
        for row in self.spec["job_vms"]:
            job, vm = _text(row, "job"), _text(row, "vm")
            on = _yes(self.jobs[job], "enabled", "true")
            on = on and any(_yes(self.jobs[job], column, "false") for column in work)
            if on and _yes(self.vms[vm], "available", "true"):
                os = _text(self.vms[vm], "os").lower()
                kinds[2 if not os else 0 if "windows" in os else 1].append((job, vm))
        return Tasks(*map(tuple, kinds))

    @cached_property
    def options(self) -> dict[tuple[Task, str], Option]:
        """Return every task and server that rule 1 lets together, within the licence."""
        licensed = (
            self.setting("license", "type", "vul") == "vul"
            or self.setting("license", "edition", "enterprise") != "standard"
        )
        found = {}
        for job, vm in self.tasks.windows:
            manual = _items(self.jobs[job], "proxies") or self.servers
            for server in self.servers.values():
                connection = self.connection(server, vm)
                if (
                    connection
                    and server.candidate
                    and server.name in manual
                    and (licensed or server is self.backup)
                ):
                    near = bool(server.networks & self.vm_networks[vm])
                    found[(job, vm), server.name] = Option(
                        tier=(1 if near else 3) + (server is self.backup),
                        connection=connection,
                        protected=self.protected(server, vm),
                        same_site=bool(
                            self.sites(server.networks) & self.sites(self.vm_networks[vm])
                        ),
                    )
        return found

    def connection(self, server: Server, vm: str) -> str:
        """Return how ``server`` connects to ``vm``, "" where it does not."""
        if not self.may_serve(server, vm):
            return ""
        if self.reaches(server.networks, self.vm_networks[vm]):
            return "network"
        row = self.vms[vm]
        host = self.servers.get(_text(row, "host"))
        direct = (
            self.setting("connections", "powershell_direct", True)
            and _text(row, "platform").lower() == "hyperv"
            and not self.gmsa(vm)
            and _has_powershell_direct(_text(row, "os"))
            and int(_text(row, "host_version")[:4] or 0) >= 2016
            and server.powershell >= 2
            and not re.search(LINUX, server.os, re.IGNORECASE)
            and host is not None
            and self.reaches(server.networks, host.networks)
        )
        return "powershell_direct" if direct else ""

    def gmsa(self, vm: str) -> str:
        """Return the domain of the gMSA of a Windows guest, "" where it has none."""
        row = self.vms[vm]
        return _text(row, "gmsa_domain").lower() * ("windows" in _text(row, "os").lower())

    def may_serve(self, server: Server, vm: str) -> bool:
        """Tell whether the guest of ``vm`` lets ``server`` in, whatever the networks are."""
        row = self.vms[vm]
        if "windows" not in _text(row, "os").lower():
            return True
        linux = re.search(LINUX, server.os, re.IGNORECASE) is not None
        known = _text(row, "platform").lower() in {"", "vmware", "hyperv"}
        if linux and not known and self.spec["settings"].get("ruleset") == "v13":
            return False
        domain = self.gmsa(vm)
        return not domain or ("windows" in server.os.lower() and server.domain == domain)

    def may_list(self, server: Server, vm: str) -> bool:
        """Tell whether a job that has ``vm`` may name ``server``."""
        return not (self.gmsa(vm) and re.search(LINUX, server.os, re.IGNORECASE))

    def protected(self, server: Server, vm: str) -> bool:
        """Tell whether a loss of any one link leaves ``server`` or the backup server connected."""
        goals = self.vm_networks[vm]
        return (
            server is not self.backup
            and self.may_serve(server, vm)
            and self.may_serve(self.backup, vm)
            and self.reaches(server.networks, goals)
            and self.reaches(self.backup.networks, goals)
            and all(
                self.reaches(server.networks, goals, lost)
                or self.reaches(self.backup.networks, goals, lost)
                for lost in range(len(self.links or ()))
            )
        )

    def reaches(
        self, starts: frozenset[str], goals: frozenset[str], lost: int | None = None
    ) -> bool:
        """Tell whether some of ``starts`` reaches some of ``goals`` without the link ``lost``."""
        if self.links is None:
            return bool(starts and goals)
        if (starts, lost) not in self.reached:
            seen, front = set(starts), set(starts)
            while front:
                near = {
                    end
                    for number, (one, other, both_ways) in enumerate(self.links)
                    if number != lost
                    for begin, end in [(one, other)] + [(other, one)] * both_ways
                    if begin in front
                }
                front = near - seen
                seen |= front
            self.reached[starts, lost] = seen
        return bool(self.reached[starts, lost] & goals)

    def sites(self, networks: Iterable[str]) -> set[str]:
        """Return the sites of ``networks``."""
        return {_text(self.networks[network], "site") for network in networks} - {""}

    @cached_property
    def anyway(self) -> dict[str, NDArray[np.int64]]:
        """Return what each server runs anyway, at every minute of the week."""
        always = {s.name: np.full(WEEK, s.running) for s in self.servers.values()}
        for job, _ in self.tasks.own:
            always[self.backup.name] += self.active[job]
        return always

    @cached_property
    def room(self) -> dict[str, NDArray[np.int64]]:
        """Return how many planned tasks rule 2 lets each server run, at every minute."""
        return {
            s.name: np.maximum(0, s.limit - self.anyway[s.name])
            for s in self.servers.values()
            if s.limit is not None
        }

    @cached_property
    def standby(self) -> NDArray[np.int64] | None:
        """Return how many planned tasks rule 3 lets the backup server run; None for any."""
        limit = self.setting("failover", "tasks", self.backup.limit)
        if limit is None or self.setting("failover", "capacity", "report") == "report":
            return None
        spare: NDArray[np.int64] = limit - self.anyway[self.backup.name]
        return np.maximum(0, spare)

    @cached_property
    def losses(self) -> list[set[str]]:
        """Return the servers of each single loss that the estate is to survive."""
        others = [s for s in self.servers.values() if s is not self.backup]
        if self.setting("failover", "survive", "server") == "server":
            return [{s.name} for s in others]
        home = self.sites(self.backup.networks)
        away = sorted(self.sites(self.networks) - home)
        alone = [s for s in others if (at := self.sites(s.networks)) & home or not at]
        return [
            *({s.name for s in others if site in self.sites(s.networks)} for site in away),
            *({s.name} for s in alone),
        ]

    @cached_property
    def takeover(self) -> set[Task]:
        """Return the Windows tasks that the backup server connects to."""
        return {task for task in self.tasks.windows if self.connection(self.backup, task[1])}

    @property
    def judged(self) -> list[Server]:
        """Return the servers that peak and balance look at."""
        every = [s for s in self.servers.values() if s.candidate]
        return [s for s in every if s.limit is not None] if self.utilisation else every

    def figure(self, server: Server, tasks: int) -> int:
        """Return what peak and balance make of ``tasks`` at a server's busiest moment."""
        return -(-1000 * tasks // (server.limit or 1)) if self.utilisation else tasks

    @cached_property
    def current(self) -> dict[Task, str]:
        """Return today's proxy of the Windows tasks that `current.csv` speaks of."""
        rows = {
            (_text(row, "job"), _text(row, "vm")): _text(row, "proxy")
            for row in self.spec.get("current", ())
        }
        return {task: rows[task] for task in self.tasks.windows if task in rows}

    def evaluate(self, assignment: Assignment) -> dict[str, int]:
        """Return the value of every aim for ``assignment``; AssertionError for a broken rule."""
        assert set(assignment) <= set(self.tasks.windows), "planned what is no Windows task"
        assert set(assignment.items()) <= set(self.options), "rule 1"
        planned = {name: np.zeros(WEEK, dtype=np.int64) for name in self.servers}
        for (job, _), server in assignment.items():
            planned[server] += self.active[job]
        for name, room in self.room.items():
            assert (planned[name] <= room).all(), "rule 2"
        if self.standby is not None:
            for lost in self.losses:
                load = planned[self.backup.name].copy()
                for (job, vm), server in assignment.items():
                    if server in lost and (job, vm) in self.takeover:
                        load += self.active[job]
                assert (load <= self.standby).all(), "rule 3"
        served = [self.options[pair] for pair in assignment.items()]
        figures = [
            self.figure(s, int((self.anyway[s.name] + planned[s.name]).max())) for s in self.judged
        ]
        values = {
            "coverage": len(served),
            **{f"tier{tier}": sum(o.tier == tier for o in served) for tier in (1, 2, 3)},
            "protected": sum(o.protected for o in served),
            "same_site": sum(o.same_site for o in served),
            "peak": max(figures, default=0),
            "balance": sum(figure**2 for figure in figures),
        }
        if "current" in self.spec:
            moved = (assignment.get(task) != proxy for task, proxy in self.current.items())
            values["moves"] = sum(moved)
        return values

    def _server(self, row: Row) -> Server:
        limit = _text(row, "max_tasks")
        return Server(
            name=_text(row, "server"),
            os=_text(row, "os"),
            networks=self._resolve(row),
            limit=int(limit) if limit else None,
            running=int(_text(row, "running_tasks") or 0),
            candidate=_yes(row, "managed", "true")
            and _yes(row, "available", "true")
            and not _yes(row, "excluded", "false")
            and re.search(
                PROXY_OS[self.spec["settings"].get("ruleset", "v12")],
                _text(row, "os"),
                re.IGNORECASE,
            )
            is not None,
            powershell=int(_text(row, "powershell_version").split(".")[0] or 0),
            domain=_text(row, "domain").lower(),
        )

    def _resolve(self, row: Row) -> frozenset[str]:
        found: set[str] = set()
        for item in _items(row, "networks"):
            found |= {item} if item in self.networks else self._networks_of(item)
        return frozenset(found)

    def _networks_of(self, address: str) -> set[str]:
        ranges = {
            name: ipaddress.ip_network(_text(row, "cidr"))
            for name, row in self.networks.items()
            if _text(row, "cidr")
        }
        around = {n: r for n, r in ranges.items() if ipaddress.ip_address(address) in r}
        longest = max((r.prefixlen for r in around.values()), default=0)
        nearest = {n for n, r in around.items() if r.prefixlen == longest}
        return nearest if len(nearest) == 1 else set()


def _text(row: Row, column: str) -> str:
    return row.get(column, "").strip()


def _items(row: Row, column: str) -> list[str]:
    return [item.strip() for item in _text(row, column).split(";") if item.strip()]


def _yes(row: Row, column: str, default: str) -> bool:
    return (_text(row, column) or default).lower() in {"true", "yes", "1"}


def _links(rows: Iterable[Row]) -> list[tuple[str, str, bool]]:
    return [
        (_text(row, "from"), _text(row, "to"), _yes(row, "both_ways", "true"))
        for row in rows
        if _yes(row, "up", "true")
    ]


def _active(row: Row) -> NDArray[np.int64]:
    """Return 1 for every minute of the week in which the job is active, 0 for the others."""
    hours, minutes = _text(row, "start").split(":")
    days = [day.lower() for day in _items(row, "days")] or ["daily"]
    active = np.zeros(WEEK, dtype=np.int64)
    for number, day in enumerate(DAYS):
        if day in days or "daily" in days:
            start = number * 24 * 60 + int(hours) * 60 + int(minutes)
            active[np.arange(start, start + int(_text(row, "duration_minutes"))) % WEEK] = 1
    return active


def _has_powershell_direct(os: str) -> bool:
    if server := re.search(r"windows\s+server.*?\b(20\d\d)\b", os, re.IGNORECASE):
        return int(server[1]) >= 2016
    return re.search(r"windows\s+1[01]\b", os, re.IGNORECASE) is not None


def solve(spec: Spec) -> Truth:
    """Return the optimal value of every aim, each among the plans optimal for those before."""
    estate = Estate(spec)
    program = _Program(estate)
    best: dict[str, int] = {}
    lock: dict[str, int] = {}
    plan: dict[Task, str] = {}
    values = estate.evaluate(plan)
    tolerance = estate.setting("planning", "tolerance", {})
    for aim in estate.aims:
        sign = -1 if aim in MINIMISED else 1
        if program.aims[aim].terms:
            plan = program.optimise(aim)
            values = estate.evaluate(plan)
        best[aim] = values[aim]
        lock[aim] = best[aim] - sign * int(Decimal(tolerance.get(aim, "0")) * best[aim])
        program.lock(aim, lock[aim])
        for earlier, least in lock.items():
            worse = values[earlier] > least if earlier in MINIMISED else values[earlier] < least
            assert not worse, f"{aim} gave away some of {earlier}: the solver is not exact"
    return Truth(estate, best, lock, plan)


@dataclass
class _Sum:
    """A weighted sum of variables and a constant."""

    constant: int
    terms: list[tuple[int, Any]]

    @property
    def expression(self) -> Any:
        return mathopt.fast_sum(weight * variable for weight, variable in self.terms)


class _Program:
    """The rules as a MIP: one binary per option, and one per task that a busiest moment may hold.

    A server's busiest moment is its idle load plus its number of ``steps`` that are 1; they fall
    one after another, so each function of the load is a sum of what each step adds to it.
    """

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.model = mathopt.Model()
        self.x = {pair: self.model.add_binary_variable() for pair in estate.options}
        every = np.array([estate.active[job] for job in estate.jobs])
        situations = (1 << np.arange(len(every))) @ every
        self.moments: list[int] = np.unique(situations, return_index=True)[1].tolist()
        for task in estate.tasks.windows:
            self._at_most(1, [x for (one, _), x in self.x.items() if one == task])
        for name, room in estate.room.items():
            for moment in self.moments:
                self._at_most(int(room[moment]), self._planned({name}, moment))
        if estate.standby is not None:
            for lost in estate.losses:
                for moment in self.moments:
                    load = self._planned({estate.backup.name}, moment)
                    load += self._planned(lost, moment, estate.takeover)
                    self._at_most(int(estate.standby[moment]), load)
        self.aims = {**self._counts(), **self._loads()}
        self.solver = mathopt.IncrementalSolver(self.model, mathopt.SolverType.GSCIP)

    def optimise(self, aim: str) -> dict[Task, str]:
        """Return a plan that is optimal for ``aim`` within the locks."""
        goal = self.aims[aim]
        self.model.objective.clear()
        self.model.objective.set_to_expression(goal.expression)
        self.model.objective.is_maximize = aim not in MINIMISED
        result = self.solver.solve(params=EXACT)
        assert result.termination.reason == mathopt.TerminationReason.OPTIMAL, result.termination
        values = result.variable_values()
        plan = {task: server for (task, server), x in self.x.items() if values[x] > 0.5}
        exact = self.estate.evaluate(plan)[aim] - goal.constant
        assert abs(result.objective_value() - exact) < 0.01, f"{aim} is not exact"
        assert abs(result.best_objective_bound() - exact) < 0.99, f"{aim} is not proven"
        return plan

    def lock(self, aim: str, value: int) -> None:
        """Let no later plan be worse than ``value``."""
        goal = self.aims[aim]
        if goal.terms and aim in MINIMISED:
            self.model.add_linear_constraint(goal.expression <= value - goal.constant)
        elif goal.terms:
            self.model.add_linear_constraint(goal.expression >= value - goal.constant)

    def _at_most(self, limit: int, variables: list[Any]) -> None:
        if len(variables) > limit:
            self.model.add_linear_constraint(mathopt.fast_sum(variables) <= limit)

    def _planned(
        self, servers: set[str], moment: int, among: Container[Task] | None = None
    ) -> list[Any]:
        return [
            x
            for (task, server), x in self.x.items()
            if server in servers
            and self.estate.active[task[0]][moment]
            and (among is None or task in among)
        ]

    def _counts(self) -> dict[str, _Sum]:
        options = self.estate.options
        current = self.estate.current
        counted = {
            "coverage": options,
            **{f"tier{t}": [p for p, o in options.items() if o.tier == t] for t in (1, 2, 3)},
            "protected": [pair for pair, option in options.items() if option.protected],
            "same_site": [pair for pair, option in options.items() if option.same_site],
        }
        sums = {aim: _Sum(0, [(1, self.x[p]) for p in pairs]) for aim, pairs in counted.items()}
        stay = [(-1, x) for (task, server), x in self.x.items() if current.get(task) == server]
        return {**sums, "moves": _Sum(len(current), stay)}

    def _loads(self) -> dict[str, _Sum]:
        estate = self.estate
        peak = self.model.add_variable(lb=0)
        balance = _Sum(0, [])
        for server in estate.judged:
            anyway = estate.anyway[server.name]
            planned = {moment: self._planned({server.name}, moment) for moment in self.moments}
            idle = int(anyway.max())
            most = max(int(anyway[moment]) + len(planned[moment]) for moment in self.moments)
            figures = [estate.figure(server, load) for load in range(idle, max(idle, most) + 1)]
            steps = [self.model.add_binary_variable() for _ in figures[1:]]
            for one, following in pairwise(steps):
                self.model.add_linear_constraint(following <= one)
            for moment in self.moments:
                load = mathopt.fast_sum(planned[moment]) + int(anyway[moment])
                self.model.add_linear_constraint(load <= idle + mathopt.fast_sum(steps))
            rise = _rises(figures, steps)
            self.model.add_linear_constraint(peak >= figures[0] + rise.expression)
            squares = _rises([figure**2 for figure in figures], steps)
            balance.constant += figures[0] ** 2
            balance.terms += squares.terms
        return {"peak": _Sum(0, [(1, peak)]), "balance": balance}


def _rises(figures: list[int], steps: list[Any]) -> _Sum:
    return _Sum(
        figures[0],
        [(b - a, step) for (a, b), step in zip(pairwise(figures), steps, strict=True)],
    )
