"""The week's roster: every task in the order in which its job starts it, a few bytes for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.estate import Estate
from optimizer.checker.candidate_rules import compute_guests
from optimizer.checker.tasks import TaskRows

Whole = NDArray[np.signedinteger[Any]]


@dataclass(frozen=True)
class WeekRoster:
    """Every task, sorted by job (code) and, within a job, by id of its VM (bytes).

    All arrays have shape (tasks,). ``vm`` tells the VMs of a job apart; ``sets`` is the number of
    the VM's network set, its host's and its guest in one (`set_shape`); ``planned`` is the server
    (code) that the files give, -1 for none.
    """

    job: Whole
    vm: Whole
    kind: Whole
    sets: Whole
    planned: Whole


def set_shape(estate: Estate) -> tuple[int, int, int]:
    """Return how many network sets, host sets and guests there are."""
    sets = len(estate.network_sets)
    return sets, sets, len(compute_guests(estate).served)


def order_tasks(estate: Estate, roster: TaskRows, planned: NDArray[np.int64]) -> WeekRoster:
    """Order the tasks of a ``roster`` with their ``planned`` servers."""
    parts = (roster.network_set, roster.host_set, roster.guest)
    sets = np.ravel_multi_index(parts, set_shape(estate))
    columns: tuple[Whole, ...] = (roster.job, roster.vm, roster.kind, sets, planned)
    names = roster.vm_names
    if len(names) < 2 or pc.all(pc.less_equal(names[:-1], names[1:])).as_py():
        return WeekRoster(*columns)
    rank = np.empty(len(names), dtype=np.int64)
    rank[pc.sort_indices(names).to_numpy()] = np.arange(len(names))
    order = np.lexsort((rank[roster.vm], roster.job))
    return WeekRoster(*(column[order] for column in columns))


def order_jobs(roster: WeekRoster) -> WeekRoster:
    """Order by job a roster in which only the tasks of each job are in order."""
    order = np.argsort(roster.job, kind="stable")
    columns = (roster.job, roster.vm, roster.kind, roster.sets, roster.planned)
    return WeekRoster(*(column[order] for column in columns))
