"""Groups tasks that are alike to the model, and assigns counts of groups back to tasks."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.aims import PROTECTED, SAME_SITE
from models.assignment_problem import AssignmentProblem, Counts, Label, Members, label_of
from models.estate import Codes, Estate
from models.plan import OTHER, WINDOWS, Tasks
from models.week import Intervals, active_intervals
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.failures import failover_limit, losses_to_survive
from optimizer.formulation.load_instants import non_dominated_instants


def group_tasks(context: PlanningContext) -> tuple[AssignmentProblem, Codes]:
    """Group tasks into an assignment problem; return each task's group, -1 where it has none.

    A group has one kind and one activity; it is -1 where no server may serve the task. The
    server of today tells no groups apart: how many of a group may stay where is enough.
    """
    estate, tasks = context.estate, context.tasks
    # Kind and activity of each task; the backup server's own tasks count by activity only.
    activities, activity_of_job = _activities(estate)
    label, takeover, kind = _kinds(context)
    activity = activity_of_job[tasks.job]
    others = tasks.kind == OTHER
    own = _sums(activity[others], tasks.count[others], len(activities))
    servable = np.asarray((label > 0).any(axis=1))
    grouped = (tasks.kind == WINDOWS) & servable[kind]
    # A group is numbered by the first of its tasks.
    codes, _ = pd.factorize((kind.astype(np.int64) * len(activities) + activity)[grouped])
    group = np.full(len(tasks), -1, dtype=np.int32)
    group[grouped] = codes
    first = np.zeros(codes.max(initial=-1) + 1, dtype=np.int64)
    first[codes[::-1]] = np.flatnonzero(grouped)[::-1]
    count = _sums(codes, tasks.count[grouped], len(first))
    planned = _sums(activity[first], count, len(activities))
    problem = AssignmentProblem(
        count=count,
        kind=kind[first],
        activity=activity[first],
        today=_today(tasks, label, kind, group),
        label=label,
        takeover=takeover,
        limit=estate.servers["max_tasks"].to_numpy(),
        running=estate.servers["running_tasks"].to_numpy(),
        candidate=context.eligibility.candidate,
        members=Members.none(),
        backup_server=estate.backup_server,
        moments=non_dominated_instants(activities, planned, np.zeros_like(own)),
        own_moments=non_dominated_instants(activities, planned, own),
        losses=losses_to_survive(estate),
        failover_limit=failover_limit(estate),
        movable=_movable(estate, tasks),
    )
    return problem, group


def _movable(estate: Estate, tasks: Tasks) -> int | None:
    if estate.current is None:
        return None
    return int(tasks.count[tasks.has_current & (tasks.kind == WINDOWS)].sum())


def _activities(estate: Estate) -> tuple[tuple[Intervals, ...], Codes]:
    """Return the distinct activities, and each job's."""
    jobs = estate.jobs[["start", "duration_minutes", "days"]].itertuples(index=False, name=None)
    number: dict[Intervals, int] = {}
    codes = [number.setdefault(active_intervals(*job), len(number)) for job in jobs]
    return tuple(number), np.array(codes, dtype=np.int32)


def _kinds(
    context: PlanningContext,
) -> tuple[Label, NDArray[np.bool_], Codes]:
    """Return the distinct kinds' labels and takeover flags, and each task's kind.

    A kind is a row of labels: profile and manual selection (S13) matter only through it.
    """
    estate, tasks, eligibility = context.estate, context.tasks, context.eligibility
    aims = estate.settings.objectives
    label = label_of(
        np.where(eligibility.usable, np.maximum(eligibility.tier, 0), 0).astype(np.int8),
        eligibility.protected & (PROTECTED.name in aims),
        eligibility.same_site & (SAME_SITE.name in aims),
    )
    enforced = failover_limit(estate) is not None
    taken_over = eligibility.takeover(estate.backup_server) & enforced
    selection, selections = pd.factorize(estate.jobs["bound_codes"])
    pairs = eligibility.profile[tasks.vm].astype(np.int64) * max(1, len(selections))
    pair, distinct = pd.factorize(pairs + selection[tasks.job])
    number: dict[bytes, int] = {}
    rows: list[Label] = []
    flags: list[bool] = []
    kind_of_pair = np.zeros(len(distinct), dtype=np.int32)
    for place, (profile, chosen) in enumerate(
        zip(*np.divmod(distinct, max(1, len(selections))), strict=True)
    ):
        row = label[profile]
        if selections[chosen]:
            row = np.zeros_like(row)
            row[list(selections[chosen])] = label[profile][list(selections[chosen])]
        flag = bool(taken_over[profile])
        kind = number.setdefault(row.tobytes() + bytes([flag]), len(number))
        if kind == len(rows):
            rows.append(row)
            flags.append(flag)
        kind_of_pair[place] = kind
    table = np.array(rows, dtype=np.int8).reshape(-1, len(estate.servers))
    return table, np.array(flags, dtype=np.bool_), kind_of_pair[pair]


def _today(tasks: Tasks, label: Label, kind: Codes, group: Codes) -> tuple[Counts, Counts, Counts]:
    """Count the tasks of each group by their server of today, where that may serve them."""
    may_stay = (group >= 0) & (tasks.current >= 0)
    may_stay[may_stay] = label[kind[may_stay], tasks.current[may_stay]] > 0
    servers = label.shape[1]
    pairs = group[may_stay].astype(np.int64) * servers + tasks.current[may_stay]
    codes, distinct = pd.factorize(pairs)
    order = np.argsort(distinct)
    pair, count = distinct[order], _sums(codes, tasks.count[may_stay], len(distinct))[order]
    return pair // max(1, servers), pair % max(1, servers), count


def _sums(codes: NDArray[np.integer], counts: Counts, size: int) -> Counts:
    """Return the sum of ``counts`` of each code."""
    return np.bincount(codes, weights=counts, minlength=size).astype(np.int64)


def assign_tasks(group: Codes, current: Codes, arcs: tuple[Counts, Counts, Counts]) -> Codes:
    """Assign each task a server (-1 for none), given how many of each group go where.

    ``arcs`` are aligned arrays (group, server, count) sorted by group and server; ``group`` and
    ``current`` are per task, tasks in their order. Tasks that may stay on today's server stay;
    the others fill the servers in order of name.
    """
    arc_group, arc_server, arc_count = arcs
    proxy = np.full(len(group), -1, dtype=np.int32)
    # The first tasks of each arc of today's server stay, as many as the arc has.
    width = int(max(current.max(initial=0), arc_server.max(initial=0))) + 2
    key = arc_group * width + arc_server
    target = group.astype(np.int64) * width + current
    arc = np.searchsorted(key, target)
    fits = (group >= 0) & (current >= 0) & (arc < len(key))
    fits[fits] = key[arc[fits]] == target[fits]
    rank = _rank_within(arc[fits])
    stays = np.flatnonzero(fits)[rank < arc_count[arc[fits]]]
    proxy[stays] = current[stays]
    # The others take what is left of their group's arcs, end to end, in their order.
    left = arc_count - np.bincount(arc[stays], minlength=len(key))
    rest = np.flatnonzero((group >= 0) & (proxy < 0))
    rest = rest[np.argsort(group[rest], kind="stable")]
    rank = _rank_within(group[rest])
    filled = np.repeat(arc_server, left)
    starts = np.searchsorted(np.repeat(arc_group, left), group[rest])
    ends = np.searchsorted(np.repeat(arc_group, left), group[rest], side="right")
    placed = starts + rank < ends
    proxy[rest[placed]] = filled[(starts + rank)[placed]]
    return proxy


def _rank_within(codes: NDArray[np.integer]) -> Counts:
    """Return each element's place among those of the same code, in order."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    first = np.searchsorted(ordered, ordered)
    rank = np.empty(len(codes), dtype=np.int64)
    rank[order] = np.arange(len(codes)) - first
    return rank
