"""Judges rule 1 (who may serve whom) and each label of assignments.csv."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.estate import Estate
from models.plan import CONNECTIONS
from optimizer.checker.assignments import NONE, Connections, Service
from optimizer.checker.candidate_rules import licensed, why_no_candidate
from optimizer.checker.plan_files import PlanFiles
from optimizer.checker.tasks import NOWHERE, OTHER, UNKNOWN, TaskRows, Today
from optimizer.checker.violations import Rows, Violations

Whole = NDArray[np.int64]


def planned_servers(
    estate: Estate, roster: TaskRows, assignments: PlanFiles, complaints: Violations
) -> Whole:
    """Return the code of the server that the files give each task, -1 for none, (tasks,)."""
    names = {name: code for code, name in enumerate(estate.servers["server"].tolist())}
    server = np.append(assignments.codes("proxy", names.get), NOWHERE)[roster.row]
    stray = np.flatnonzero((roster.row != NOWHERE) & (server < 0))
    complaints.each(
        "tasks with an unknown proxy",
        stray,
        lambda task: (
            f"{roster.name(task)}: proxy "
            f"{assignments.text('proxy', int(roster.row[task]))!r} is not in servers"
        ),
    )
    return np.asarray(np.maximum(server, NOWHERE))


def judge_rule_1(
    estate: Estate, roster: TaskRows, service: Service, complaints: Violations
) -> None:
    """Complain of Windows tasks whose proxy may not serve them (rule 1).

    It is no candidate, unlicensed, does not connect, or is not of the job's own list.
    """
    names = estate.servers["server"].tolist()
    reasons = why_no_candidate(estate)

    def served(text: Callable[[int], str]) -> Callable[[int], str]:
        return lambda place: (
            f"{roster.name(int(service.task[place]))}: "
            f"proxy {names[service.proxy[place]]!r} {text(place)}"
        )

    def complain(kind: str, wrong: NDArray[np.bool_], text: Callable[[int], str]) -> None:
        complaints.each(kind, np.flatnonzero(wrong), served(text))

    refused = np.array([bool(reason) for reason in reasons])
    complain(
        "tasks whose proxy is no candidate",
        refused[service.proxy],
        lambda place: f"is no candidate: {reasons[service.proxy[place]]}",
    )
    complain(
        "tasks whose proxy the licence forbids",
        ~licensed(estate)[service.proxy],
        lambda _: f"is not licensed (S3), expected {names[estate.backup_server]!r} or none",
    )
    complain(
        "tasks whose proxy does not connect",
        service.connection == NONE,
        lambda _: "has no connection to the VM",
    )
    job = roster.job[service.task]
    manual = estate.jobs["bound_codes"].tolist()
    listed = np.array([bool(codes) for codes in manual], dtype=np.bool_)
    allowed = [job * len(names) + code for job, codes in enumerate(manual) for code in codes]
    stray = listed[job]
    stray[stray] = ~np.isin(job[stray] * len(names) + service.proxy[stray], allowed)
    complain(
        "tasks whose proxy is not of the job's",
        stray,
        lambda place: (
            "is not among the job's proxies: expected one of "
            + ", ".join(repr(names[code]) for code in manual[int(job[place])])
        ),
    )


@dataclass(frozen=True)
class _Column:
    """Compares one column of assignments.csv, and words what differs."""

    written: PlanFiles
    roster: TaskRows
    complaints: Violations

    def judge(self, column: str, tasks: Rows, expected: Whole, texts: dict[str, int]) -> None:
        """Complain where the cell of a task is not the text that stands for ``expected``."""
        row = self.roster.row[tasks]
        wrong = np.flatnonzero(self.written.codes(column, texts.get)[row] != expected)
        text_of = {code: text for text, code in texts.items()}
        self.complaints.each(
            f"tasks whose {column} is wrong",
            wrong,
            lambda place: (
                f"{self.roster.name(int(tasks[place]))}: {column} is "
                f"{self.written.text(column, int(row[place]))!r}, "
                f"expected {text_of.get(int(expected[place]), '')!r}"
            ),
        )


def judge_labels(
    estate: Estate,
    roster: TaskRows,
    service: Service,
    connections: Connections,
    current: Today,
    assignments: PlanFiles,
    complaints: Violations,
) -> None:
    """Complain of every label that differs from the contract's."""
    column = _Column(assignments, roster, complaints)
    home = estate.backup_server
    servers = {name: code for code, name in enumerate(estate.servers["server"].tolist())}
    connection_codes = {name: code for code, name in enumerate(CONNECTIONS)}
    tiers = {"": 0, "1": 1, "2": 2, "3": 3, "4": 4}
    truth = {"false": 0, "true": 1}
    task = service.task
    column.judge("tier", task, service.tier, tiers)
    column.judge("connection", task, service.connection, connection_codes)
    column.judge("protected", task, service.protected.astype(np.int64), truth)
    failover = np.where(service.takeover & (service.proxy != home), home, NOWHERE)
    column.judge("failover_proxy", task, failover, {**servers, "": NOWHERE})

    # Tasks that are not planned: of unknown systems, and the backup server's own work.
    unknown = np.flatnonzero((roster.kind == UNKNOWN) & (roster.row != NOWHERE))
    complaints.each(
        "tasks of an unknown os with a proxy",
        unknown,
        lambda place: f"{roster.name(place)}: has a proxy, expected reason 'unknown_os'",
    )
    own = np.flatnonzero((roster.kind == OTHER) & (roster.row != NOWHERE))
    nothing = np.zeros(len(own), dtype=np.int64)
    # Without a host set there is no PowerShell Direct, which other guests do not know (S11).
    way = connections.kind(np.array(home), roster.network_set[own], nothing, nothing)
    column.judge("proxy", own, nothing + home, servers)
    column.judge("tier", own, nothing, tiers)
    column.judge("connection", own, way, connection_codes)
    column.judge("protected", own, nothing, truth)
    column.judge("failover_proxy", own, nothing + NOWHERE, {"": NOWHERE})

    # Whose server of today is named, wherever the task is now.
    codes, names = current.rows["proxy"].factorize()
    previous = np.full(len(roster.key), NOWHERE)
    previous[current.task] = codes
    placed = np.flatnonzero(roster.row != NOWHERE)
    texts = {str(name): code for code, name in enumerate(names)} | {"": NOWHERE}
    column.judge("previous_proxy", placed, previous[placed], texts)
