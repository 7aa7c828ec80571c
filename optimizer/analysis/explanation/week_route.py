"""Week routes: where the choice of its job really leads a VM, run by run, and why (S13 to S16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.estate import Estate
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.tasks import find_tasks
from optimizer.inputs.plan_folder import PlannedChoice
from optimizer.inputs.week_record import SplitPart
from optimizer.simulation import simulate_tasks
from optimizer.simulation.candidate_sets import build_candidates, job_tasks, servers_by_name
from optimizer.simulation.results import Runs

Servers = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ServedRuns:
    """The runs of one task on one ``server`` (code; -1: nobody), which begin at ``starts``.

    ``tier`` is 0 and ``connection`` none where they fail; ``failed_over`` tells that the backup
    server took them over.
    """

    server: int
    tier: int
    connection: int
    failed_over: bool
    starts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WeekRoute:
    """What becomes of the runs of one task in the nominal week, most runs first.

    The job's choice is ``servers`` (codes, none: automatic). ``offered`` are those of it that the
    product picks from by networks alone, in order of name, ``unconnected`` those of them that then
    have no connection.
    """

    servers: Servers
    is_set: bool
    offered: Servers
    unconnected: Servers
    served: tuple[ServedRuns, ...]

    @property
    def runs(self) -> int:
        """Return how many runs there are."""
        return sum(len(part.starts) for part in self.served)

    def runs_on(self, server: int) -> int:
        """Return how many of them a server runs."""
        return sum(len(part.starts) for part in self.served if part.server == server)


@dataclass(frozen=True, slots=True)
class SplitRoute:
    """The same where the task's job is split, with all splits up to its ``rank``.

    ``part`` is the one that has the VM.
    """

    part: str
    rank: int
    route: WeekRoute


class WeekRouter:
    """The nominal week inside ``choices`` of jobs, by name; a job without one keeps its own."""

    def __init__(self, context: PlanningContext, choices: Mapping[str, PlannedChoice]) -> None:
        self._context, self._choices = context, choices
        lists = {job: choice.servers for job, choice in choices.items()}
        self._lists = lists
        self._runs = simulate_tasks(context, lists, False, lambda step: None).runs

    def route(self, task: int) -> WeekRoute:
        """Return what becomes of the runs of ``task``, a place in all tasks."""
        estate, tasks = self._context.estate, self._context.tasks
        job = int(tasks.job[task])
        name = str(estate.jobs["job"].iloc[job])
        own = PlannedChoice(tuple(estate.jobs["proxy_codes"].iloc[job]), is_set=False)
        choice = self._choices.get(name, own)
        offered, unconnected = self._offered(task)
        served = _served(self._runs, task)
        return WeekRoute(choice.servers, choice.is_set, offered, unconnected, served)

    def _offered(self, task: int) -> tuple[Servers, Servers]:
        """Return the servers on offer, and those of them that do not connect."""
        context = self._context
        tasks, eligibility = context.tasks, context.eligibility
        (working,) = (of for of in job_tasks(tasks, eligibility) if of.job == tasks.job[task])
        (candidates,) = build_candidates(context.estate, [working], eligibility, self._lists, False)
        kind = int(working.kind[np.flatnonzero(working.tasks == task)[0]])
        order = servers_by_name(context.estate)
        places = candidates.offers[candidates.offer[kind]]
        connects = np.frombuffer(candidates.connects[kind], np.bool_)[places]
        codes = order[candidates.places[places]]
        return tuple(codes.tolist()), tuple(codes[~connects].tolist())


def _served(runs: Runs, task: int) -> tuple[ServedRuns, ...]:
    """Return the runs of a task by who runs them, most first."""
    mine = np.flatnonzero(runs.task == task)
    starts: dict[tuple[int, int, int, bool], list[int]] = {}
    for run in mine.tolist():
        key = (
            int(runs.proxy[run]), int(runs.tier[run]), int(runs.connection[run]),
            bool(runs.failed_over[run]),
        )  # fmt: skip
        starts.setdefault(key, []).append(int(runs.start[run]))
    ordered = sorted(starts.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(ServedRuns(*key, starts=tuple(minutes)) for key, minutes in ordered)


class SplitRouter:
    """The weeks with the splits of a plan, ``parts``, each with all splits of better rank."""

    def __init__(
        self,
        context: PlanningContext,
        choices: Mapping[str, PlannedChoice],
        parts: Sequence[SplitPart],
    ) -> None:
        self._context, self._choices, self._parts = context, choices, parts
        self._weeks: dict[int, tuple[PlanningContext, WeekRouter]] = {}

    def route(self, task: int) -> SplitRoute | None:
        """Return what becomes of a task's runs when its job is split; None where it stays whole."""
        estate, tasks = self._context.estate, self._context.tasks
        job = estate.jobs["job"].iloc[tasks.job[task]]
        vm = estate.vms["vm"].iloc[tasks.vm[task]]
        mine = [part for part in self._parts if part.job == job and vm in part.ids]
        if not mine:
            return None
        rank, name = mine[0].rank, mine[0].name
        if rank not in self._weeks:
            self._weeks[rank] = self._week(rank)
        split, router = self._weeks[rank]
        is_part = split.estate.jobs["job"].to_numpy()[split.tasks.job] == name
        (place,) = np.flatnonzero(is_part & (split.tasks.vm == tasks.vm[task])).tolist()
        return SplitRoute(name, rank, router.route(place))

    def _week(self, rank: int) -> tuple[PlanningContext, WeekRouter]:
        """Return the week in which all jobs up to a rank are split."""
        parts = [part for part in self._parts if part.rank <= rank]
        estate = split_jobs(self._context.estate, parts)
        split = PlanningContext(estate, find_tasks(estate), self._context.eligibility)
        code = {name: number for number, name in enumerate(estate.servers["server"])}
        chosen = {
            part.name: PlannedChoice(tuple(code[name] for name in part.servers), is_set=True)
            for part in parts
        }
        return split, WeekRouter(split, {**self._choices, **chosen})


def split_jobs(estate: Estate, parts: Sequence[SplitPart]) -> Estate:
    """Return the estate in which each of ``parts`` is a job of its own; the whole ones stay empty.

    A part has no choice of its own yet.
    """
    jobs, pairs = estate.jobs, estate.job_vms
    code = {name: number for number, name in enumerate(jobs["job"].tolist())}
    vm_code = {name: number for number, name in enumerate(estate.vms["vm"].tolist())}
    job_of = pairs["job_code"].to_numpy(copy=True)
    vm_of = pairs["vm_code"].to_numpy()
    for number, part in enumerate(parts, start=len(jobs)):
        inside = np.isin(vm_of, [vm_code[name] for name in part.ids])
        job_of[(job_of == code[part.job]) & inside] = number
    rows = jobs.iloc[[*range(len(jobs)), *(code[part.job] for part in parts)]].reset_index(
        drop=True
    )
    names = [*jobs["job"].tolist(), *(part.name for part in parts)]
    return replace(estate, jobs=rows.assign(job=names), job_vms=pairs.assign(job_code=job_of))
