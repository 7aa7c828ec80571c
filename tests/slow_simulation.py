"""What `gip simulate` does, as its help says it: one choice after another.

Shares nothing with the planner: a spec's facts come from the oracle, a server's load is counted
anew for every choice. Servers, jobs and VMs are names; code points order as UTF-8 bytes do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import oracle
from numpy.typing import NDArray
from oracle import DAYS, WEEK, Server

Lists = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Run:
    """One run of one task, from minute ``begin`` to ``end`` of two weeks; "" for no proxy."""

    job: str
    vm: str
    begin: int
    end: int
    proxy: str
    tier: int
    connection: str
    failed_over: bool
    windows: bool

    @property
    def start(self) -> str:
        """Return when it begins, as people write it."""
        return clock(self.begin)


class Product:
    """Two weeks of the product by itself; only the second is reported."""

    def __init__(
        self, spec: Mapping[str, Any], lists: Lists | None = None, knows_connections: bool = False
    ) -> None:
        self.estate = oracle.Estate(spec)
        self.lists = lists
        self.knows_connections = knows_connections
        self.now = 0
        self.in_progress: list[Run] = []
        self.all: list[Run] = []
        jobs = {job for job, _ in self.estate.tasks.windows + self.estate.tasks.own}
        starts = sorted((start, job) for job in jobs for start in self.starts(job))
        for self.now, job in starts:
            self.in_progress = [run for run in self.in_progress if run.end > self.now]
            self.begin(job)

    def starts(self, job: str) -> set[int]:
        """Return the minutes of two weeks at which a job starts."""
        row = self.estate.jobs[job]
        days = row.get("days", "").lower().replace(" ", "").split(";")
        hours, minutes = row["start"].split(":")
        return {
            number * 24 * 60 + int(hours) * 60 + int(minutes)
            for number, day in enumerate(DAYS + DAYS)
            if day in days or days in (["daily"], [""])
        }

    def begin(self, job: str) -> None:
        """Begin a job: each of its VMs in order."""
        for of_job, vm in self.estate.tasks.own:
            if of_job == job:
                self.add(job, vm, self.estate.backup.name, 0, "", False, windows=False)
        for vm in sorted(vm for of_job, vm in self.estate.tasks.windows if of_job == job):
            self.choose(job, vm)

    def choose(self, job: str, vm: str) -> None:
        """Begin the run of one Windows VM where the product has it run."""
        candidates = self.candidates(job, vm)
        if candidates:
            best = min(self.tier(server, vm) for server in candidates)
            equals = [server for server in candidates if self.tier(server, vm) == best]
            pick = min(equals, key=lambda server: (self.load(server), server.name))
            if connection := self.estate.connection(pick, vm):
                self.add(job, vm, pick.name, best, connection, False)
                return
        backup = self.estate.backup
        if connection := self.estate.connection(backup, vm):
            self.add(job, vm, backup.name, self.tier(backup, vm), connection, True)
        else:
            self.add(job, vm, "", 0, "", False)

    def candidates(self, job: str, vm: str) -> list[Server]:
        """Return the servers that the job may use for the VM, as the product sees it."""
        estate = self.estate
        if self.lists is None or job not in self.lists:
            text = estate.jobs[job].get("proxies", "")
            chosen = [item.strip() for item in text.split(";") if item.strip()]
        else:
            chosen = list(self.lists[job])
        no_proxies = (
            estate.setting("license", "type", "vul") == "socket"
            and estate.setting("license", "edition", "enterprise") == "standard"
        )
        return [
            server
            for server in estate.servers.values()
            if server.candidate
            and estate.may_serve(server, vm)
            and (not chosen or server.name in chosen)
            and not (no_proxies and server is not estate.backup)
            and not (self.knows_connections and not estate.connection(server, vm))
        ]

    def tier(self, server: Server, vm: str) -> int:
        """Return the tier of a server by networks alone."""
        near = bool(server.networks & self.estate.vm_networks[vm])
        own = server is self.estate.backup
        return {(True, False): 1, (True, True): 2, (False, False): 3, (False, True): 4}[near, own]

    def load(self, server: Server) -> int:
        """Return how many tasks a server runs right now."""
        return server.running + sum(run.proxy == server.name for run in self.in_progress)

    def add(
        self,
        job: str,
        vm: str,
        proxy: str,
        tier: int,
        connection: str,
        failed_over: bool,
        windows: bool = True,
    ) -> None:
        """Begin a run, for as long as its job lasts."""
        end = self.now + int(self.estate.jobs[job]["duration_minutes"])
        run = Run(job, vm, self.now, end, proxy, tier, connection, failed_over, windows)
        self.in_progress.append(run)
        self.all.append(run)

    @property
    def runs(self) -> list[Run]:
        """Return the Windows runs of the second week, sorted by job, VM and start."""
        second = [run for run in self.all if run.windows and run.begin >= WEEK]
        return sorted(second, key=lambda run: (run.job, run.vm, run.begin))

    def in_minutes(self, server: Server, windows: bool) -> NDArray[np.int64]:
        """Return how many runs a server has in every minute of the second week."""
        count = np.zeros(4 * WEEK, dtype=np.int64)
        for run in self.all:
            if run.proxy == server.name and run.windows == windows:
                count[run.begin : run.end] += 1
        return count[WEEK : 2 * WEEK]

    @property
    def load_rows(self) -> list[list[str]]:
        """Return the rows of proxy_load.csv."""
        rows = []
        for name, server in sorted(self.estate.servers.items()):
            if not server.candidate and server is not self.estate.backup:
                continue
            running = server.running + self.in_minutes(server, windows=False)
            planned = self.in_minutes(server, windows=True)
            changes = (np.diff(running) != 0) | (np.diff(planned) != 0)
            cuts = [0, *(np.flatnonzero(changes) + 1).tolist()]
            limit = "" if server.limit is None else str(server.limit)
            for begin, end in zip(cuts, [*cuts[1:], WEEK], strict=True):
                figures = [str(running[begin]), str(planned[begin]), limit]
                rows.append([name, clock(begin), clock(end), *figures])
        return rows

    @property
    def peak(self) -> int:
        """Return the value of the aim `peak`."""
        values = [0]
        for server in self.estate.servers.values():
            if server.candidate:
                busiest = int(self.whole_load(server).max())
                if not self.estate.utilisation:
                    values.append(busiest)
                elif server.limit is not None:
                    values.append(-(-1000 * busiest // server.limit))
        return max(values)

    @property
    def busiest(self) -> int:
        """Return the most tasks that a candidate runs at once."""
        candidates = [server for server in self.estate.servers.values() if server.candidate]
        return max((int(self.whole_load(server).max()) for server in candidates), default=0)

    @property
    def overload(self) -> dict[str, int]:
        """Return the task-minutes above max_tasks of every server that has any."""
        found: dict[str, int] = {}
        for name, server in self.estate.servers.items():
            used = server.candidate or server is self.estate.backup
            if used and server.limit is not None:
                above = np.maximum(self.whole_load(server) - server.limit, 0).sum()
                found |= {name: int(above)} if above else {}
        return found

    def whole_load(self, server: Server) -> NDArray[np.int64]:
        """Return all that a server runs, in every minute of the second week."""
        runs = self.in_minutes(server, windows=True) + self.in_minutes(server, windows=False)
        return server.running + runs


def clock(minute: int) -> str:
    """Return a minute of the week as people write it."""
    day, minute = divmod(minute % WEEK, 24 * 60)
    return f"{DAYS[day]} {minute // 60:02d}:{minute % 60:02d}"
