"""Judges unassigned.csv: the reason of each task, and whether it could have had a proxy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.estate import Estate
from optimizer.checker.assignments import NONE, Connections
from optimizer.checker.candidate_rules import licensed, why_no_candidate
from optimizer.checker.capacity import FreeCapacity
from optimizer.checker.loads import Loads
from optimizer.checker.plan_files import PlanFiles
from optimizer.checker.row_checks import RowCheck
from optimizer.checker.tasks import NOWHERE, OTHER, WINDOWS, TaskRows
from optimizer.checker.violations import Violations

Whole = NDArray[np.int64]

REASONS = (
    "unknown_os", "no_candidate", "unknown_network", "not_reachable", "job_proxies", "capacity",
    "failover_capacity",
)  # fmt: skip
CODES = {reason: code for code, reason in enumerate(REASONS)}
CAPACITY = CODES["capacity"]
KINDS_AT_ONCE = 256


def judge_reasons(
    estate: Estate,
    checked: RowCheck,
    loads: Loads,
    unassigned: PlanFiles,
    coverage_proven: bool,
    complaints: Violations,
) -> None:
    """Complain of wrong reasons, and of tasks that fit somewhere though coverage is proven.

    ``loads`` are those of all tasks, not just of those ``checked``.
    """
    roster, connections = checked.roster, checked.connections
    listed = np.flatnonzero(roster.left_out != NOWHERE)
    complaints.each(
        "tasks of the backup server's own work among the unassigned",
        listed[roster.kind[listed] == OTHER],
        lambda task: (
            f"{roster.name(task)}: stands in {unassigned.file}, expected in "
            f"assignments.csv as the backup server's own work"
        ),
    )
    task = listed[roster.kind[listed] != OTHER]
    found = unassigned.codes("reason", CODES.get)[roster.left_out[task]]
    expected = np.full(len(task), CODES["unknown_os"])
    fitting = np.full(len(task), NOWHERE)
    windows = roster.kind[task] == WINDOWS
    expected[windows], fitting[windows] = _expected(
        estate, roster, connections, FreeCapacity(loads), task[windows]
    )
    right = found == expected
    if loads.failover_limit() is not None:
        right |= (expected == CAPACITY) & (found == CODES["failover_capacity"])
    complaints.each(
        "tasks with a wrong reason",
        np.flatnonzero(~right),
        lambda place: (
            f"{roster.name(int(task[place]))}: reason is "
            f"{unassigned.text('reason', int(roster.left_out[task[place]]))!r}, "
            f"expected {REASONS[expected[place]]!r}"
        ),
    )
    if coverage_proven:
        names = estate.servers["server"].tolist()
        complaints.each(
            "unassigned tasks that would fit",
            np.flatnonzero(fitting != NOWHERE),
            lambda place: (
                f"{roster.name(int(task[place]))}: unassigned, but fits on server "
                f"{names[fitting[place]]!r}, though plan.json calls coverage proven"
            ),
        )


def _expected(
    estate: Estate, roster: TaskRows, connections: Connections, fitting: FreeCapacity, task: Whole
) -> tuple[Whole, Whole]:
    """Return reason, and a server that has capacity, of unassigned Windows tasks, both (tasks,).

    The reason is `CAPACITY` for both kinds of it, the server `NOWHERE` where there is none.
    """
    refused = np.array([bool(reason) for reason in why_no_candidate(estate)])
    usable = np.flatnonzero(~refused & licensed(estate))
    if not len(usable):
        return np.full(len(task), CODES["no_candidate"]), np.full(len(task), NOWHERE)
    sets, jobs = len(estate.network_sets), len(estate.jobs)
    shape = (sets, sets, len(connections.guests.served), jobs)
    columns = (roster.network_set, roster.host_set, roster.guest, roster.job)
    kinds, back = np.unique(
        np.ravel_multi_index([column[task] for column in columns], shape), return_inverse=True
    )
    reason, where = np.zeros_like(kinds), np.full(len(kinds), NOWHERE)
    for first in range(0, len(kinds), KINDS_AT_ONCE):
        some = slice(first, first + KINDS_AT_ONCE)
        reason[some], where[some] = _of_kinds(
            estate, connections, fitting, usable, *np.divmod(kinds[some], jobs)
        )
    return reason[back], where[back]


def _of_kinds(
    estate: Estate,
    connections: Connections,
    fitting: FreeCapacity,
    usable: Whole,
    vm_kind: Whole,
    job: Whole,
) -> tuple[Whole, Whole]:
    """Return reason and place of kinds of task, all (kinds,); ``vm_kind`` is sorted."""
    vm_kinds, back = np.unique(vm_kind, return_inverse=True)
    sets = len(estate.network_sets)
    of_vm = np.unravel_index(vm_kinds, (sets, sets, len(connections.guests.served)))
    network_set = of_vm[0]
    connects = connections.kind(usable, *(codes[:, None] for codes in of_vm)) != NONE
    home = np.array(estate.backup_server)
    takeover = (connections.kind(home, *of_vm) != NONE)[back].tolist()
    allowed = connects[back]
    fits = np.zeros_like(allowed)
    lists = estate.jobs["bound_codes"].tolist()
    for row, code in enumerate(job.tolist()):
        manual = lists[code]
        if manual:
            allowed[row] &= np.isin(usable, manual)
        if allowed[row].any():
            fits[row] = allowed[row] & fitting.fits(code, takeover[row])[usable]
    # The reason that holds first, and the first server with capacity.
    unreached = np.where(network_set == 0, CODES["unknown_network"], CODES["not_reachable"])
    none_listed = np.where(connects.any(axis=1), CODES["job_proxies"], unreached)[back]
    reason = np.where(allowed.any(axis=1), CAPACITY, none_listed)
    return reason, np.where(fits.any(axis=1), usable[fits.argmax(axis=1)], NOWHERE)
