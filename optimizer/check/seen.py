"""What the checker sees in the rows of some tasks, and what it says when it has seen them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.estate import Estate
from optimizer.check.aims import counts_of, values_of
from optimizer.check.job_lists import judge_job_before, judge_job_proxies
from optimizer.check.labels import judge_labels, judge_rule_1, planned_servers
from optimizer.check.limits import judge_capacity, judge_failover
from optimizer.check.load_table import judge_proxy_load
from optimizer.check.loads import Loads, loads_of
from optimizer.check.moments import moments_of
from optimizer.check.paths import paths_of
from optimizer.check.record import judge_record
from optimizer.check.roster import NOWHERE, OTHER, WINDOWS, Roster, call_the_roll, today
from optimizer.check.service import Connections, connections_of, service_of
from optimizer.check.verdict import Complaints, Judgement
from optimizer.check.written import Written

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Seen:
    """What matters of some tasks once their rows are judged; that of others can be added.

    ``counts`` are the values of the aims that count tasks, ``pairs`` the jobs and servers, as
    codes, of which one serves the other, shape (pairs, 2).
    """

    loads: Loads
    counts: Mapping[str, int]
    pairs: Whole
    tasks: int
    windows: int
    own_work: int
    unassigned: int

    def __add__(self, other: Seen) -> Seen:
        """Return what is seen of the tasks of both."""
        return Seen(
            self.loads + other.loads,
            {aim: count + other.counts[aim] for aim, count in self.counts.items()},
            np.unique(np.concatenate([self.pairs, other.pairs]), axis=0),
            self.tasks + other.tasks,
            self.windows + other.windows,
            self.own_work + other.own_work,
            self.unassigned + other.unassigned,
        )


@dataclass(frozen=True)
class Look:
    """The tasks of an estate beside the rows that a plan has for them, and what they come to."""

    roster: Roster
    connections: Connections
    seen: Seen


def look_at(
    estate: Estate, assignments: Written, unassigned: Written, complaints: Complaints
) -> Look:
    """Judge every row by itself (rule 1, labels), and return what all of them come to."""
    roster = call_the_roll(estate, assignments, unassigned, complaints)
    server = planned_servers(estate, roster, assignments, complaints)
    connections = connections_of(estate, paths_of(estate))
    service = service_of(estate, roster, server, connections)
    judge_rule_1(estate, roster, service, complaints)
    current = today(estate, roster)
    judge_labels(estate, roster, service, connections, current, assignments, complaints)
    width = len(estate.servers)
    pairs = pd.unique(roster.job[service.task] * width + service.proxy)
    kinds = np.bincount(roster.kind, minlength=3)
    seen = Seen(
        loads=loads_of(estate, roster, service, moments_of(estate)),
        counts=counts_of(estate, roster, service, current),
        pairs=np.column_stack(np.divmod(pairs, width)),
        tasks=len(roster.key),
        windows=int(kinds[WINDOWS]),
        own_work=int(kinds[OTHER]),
        unassigned=int(np.sum(roster.left_out != NOWHERE)),
    )
    return Look(roster, connections, seen)


def conclude(
    estate: Estate,
    seen: Seen,
    files: Mapping[str, Written],
    record: Mapping[str, Any],
    complaints: Complaints,
) -> Judgement:
    """Judge what all tasks together come to (rules 2 and 3), and the files that tell of it."""
    judge_capacity(seen.loads, complaints)
    judge_failover(seen.loads, complaints)
    judge_job_proxies(estate, seen.pairs, files["job_proxies.csv"], complaints)
    if "job_before.csv" in files:
        judge_job_before(estate, files["job_proxies.csv"], files["job_before.csv"], complaints)
    judge_proxy_load(seen.loads, files["proxy_load.csv"], complaints)
    values = values_of(estate, seen.counts, seen.loads)
    judge_record(estate, record, values, complaints)
    return Judgement(
        violations=complaints.sentences(),
        values=values,
        tasks=seen.tasks,
        windows=seen.windows,
        own_work=seen.own_work,
        assigned=seen.counts["coverage"],
        unassigned=seen.unassigned,
    )
