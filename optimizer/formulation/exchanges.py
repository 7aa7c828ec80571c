"""Improves an assignment by exchanges: a local search on all aims at once, without proof.

Random moves of one task, or of two that change places, are made wherever no aim loses, in the
order of the aims: those that change nothing, too, since only many of these together let a busiest
moment fall. So a search never harms an aim for a later one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from models import aims
from models.aims import BALANCE, MOVES, PEAK
from models.assignment_problem import PROTECTED, SAME_SITE, TIER, AssignmentProblem
from models.estate import Codes
from models.integer_program import Ints
from optimizer.formulation.compiled_exchanges import (
    CountedServers,
    Rules,
    TaskArrays,
    exchange,
)
from optimizer.formulation.grouping import assign_tasks
from optimizer.formulation.solution_mapping import Arcs
from optimizer.solver.deadline import Deadline

STEPS_PER_TASK = 4000
# In loads of one server looked at, with what a move takes beside; 10**9 take about half a second.
WORK, CHUNK, MOVE = 2 * 10**9, 10**8, 100
UNLIMITED = 2**30
# By how much an aim may change in one move: by two tasks, or by what two servers' figures do.
SPAN, PEAK_SPAN, BALANCE_SPAN = 2**3, 2**12, 2**27


class ExchangeSearch:
    """The exchange moves of a problem, for the first of its aims.

    ``aim_names`` are those in their order; the peak counts as ``lowest_peak`` at least.
    """

    def __init__(
        self, problem: AssignmentProblem, aim_names: Sequence[str], by_use: bool, lowest_peak: int
    ) -> None:
        self._problem = problem
        self._losses = problem.losses if problem.failover_limit is not None else ()
        self._rules = _rules(problem, self._losses, _weights(aim_names), by_use, lowest_peak)
        counted = problem.candidate & (problem.limit > 0) if by_use else problem.candidate
        self._servers = CountedServers(
            np.append(counted, False),
            np.append(problem.limit, -1),
        )
        group = np.repeat(np.arange(len(problem.count)), problem.count)
        self._group, self._today = group.astype(np.int32), _today(problem, group)
        self._tasks = TaskArrays(
            problem.kind[group].astype(np.int64),
            problem.activity[group].astype(np.int64),
            self._today.astype(np.int64),
        )

    def improve(self, arcs: Arcs, deadline: Deadline, seed: int) -> Arcs:
        """Return an assignment no worse than ``arcs`` in any aim, or only after a better one.

        It is the same for the same seed, unless the ``deadline`` ends the search; a first chunk, a
        tenth of a second or so, is tried even after it, as nothing else makes as much of that.
        """
        if not len(self._group):
            return arcs
        nowhere = len(self._problem.limit)
        order = np.lexsort((arcs[1], arcs[0]))
        ordered = arcs[0][order], arcs[1][order], arcs[2][order]
        placed = assign_tasks(self._group, self._today, ordered).astype(np.int64)
        server_of = np.where(placed < 0, nowhere, placed)
        load, most = self._loads(server_of)
        random = np.array([2 * seed + 1], dtype=np.uint64)
        price = load.shape[1] + MOVE
        steps, once = min(STEPS_PER_TASK * len(self._group), WORK // price), CHUNK // price
        for done in range(0, steps, once):
            if done and deadline.remaining() <= 0:
                break
            exchange(
                self._tasks, self._servers, self._rules, server_of, load, most, random,
                min(once, steps - done),
            )  # fmt: skip
        key = self._group.astype(np.int64) * (nowhere + 1) + server_of
        key, count = np.unique(key, return_counts=True)
        group, server = np.divmod(key, nowhere + 1)
        return group[server < nowhere], server[server < nowhere], count[server < nowhere]

    def _loads(self, server_of: Ints) -> tuple[Ints, Ints]:
        """Return the load of every server, of no server and of every loss, and what it may be."""
        problem, rules, own = self._problem, self._rules, self._problem.backup_server
        moments, nowhere = problem.own_moments, len(problem.limit)
        # What runs anyway, and the limits beside it.
        shape = nowhere + 1 + len(self._losses), len(moments.own)
        load, most = np.zeros(shape, dtype=np.int64), np.full(shape, UNLIMITED, dtype=np.int64)
        load[:nowhere] += problem.running[:, None]
        load[own] += moments.own
        limited = np.flatnonzero(problem.limit >= 0)
        most[limited] = np.maximum(problem.limit[limited, None], load[limited])
        most[nowhere + 1 :] = np.maximum((problem.failover_limit or 0) - load[own], 0)
        # The tasks by server, flag and activity; each also counts in the losses of the first two.
        active = moments.active.T.astype(np.int64)
        place = 2 * server_of + rules.is_lost[self._tasks.kind]
        cells = place * len(active) + self._tasks.activity
        planned = np.bincount(cells, minlength=2 * (nowhere + 1) * len(active))
        planned = planned.reshape(-1, len(active)) @ active
        load[: nowhere + 1] += planned[::2] + planned[1::2]
        np.add.at(load, rules.loss, np.repeat(planned, np.diff(rules.first_loss), axis=0))
        return load, most


def _rules(
    problem: AssignmentProblem,
    losses: tuple[tuple[int, ...], ...],
    weight: Mapping[str, int],
    by_use: bool,
    lowest_peak: int,
) -> Rules:
    # What a task counts on each server, and on none.
    label = problem.label.astype(np.int64)
    counts = {
        aims.COVERAGE.name: label > 0,
        aims.TIER1.name: label // TIER == 1,
        aims.TIER2.name: label // TIER == 2,
        aims.TIER3.name: label // TIER == 3,
        aims.PROTECTED.name: label & PROTECTED > 0,
        aims.SAME_SITE.name: label & SAME_SITE > 0,
    }
    worth = sum((counts[name] * weight.get(name, 0) for name in counts), np.zeros_like(label))
    worth[label == 0] = -1
    peak, balance = weight.get(PEAK.name, 0), weight.get(BALANCE.name, 0)
    # Losses count what is lost, and all on the backup server.
    nowhere, own = len(problem.limit), problem.backup_server
    rows = [
        [
            nowhere + 1 + n
            for n, loss in enumerate(losses)
            if server == own or (flag and server in loss)
        ]
        for server in range(nowhere + 1)
        for flag in (0, 1)
    ]
    active = problem.own_moments.active
    activity, instant = np.nonzero(active.T)
    return Rules(
        worth=np.pad(worth, ((0, 0), (0, 1))),
        stay=weight.get(MOVES.name, 0),
        peak=peak,
        balance=balance,
        most=(PEAK_SPAN * peak + BALANCE_SPAN * balance) // 2,
        lowest_peak=lowest_peak,
        by_use=by_use,
        is_lost=problem.takeover.astype(np.int64),
        first_loss=np.cumsum([0, *map(len, rows)]),
        loss=np.array([row for each in rows for row in each], dtype=np.int64),
        first_instant=np.searchsorted(activity, np.arange(active.shape[1] + 1)),
        instant=instant,
    )


def _weights(aim_names: Sequence[str]) -> dict[str, int]:
    """Return what one of each aim counts, so that in a move an aim outweighs all later ones."""
    weight, total = dict[str, int](), 1
    for name in reversed(aim_names):
        weight[name] = total
        total *= {PEAK.name: PEAK_SPAN, BALANCE.name: BALANCE_SPAN}.get(name, SPAN)
    return weight


def _today(problem: AssignmentProblem, group: Ints) -> Codes:
    """Return a server of today for each task: for as many of a ``group`` as have it."""
    today_group, today_server, count = problem.today
    repeated = np.repeat(today_group, count)
    rank = np.arange(len(repeated)) - np.searchsorted(repeated, repeated)
    today = np.full(len(group), -1, dtype=np.int32)
    today[np.searchsorted(group, repeated) + rank] = np.repeat(today_server, count)
    return today
