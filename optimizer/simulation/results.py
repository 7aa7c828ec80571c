"""The results of a replayed week: runs, loads and figures, and its agreement with a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.estate import Codes, Estate
from models.plan import NETWORK, NO_CONNECTION, POWERSHELL_DIRECT, Tasks
from models.week import WEEK
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.server_load import Spans
from optimizer.simulation.candidate_sets import NOBODY, JobCandidates, Picks, servers_by_name
from optimizer.simulation.week_replay import WeekLoad, week_starts

Tiers = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of the runs whose task has a proxy in the plan: how many are on it, or in its tier."""

    planned_runs: int
    on_planned_server: int
    in_planned_tier: int


def measure_agreement(runs: Runs, proxy: Codes, tier: Tiers) -> Agreement:
    """Compare ``runs`` with a plan's ``proxy`` and ``tier`` of each task, -1 and 0 for none."""
    wanted = proxy[runs.task]
    planned = wanted >= 0
    on_server = planned & (runs.proxy == wanted)
    in_tier = planned & (runs.tier == tier[runs.task])
    return Agreement(int(planned.sum()), int(on_server.sum()), int(in_tier.sum()))


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of Windows tasks in a week, sorted by job, VM and start; all arrays aligned.

    ``task`` is the place in all tasks, ``start`` a minute of the week; ``proxy`` is a server
    code, -1 where the run failed, ``tier`` then 0; ``connection`` indexes `CONNECTIONS`.
    """

    task: Codes
    start: Codes
    proxy: Codes
    tier: NDArray[np.int8]
    connection: NDArray[np.int8]
    failed_over: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.task)


@dataclass(frozen=True, slots=True)
class Simulation:
    """One week of the product's own choice.

    ``tiers`` counts the runs served in tier 1 to 4, ``failed`` those that nobody served,
    ``failed_over`` those that the backup server took over. ``peak`` is that of the aims.
    ``overload`` gives, for each server (code) above its ``max_tasks``, by how many task-minutes.
    ``carried`` are the runs of the week before that are in progress as the week begins, their
    ``start`` negative.
    """

    estate: Estate
    tasks: Tasks
    knows_connections: bool
    runs: Runs
    carried: Runs
    spans: Spans
    tiers: tuple[int, int, int, int]
    failed: int
    failed_over: int
    peak: int
    overload: Mapping[int, int]


def build_simulation(
    context: PlanningContext,
    candidate_sets: list[JobCandidates],
    picked: list[dict[int, Picks]],
    before: list[dict[int, Picks]],
    week: WeekLoad,
    knows_connections: bool,
) -> Simulation:
    """Build the results of a replayed ``week``.

    ``picked`` is per candidate set and start, ``before`` is that of the week before.
    """
    estate, tasks, eligibility = context.estate, context.tasks, context.eligibility
    every = week_starts(estate)
    runs = _runs(
        context, candidate_sets, [every[candidates.of.job] for candidates in candidate_sets], picked
    )
    duration = estate.jobs["duration_minutes"].tolist()
    late = [
        [start - WEEK for start in every[job] if start + duration[job] > WEEK]
        for job in (candidates.of.job for candidates in candidate_sets)
    ]
    carried = _runs(context, candidate_sets, late, before)
    spans = spans_of_week(estate, eligibility.candidate, week)
    one, two, three, four = np.bincount(runs.tier, minlength=5).tolist()[1:]
    return Simulation(
        estate=estate,
        tasks=tasks,
        knows_connections=knows_connections,
        runs=runs,
        carried=carried,
        spans=spans,
        tiers=(one, two, three, four),
        failed=int((runs.proxy < 0).sum()),
        failed_over=int(runs.failed_over.sum()),
        peak=busiest_candidate(estate, eligibility.candidate, spans),
        overload=overload_minutes(estate, spans),
    )


def _runs(
    context: PlanningContext,
    candidate_sets: list[JobCandidates],
    starts: list[list[int]],
    picked: list[dict[int, Picks]],
) -> Runs:
    """Return a run for each task at each of the ``starts`` of its job, the last in the week."""
    estate, tasks, eligibility = context.estate, context.tasks, context.eligibility
    jobs = list(zip(starts, candidate_sets, strict=True))
    task = _concatenate(np.repeat(candidates.of.tasks, len(starts)) for starts, candidates in jobs)
    place = _concatenate(
        _picks(*of_job) for of_job in zip(candidate_sets, starts, picked, strict=True)
    )
    # What has no connection the backup server takes over, if it connects (S16).
    own = estate.backup_server
    profile = eligibility.profile[tasks.vm[task]]
    left = place == NOBODY
    failed_over = left & eligibility.takeover(own)[profile]
    proxy = servers_by_name(estate)[place]
    proxy[left] = np.where(failed_over[left], own, NOBODY)
    ran = proxy >= 0
    over_network = eligibility.by_network[profile, proxy]
    connection = np.where(over_network, NETWORK, POWERSHELL_DIRECT)
    return Runs(
        task=task,
        start=_concatenate(
            np.tile(starts, len(candidates.of.tasks)) for starts, candidates in jobs
        ),
        proxy=proxy,
        tier=np.where(ran, eligibility.tier[profile, proxy], 0).astype(np.int8),
        connection=np.where(ran, connection, NO_CONNECTION).astype(np.int8),
        failed_over=failed_over,
    )


def _picks(candidates: JobCandidates, starts: list[int], picked: dict[int, Picks]) -> Codes:
    """Return what each task picked at the last ``starts``, as places in the order of names."""
    if not starts:
        return np.zeros(0, dtype=np.int32)
    numbers = range(len(picked) - len(starts), len(picked))
    place = np.stack([picked[number] for number in numbers], axis=1).ravel()
    return np.where(place == NOBODY, NOBODY, candidates.places[place]).astype(np.int32)


def _concatenate(parts: Iterable[Counts | Codes]) -> Codes:
    return np.concatenate([np.zeros(0, np.int32), *(part.astype(np.int32) for part in parts)])


def spans_of_week(estate: Estate, candidate: NDArray[np.bool_], week: WeekLoad) -> Spans:
    """Return the spans of every candidate and of the backup server, in order of name."""
    order, own = servers_by_name(estate), estate.backup_server
    shown = order[candidate[order] | (order == own)]
    place = np.argsort(order)[shown]
    running = np.tile(estate.servers["running_tasks"].to_numpy()[shown], (len(week.minutes), 1))
    # Load by minute and server, the backup server's own work as running.
    planned = week.load[:, place] - running
    running[:, shown == own] += week.own[:, None]
    # A row for each minute at which a figure of the server changes, up to the next one.
    changes = np.ones_like(planned, dtype=np.bool_)
    changes[1:] = (np.diff(planned, axis=0) != 0) | (np.diff(running, axis=0) != 0)
    server, row = np.nonzero(changes.T)
    begin = week.minutes[row]
    end = np.append(begin[1:], 0)
    return Spans(
        server=shown[server],
        begin=begin,
        end=np.where(end > 0, end, WEEK),
        running=running[row, server],
        planned=planned[row, server],
    )


def busiest_candidate(estate: Estate, candidate: NDArray[np.bool_], spans: Spans) -> int:
    """Return the aim `peak`: the largest of the candidates' peaks.

    In tasks, or per mille of ``max_tasks`` where the estate balances utilisation.
    """
    busiest = np.zeros(len(candidate), dtype=np.int64)
    np.maximum.at(busiest, spans.server, spans.running + spans.planned)
    if estate.settings.balance == "tasks":
        return int(busiest[candidate].max(initial=0))
    limit = estate.servers["max_tasks"].to_numpy()
    limited = candidate & (limit >= 0)
    return int((-(-1000 * busiest[limited] // limit[limited])).max(initial=0))


def overload_minutes(estate: Estate, spans: Spans) -> dict[int, int]:
    """Return the task-minutes above ``max_tasks`` of each server (code) that has any."""
    limit = estate.servers["max_tasks"].to_numpy()[spans.server]
    above = np.maximum(spans.running + spans.planned - limit, 0) * (limit >= 0)
    total = np.zeros(len(estate.servers), dtype=np.int64)
    np.add.at(total, spans.server, above * (spans.end - spans.begin))
    return {server: int(total[server]) for server in np.flatnonzero(total).tolist()}
